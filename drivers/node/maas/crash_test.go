package maas

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"drydock/design"
	"drydock/drivers"
	simulated "drydock/simulator/maas"
	"drydock/simulator/world"
)

// survive runs an action whose n-th request is lost, before the region sees it or after, and calls it again, as a workflow
// would, with the journal that it left.
func (r *region) survive(node string, n int, after bool, action nodeAction) (drivers.Report, bool) {
	r.t.Helper()
	r.meter.reset()
	lost := false
	r.meter.cut = func(i int) (bool, bool) {
		if i == n {
			lost = true
			return !after, after
		}
		return false, false
	}
	j := newMemory()
	for range 2000 {
		report, err := action(context.Background(), r.call(node, j))
		if err == nil {
			if report.Build != nil {
				r.build[node] = *report.Build
			}
			return report, lost
		}
		var e *drivers.Error
		require.True(r.t, errors.As(err, &e), "%v", err)
		require.Equal(r.t, drivers.Retry, e.Class.Disposition(), "request %d lost, after=%v: %v", n, after, err)
		<-time.After(2 * time.Millisecond) // the pause that the error asks for
	}
	require.FailNow(r.t, "the action does not end", "request %d lost, after=%v", n, after)
	return drivers.Report{}, false
}

// losing runs a function for every request number and both ways to lose it, until the action makes no such request.
func losing(t *testing.T, max int, f func(t *testing.T, n int, after bool) (lost bool)) {
	t.Helper()
	for n := 1; n <= max; n++ {
		lost := false
		for _, after := range []bool{false, true} {
			lost = f(t, n, after) || lost
		}
		if !lost {
			require.Greater(t, n, 2, "the action made hardly a request")
			return
		}
	}
	require.FailNow(t, "the action made more requests than were tried", "tried: %d", max)
}

func TestIdentifyCommissionDeployAndDestroySurviveTheLossOfAnySingleRequest(t *testing.T) {
	const node = "harbor-n1"
	// What leads to the action anew each time, and what it may do to the machine once.
	for name, c := range map[string]struct {
		before func(*region)
		action func(*region) nodeAction
		count  func(world.Counters) int
	}{
		"IdentifyNode": {
			before: func(r *region) { r.enlistAnew(node) },
			action: func(r *region) nodeAction { return r.driver.IdentifyNode },
			count:  func(c world.Counters) int { return c.Commissions },
		},
		"ConfigureHardware": {
			before: func(r *region) {
				r.enlistAnew(node)
				r.must(drivers.Changed, node, newMemory(), r.driver.IdentifyNode)
			},
			action: func(r *region) nodeAction { return r.driver.ConfigureHardware },
			count:  func(c world.Counters) int { return c.Commissions },
		},
		"DeployNode": {
			before: func(r *region) { r.free(node) },
			action: func(r *region) nodeAction { return r.driver.DeployNode },
			count:  func(c world.Counters) int { return c.Deploys },
		},
		"DestroyNode": {
			before: func(r *region) {
				r.free(node)
				r.must(drivers.Changed, node, newMemory(), r.driver.DeployNode)
			},
			action: func(r *region) nodeAction { return r.driver.DestroyNode },
			count:  func(c world.Counters) int { return c.Erases },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRegion(t, testSite(), nil)
			r.prepareSite()
			m, _ := r.world.Machine(node)
			losing(t, 100, func(t *testing.T, n int, after bool) bool {
				c.before(r)
				earlier := c.count(m.Counters())
				report, lost := r.survive(node, n, after, c.action(r))
				require.Equal(t, drivers.Changed, report.Outcome, "request %d lost, after=%v", n, after)
				require.Empty(t, r.must(drivers.Already, node, newMemory(), c.action(r)))
				require.LessOrEqual(t, c.count(m.Counters())-earlier, 1, "request %d lost, after=%v", n, after)
				return lost
			})
		})
	}
}

// enlistAnew makes MAAS forget the machine of a node, and the machine enlist again.
func (r *region) enlistAnew(node string) {
	r.t.Helper()
	if id := r.build[node].Provisioner.ID; id != "" {
		require.NoError(r.t, r.admin("").call(http.MethodDelete, "machines/"+id+"/", "", nil, nil))
		delete(r.build, node)
	}
	m, _ := r.world.Machine(node)
	require.NoError(r.t, m.Command(world.OriginPerson, world.CommandOff))
	require.Eventually(r.t, func() bool { return m.Power() == world.PowerOff }, waitFor, tick)
	r.boot(node)
}

// free makes the machine of a node one that is ready to be deployed.
func (r *region) free(node string) {
	r.t.Helper()
	if r.build[node].Provisioner.ID == "" {
		r.boot(node)
		r.must(drivers.Changed, node, newMemory(), r.driver.IdentifyNode)
		r.must(drivers.Changed, node, newMemory(), r.driver.ConfigureHardware)
		return
	}
	_, err := r.finish(node, newMemory(), r.driver.DestroyNode)
	require.NoError(r.t, err)
}

