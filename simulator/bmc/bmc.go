// Package bmc runs the management controllers of a simulated site: for every machine of type redfish an HTTPS service, for
// every machine of type ipmi a UDP one, each on a loopback port of its own, as if it were a box of its own.
//
// It refuses to be nicer than hardware: a silent controller accepts connections and says nothing, one with changed
// credentials refuses the designed ones, and each presents a self-signed certificate that somebody has to trust first.
// Machines of other types (manual, libvirt) have no controller here.
package bmc

import (
	"errors"
	"fmt"
	"log/slog"

	"drydock/design"
	"drydock/simulator/bmc/ipmi"
	"drydock/simulator/bmc/redfish"
	"drydock/simulator/world"
)

// Options of the controllers of a site. The zero value is fine.
type Options struct {
	// Quirks says how the Redfish service of a machine deviates from the common case; nil: none does.
	Quirks func(*world.Machine) redfish.Quirks
	// IPMI holds for all IPMI controllers.
	IPMI ipmi.Options
	// Log gets what a controller's log would show; nil: nothing is logged.
	Log *slog.Logger
}

// controller is one running BMC.
type controller interface {
	Address() string // host:port
	Sessions() int
	Close() error
}

// BMCs are the running controllers of a site.
type BMCs struct {
	byName    map[string]controller
	addresses map[string]string // designed address to host:port
	pems      map[string][]byte // designed address to certificate
}

// Start starts a controller for every machine of the world that has one. It fails as a whole, naming the machine, where
// one can't be started; two machines with one BMC address can't both be started.
func Start(w *world.World) (*BMCs, error) { return StartWith(w, Options{}) }

// StartWith is Start with options.
func StartWith(w *world.World, o Options) (*BMCs, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	b := &BMCs{byName: map[string]controller{}, addresses: map[string]string{}, pems: map[string][]byte{}}
	for _, m := range w.Machines() {
		if err := b.start(m, o); err != nil {
			return nil, errors.Join(err, b.Close())
		}
	}
	return b, nil
}

func (b *BMCs) start(m *world.Machine, o Options) error {
	h := m.Hardware()
	if h.BMC.Type != design.OOBRedfish && h.BMC.Type != design.OOBIPMI {
		return nil
	}
	if h.BMC.Address == "" {
		return nil // on no network: nobody can reach it, as with a machine whose address was never set
	}
	if _, taken := b.addresses[h.BMC.Address]; taken {
		return fmt.Errorf("start bmc of %s: the address %s is that of another machine's bmc", h.Name, h.BMC.Address)
	}
	if h.BMC.Type == design.OOBIPMI {
		c, err := ipmi.Start(m, o.IPMI)
		if err != nil {
			return err
		}
		b.add(m, c)
		return nil
	}
	q := redfish.Quirks{}
	if o.Quirks != nil {
		q = o.Quirks(m)
	}
	c, err := listenRedfish(m, q, o.Log)
	if err != nil {
		return err
	}
	b.add(m, c)
	b.pems[h.BMC.Address] = c.pem
	return nil
}

func (b *BMCs) add(m *world.Machine, c controller) {
	b.byName[m.Name()] = c
	b.addresses[m.Hardware().BMC.Address] = c.Address()
}

// Addresses tells where each BMC listens: its address as designed, to "127.0.0.1:port" (TCP for Redfish, UDP for IPMI).
func (b *BMCs) Addresses() map[string]string {
	out := make(map[string]string, len(b.addresses))
	for k, v := range b.addresses {
		out[k] = v
	}
	return out
}

// Certificates are the self-signed certificates of the Redfish services, PEM, by the designed address.
func (b *BMCs) Certificates() map[string][]byte {
	out := make(map[string][]byte, len(b.pems))
	for k, v := range b.pems {
		out[k] = append([]byte(nil), v...)
	}
	return out
}

// Sessions is how many sessions are open at the BMC of the machine of that name; 0 where it has none.
func (b *BMCs) Sessions(name string) int {
	if c, ok := b.byName[name]; ok {
		return c.Sessions()
	}
	return 0
}

// Close stops all controllers and breaks their connections.
func (b *BMCs) Close() error {
	var all error
	for name, c := range b.byName {
		if err := c.Close(); err != nil {
			all = errors.Join(all, fmt.Errorf("stop bmc of %s: %w", name, err))
		}
	}
	return all
}
