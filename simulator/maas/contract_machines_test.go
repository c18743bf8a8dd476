package maas_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// recordedMachines are the machines of the recordings by group: system id, host name, last byte of the MACs, ids of the first
// NIC and of the first disk.
var recordedMachines = map[string]struct {
	id, hostname, mac string
	nics              []string
	disks             []string
}{
	"6thehb": {"6thehb", "node01", "01", []string{"11", "12", "13", "16"}, []string{"7", "8", "9"}},
	"etne3b": {"etne3b", "node05", "05", []string{"24", "25", "26", "27"}, []string{"14", "15", "16"}},
}

// recorded makes the region that the calls of a group were made to.
func recorded(t *testing.T) *replay {
	r := &replay{rig: still(t, "ubuntu/focal", "ubuntu/jammy"), ids: map[string]string{}}
	f := r.post("fabrics/", "name", "mgmt").object(t)
	untagged := num(f["vlans"].([]any)[0].(map[string]any)["id"])
	tagged := num(r.post("fabrics/"+num(f["id"])+"/vlans/", "vid", "102", "name", "storage").object(t)["id"])
	r.ids["vlans/9"], r.ids["vlans/11"], r.ids["vlans/5003"] = untagged, tagged, "99999" // there is none of the last one
	r.ids["subnets/8"] = num(r.post("subnets/", "cidr", "172.16.3.0/24", "name", "mgmt", "vlan", untagged, "gateway_ip", "172.16.3.1").object(t)["id"])
	r.ids["subnets/4"] = num(r.post("subnets/", "cidr", "172.16.2.0/24", "name", "storage", "vlan", tagged).object(t)["id"])
	require.Equal(t, 200, r.post("ipranges/", "type", "dynamic", "start_ip", "172.16.3.100", "end_ip", "172.16.3.150").status)
	r.ids["rackcontrollers/myh63n"] = r.get("rackcontrollers/").list(t)[0]["system_id"].(string)
	require.Equal(t, 200, r.put("vlans/"+untagged+"/", "dhcp_on", "true", "primary_rack", r.ids["rackcontrollers/myh63n"]).status)
	require.Equal(t, 200, r.put("subnets/1/", "gateway_ip", "10.2.0.1").status)
	require.Equal(t, 200, r.post("zones/", "name", "rack-a").status)
	require.Equal(t, 200, r.post("resourcepools/", "name", "pool1").status)
	require.Equal(t, 200, r.post("domains/", "name", "site.example.com", "ttl", "30").status)
	require.Equal(t, 200, r.post("tags/", "name", "hyperconverged").status)
	require.Equal(t, 200, r.post("tags/", "name", "hw-example", "definition", "//node").status)
	for n, x := range []string{"6thehb", "etne3b"} {
		m := recordedMachines[x]
		var macs []string
		for _, nic := range []string{"00", "40", "41", "42"} {
			macs = append(macs, "52:54:00:bb:"+nic+":"+m.mac)
		}
		id := r.maas.PrepareRecorded(fmt.Sprintf("n%d", n+1), m.hostname, macs)
		r.ids["machines/"+x] = id
		body := r.machine(id)
		for i, nic := range body["interface_set"].([]any) {
			r.ids["interfaces/"+m.nics[i]] = num(nic.(map[string]any)["id"])
		}
		for i, d := range body["physicalblockdevice_set"].([]any) {
			r.ids["blockdevices/"+m.disks[i]] = num(d.(map[string]any)["id"])
		}
	}
	return r
}