func TestNetworkStorageAndPlatformSurviveTheLossOfAnySingleRequest(t *testing.T) {
	const node = "harbor-n1"
	variants := map[string]func(*design.Node, bool){
		"ApplyNodeNetworking": func(n *design.Node, other bool) {
			n.Interfaces[0].Networks = []string{"mgmt", "storage"}
			n.Interfaces[0].Name, n.Addresses[2].IP = "bond0", address("10.40.3.11")
			if other {
				n.Interfaces[0].Networks = []string{"mgmt"}
				n.Interfaces[0].Name, n.Addresses[2].IP = "bond1", address("10.40.3.12")
			}
		},
		"ApplyNodeStorage": func(n *design.Node, other bool) {
			root := design.Partition{Name: "root", Size: gib(40, "40gi"), Filesystem: &design.Filesystem{MountPoint: "/", Type: "ext4"}}
			if other {
				root.Size = gib(60, "60gi")
			}
			n.Storage.Devices[1].Partitions = []design.Partition{root}
			n.Storage.VolumeGroups[0].LogicalVolumes = n.Storage.VolumeGroups[0].LogicalVolumes[:1]
		},
		"ApplyNodePlatform": func(n *design.Node, other bool) {
			n.Tags, n.Platform.KernelParams = []string{"lab"}, []string{"quiet"}
			if other {
				n.Tags, n.Platform.KernelParams = []string{"plant"}, []string{"debug"}
			}
		},
	}
	for name, vary := range variants {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRegion(t, testSite(), nil)
			r.ready(node, true)
			action := map[string]nodeAction{
				"ApplyNodeNetworking": r.driver.ApplyNodeNetworking, "ApplyNodeStorage": r.driver.ApplyNodeStorage, "ApplyNodePlatform": r.driver.ApplyNodePlatform,
			}[name]
			vary(r.site.Node(node), false)
			_, err := r.finish(node, newMemory(), action)
			require.NoError(t, err)
			other := false
			losing(t, 60, func(t *testing.T, n int, after bool) bool {
				other = !other
				vary(r.site.Node(node), other)
				_, lost := r.survive(node, n, after, action)
				require.Empty(t, r.must(drivers.Already, node, newMemory(), action), fmt.Sprintf("request %d lost, after=%v", n, after))
				return lost
			})
		})
	}
}

// surviveSite is survive for an action on the site.
func (r *region) surviveSite(n int, after bool, action siteAction) (lost bool) {
	r.t.Helper()
	r.meter.reset()
	r.meter.cut = func(i int) (bool, bool) {
		if i == n {
			lost = true
			return !after, after
		}
		return false, false
	}
	call := r.siteCall()
	for range 2000 {
		_, err := action(context.Background(), call)
		if err == nil {
			return lost
		}
		var e *drivers.Error
		require.ErrorAs(r.t, err, &e)
		require.Equal(r.t, drivers.Retry, e.Class.Disposition(), "request %d lost, after=%v: %v", n, after, err)
		<-time.After(2 * time.Millisecond) // the pause that the error asks for
	}
	require.FailNow(r.t, "the action does not end", "request %d lost, after=%v", n, after)
	return lost
}

func TestActionsOnTheSiteSurviveTheLossOfAnySingleRequest(t *testing.T) {
	scripts := scriptFiles(t, map[string]string{"check-firmware": firmwareScript, "check-cabling": cablingScript})
	for name, action := range map[string]func(*Driver) siteAction{
		"CreateNetworkTemplate":    func(d *Driver) siteAction { return d.CreateNetworkTemplate },
		"CreateStorageTemplate":    func(d *Driver) siteAction { return d.CreateStorageTemplate },
		"CreateBootMedia":          func(d *Driver) siteAction { return d.CreateBootMedia },
		"PrepareHardwareConfig":    func(d *Driver) siteAction { return d.PrepareHardwareConfig },
		"ConfigureUserCredentials": func(d *Driver) siteAction { return d.ConfigureUserCredentials },
		"ConfigureNodeProvisioner": func(d *Driver) siteAction { return d.ConfigureNodeProvisioner },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			losing(t, 60, func(t *testing.T, n int, after bool) bool {
				site := testSite()
				site.Network("storage").RouteDomain = "storage"
				options := simulated.Options{Seed: 1, RackNetworks: []netip.Prefix{netip.MustParsePrefix("10.40.2.0/24")}}
				if name == "CreateBootMedia" {
					options.Images, options.ImportTime = []string{"ubuntu/focal"}, 2*time.Second
				}
				r := newRegionWith(t, options, site, func(c *Config) {
					c.StorageLayout, c.Scripts, c.CommissioningScripts = "lvm", scripts, []string{"check-firmware"}
				})
				lost := r.surviveSite(n, after, action(r.driver))
				r.meter.reset()
				report, err := action(r.driver)(context.Background(), r.siteCall())
				require.NoError(t, err, "request %d lost, after=%v", n, after)
				require.Equal(t, drivers.Already, report.Outcome, "request %d lost, after=%v: %v", n, after, report.Messages)
				require.Empty(t, r.meter.written())
				return lost
			})
		})
	}
}
