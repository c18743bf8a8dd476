package maas_test

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestBodiesOfMachinesHaveEveryFieldOfARealRegion compares the large bodies with recorded ones: all field names, and the
// types of all values that were not null there.
func TestBodiesOfMachinesHaveEveryFieldOfARealRegion(t *testing.T) {
	data, err := os.ReadFile("testdata/shapes.json")
	require.NoError(t, err)
	var shapes map[string]any
	require.NoError(t, json.Unmarshal(data, &shapes))
	r := still(t)
	id := r.maas.Prepare("n1")
	p := r.parts(id)
	rack := r.get("rackcontrollers/").list(t)[0]["system_id"].(string)
	check := func(name string, a answer) {
		t.Helper()
		require.Equal(t, 200, a.status, a.text)
		var got any
		require.NoError(t, json.Unmarshal([]byte(a.text), &got), a.text)
		require.Contains(t, shapes, name)
		similar(t, name, shapes[name], got)
		delete(shapes, name)
	}
	check("machine Ready", r.get("machines/"+id+"/"))
	check("rackcontrollers", r.get("rackcontrollers/"))
	check("regioncontrollers", r.get("regioncontrollers/"))
	check("list_boot_images", r.get("rackcontrollers/"+rack+"/?op=list_boot_images"))
	check("power_parameters", r.get("machines/"+id+"/?op=power_parameters"))
	check("blockdevices", r.get("nodes/"+id+"/blockdevices/"))
	check("interfaces", r.get("nodes/"+id+"/interfaces/"))
	check("legacy", r.get("commissioning-results/?system_id="+id))
	check("volume group", r.post("nodes/"+id+"/volume-groups/", "name", "vg0", "block_devices", p.disk))
	check("allocated", r.post("machines/?op=allocate", "system_id", id, "agent_name", "x"))
	check("events", r.get("events/?op=query&limit=5&level=DEBUG"))

	r.maas.SetStatus(id, 4)
	part := r.get("nodes/" + id + "/blockdevices/" + p.full + "/partitions/").list(t)[0]
	check("partition", r.get("nodes/"+id+"/blockdevices/"+p.full+"/partition/"+num(part["id"])))
	nics := r.get("nodes/" + id + "/interfaces/").list(t)
	var free string
	for _, n := range nics {
		if n["name"] != r.machine(id)["boot_interface"].(map[string]any)["name"] {
			free = num(n["id"])
		}
	}
	check("bond", r.post("nodes/"+id+"/interfaces/?op=create_bond", "name", "bond0", "parents", free, "bond_mode", "802.3ad", "mtu", "9000"))

	require.Equal(t, 200, r.post("machines/"+id+"/?op=test").status)
	check("results", r.get("nodes/"+id+"/results/"))
	check("current-testing", r.get("nodes/"+id+"/results/current-testing/"))
	r.maas.SetStatus(id, 4)
	require.Equal(t, 200, r.post("machines/"+id+"/?op=deploy", "distro_series", "jammy").status)
	check("machine Deployed", r.get("machines/"+id+"/"))
	a := r.post("machines/", "architecture", "amd64", "mac_addresses", "52:54:00:00:00:09", "power_type", "manual", "commission", "false")
	check("machine New", a)
	require.Empty(t, shapes)
}

// similar is sameShape where a recorded null may be anything, and a value may be null that depends on how far things are.
func similar(t *testing.T, where string, want, got any) {
	t.Helper()
	switch want := want.(type) {
	case map[string]any:
		if got == nil {
			return
		}
		object, ok := got.(map[string]any)
		require.True(t, ok, "%s is %v, not an object", where, got)
		if strings.HasSuffix(where, ".links[]") {
			require.Subset(t, []string{"id", "mode", "subnet", "ip_address"}, slices.Collect(maps.Keys(object)), where)
			return // what a link shows depends on its mode
		}
		require.ElementsMatch(t, slices.Collect(maps.Keys(want)), slices.Collect(maps.Keys(object)), where)
		for k := range object {
			similar(t, where+"."+k, want[k], object[k])
		}
	case []any:
		list, ok := got.([]any)
		require.True(t, ok, "%s is %v, not a list", where, got)
		for _, x := range list[:min(1, len(list))] {
			similar(t, where+"[]", want[0], x)
		}
	default:
		if want != "null" && got != nil {
			require.Equal(t, want, typeOf(got), where)
		}
	}
}
