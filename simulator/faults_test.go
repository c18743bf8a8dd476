package simulator_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"drydock/simulator"
	"drydock/simulator/control"
	"drydock/simulator/world/worldtest"
)

// person is somebody with two terminals: one at MAAS, and one behind the curtain.
type person struct {
	t    *testing.T
	site *simulator.Site
}

var nonce atomic.Int64

// request sends a form, or JSON where the body is none, and returns the answer; status 0: there was none.
func (p person) request(method, address, body, kind, authorization string) (status int, header http.Header, text string) {
	p.t.Helper()
	r, err := http.NewRequestWithContext(p.t.Context(), method, address, strings.NewReader(body))
	require.NoError(p.t, err)
	r.Header.Set("Content-Type", kind)
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(r)
	if err != nil {
		return 0, nil, err.Error()
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	require.NoError(p.t, err)
	return response.StatusCode, response.Header, string(data)
}

// maas asks MAAS with an OAuth signature.
func (p person) maas(method, path string, form ...string) (int, http.Header, string) {
	p.t.Helper()
	values := url.Values{}
	for i := 0; i+1 < len(form); i += 2 {
		values.Add(form[i], form[i+1])
	}
	key := strings.Split(p.site.APIKey(), ":")
	authorization := fmt.Sprintf(`OAuth oauth_consumer_key="%s", oauth_token="%s", oauth_signature_method="PLAINTEXT", oauth_signature="%%26%s", oauth_timestamp="%d", oauth_nonce="%d"`,
		key[0], key[1], key[2], time.Now().Unix(), nonce.Add(1))
	return p.request(method, p.site.MAASURL()+"/api/2.0/"+path, values.Encode(), "application/x-www-form-urlencoded", authorization)
}

// control asks the control API.
func (p person) control(want int, method, path, body string, out any) {
	p.t.Helper()
	status, _, text := p.request(method, p.site.ControlURL()+path, body, "application/json", "")
	require.Equal(p.t, want, status, text)
	if out != nil {
		require.NoError(p.t, json.Unmarshal([]byte(text), out), text)
	}
}

// fault makes a fault begin and returns it.
func (p person) fault(body string) (f control.Fault) {
	p.t.Helper()
	p.control(http.StatusCreated, http.MethodPost, "/maas/faults", body, &f)
	require.NotZero(p.t, f.ID)
	return f
}

func (p person) struck(id int) int {
	p.t.Helper()
	var f control.Fault
	p.control(http.StatusOK, http.MethodGet, fmt.Sprintf("/maas/faults/%d", id), "", &f)
	return f.Struck
}

func (p person) exists(zone string) bool {
	p.t.Helper()
	status, _, _ := p.maas("GET", "zones/"+zone+"/")
	return status == http.StatusOK
}

func TestFaultsOfRequestsAreGivenAtRunTime(t *testing.T) {
	for sentence, c := range map[string]struct {
		fault      string
		status     int
		retryAfter string
		made       bool
	}{
		"writers are in conflict":                         {`{"kind": "conflict"`, 409, "5", false},
		"writers are in conflict for longer":              {`{"kind": "conflict", "retry_after": 30`, 409, "30", false},
		"the region makes a mistake":                      {`{"kind": "internal"`, 500, "", false},
		"no rack is connected":                            {`{"kind": "unavailable"`, 503, "10", false},
		"a proxy loses patience":                          {`{"kind": "timeout"`, 504, "", true},
		"a proxy loses patience long before the region":   {`{"kind": "timeout", "delay": "30ms"`, 504, "", true},
		"the connection is lost before anything was done": {`{"kind": "drop-before"`, 0, "", false},
		"the answer is lost":                              {`{"kind": "drop-after"`, 0, "", true},
	} {
		t.Run(sentence, func(t *testing.T) {
			p := person{t, start(t, simulator.Options{Seed: 1, Speed: 1000})} // half an hour of silence is two seconds
			f := p.fault(c.fault + `, "count": 1, "requests": "POST zones/"}`)
			status, header, _ := p.maas("POST", "zones/", "name", "a")
			require.Equal(t, c.status, status)
			require.Equal(t, c.retryAfter, header.Get("Retry-After"))
			if c.made {
				require.Eventually(t, func() bool { return p.exists("a") }, 5*time.Second, time.Millisecond)
			}
			require.Equal(t, c.made, p.exists("a"))
			status, _, text := p.maas("POST", "zones/", "name", "b")
			require.Equal(t, http.StatusOK, status, text)
			require.Equal(t, 1, p.struck(f.ID), "as often as it may")
		})
	}
}

func TestListsTakeLongerTheMoreMachinesThereAre(t *testing.T) {
	const each = 30 * time.Millisecond
	p := person{t, start(t, fast)}
	for n := range 4 {
		status, _, text := p.maas("POST", "machines/", "architecture", "amd64", "mac_addresses", fmt.Sprintf("52:54:00:00:00:%02d", n), "commission", "false")
		require.Equal(t, http.StatusOK, status, text)
	}
	p.fault(`{"kind": "latency", "per_machine": "30ms", "requests": "GET machines/"}`)
	slow := p.fault(`{"kind": "latency", "delay": "20ms", "jitter": "5ms", "requests": "GET z*/{name}/"}`)
	took := func(path string) time.Duration {
		begun := time.Now()
		p.maas("GET", path)
		return time.Since(begun)
	}
	require.GreaterOrEqual(t, took("machines/?mac_address=52:54:00:00:00:01"), each)
	require.GreaterOrEqual(t, took("machines/"), 4*each)
	require.GreaterOrEqual(t, took("zones/default/"), 20*time.Millisecond)
	took("zones/")
	took("tags/")
	require.Equal(t, 1, p.struck(slow.ID), "only what the pattern matches")
}

func TestASeedDecidesWhichRequestsFail(t *testing.T) {
	p := person{t, start(t, fast)}
	statuses := func(seed int) (out []int) {
		f := p.fault(fmt.Sprintf(`{"kind": "internal", "share": 0.4, "seed": %d}`, seed))
		for range 30 {
			status, _, _ := p.maas("GET", "zones/")
			out = append(out, status)
		}
		p.control(http.StatusOK, http.MethodDelete, fmt.Sprintf("/maas/faults/%d", f.ID), "", nil)
		return out
	}
	first := statuses(1)
	require.Contains(t, first, 500)
	require.Contains(t, first, 200)
	require.Equal(t, first, statuses(1))
	require.NotEqual(t, first, statuses(2))
}

func TestFaultsAreListedAndCleared(t *testing.T) {
	p := person{t, start(t, fast)}
	conflict := p.fault(`{"kind": "conflict"}`)
	p.fault(`{"kind": "latency", "delay": "1ms"}`)
	var all []control.Fault
	p.control(http.StatusOK, http.MethodGet, "/maas/faults", "", &all)
	require.Len(t, all, 2)
	require.Equal(t, conflict, all[0])
	require.Equal(t, control.Duration(time.Millisecond), all[1].Delay)

	p.control(http.StatusOK, http.MethodDelete, fmt.Sprintf("/maas/faults/%d", conflict.ID), "", nil)
	p.control(http.StatusNotFound, http.MethodDelete, fmt.Sprintf("/maas/faults/%d", conflict.ID), "", nil)
	status, _, _ := p.maas("GET", "zones/")
	require.Equal(t, http.StatusOK, status)
	p.fault(`{"kind": "internal"}`)
	p.control(http.StatusOK, http.MethodDelete, "/maas/faults", "", &all)
	require.Empty(t, all)
	status, _, _ = p.maas("GET", "zones/")
	require.Equal(t, http.StatusOK, status)
	var calls map[string]int
	p.control(http.StatusOK, http.MethodGet, "/maas/calls", "", &calls)
	require.Equal(t, map[string]int{"GET zones/": 2}, calls)
}

func TestFaultsThatMakeNoSenseAreRefused(t *testing.T) {
	p := person{t, start(t, fast)}
	for sentence, c := range map[string]struct{ fault, says string }{
		"no JSON":                          {`conflict`, "read fault"},
		"a field that there is not":        {`{"kind": "conflict", "often": true}`, "often"},
		"a kind that there is not":         {`{"kind": "fire"}`, "power-lost"},
		"more than all":                    {`{"kind": "conflict", "share": 2}`, "share"},
		"less than none":                   {`{"kind": "conflict", "count": -1}`, "negative"},
		"a duration without a unit":        {`{"kind": "latency", "delay": "5"}`, "missing unit"},
		"latency that takes no time":       {`{"kind": "latency"}`, "delay"},
		"a delay of what is at once":       {`{"kind": "conflict", "delay": "1s"}`, "delay"},
		"a machine that there is not":      {`{"kind": "stuck", "machine": "nobody"}`, "nobody"},
		"requests of a machine's power":    {`{"kind": "power-lost", "requests": "GET *"}`, "requests"},
		"a script of a request":            {`{"kind": "internal", "script": "x"}`, "scripts"},
		"an environment that there is not": {`{"kind": "stuck", "during": "lunch"}`, "commission"},
		"an id of one's own":               {`{"kind": "conflict", "id": 7}`, "id"},
	} {
		t.Run(sentence, func(t *testing.T) {
			var refusal map[string]string
			p.control(http.StatusBadRequest, http.MethodPost, "/maas/faults", c.fault, &refusal)
			require.Contains(t, refusal["error"], c.says)
		})
	}
}

// enlist lets a machine introduce itself, and returns its id at MAAS.
func (p person) enlist(name string) (id string) {
	p.t.Helper()
	p.control(http.StatusOK, http.MethodPost, "/machines/"+name+"/power", `{"command": "on"}`, nil)
	require.Eventually(p.t, func() bool {
		var shown control.Machine
		p.control(http.StatusOK, http.MethodGet, "/machines/"+name, "", &shown)
		_, _, text := p.maas("GET", "machines/?mac_address="+shown.PXEMAC)
		var list []struct {
			ID string `json:"system_id"`
		}
		require.NoError(p.t, json.Unmarshal([]byte(text), &list))
		if len(list) == 1 {
			id = list[0].ID
		}
		return id != "" && shown.Power == "off"
	}, 10*time.Second, 5*time.Millisecond)
	return id
}

// commission does so, waits for a status, and returns the scripts that failed.
func (p person) commission(id, becomes string, form ...string) (failed []string) {
	p.t.Helper()
	status, _, text := p.maas("POST", "machines/"+id+"/?op=commission", form...)
	require.Equal(p.t, http.StatusOK, status, text)
	var m struct {
		Status string `json:"status_name"`
	}
	require.Eventually(p.t, func() bool {
		_, _, text := p.maas("GET", "machines/"+id+"/")
		require.NoError(p.t, json.Unmarshal([]byte(text), &m), text)
		return m.Status != "Commissioning" && m.Status != "Testing"
	}, 20*time.Second, 5*time.Millisecond)
	require.Equal(p.t, becomes, m.Status)
	_, _, text = p.maas("GET", "nodes/"+id+"/results/")
	var sets []struct {
		Results []struct{ Name, Status_Name string }
	}
	require.NoError(p.t, json.Unmarshal([]byte(text), &sets), text)
	for _, set := range sets {
		for _, r := range set.Results {
			if r.Status_Name == "Failed" {
				failed = append(failed, r.Name)
			}
		}
	}
	return failed
}

func TestFaultsBefallMachinesAsOftenAsTheyMay(t *testing.T) {
	for sentence, c := range map[string]struct {
		fault   string
		form    []string
		becomes string
		failed  []string
	}{
		"the region does not hear how commissioning went": {`{"kind": "stuck", "during": "commission"`, []string{"testing_scripts", "none"},
			"Failed commissioning", nil},
		"power is lost while commissioning": {`{"kind": "power-lost", "during": "commission"`, nil, "Failed commissioning", nil},
		"power is lost while testing":       {`{"kind": "power-lost", "during": "test"`, nil, "Failed testing", nil},
		"a commissioning script fails": {`{"kind": "script-failed", "script": "maas-lshw"`, nil, "Failed commissioning",
			[]string{"maas-lshw"}},
		"a test fails, and the others do not": {`{"kind": "script-failed", "script": "memtester"`,
			[]string{"testing_scripts", "memtester,ntp"}, "Failed testing", []string{"memtester"}},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			p := person{t, start(t, simulator.Options{Seed: 1, Speed: 1000})} // half an hour of silence is two seconds
			f := p.fault(c.fault + `, "machine": "` + worldtest.Redfish + `", "count": 1}`)
			other, id := p.enlist(worldtest.IPMI), p.enlist(worldtest.Redfish)
			p.commission(other, "Ready", c.form...)
			require.Zero(t, p.struck(f.ID), "only the machine that it is given to")
			require.Equal(t, c.failed, p.commission(id, c.becomes, c.form...))
			require.Equal(t, 1, p.struck(f.ID))
			p.control(http.StatusOK, http.MethodPost, "/machines/"+worldtest.Redfish+"/power", `{"command": "off"}`, nil)
			if c.becomes == "Failed testing" {
				status, _, text := p.maas("POST", "machines/"+id+"/?op=override_failed_testing")
				require.Equal(t, http.StatusOK, status, text)
			}
			p.commission(id, "Ready", c.form...)
		})
	}
}

func TestARackComesBackWithTheEndOfItsFault(t *testing.T) {
	p := person{t, start(t, simulator.Options{Seed: 1, Speed: 1000})}
	id := p.enlist(worldtest.Redfish)
	f := p.fault(`{"kind": "rack-lost"}`)
	status, _, text := p.maas("POST", "machines/"+id+"/?op=commission")
	require.Equal(t, http.StatusBadRequest, status)
	require.Contains(t, text, "unavailable")
	p.control(http.StatusOK, http.MethodDelete, fmt.Sprintf("/maas/faults/%d", f.ID), "", nil)
	p.commission(id, "Ready")
}
