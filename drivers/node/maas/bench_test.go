package maas

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"drydock/design"
	"drydock/design/build"
	"drydock/drivers"
	simulated "drydock/simulator/maas"
	"drydock/simulator/world"
)

// manySite is testSite with the given number of nodes, on networks that hold them.
func manySite(nodes int) *design.Site {
	s := testSite()
	wide := map[string]string{"bmc": "10.41", "pxe": "10.42", "mgmt": "10.43", "storage": "10.44"}
	for _, n := range s.Networks {
		net := wide[n.Name]
		n.CIDR, n.Routes = prefix(net+".0.0/16"), nil
		if n.Name == "pxe" {
			n.Ranges = []design.Range{{Type: design.RangeDHCP, Start: address(net + ".128.0"), End: address(net + ".191.255")}}
		}
	}
	pattern := s.Nodes[0]
	s.Nodes = nil
	for i := range nodes {
		n := *pattern
		n.Name = fmt.Sprintf("harbor-n%d", i+1)
		ip := func(net string) netip.Addr { return address(fmt.Sprintf("%s.%d.%d", wide[net], 1+i/200, 1+i%200)) }
		n.Addresses = []design.Address{{Network: "bmc", IP: ip("bmc")}, {Network: "pxe", DHCP: true}, {Network: "mgmt", IP: ip("mgmt")}, {Network: "storage", IP: ip("storage")}}
		s.Nodes = append(s.Nodes, &n)
	}
	return s
}

// tally counts requests and the bytes of their bodies, and the status reads among them: what is asked only to know whether
// to wait longer.
type tally struct {
	carrier              http.RoundTripper
	mu                   sync.Mutex
	requests, bytes      int
	events, bodies, bmcs int
}

func (c *tally) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := c.carrier.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests++
	c.bytes += int(max(resp.ContentLength, 0) + max(r.ContentLength, 0))
	switch q := r.URL.Query(); {
	case q.Get("op") == "query" && q.Get("id") == "":
		c.events++
	case q.Get("op") == "power_parameters" && strings.HasSuffix(r.URL.Path, "/machines/"):
		c.bmcs++
	case len(q["id"]) > 0 && !q.Has("agent_name") && !q.Has("op"):
		c.bodies++
	}
	return resp, nil
}

// measured is what a phase cost.
type measured struct {
	requests, bytes float64 // per node
	status          int     // status reads in all
	intervals       float64
}

