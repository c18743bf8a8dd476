package maas

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"drydock/drivers"
	simulated "drydock/simulator/maas"
)

// looks is Observe as an action, for tables.
func (r *region) looks(ctx context.Context, c drivers.NodeCall) (drivers.Report, error) {
	_, err := r.driver.Observe(ctx, c)
	return drivers.Report{}, err
}

func TestAControllerOfMAASIsNeverTakenForAMachineThatHasStillToEnlist(t *testing.T) {
	for sentence, c := range map[string]struct {
		change func(r *region, node string, rack machine)
		want   string
	}{
		"by the name of a rack controller":   {func(r *region, node string, rack machine) { r.site.Nodes[0].Name = rack.Hostname }, "rack controller of MAAS"},
		"by the name of a region controller": {func(r *region, node string, _ machine) { r.site.Nodes[0].Name = "region1" }, "region controller of MAAS"},
		"by a MAC of the design": {func(r *region, node string, rack machine) {
			r.site.Nodes[0].BootMAC = strings.ToUpper(rack.macs()[0])
		}, "MAC address"},
		"by a MAC that was recorded": {func(r *region, node string, rack machine) {
			b := r.build[node]
			b.Identity.MACs = rack.macs()[:1]
			r.build[node] = b
		}, "MAC address"},
		"by the address of its BMC": {func(r *region, node string, rack machine) {
			// The simulated rack has no BMC: its power parameters are put into the answer.
			r.driver.wire.carrier = roundTrip(func(q *http.Request) (*http.Response, error) {
				resp, err := r.meter.RoundTrip(q)
				if err == nil && strings.HasSuffix(q.URL.Path, "/rackcontrollers/") && q.URL.Query().Get("op") == "power_parameters" {
					resp.Body.Close()
					resp.Body = io.NopCloser(strings.NewReader(fmt.Sprintf(`{%q: {"power_address": "https://10.40.1.11:443"}}`, rack.SystemID)))
				}
				return resp, err
			})
		}, "BMC address 10.40.1.11"},
	} {
		t.Run(sentence, func(t *testing.T) {
			r := newRegion(t, testSite(), nil)
			var racks []machine
			require.NoError(t, r.admin("").get("rackcontrollers/", "", nil, &racks))
			c.change(r, "harbor-n1", racks[0])
			node := r.site.Nodes[0].Name
			for _, action := range []nodeAction{r.looks, r.driver.IdentifyNode, r.driver.ConfigureHardware, r.driver.DeployNode, r.driver.DestroyNode} {
				require.Contains(t, r.refused(drivers.Conflict, node, action).Error(), c.want)
			}
		})
	}
}

func TestControllersAreListedOnceForAllNodes(t *testing.T) {
	count := &reads{}
	r := newRegion(t, testSite(), func(c *Config) { c.Transport = count })
	for range 3 {
		for _, n := range r.site.Nodes {
			_, err := r.driver.Observe(context.Background(), r.call(n.Name, newMemory()))
			require.NoError(t, err)
		}
	}
	requests, _ := count.take()
	asked := strings.Join(requests, "\n")
	require.Equal(t, 2, strings.Count(asked, "GET rackcontrollers/"), "the list and the power parameters")
	require.Equal(t, 1, strings.Count(asked, "GET regioncontrollers/"))
	now := time.Now().Add(controllersAge)
	r.driver.now = func() time.Time { return now }
	r.driver.wire.now = time.Now
	_, err := r.driver.Observe(context.Background(), r.call("harbor-n1", newMemory()))
	require.NoError(t, err)
	requests, _ = count.take()
	require.Equal(t, 1, strings.Count(strings.Join(requests, "\n"), "GET regioncontrollers/"), "a controller that people added is seen")
}

func TestAMachineThatOnlyAMACSpeaksForAndThatHasAnotherBMCIsAConflictThatNamesBoth(t *testing.T) {
	for sentence, name := range map[string]string{"under the name of the node": "harbor-n1", "under another name": "elsewhere"} {
		t.Run(sentence, func(t *testing.T) {
			r := newRegion(t, testSite(), nil)
			r.boot("harbor-n1")
			r.must(drivers.Changed, "harbor-n1", newMemory(), r.driver.IdentifyNode)
			was := r.build["harbor-n1"]
			require.NoError(t, r.admin("").put("machines/"+was.Provisioner.ID+"/", form("hostname", name), nil))
			delete(r.build, "harbor-n1")
			r.site.Nodes[0].BootMAC = was.Identity.MACs[0]
			r.site.Nodes[0].Addresses[0].IP = address("10.40.1.99")
			for _, action := range []nodeAction{r.looks, r.driver.IdentifyNode, r.driver.ConfigureHardware, r.driver.DeployNode, r.driver.DestroyNode} {
				e := r.refused(drivers.Conflict, "harbor-n1", action)
				require.Contains(t, e.Error(), "10.40.1.11")
				require.Contains(t, e.Error(), "10.40.1.99")
			}
		})
	}
}

func TestAMachineThatSomebodyElseHoldsKeepsItsDomainAndPower(t *testing.T) {
	r := newRegion(t, testSite(), nil)
	r.ready("harbor-n1", false)
	id := r.build["harbor-n1"].Provisioner.ID
	require.NoError(t, r.admin(r.maas.AddUser("neighbour", true)).post("machines/", "allocate", form("system_id", id), nil))
	require.Empty(t, r.must(drivers.Already, "harbor-n1", newMemory(), r.driver.IdentifyNode), "to find it is no offence")
	r.site.Nodes[0].Domain = "elsewhere.test"
	require.Contains(t, r.refused(drivers.Conflict, "harbor-n1", r.driver.IdentifyNode).Error(), "user neighbour")
}

func TestAMachineWithAnotherSystemUUIDThanTheRecordedOneIsNotIdentified(t *testing.T) {
	r := newRegion(t, testSite(), nil)
	r.ready("harbor-n1", false)
	b := r.build["harbor-n1"]
	b.Identity.UUID = "00000000-1111-2222-3333-444444444444"
	r.build["harbor-n1"] = b
	r.site.Nodes[0].Domain = "elsewhere.test"
	require.Contains(t, r.refused(drivers.Conflict, "harbor-n1", r.driver.IdentifyNode).Error(), b.Identity.UUID)
}

func TestAMachineWhoseBMCChangedSinceItWasIdentifiedIsNotCommissioned(t *testing.T) {
	r := newRegion(t, testSite(), nil)
	r.boot("harbor-n1")
	r.must(drivers.Changed, "harbor-n1", newMemory(), r.driver.IdentifyNode)
	id := r.build["harbor-n1"].Provisioner.ID
	require.NoError(t, r.admin("").put("machines/"+id+"/", form("power_parameters_power_address", "10.40.1.77"), nil))
	require.Contains(t, r.refused(drivers.Conflict, "harbor-n1", r.driver.ConfigureHardware).Error(), "10.40.1.77")
	m, _ := r.world.Machine("harbor-n1")
	require.Zero(t, m.Counters().Commissions)
}

func TestARackWhoseImagesCannotBeReadIsNotTakenForSynced(t *testing.T) {
	r := newRegion(t, testSite(), nil)
	r.maas.FailNext("GET rackcontrollers/{system_id}/ list_boot_images", simulated.Failure{Status: 500})
	_, err := r.driver.CreateBootMedia(context.Background(), r.siteCall())
	classed(t, err, drivers.Internal)
	_, err = r.driver.CreateBootMedia(context.Background(), r.siteCall())
	require.NoError(t, err)
}
