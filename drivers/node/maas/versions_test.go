package maas

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"drydock/design"
	"drydock/design/build"
	"drydock/drivers"
	simulated "drydock/simulator/maas"
	"drydock/simulator/world"
)

// TestEveryActionWorksWithEverySupportedVersion drives every action of a site and of a node twice at each version: the second
// run writes nothing.
func TestEveryActionWorksWithEverySupportedVersion(t *testing.T) {
	for _, version := range []string{"3.3", "3.4", "3.5", "3.6", "3.7"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			const node = "harbor-n1"
			v, err := simulated.ParseVersion(version)
			require.NoError(t, err)
			site := testSite()
			site.Nodes = site.Nodes[:1]
			site.Nodes[0].Platform = design.Platform{Image: "noble", Kernel: "ga-24.04"} // to be imported
			r := newRegionOf(t, v, site, func(c *Config) {
				c.Scripts, c.CommissioningScripts = scriptFiles(t, map[string]string{"check-firmware": firmwareScript}), []string{"check-firmware"}
			})

			report, err := r.driver.ValidateNodeServices(context.Background(), r.siteCall())
			require.NoError(t, err)
			require.Contains(t, report.Messages[0], "MAAS "+version+".0 at ")
			require.False(t, drivers.IsWarning(report.Messages[1]), report.Messages)
			for _, c := range []struct {
				name   string
				action siteAction
			}{
				{"CreateNetworkTemplate", r.driver.CreateNetworkTemplate}, {"CreateStorageTemplate", r.driver.CreateStorageTemplate},
				{"CreateBootMedia", r.driver.CreateBootMedia}, {"PrepareHardwareConfig", r.driver.PrepareHardwareConfig},
				{"ConfigureUserCredentials", r.driver.ConfigureUserCredentials}, {"ConfigureNodeProvisioner", r.driver.ConfigureNodeProvisioner},
			} {
				require.Equal(t, drivers.Changed, r.finishSite(c.action).Outcome, c.name)
				r.meter.reset()
				require.Equal(t, drivers.Already, r.finishSite(c.action).Outcome, c.name)
				require.Empty(t, r.meter.written(), c.name)
			}
			call := r.siteCall()
			call.RequireImages = true
			_, err = r.driver.ValidateNodeServices(context.Background(), call)
			require.NoError(t, err)

			b, err := r.driver.Observe(context.Background(), r.call(node, newMemory()))
			require.NoError(t, err)
			require.Equal(t, build.StatusAbsent, b.Provisioner.Status)
			r.boot(node)
			r.twice(node, r.driver.IdentifyNode)
			r.twice(node, r.driver.ConfigureHardware)
			require.Contains(t, r.ran(node, "commissioning"), "check-firmware")
			r.twice(node, r.driver.ApplyNodeNetworking)
			r.twice(node, r.driver.ApplyNodeStorage)
			r.twice(node, r.driver.ApplyNodePlatform)

			m, _ := r.world.Machine(node)
			m.SetFault(world.FaultInstall, true)
			_, err = r.finish(node, newMemory(), r.driver.DeployNode)
			require.Contains(t, classed(t, err, drivers.HardwareFault).Error(), "no space left on device")
			m.SetFault(world.FaultInstall, false)
			r.twice(node, r.driver.DeployNode)
			require.Empty(t, r.must(drivers.Already, node, newMemory(), r.driver.InterrogateNode))
			require.NotEmpty(t, r.build[node].NICs)
			require.NotEmpty(t, r.build[node].Disks)
			b, err = r.driver.Observe(context.Background(), r.call(node, newMemory()))
			require.NoError(t, err)
			require.Equal(t, build.StatusDeployed, b.Provisioner.Status)
			require.Equal(t, "noble", b.Provisioner.Image)
			require.True(t, b.Provisioner.Ours)
			r.twice(node, r.driver.DestroyNode)
			require.Zero(t, r.maas.UnfilteredLists())
		})
	}
}

// finishSite calls an action of the site until it no longer waits.
func (r *region) finishSite(action siteAction) drivers.Report {
	r.t.Helper()
	call := r.siteCall()
	var report drivers.Report
	require.Eventually(r.t, func() bool {
		var err error
		report, err = action(context.Background(), call)
		return err == nil
	}, waitFor, tick)
	return report
}

func TestVersionsThatAreTooOldAreRefusedAndNewerOnesAreAWarning(t *testing.T) {
	for version, want := range map[string]string{"3.2.11": "MAAS is version 3.2.11, and 3.3 or later is needed", "2.9.2": "3.3 or later is needed", "3.8.0": "MAAS 3.8.0 is newer than", "4.0.0": "MAAS 4.0.0 is newer than"} {
		t.Run(version, func(t *testing.T) {
			d := against(t, func(w http.ResponseWriter, q *http.Request) {
				switch strings.TrimPrefix(q.URL.Path, "/MAAS/api/2.0/") {
				case "users/":
					fmt.Fprint(w, `{"username": "admin", "is_superuser": true}`)
				case "version/":
					fmt.Fprintf(w, `{"version": %q}`, version)
				case "rackcontrollers/":
					fmt.Fprint(w, `[{"system_id": "abc123", "hostname": "rack1"}]`)
				default:
					fmt.Fprint(w, `[]`)
				}
			}, nil)
			report, err := d.ValidateNodeServices(context.Background(), drivers.SiteCall{Site: testSite(), Journal: newMemory()})
			if strings.Contains(want, "newer") {
				require.NoError(t, err)
				require.Contains(t, report.Messages[1], want)
				require.True(t, drivers.IsWarning(report.Messages[1]))
				return
			}
			require.Contains(t, classed(t, err, drivers.NotSupported).Error(), want)
		})
	}
}