// phase runs actions on all nodes at once, one after the other for each node.
func (c *tally) phase(t *testing.T, d *Driver, site *design.Site, builds []build.Node, poll time.Duration, actions ...nodeAction) measured {
	t.Helper()
	c.mu.Lock()
	c.requests, c.bytes, c.events, c.bodies, c.bmcs = 0, 0, 0, 0, 0
	c.mu.Unlock()
	start := time.Now()
	failed := make(chan error, len(site.Nodes))
	for i, node := range site.Nodes {
		go func() {
			failed <- func() error {
				for _, act := range actions {
					j := newMemory()
					for {
						report, err := act(context.Background(), drivers.NodeCall{Site: site, Node: node, Build: builds[i], Journal: j})
						if err == nil {
							if report.Build != nil {
								builds[i] = *report.Build
							}
							break
						}
						if drivers.ClassOf(err).Disposition() != drivers.Retry {
							return err
						}
						<-time.After(poll) // the pause that the error asks for
					}
				}
				return nil
			}()
		}()
	}
	for range site.Nodes {
		require.NoError(t, <-failed)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	n := float64(len(site.Nodes))
	return measured{float64(c.requests) / n, float64(c.bytes) / n, c.events + c.bodies + c.bmcs, float64(time.Since(start)) / float64(poll)}
}

// TestRequestsPerNodeDoNotGrowWithTheSite prints what verify, prepare and deploy cost per node at regions of three sizes,
// with bodies of 21 kB, as a real region sends them. It takes minutes; run it by "make bench-maas".
func TestRequestsPerNodeDoNotGrowWithTheSite(t *testing.T) {
	if os.Getenv("DRYDOCK_BENCH") == "" {
		t.Skip("set DRYDOCK_BENCH to measure")
	}
	const poll = 500 * time.Millisecond
	small := map[string]measured{}
	fmt.Printf("%8s  %-8s %14s %12s %13s %10s\n", "machines", "phase", "requests/node", "kB/node", "status reads", "intervals")
	for _, nodes := range []int{10, 100, 1000} {
		site := manySite(nodes)
		// Commissioning takes five seconds of the test and an installation ten: many intervals, as in reality.
		w := world.New(site, world.Options{Seed: 1, Speed: 60, Durations: world.Durations{
			PowerOff: 2 * time.Second, POST: 20 * time.Second, Boot: 20 * time.Second, Enlist: 30 * time.Second, Commission: 4 * time.Minute,
			Test: time.Minute, Install: 10 * time.Minute, Erase: 2 * time.Second,
		}})
		srv := simulated.New(w, simulated.Options{Seed: 1, RackNetworks: []netip.Prefix{site.Networks[1].CIDR}, Faults: simulated.Faults{Weight: 21000}})
		web := httptest.NewServer(srv)
		count := &tally{carrier: &http.Transport{MaxConnsPerHost: 8, MaxIdleConnsPerHost: 8}}
		d, err := New(Config{URL: web.URL + "/MAAS", APIKey: design.Secret(srv.APIKey()), Transport: count, PollInterval: poll})
		require.NoError(t, err)
		quiet, err := d.session(context.Background(), "test", "test")
		require.NoError(t, err)
		// At the speed of this world the region's own time-outs would strike while the test is only busy.
		require.NoError(t, quiet.setConfig("node_timeout", "100000"))
		_, err = d.CreateNetworkTemplate(context.Background(), drivers.SiteCall{Site: site, Nodes: site.Nodes, Journal: newMemory()})
		require.NoError(t, err)
		for _, m := range w.Machines() {
			m.SetBootOverride(world.BootOverride{Target: world.BootPXE, Once: true, UEFI: true})
			require.NoError(t, m.Command(world.OriginBMC, world.CommandOn))
		}
		builds := make([]build.Node, nodes)
		observe := func(ctx context.Context, call drivers.NodeCall) (drivers.Report, error) {
			b, err := d.Observe(ctx, call)
			return drivers.Report{Build: &b}, err
		}
		for _, phase := range []struct {
			name    string
			actions []nodeAction
		}{
			{"prepare", []nodeAction{d.IdentifyNode, d.ConfigureHardware, d.ApplyNodeNetworking, d.ApplyNodeStorage, d.InterrogateNode}},
			{"verify", []nodeAction{observe}},
			{"deploy", []nodeAction{d.ApplyNodeNetworking, d.ApplyNodeStorage, d.ApplyNodePlatform, d.DeployNode, d.InterrogateNode}},
		} {
			got := count.phase(t, d, site, builds, poll, phase.actions...)
			fmt.Printf("%8d  %-8s %14.2f %12.1f %13d %10.0f\n", nodes, phase.name, got.requests, got.bytes/1000, got.status, got.intervals)
			if _, ok := small[phase.name]; !ok {
				small[phase.name] = got
			}
			require.LessOrEqual(t, got.requests, 1.1*small[phase.name].requests, "%s at %d machines", phase.name, nodes)
			// One look at events or bodies and one at BMC addresses, of which each has its own interval.
			require.LessOrEqual(t, float64(got.status), 2*got.intervals+4, "%s at %d machines", phase.name, nodes)
		}
		require.Zero(t, srv.UnfilteredLists())
		web.Close()
		srv.Close()
		w.Close()
	}
}

// rackedSite is a site of racks that have a boot network, a network of servers and one of storage each.
func rackedSite(racks int) *design.Site {
	s := testSite()
	s.Links, s.Networks, s.Nodes = nil, nil, nil
	for i := range racks {
		name := func(kind string) string { return fmt.Sprintf("%s-r%d", kind, i+1) }
		net := func(kind int, rest string) string { return fmt.Sprintf("10.%d.%d.%s", 60+kind, i, rest) }
		s.Networks = append(s.Networks,
			&design.Network{Name: name("pxe"), CIDR: prefix(net(0, "0/24")), DNSDomain: name("pxe") + ".harbor.test", Ranges: []design.Range{
				{Type: design.RangeReserved, Start: address(net(0, "2")), End: address(net(0, "9"))}}},
			&design.Network{Name: name("mgmt"), CIDR: prefix(net(1, "0/24")), MTU: 1500, Routes: []design.Route{{Subnet: prefix("0.0.0.0/0"), Gateway: address(net(1, "1")), Metric: 10}}},
			&design.Network{Name: name("storage"), CIDR: prefix(net(2, "0/24")), VLAN: 240, MTU: 8900})
		s.Links = append(s.Links,
			&design.NetworkLink{Name: name("pxe"), MTU: 1500, DefaultNetwork: name("pxe"), AllowedNetworks: []string{name("pxe")}},
			&design.NetworkLink{Name: name("data"), MTU: 9000, Trunked: true, DefaultNetwork: name("mgmt"), AllowedNetworks: []string{name("mgmt"), name("storage")}})
	}
	return s
}

func TestRequestsOfPrepareSiteGrowWithTheRacksAndNotFaster(t *testing.T) {
	cost := func(racks int) (requests int) {
		r := newRegion(t, rackedSite(racks), nil)
		run := func(want drivers.Outcome) {
			r.meter.reset()
			for name, act := range map[string]siteAction{
				"CreateNetworkTemplate": r.driver.CreateNetworkTemplate, "CreateStorageTemplate": r.driver.CreateStorageTemplate, "CreateBootMedia": r.driver.CreateBootMedia,
				"PrepareHardwareConfig": r.driver.PrepareHardwareConfig, "ConfigureUserCredentials": r.driver.ConfigureUserCredentials, "ConfigureNodeProvisioner": r.driver.ConfigureNodeProvisioner,
			} {
				report, err := act(context.Background(), r.siteCall())
				require.NoError(t, err, name)
				if name == "CreateNetworkTemplate" {
					require.Equal(t, want, report.Outcome, report.Messages)
				}
			}
		}
		run(drivers.Changed)
		requests = r.meter.seen
		run(drivers.Already)
		require.Empty(t, r.meter.written())
		t.Logf("%d racks: %d requests, and %d with 0 writes in the second run", racks, requests, r.meter.seen)
		return requests
	}
	require.LessOrEqual(t, float64(cost(16)), 16*1.2*float64(cost(1)))
}
