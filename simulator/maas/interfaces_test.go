package maas_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMistakesWithInterfacesAreRefusedInTheWordsOfARealRegion(t *testing.T) {
	r := still(t)
	id := r.maas.Prepare("n1")
	m := r.machine(id)
	boot := num(m["boot_interface"].(map[string]any)["id"])
	var others []string
	for _, i := range m["interface_set"].([]any) {
		if n := num(i.(map[string]any)["id"]); n != boot {
			others = append(others, n)
		}
	}
	require.GreaterOrEqual(t, len(others), 2)
	f := r.post("fabrics/", "name", "data").object(t)
	untagged := num(f["vlans"].([]any)[0].(map[string]any)["id"])
	tagged := num(r.post("fabrics/"+num(f["id"])+"/vlans/", "vid", "102", "name", "storage").object(t)["id"])
	subnet := num(r.post("subnets/", "cidr", "172.16.3.0/24", "name", "mgmt", "vlan", untagged, "gateway_ip", "172.16.3.1").object(t)["id"])
	other := num(r.post("subnets/", "cidr", "172.16.2.0/24", "vlan", tagged).object(t)["id"])
	require.Equal(t, 200, r.post("ipranges/", "type", "dynamic", "start_ip", "172.16.3.100", "end_ip", "172.16.3.150").status)
	all := "nodes/" + id + "/interfaces/"

	a := r.post(all+"?op=create_bond", "name", "bond0", "parents", others[0], "parents", others[1])
	require.JSONEq(t, `{"parents": ["All parents must belong to the same VLAN."]}`, a.text, "NICs on unknown networks are each on a fabric of their own")
	for _, n := range others[:2] {
		b := r.put(all+n+"/", "vlan", untagged).object(t)
		require.Empty(t, b["links"], "moving to another VLAN drops links")
	}
	b := r.post(all+"?op=create_bond", "name", "bond0", "parents", others[0], "parents", others[1], "bond_mode", "802.3ad").object(t)
	bond := num(b["id"])
	require.Equal(t, "link_up", b["links"].([]any)[0].(map[string]any)["mode"])
	require.Equal(t, "bond0.102", r.post(all+"?op=create_vlan", "parent", bond, "vlan", tagged).object(t)["name"])

	name := r.get(all + others[0] + "/").object(t)["name"].(string)
	host := m["hostname"].(string)
	tests := []struct {
		name, path string
		form       []string
		status     int
		text       string
	}{
		{"a parent that is bonded", all + "?op=create_bond", []string{"name", "bond1", "parents", others[0]}, 400, `{"parents": ["Interfaces already in-use: ` + name + `."]}`},
		{"an unknown bond mode", all + "?op=create_bond", []string{"name", "bond1", "parents", boot, "bond_mode", "nosuch"}, 400,
			`{"bond_mode": ["'nosuch' is not a valid bond_mode.  It should be one of: 'balance-rr', 'active-backup', 'balance-xor', 'broadcast', '802.3ad', 'balance-tlb', 'balance-alb'."]}`},
		{"an untagged VLAN interface", all + "?op=create_vlan", []string{"parent", bond, "vlan", untagged}, 400, `{"vlan": ["A VLAN interface can only belong to a tagged VLAN."]}`},
		{"the same VLAN twice", all + "?op=create_vlan", []string{"parent", bond, "vlan", tagged}, 400, `{"name": ["Node ` + id + ` (` + host + `) already has an interface named 'bond0.102'."]}`},
		{"no VLAN", all + "?op=create_vlan", []string{"parent", bond}, 400, `{"vlan": ["A VLAN interface must be connected to a tagged VLAN."]}`},
		{"a subnet of another VLAN", all + bond + "/?op=link_subnet", []string{"mode", "STATIC", "subnet", other}, 400, `{"subnet": ["None found with id=` + other + `.", "This field is required."]}`},
		{"an unknown mode", all + bond + "/?op=link_subnet", []string{"mode", "NOSUCH", "subnet", subnet}, 400, `{"mode": ["'nosuch' is not a valid mode.  It should be one of: 'auto', 'dhcp', 'static', 'link_up'."]}`},
		{"an address in a dynamic range", all + bond + "/?op=link_subnet", []string{"mode", "STATIC", "subnet", subnet, "ip_address", "172.16.3.120"}, 400,
			`{"ip_address": ["IP address is inside a dynamic range 172.16.3.100 to 172.16.3.150."]}`},
		{"an address outside of the subnet", all + bond + "/?op=link_subnet", []string{"mode", "STATIC", "subnet", subnet, "ip_address", "10.9.9.9"}, 400,
			`{"ip_address": ["IP address is not in the given subnet 'mgmt:172.16.3.0/24(vid=0)'."]}`},
		{"an address", all + bond + "/?op=link_subnet", []string{"mode", "STATIC", "subnet", subnet, "ip_address", "172.16.3.21", "default_gateway", "true"}, 200, ""},
		{"an address that is taken is a 404", all + bond + "/?op=link_subnet", []string{"mode", "STATIC", "subnet", subnet, "ip_address", "172.16.3.21"}, 404, "IP address is already in use."},
		{"no usable gateway", all + others[1] + "/?op=set_default_gateway", nil, 400, `{"__all__": ["This interface has no usable gateways."]}`},
		{"an unknown link", all + bond + "/?op=unlink_subnet", []string{"id", ""}, 400, `{"id": ["This field is required."]}`},
	}
	for _, x := range tests {
		t.Run(x.name, func(t *testing.T) {
			a := r.post(x.path, x.form...)
			require.Equal(t, x.status, a.status, a.text)
			switch {
			case x.status == 200:
			case x.text[0] == '{':
				require.JSONEq(t, x.text, a.text)
			default:
				require.Equal(t, x.text, a.text)
			}
		})
	}
	require.Equal(t, 204, r.do("DELETE", all+others[0]+"/", r.key, nil).status)
	require.Len(t, r.get(all + bond + "/").object(t)["parents"], 1, "a bond keeps its other parent")
}