// recordedStates are what had happened to machines before the calls of a group.
var recordedStates = map[string]func(*replay){
	"update": func(r *replay) {
		a := r.post("machines/", "architecture", "amd64", "mac_addresses", "52:54:00:bb:00:78", "domain", "site.example.com",
			"power_type", "manual", "commission", "false")
		require.Equal(r.t, 200, a.status, a.text)
		r.ids["machines/e4sycw"] = a.object(r.t)["system_id"].(string)
	},
	"locked": func(r *replay) { // it was deployed when it was made known, and never commissioned
		a := r.post("machines/", "architecture", "amd64", "mac_addresses", "52:54:00:bb:00:77", "hostname", "node03", "deployed", "true", "power_type", "ipmi",
			"power_parameters_power_address", "10.1.0.11", "power_parameters_power_user", "root", "power_parameters_power_pass", "calvin")
		require.Equal(r.t, 200, a.status, a.text)
		r.ids["machines/hb6dab"] = a.object(r.t)["system_id"].(string)
	},
	"deployed": func(r *replay) {
		r.maas.SetStatus(r.ids["machines/etne3b"], 6)
		r.maas.SetDeployed(r.ids["machines/etne3b"], "ubuntu", "focal", "ga-20.04")
	},
	"interfaces-create": func(r *replay) {
		require.Equal(r.t, 200, r.put("vlans/"+r.ids["vlans/11"]+"/", "relay_vlan", r.ids["vlans/9"]).status)
		require.Equal(r.t, 200, r.put("subnets/"+r.ids["subnets/4"]+"/", "gateway_ip", "172.16.2.1").status)
	},
	"allocate": func(r *replay) {
		for machine, nic := range map[string]string{"6thehb": "11", "etne3b": "24"} {
			nic := "nodes/" + r.ids["machines/"+machine] + "/interfaces/" + r.ids["interfaces/"+nic] + "/"
			require.Equal(r.t, 200, r.put(nic, "vlan", r.ids["vlans/9"]).status)
			require.Equal(r.t, 200, r.post(nic+"?op=link_subnet", "mode", "AUTO", "subnet", r.ids["subnets/8"]).status)
		}
	},
	"addresses": func(r *replay) {
		require.Equal(r.t, 200, r.put("vlans/"+r.ids["vlans/11"]+"/", "relay_vlan", r.ids["vlans/9"]).status)
		a := r.post("subnets/", "cidr", "172.16.2.0/25", "name", "half", "vlan", r.ids["vlans/9"])
		require.Equal(r.t, 200, a.status, a.text)
		require.Equal(r.t, 200, r.put("subnets/"+r.ids["subnets/4"]+"/", "gateway_ip", "172.16.2.254").status)
		require.Equal(r.t, 200, r.post("ipaddresses/?op=reserve", "ip", "172.16.3.50").status)
	},
	"lists": func(r *replay) {
		r.ids["before/50"] = "1" // older than all events
		a := r.put("machines/"+r.ids["machines/etne3b"]+"/", "power_type", "ipmi", "power_parameters_power_address", "10.1.0.12",
			"power_parameters_power_user", "root", "power_parameters_power_pass", "calvin")
		require.Equal(r.t, 200, a.status, a.text)
		a = r.post("machines/", "architecture", "amd64", "mac_addresses", "52:54:00:bb:00:78", "power_type", "ipmi", "commission", "false", "domain", "site.example.com",
			"power_parameters_power_address", "10.1.0.11", "power_parameters_power_user", "root", "power_parameters_power_pass", "calvin")
		require.Equal(r.t, 200, a.status, a.text)
		r.ids["machines/e4sycw"] = a.object(r.t)["system_id"].(string)
	},
	"norack": func(r *replay) {
		r.ids["machines/mnfy43"] = r.ids["machines/etne3b"]
		require.Equal(r.t, 200, r.put("machines/"+r.ids["machines/mnfy43"]+"/", "hostname", "node12-faildeploy").status)
		require.Equal(r.t, 200, r.post("machines/?op=allocate", "system_id", r.ids["machines/mnfy43"]).status)
		require.Equal(r.t, 200, r.post("machines/"+r.ids["machines/mnfy43"]+"/?op=release").status)
		r.ids["machines/myh63n"] = r.ids["rackcontrollers/myh63n"]
		r.maas.SetRackConnected(false)
	},
	"results": func(r *replay) {
		require.Equal(r.t, 200, r.post("machines/"+r.ids["machines/6thehb"]+"/?op=test").status)
		r.maas.PassTests(r.ids["machines/6thehb"])
	},
	"create": func(r *replay) {
		for _, x := range []string{"6thehb", "etne3b"} {
			require.Equal(r.t, 204, r.do("DELETE", "machines/"+r.ids["machines/"+x]+"/", r.key, nil).status)
		}
	},
}

