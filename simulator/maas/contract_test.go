package maas_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// recordedRegions are what had happened to the region before the first call of a topic.
var recordedRegions = map[string]func(*replay){
	"boot-sources": func(r *replay) {
		require.Equal(r.t, 204, r.do("DELETE", "boot-sources/1/", r.key, nil).status)
	},
	"fabrics": func(r *replay) { // it serves DHCP on its default VLAN
		a := r.put("vlans/5001/", "dhcp_on", "true", "primary_rack", r.ids["rackcontrollers/myh63n"])
		require.Equal(r.t, 200, a.status, a.text)
	},
}

// TestRecordedCallsAreAnsweredAsByARealRegion replays recorded calls in their order: status, content type, headers, texts of
// refusals, and names, types and nulls of every field have to be the same.
func TestRecordedCallsAreAnsweredAsByARealRegion(t *testing.T) {
	r := &replay{rig: still(t), ids: map[string]string{}}
	r.plain = r.maas.AddUser("user", false)
	r.ids["rackcontrollers/myh63n"] = r.get("rackcontrollers/").list(t)[0]["system_id"].(string)
	require.Equal(t, 200, r.post("ipranges/", "type", "dynamic", "start_ip", "10.2.0.200", "end_ip", "10.2.0.250").status)
	r.maas.Disown()
	require.Equal(t, 200, r.put("subnets/1/", "gateway_ip", "10.2.0.1").status)
	seen := map[string]bool{}
	for n, x := range readContract(t, "contract") {
		ok := t.Run(fmt.Sprintf("%d %s %s %s %s", n, x.File, x.Method, strings.ReplaceAll(x.Path, "/", " "), x.Note), func(t *testing.T) {
			r.t = t
			if prepare := recordedRegions[x.File]; prepare != nil && !seen[x.File] {
				prepare(r)
			}
			seen[x.File] = true
			if x.As == "bad credentials" {
				r.compareRefusal(x)
				return
			}
			path, a := r.call(x)
			r.compare("", x, path, a)
		})
		if !ok && x.Learn != nil {
			return // what follows would only repeat the failure
		}
	}
}
