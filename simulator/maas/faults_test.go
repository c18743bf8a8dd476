package maas_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"drydock/simulator/maas"
)

func TestSharesOfRequestsFailAsASeedSays(t *testing.T) {
	statuses := func(seed int64) (out []int) {
		r := newRig(t, maas.Options{Seed: seed, Faults: maas.Faults{Conflicts: 0.2, Internals: 0.2, Unavailables: 0.2, Timeouts: 0.2}})
		for range 60 {
			out = append(out, r.do("GET", "zones/", r.key, nil).status)
		}
		return out
	}
	first := statuses(1)
	require.Equal(t, first, statuses(1))
	require.NotEqual(t, first, statuses(2))
	for _, status := range []int{200, 409, 500, 503, 504} {
		require.Contains(t, first, status)
	}
}

func TestAFailureIsPutInPlaceOfTheNextAnswerOnly(t *testing.T) {
	for sentence, c := range map[string]struct {
		failure maas.Failure
		made    bool
	}{
		"a conflict of writers does nothing and says when to come again": {maas.Failure{Status: 409, RetryAfter: 5}, false},
		"a failure within the region does nothing":                       {maas.Failure{Status: 500}, false},
		"a rack that is gone does nothing and says when to come again":   {maas.Failure{Status: 503, RetryAfter: 10}, false},
		"a proxy that gives up does not stop the region":                 {maas.Failure{Status: 504, Done: true}, true},
	} {
		t.Run(sentence, func(t *testing.T) {
			r := newRig(t, maas.Options{})
			r.maas.FailNext("POST zones/", c.failure)
			a := r.do("POST", "zones/", r.key, url.Values{"name": {"rack-a"}})
			require.Equal(t, c.failure.Status, a.status)
			require.NotEmpty(t, a.text)
			require.Equal(t, c.failure.RetryAfter > 0, a.header.Get("Retry-After") != "")
			want := 404
			if c.made {
				want = 200
			}
			require.Equal(t, want, r.do("GET", "zones/rack-a/", r.key, nil).status)
		})
	}
}

func TestBodiesAreAsHeavyAndListsAsSlowAsTheyAreToldToBe(t *testing.T) {
	const weight, each = 25000, 20 * time.Millisecond
	r := newRig(t, maas.Options{Faults: maas.Faults{Weight: weight, PerMachine: each}})
	for _, mac := range []string{"52:54:00:00:00:01", "52:54:00:00:00:02", "52:54:00:00:00:03"} {
		r.do("POST", "machines/", r.key, url.Values{"architecture": {"amd64"}, "mac_addresses": {mac}, "commission": {"false"}})
	}
	start := time.Now()
	a := r.do("GET", "machines/?mac_address=52:54:00:00:00:01&mac_address=52:54:00:00:00:02&mac_address=52:54:00:00:00:03", r.key, nil)
	require.GreaterOrEqual(t, time.Since(start), 3*each)
	require.GreaterOrEqual(t, len(a.text), 3*weight)
	list := a.list(t)
	require.Len(t, list, 3)
	require.Len(t, r.do("GET", "machines/"+list[0]["system_id"].(string)+"/", r.key, nil).text, weight)
	require.Less(t, len(r.do("GET", "zones/", r.key, nil).text), 1000)

	r.maas.SetFaults(maas.Faults{Latency: 2 * each, Jitter: each})
	start = time.Now()
	require.Equal(t, http.StatusOK, r.do("GET", "zones/", r.key, nil).status)
	require.GreaterOrEqual(t, time.Since(start), 2*each)
}