// recordedSteps are what happened between two calls of a group, before the one with the number.
var recordedSteps = map[string]func(*replay){
	"deployed/15": func(r *replay) { r.maas.SetStatus(r.ids["machines/etne3b"], 6) },
	"bmc/3": func(r *replay) { // what answered 503 was made all the same
		r.ids["machines/prax38"] = r.get("machines/?hostname=node14-nobmc").list(r.t)[0]["system_id"].(string)
	},
	"partitions/27": func(r *replay) {
		for _, d := range []string{"14", "16"} {
			disk := "nodes/" + r.ids["machines/etne3b"] + "/blockdevices/" + r.ids["blockdevices/"+d]
			for _, p := range r.get(disk + "/partitions/").list(r.t) {
				require.Equal(r.t, 204, r.do("DELETE", disk+"/partition/"+num(p["id"]), r.key, nil).status)
			}
		}
	},
	"storage/15": func(r *replay) {
		disk := "nodes/" + r.ids["machines/6thehb"] + "/blockdevices/" + r.ids["blockdevices/7"]
		for _, p := range r.get(disk + "/partitions/").list(r.t) {
			require.Equal(r.t, 204, r.do("DELETE", disk+"/partition/"+num(p["id"]), r.key, nil).status)
		}
	},
}

// TestRecordedCallsAboutMachinesAreAnsweredAsByARealRegion replays what was recorded on machines, each group in a region of its
// own: status, content type, the words of refusals, and the fields of answers and their types have to be the same.
func TestRecordedCallsAboutMachinesAreAnsweredAsByARealRegion(t *testing.T) {
	for name, calls := range grouped(readContract(t, "contract_machines")) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := recorded(t)
			if prepare := recordedStates[name]; prepare != nil {
				prepare(r)
			}
			r.plain = r.maas.AddUser("user", false)
			for n, x := range calls {
				if step := recordedSteps[fmt.Sprintf("%s/%d", name, n)]; step != nil {
					step(r)
				}
				if x.Together != nil {
					r.t = t
					r.atOnce(x)
					continue
				}
				path, a := r.call(x)
				t.Run(fmt.Sprintf("%d %s %s %s", n, x.Method, strings.ReplaceAll(x.Path, "/", " "), x.Note), func(t *testing.T) {
					r.t = t
					r.compare("", x, path, a)
					r.compareWords("", fmt.Sprintf("%s/%d", name, n), x, a)
				})
			}
		})
	}
}

// atOnce does what a note says at the same time: the same numbers of answers of each kind have to come.
func (r *replay) atOnce(x exchange) {
	id := r.ids["machines/6thehb"]
	do := func() answer { return r.put("machines/"+id+"/", "description", "x") }
	if strings.Contains(x.Note, "allocations") {
		do = func() answer { return r.post("machines/?op=allocate", "system_id", id) }
	}
	var wait sync.WaitGroup
	got := make([]answer, len(x.Together))
	for n := range got {
		wait.Go(func() { got[n] = do() })
	}
	wait.Wait()
	kind := func(status int, text string) string { return fmt.Sprint(status, " ", text) }
	var want, have []string
	for n, t := range x.Together {
		text, _ := t.Body.(string)
		want = append(want, kind(t.Status, strings.ReplaceAll(text, "<system_id>", id)))
		if got[n].status < 300 {
			got[n].text = "" // not recorded
		}
		have = append(have, kind(got[n].status, got[n].text))
		require.Empty(r.t, got[n].header.Get("Retry-After"))
	}
	require.ElementsMatch(r.t, want, have)
}
