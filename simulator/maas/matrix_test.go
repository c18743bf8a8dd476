package maas_test

import (
	"encoding/json"
	"net/http/httptest"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"drydock/simulator/maas"
	"drydock/simulator/world"
)

// rule is what one operation answered in some states, measured at a real 3.4 region.
type rule struct {
	States  []int  `json:"states"`
	HTTP    int    `json:"http"`
	Message string `json:"message"`
	Becomes *int   `json:"becomes"`
}

var stateNames = []string{"New", "Commissioning", "Failed commissioning", "Missing", "Ready", "Reserved", "Deployed", "Retired", "Broken",
	"Deploying", "Allocated", "Failed deployment", "Releasing", "Releasing failed", "Disk erasing", "Failed disk erasing", "Rescue mode",
	"Entering rescue mode", "Failed to enter rescue mode", "Exiting rescue mode", "Failed to exit rescue mode", "Testing", "Failed testing"}

// TestEveryOperationInEveryStateAnswersAsARealRegion goes through 34 operations in 23 states.
func TestEveryOperationInEveryStateAnswersAsARealRegion(t *testing.T) {
	data, err := os.ReadFile("testdata/state_matrix.json")
	require.NoError(t, err)
	var table []struct {
		Operation string `json:"operation"`
		Rules     []rule `json:"rules"`
	}
	require.NoError(t, json.Unmarshal(data, &table))
	require.NotEmpty(t, table)
	for _, row := range table {
		t.Run(row.Operation, func(t *testing.T) {
			t.Parallel()
			r := still(t)
			p := r.parts(r.maas.Prepare("n1"))
			for _, x := range row.Rules {
				for _, st := range x.States {
					if row.Operation == "DELETE machine" {
						p = r.parts(r.maas.Prepare("n1"))
					}
					id := p.id
					r.maas.SetStatus(id, st)
					a := r.operate(row.Operation, stateNames[st], p)
					where := row.Operation + " in " + stateNames[st]
					require.Equal(t, x.HTTP, a.status, "%s: %s", where, a.text)
					if x.HTTP >= 400 {
						want := x.Message
						want = strings.NewReplacer("{id}", id, "{status}", stateNames[st], "{hostname}", p.hostname).Replace(want)
						if strings.HasPrefix(want, "{") {
							require.JSONEq(t, want, a.text, where)
						} else {
							require.Equal(t, want, a.text, where)
						}
					}
					if row.Operation == "DELETE machine" {
						require.Equal(t, 404, r.get("machines/"+id+"/").status)
						continue
					}
					becomes := st
					if x.Becomes != nil {
						becomes = *x.Becomes
					}
					require.Equal(t, stateNames[becomes], r.machine(id)["status_name"], where)
				}
			}
		})
	}
}

// still is a rig in which no simulated time passes.
func still(t *testing.T, images ...string) *rig {
	t.Helper()
	w := world.New(site(), world.Options{Seed: 7, Speed: 0.001})
	t.Cleanup(w.Close)
	s := maas.New(w, maas.Options{RackNetworks: []netip.Prefix{netip.MustParsePrefix("10.2.0.0/24")}, Images: images})
	t.Cleanup(s.Close)
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return &rig{t: t, world: w, maas: s, url: server.URL + "/MAAS", key: s.APIKey()}
}

// parts are what the operations of the table work on.
type parts struct{ id, hostname, nic, disk, full string }

func (r *rig) parts(id string) parts {
	m := r.machine(id)
	p := parts{id: id, hostname: m["hostname"].(string), nic: num(m["interface_set"].([]any)[0].(map[string]any)["id"])}
	for _, d := range m["physicalblockdevice_set"].([]any) {
		d := d.(map[string]any)
		if len(d["partitions"].([]any)) > 0 {
			p.full = num(d["id"])
		} else {
			p.disk = num(d["id"])
		}
	}
	return p
}

// operate does one of the operations of the table.
func (r *rig) operate(operation, status string, p parts) answer {
	id := p.id
	if operation == "block device unformat" && (status == "Ready" || status == "Allocated") {
		require.Equal(r.t, 200, r.post("nodes/"+id+"/blockdevices/"+p.disk+"/?op=format", "fstype", "ext4").status)
	}
	machine, iface := "machines/"+id+"/", "nodes/"+id+"/interfaces/"
	device := "nodes/" + id + "/blockdevices/" + p.disk + "/"
	switch operation {
	case "allocate (system_id=)":
		return r.post("machines/?op=allocate", "system_id", id)
	case "release erase=true":
		return r.post(machine+"?op=release", "erase", "true")
	case "query_power_state", "get_curtin_config":
		return r.get(machine + "?op=" + operation)
	case "PUT machine (description)":
		return r.put(machine, "description", "x")
	case "set_storage_layout flat":
		return r.post(machine+"?op=set_storage_layout", "storage_layout", "flat")
	case "interface PUT name":
		return r.put(iface+p.nic+"/", "name", "eth7")
	case "interface PUT vlan":
		return r.put(iface+p.nic+"/", "vlan", "5001")
	case "interface link_subnet LINK_UP":
		return r.post(iface+p.nic+"/?op=link_subnet", "mode", "LINK_UP", "force", "true")
	case "interface disconnect":
		return r.post(iface + p.nic + "/?op=disconnect")
	case "interface create_physical (no mac)":
		return r.post(iface+"?op=create_physical", "name", "eth8")
	case "interface create_bond (no parents)":
		return r.post(iface+"?op=create_bond", "name", "bond7")
	case "block device format":
		return r.post(device+"?op=format", "fstype", "ext4")
	case "block device unformat":
		return r.post(device + "?op=unformat")
	case "set_boot_disk":
		return r.post(device + "?op=set_boot_disk")
	case "partition create":
		return r.post("nodes/"+id+"/blockdevices/"+p.full+"/partitions/", "size", "1073741824")
	case "volume group create (no devices)":
		return r.post("nodes/"+id+"/volume-groups/", "name", "vg9")
	case "set_workload_annotations":
		return r.post(machine+"?op=set_workload_annotations", "a", "b")
	case "DELETE machine":
		return r.do("DELETE", machine, r.key, nil)
	}
	return r.post(machine + "?op=" + operation)
}

func num(v any) string { return strconv.Itoa(int(v.(float64))) }
