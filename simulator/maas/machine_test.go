package maas_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"drydock/simulator/maas"
	"drydock/simulator/world"
)

func TestMachineListsAreFilteredAndUnfilteredOnesCounted(t *testing.T) {
	r := still(t)
	one, two := r.maas.Prepare("n1"), r.maas.Prepare("n2")
	wm, _ := r.world.Machine("n1")
	mac := wm.Hardware().PXENIC
	name := r.machine(one)["hostname"].(string)
	require.Equal(t, 200, r.post("tags/", "name", "fast").status)
	require.Equal(t, 200, r.post("tags/fast/?op=update_nodes", "add", two).status)
	tests := []struct {
		name, query string
		want        []string // nil: refused
		text        string
	}{
		{"by host name", "hostname=" + name, []string{one}, ""},
		{"by an unknown host name", "hostname=nosuch", []string{}, ""},
		{"by MAC", "mac_address=" + mac, []string{one}, ""},
		{"by MAC in upper case finds nothing", "mac_address=" + strings.ToUpper(mac), []string{}, ""},
		{"by a malformed MAC", "mac_address=zz", nil, `{"mac_address": ["'zz' is not a valid MAC address."]}`},
		{"by repeated ids, which are alternatives", "id=" + one + "&id=" + two, []string{one, two}, ""},
		{"by status", "status=ready&zone=default", []string{one, two}, ""},
		{"by an unknown status", "status=nosuch", nil, `{"status": ["Select a valid choice. nosuch is not one of the available choices."]}`},
		{"by tag", "tags=fast", []string{two}, ""},
		{"by not having a tag", "not_tags=fast", []string{one}, ""},
		{"by an unknown zone", "zone=nosuch", nil, `{"zone": ["No such zone(s): nosuch."]}`},
		{"by an unknown constraint", "limit=1", nil, `{"limit": ["No such constraint."]}`},
	}
	for _, x := range tests {
		t.Run(x.name, func(t *testing.T) {
			a := r.get("machines/?" + x.query)
			if x.want == nil {
				require.Equal(t, 400, a.status)
				require.JSONEq(t, x.text, a.text)
				return
			}
			ids := []string{}
			for _, m := range a.list(t) {
				ids = append(ids, m["system_id"].(string))
			}
			require.ElementsMatch(t, x.want, ids)
		})
	}
	require.Zero(t, r.maas.UnfilteredLists())
	require.Len(t, r.get("machines/").list(t), 2)
	require.Equal(t, 1, r.maas.UnfilteredLists())
	require.Equal(t, 501, r.get("machines/?pod=x").status, "what is not simulated says so")
}

func TestOneOfManyAllocationsWins(t *testing.T) {
	r := still(t)
	id := r.maas.Prepare("n1")
	var wait sync.WaitGroup
	got := make(chan answer, 6)
	for range 6 {
		wait.Go(func() { got <- r.post("machines/?op=allocate", "system_id", id) })
	}
	wait.Wait()
	close(got)
	won := 0
	for a := range got {
		if a.status == 200 {
			won++
			continue
		}
		require.Equal(t, 409, a.status)
		require.Empty(t, a.header.Get("Retry-After"))
		require.Equal(t, "No machine with system ID "+id+" available.", a.text)
	}
	require.Equal(t, 1, won)
}

func TestAnAgentNameIsFoundByTheFilterOnly(t *testing.T) {
	r := still(t)
	id := r.maas.Prepare("n1")
	a := r.post("machines/?op=allocate", "system_id", id, "agent_name", "drydock")
	require.NotContains(t, a.object(t), "agent_name")
	require.Len(t, r.get("machines/?agent_name=drydock").list(t), 1)
	require.Empty(t, r.get("machines/?agent_name=other").list(t))
	require.Empty(t, r.get("machines/?agent_name=").list(t))
	require.Equal(t, 200, r.post("machines/"+id+"/?op=release").status)
	require.Empty(t, r.get("machines/?agent_name=drydock").list(t), "release clears it")
	require.Len(t, r.get("machines/?agent_name=").list(t), 1)
}

func TestALockedMachineCanOnlyBeRead(t *testing.T) {
	r := still(t)
	id := r.maas.Prepare("n1")
	r.maas.SetStatus(id, 6)
	require.Equal(t, 200, r.post("machines/"+id+"/?op=lock").status)
	for _, a := range []answer{r.post("machines/" + id + "/?op=release"), r.post("machines/" + id + "/?op=power_off"),
		r.put("machines/"+id+"/", "description", "x"), r.do("DELETE", "machines/"+id+"/", r.key, nil)} {
		require.Equal(t, 403, a.status)
		require.Empty(t, a.text)
	}
	require.Equal(t, 200, r.get("machines/"+id+"/").status)
	require.Equal(t, "Machine is already locked", r.post("machines/"+id+"/?op=lock").text)
	require.Equal(t, 200, r.post("machines/"+id+"/?op=unlock").status)
}

