// Package simulator is a whole simulated site: the machines of a design, their BMCs (Redfish and IPMI), a bootstrapper
// (MAAS region and rack), and a control API to look behind the curtain. Everything listens on the loopback interface and
// speaks the real protocols, so that whatever works against it works through the same code against hardware.
//
// It shares no code with the drivers, and refuses to start where a port is taken rather than to listen elsewhere.
package simulator

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"drydock/design"
	"drydock/simulator/bmc"
	"drydock/simulator/bmc/redfish"
	"drydock/simulator/control"
	"drydock/simulator/maas"
	"drydock/simulator/world"
)

// Options of a simulated site. The zero value gives ephemeral ports, real time and seed 0.
type Options struct {
	// MAASAddr and ControlAddr are where MAAS and the control API listen; "" means a free port of 127.0.0.1.
	MAASAddr, ControlAddr string
	// Seed makes machines, keys and jitter repeatable.
	Seed int64
	// Speed is simulated seconds per second; 0 means 1.
	Speed float64
	// Durations of what machines do, in simulated time; zero fields take the world's defaults.
	Durations world.Durations
	// APIKey is the key of MAAS's administrator, consumer:token:secret; "" makes one from the seed.
	APIKey string
	// MAAS has further options of the region. Its APIKey, Seed and Log are taken from here; RackNetworks nil means the
	// networks of the design that have a dhcp range.
	MAAS maas.Options
	// Quirks says how the Redfish service of a machine deviates from the common case; nil: none does.
	Quirks func(*world.Machine) redfish.Quirks
	// Log gets what the parts would write to their logs; nil: nothing is logged.
	Log *slog.Logger
}

// Site is a running simulated site.
type Site struct {
	World *world.World
	MAAS  *maas.Server
	BMCs  *bmc.BMCs

	maasURL, controlURL string

	servers []*http.Server
	serving sync.WaitGroup
	release func() bool // of the context
	once    sync.Once
	err     error // of closing
}

// Start starts the site of a design. It runs until Close, or until the context ends. An error names the address that is
// taken, or the machine whose BMC can't exist; nothing is left running then.
func Start(ctx context.Context, site *design.Site, o Options) (*Site, error) {
	if site == nil {
		return nil, errors.New("start simulated site: no design")
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("start simulated site %s: %w", site.Name, err)
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Site{World: world.New(site, world.Options{Seed: o.Seed, Speed: o.Speed, Durations: o.Durations})}
	if err := s.start(site, o); err != nil {
		return nil, errors.Join(fmt.Errorf("start simulated site %s: %w", site.Name, err), s.Close())
	}
	s.release = context.AfterFunc(ctx, func() { _ = s.shut() })
	return s, nil
}

func (s *Site) start(site *design.Site, o Options) (err error) {
	if s.BMCs, err = bmc.StartWith(s.World, bmc.Options{Quirks: o.Quirks, Log: o.Log}); err != nil {
		return err
	}
	region := o.MAAS
	region.APIKey, region.Seed, region.Log = o.APIKey, o.Seed, o.Log
	if region.RackNetworks == nil {
		region.RackNetworks = dhcpNetworks(site)
	}
	s.MAAS = maas.New(s.World, region)
	address, err := s.serve("maas", o.MAASAddr, s.MAAS, o.Log)
	if err != nil {
		return err
	}
	s.maasURL = "http://" + address + "/MAAS"
	address, err = s.serve("control api", o.ControlAddr, control.New(s.World, s.BMCs, s.MAAS), o.Log)
	if err != nil {
		return err
	}
	s.controlURL = "http://" + address
	return nil
}

// serve listens at the address, or at a free port of the loopback interface, and says where.
func (s *Site) serve(what, address string, h http.Handler, log *slog.Logger) (string, error) {
	if address == "" {
		address = "127.0.0.1:0"
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return "", fmt.Errorf("listen for %s at %s: %w", what, address, err)
	}
	server := &http.Server{
		Handler: h, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute,
		ErrorLog: slog.NewLogLogger(log.With("server", what).Handler(), slog.LevelDebug),
	}
	s.servers = append(s.servers, server)
	s.serving.Go(func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			log.Error("server ended", "server", what, "error", err)
		}
	})
	return listener.Addr().String(), nil
}

func dhcpNetworks(site *design.Site) []netip.Prefix {
	out := []netip.Prefix{}
	for _, n := range site.Networks {
		for _, r := range n.Ranges {
			if r.Type == design.RangeDHCP {
				out = append(out, n.CIDR)
				break
			}
		}
	}
	return out
}

// MAASURL is the URL of the region, such as "http://127.0.0.1:5240/MAAS".
func (s *Site) MAASURL() string { return s.maasURL }

// APIKey is the key of MAAS's administrator, consumer:token:secret.
func (s *Site) APIKey() string { return s.MAAS.APIKey() }

// ControlURL is the URL of the control API.
func (s *Site) ControlURL() string { return s.controlURL }

// BMCAddresses tells where each BMC listens: its address as designed, to "127.0.0.1:port" (TCP for Redfish, UDP for IPMI).
func (s *Site) BMCAddresses() map[string]string { return s.BMCs.Addresses() }

// BMCCertificates are the self-signed certificates of the Redfish services, PEM, by the designed address.
func (s *Site) BMCCertificates() map[string][]byte { return s.BMCs.Certificates() }

// Close stops the site: first what is asked from outside, then the machines. It may be called more than once.
func (s *Site) Close() error {
	if s.release != nil {
		s.release()
	}
	return s.shut()
}

// grace is how long requests that are being answered may take at the end.
const grace = time.Second

func (s *Site) shut() error {
	s.once.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), grace)
		defer cancel()
		for _, server := range s.servers {
			if server.Shutdown(ctx) != nil {
				s.err = errors.Join(s.err, server.Close())
			}
		}
		s.serving.Wait()
		if s.BMCs != nil {
			s.err = errors.Join(s.err, s.BMCs.Close())
		}
		if s.MAAS != nil {
			s.MAAS.Close()
		}
		s.World.Close()
	})
	return s.err
}
