package maas_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"drydock/simulator/maas"
)

func versioned(t *testing.T, given string) *rig {
	t.Helper()
	v, err := maas.ParseVersion(given)
	require.NoError(t, err)
	return newRig(t, maas.Options{Version: v})
}

func TestVersionsThatNobodyHasSeenAreRefused(t *testing.T) {
	for _, given := range []string{"2.9", "3.2", "3.8", "3", "4.0", "3.4.1000", "3.4-rc", "latest"} {
		_, err := maas.ParseVersion(given)
		require.ErrorContains(t, err, "3.3 to 3.7", given)
	}
	v, err := maas.ParseVersion("")
	require.NoError(t, err)
	require.Equal(t, "3.4.10", v.String())
}

// TestVersionsDifferWhereTheirSourcesDo has a row for each difference between 3.3 and 3.7, and the versions that have it.
func TestVersionsDifferWhereTheirSourcesDo(t *testing.T) {
	prepared := func(r *rig) map[string]any { return r.machine(r.maas.Prepare("n1")) }
	withoutNonce := func(r *rig) answer {
		q, err := http.NewRequest("GET", r.url+"/api/2.0/users/?op=whoami", nil)
		require.NoError(r.t, err)
		parts := strings.Split(authorization(r.key), ", ")
		kept := parts[:0]
		for _, p := range parts {
			if !strings.Contains(p, "nonce") {
				kept = append(kept, p)
			}
		}
		q.Header.Set("Authorization", strings.Join(kept, ", "))
		return r.send(q)
	}
	for _, c := range []struct {
		sentence    string
		first, last string // of the versions in which it holds
		holds       func(*rig) bool
	}{
		{"bodies tell of the synchronisation of hardware", "3.4", "3.7", func(r *rig) bool { _, ok := prepared(r)["enable_hw_sync"]; return ok }},
		{"bodies list addresses, where the region is installed from packages", "3.3", "3.7", func(r *rig) bool {
			_, ok := prepared(r)["ip_addresses"].([]any)
			return ok
		}},
		{"bodies have a description of errors", "3.5", "3.7", func(r *rig) bool { _, ok := prepared(r)["error_description"]; return ok }},
		{"bodies tell whether a machine is a DPU", "3.6", "3.7", func(r *rig) bool { _, ok := prepared(r)["is_dpu"]; return ok }},
		{"a signature without a nonce is none at all", "3.3", "3.4", func(r *rig) bool { return withoutNonce(r).status == 401 }},
		{"a signature without a nonce is a bad request", "3.5", "3.7", func(r *rig) bool {
			a := withoutNonce(r)
			return a.status == 400 && strings.HasPrefix(a.text, "Bad Request: ")
		}},
		{"no signature is forbidden", "3.3", "3.7", func(r *rig) bool { return r.do("GET", "users/?op=whoami", "", nil).status == 401 }},
		{"there are generated images", "3.3", "3.4", func(r *rig) bool { return r.get("boot-resources/?type=generated").status == 200 }},
		{"there are synced and uploaded images", "3.3", "3.7", func(r *rig) bool {
			return len(r.get("boot-resources/?type=synced").list(r.t)) > 0 && r.get("boot-resources/?type=uploaded").status == 200
		}},
		{"there are release scripts", "3.5", "3.7", func(r *rig) bool {
			return r.post("scripts/", "name", "wipe", "type", "release", "script", "#!/bin/sh\n").status == 200 &&
				r.get("scripts/?type=release").list(r.t)[0]["type_name"] == "Release script"
		}},
		{"results of release scripts can be asked for", "3.5", "3.7", func(r *rig) bool {
			return r.get("nodes/"+r.maas.Prepare("n1")+"/results/?type=release").status == 200
		}},
		{"addresses are reserved for MACs", "3.6", "3.7", func(r *rig) bool { return r.get("reservedips/").status == 200 }},
	} {
		for _, version := range []string{"3.3", "3.4", "3.5", "3.6", "3.7"} {
			t.Run(c.sentence+" "+version, func(t *testing.T) {
				require.Equal(t, c.first <= version && version <= c.last, c.holds(versioned(t, version)))
			})
		}
	}
}

func TestARegionSaysWhichVersionItIs(t *testing.T) {
	for given, want := range map[string]string{"": "3.4.10", "3.3": "3.3.0", "3.5.8": "3.5.8", "3.7": "3.7.0"} {
		r := versioned(t, given)
		a := r.do("GET", "version/", "", nil).object(t)
		require.Equal(t, want, a["version"])
		require.Equal(t, given == "", a["subversion"] == "", a["subversion"])
		require.Contains(t, a["capabilities"], "network-deployment-ubuntu")
		require.True(t, strings.HasPrefix(r.get("rackcontrollers/").list(t)[0]["version"].(string), want+"-"))
	}
}

func TestAReservedAddressIsKeptForItsMAC(t *testing.T) {
	r := versioned(t, "3.6")
	a := r.post("reservedips/", "ip", "10.2.0.1", "mac_address", "52:54:00:00:00:AA", "comment", "printer")
	require.Equal(t, 200, a.status, a.text)
	x := a.object(t)
	require.Equal(t, "52:54:00:00:00:aa", x["mac_address"])
	require.Equal(t, "10.2.0.0/24", x["subnet"].(map[string]any)["cidr"])
	path := "reservedips/" + num(x["id"]) + "/"
	require.Equal(t, "printer", r.get(path).object(t)["comment"])
	require.Equal(t, "copier", r.put(path, "comment", "copier").object(t)["comment"])
	require.Equal(t, 400, r.put(path, "ip", "10.2.0.2").status)
	for sentence, form := range map[string][]string{
		"without a MAC":       {"ip", "10.2.0.3"},
		"taken":               {"ip", "10.2.0.1", "mac_address", "52:54:00:00:00:ab"},
		"in no subnet":        {"ip", "192.0.2.1", "mac_address", "52:54:00:00:00:ac"},
		"of the network":      {"ip", "10.2.0.0", "mac_address", "52:54:00:00:00:ad"},
		"the MAC has another": {"ip", "10.2.0.4", "mac_address", "52:54:00:00:00:aa"},
	} {
		require.Equal(t, 400, r.post("reservedips/", form...).status, sentence)
	}
	// What is kept is given to nobody else.
	require.NotEqual(t, "10.2.0.1", r.post("ipaddresses/?op=reserve", "subnet", "10.2.0.0/24").object(t)["ip"])
	require.Equal(t, 204, r.do("DELETE", path, r.key, nil).status)
	require.Empty(t, r.get("reservedips/").list(t))
	require.Equal(t, "10.2.0.1", r.post("ipaddresses/?op=reserve", "subnet", "10.2.0.0/24").object(t)["ip"])
}