func TestWrongPowerParametersNeverReachTheMachine(t *testing.T) {
	t.Parallel()
	r := newRig(t, maas.Options{})
	id := r.ready("n1")
	wm, _ := r.world.Machine("n1")
	require.Equal(t, 200, r.get("machines/"+id+"/?op=query_power_state").status)
	require.Equal(t, 200, r.put("machines/"+id+"/", "power_parameters_power_address", "10.1.0.99").status)
	a := r.get("machines/" + id + "/?op=query_power_state")
	require.Equal(t, 200, a.status)
	require.Equal(t, "error", a.object(t)["state"])
	before := wm.Counters().BootstrapperPower
	require.Equal(t, 200, r.post("machines/"+id+"/?op=deploy").status)
	r.until(id, "Failed deployment")
	require.Equal(t, before, wm.Counters().BootstrapperPower)
}

func TestWithoutARackNothingIsReached(t *testing.T) {
	r := still(t)
	id := r.maas.Prepare("n1")
	r.maas.SetStatus(id, 10)
	r.maas.SetRackConnected(false)
	a := r.post("machines/"+id+"/?op=deploy", "distro_series", "jammy")
	require.Equal(t, 400, a.status)
	require.Equal(t, "Deployment operating system ubuntu jammy is unavailable.", a.text)
	require.Equal(t, "Allocated", r.machine(id)["status_name"])
	a = r.post("machines/" + id + "/?op=release")
	require.Equal(t, 503, a.status)
	require.Equal(t, "10", a.header.Get("Retry-After"))
}

func TestAMachineBootsOnlyWhereTheRackServesDHCPWhenAsked(t *testing.T) {
	t.Parallel()
	r := newRig(t, maas.Options{RequireDHCP: true})
	wm, _ := r.world.Machine("n1")
	require.NoError(t, wm.Command(world.OriginPerson, world.CommandOn))
	require.Eventually(t, func() bool { return wm.Counters().Netboots == 1 }, 5*time.Second, time.Millisecond)
	require.Zero(t, wm.Counters().Enlistments)
	require.NoError(t, wm.Command(world.OriginPerson, world.CommandOff))
	require.Eventually(t, func() bool { return wm.Power() == world.PowerOff }, 5*time.Second, time.Millisecond)
	rack := r.get("rackcontrollers/").list(t)[0]["system_id"].(string)
	require.Equal(t, 200, r.post("ipranges/", "type", "dynamic", "start_ip", "10.2.0.200", "end_ip", "10.2.0.250").status)
	require.Equal(t, 200, r.put("vlans/5001/", "dhcp_on", "true", "primary_rack", rack).status)
	r.enlist("n1")
}

func TestAnImageAppearsAfterItsImport(t *testing.T) {
	t.Parallel()
	r := newRig(t, maas.Options{})
	require.Equal(t, 400, r.post("maas/?op=set_config", "name", "default_distro_series", "value", "noble").status)
	a := r.post("boot-sources/1/selections/", "os", "ubuntu", "release", "noble", "arches", "amd64", "subarches", "*", "labels", "*")
	require.Equal(t, 200, a.status, a.text)
	require.Equal(t, "true", r.get("boot-resources/?op=is_importing").text, "a new selection is fetched by itself")
	require.NotContains(t, r.get("boot-resources/").text, "ubuntu/noble")
	require.Eventually(t, func() bool { return strings.Contains(r.get("boot-resources/").text, "amd64/hwe-24.04") }, 5*time.Second, 10*time.Millisecond)
	require.Equal(t, "false", r.get("boot-resources/?op=is_importing").text)
}

func TestWhatIsNotSimulatedSaysSoAndWhatDoesNotExistIsUnknown(t *testing.T) {
	r := still(t)
	id := r.maas.Prepare("n1")
	for path, status := range map[string]int{"dhcp-snippets/": 501, "nodes/": 501, "nodes/" + id + "/vmfs-datastore/1/": 501, "vm-hosts/": 501,
		"nosuch/": 404, "machines": 404, "nodes/" + id + "/nosuch/": 404} {
		a := r.get(path)
		require.Equal(t, status, a.status, path)
		require.Contains(t, a.text, "/MAAS/api/2.0/"+path)
	}
	a := r.post("machines/"+id+"/?op=set_storage_layout", "storage_layout", "vmfs7")
	require.Equal(t, 501, a.status)
	require.Contains(t, a.text, "Not simulated")
	require.Equal(t, 400, r.post("machines/"+id+"/?op=power_cycle").status)
	a = r.put("machines/", "a", "b")
	require.Equal(t, 405, a.status)
	require.Equal(t, "GET, POST", a.header.Get("Allow"))
}
