package maas

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"drydock/drivers"
	simulated "drydock/simulator/maas"
)

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// reads counts the requests and the bytes of their answers.
type reads struct {
	mu       sync.Mutex
	requests []string
	bytes    int
	broken   bool
}

func (c *reads) RoundTrip(r *http.Request) (*http.Response, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.broken {
		return nil, io.ErrUnexpectedEOF
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	resp.Body = io.NopCloser(strings.NewReader(string(body)))
	c.requests = append(c.requests, r.Method+" "+strings.TrimPrefix(r.URL.Path, "/MAAS/api/2.0/")+" "+r.URL.Query().Get("op"))
	c.bytes += len(body)
	return resp, err
}

func (c *reads) take() ([]string, int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	requests, bytes := c.requests, c.bytes
	c.requests, c.bytes = nil, 0
	return requests, bytes
}

func TestNodesThatWaitShareOneSmallStatusReadPerInterval(t *testing.T) {
	const nodes = 40
	count := &reads{}
	r := newRegion(t, testSite(), func(c *Config) { c.PollInterval, c.Transport = time.Hour, count })
	now := time.Now()
	r.driver.now = func() time.Time { return now }
	r.driver.wire.now = time.Now // requests are signed with it, and MAAS refuses old ones
	s, err := r.driver.session(context.Background(), drivers.ConfigureHardware, "node n1")
	require.NoError(t, err)
	var ids []string
	for i := range nodes {
		var m machine
		require.NoError(t, s.post("machines/", "", form("architecture", "amd64", "mac_addresses", "52:54:00:00:00:"+strconv.Itoa(10+i), "power_type", "manual"), &m))
		ids = append(ids, m.SystemID)
	}
	waits := func(id string) (string, bool) {
		return s.busy(attempt{noted: true, begun: true, machine: id}, stCommissioning)
	}
	round := func() {
		now = now.Add(time.Hour)
		for _, id := range ids {
			progress, still := waits(id)
			require.True(t, still)
			require.Contains(t, progress, "Commissioning")
		}
	}
	// The first look sets the cursor; each machine is then read once, as it is by every action.
	for _, id := range ids {
		_, still := waits(id)
		require.False(t, still, "what was never read is decided on a fresh read")
		_, err := s.machineByID(id)
		require.NoError(t, err)
	}
	count.take()
	for i := 2; i < bodyEvery; i++ {
		round()
		requests, bytes := count.take()
		require.Equal(t, []string{"GET events/ query"}, requests, "one read for all nodes of an interval")
		require.Less(t, bytes, 1000)
	}
	var all []string
	for range staleAfter + bodyEvery {
		round()
		requests, _ := count.take()
		require.Len(t, requests, 1, "bodies are read instead of events, not besides")
		all = append(all, requests...)
	}
	require.Contains(t, all, "GET machines/ ", "an event that was lost is made up for by a list of bodies")
	round()
	count.take()
	for _, id := range ids {
		_, still := waits(id)
		require.True(t, still)
	}
	requests, _ := count.take()
	require.Empty(t, requests, "what was just read is not read again")
	_, still := s.busy(attempt{noted: true, machine: ids[0]}, stCommissioning)
	require.False(t, still, "what MAAS did not confirm is decided on a fresh read")

	count.broken = true
	round()
	count.broken = false
	require.NoError(t, r.admin("").post("machines/"+ids[0]+"/", "abort", nil, nil))
	require.Eventually(t, func() bool {
		now = now.Add(time.Hour)
		_, still := waits(ids[0])
		return !still
	}, waitFor, tick, "an event that ends an operation sends its node to a fresh read")
	_, still = waits(ids[1])
	require.True(t, still, "and only that one")
}

func TestEventsTellTheProgressOfAWait(t *testing.T) {
	w := newWatch(time.Minute)
	now := time.Now()
	w.cursor = 10
	w.keep(10, now, machine{SystemID: "abc123", Status: stTesting, StatusName: "Testing"})
	require.Equal(t, 12, w.take([]regionEvent{{ID: 12, Node: "abc123", Type: "Running test", Description: "smartctl-validate on sda"}, {ID: 11, Node: "other1", Type: "Ready"}}, now))
	require.Equal(t, "Testing: Running test - smartctl-validate on sda (test 1)", w.seen["abc123"].progress)
	w.take([]regionEvent{{ID: 14, Node: "abc123", Type: "Running test", Description: "memtester"}, {ID: 13, Node: "abc123", Type: "Running test", Description: "smartctl-validate on sdb"}}, now)
	require.Equal(t, "Testing: Running test - memtester (test 3)", w.seen["abc123"].progress)
	w.keep(14, now, machine{SystemID: "abc123", Status: stTesting, StatusName: "Testing"})
	w.take([]regionEvent{{ID: 15, Node: "abc123", Type: "Running test", Description: "ntp"}}, now)
	require.Equal(t, "Testing: Running test - ntp (test 4)", w.seen["abc123"].progress, "a body that is read in between does not begin anew")
	w.take([]regionEvent{{ID: 17, Node: "abc123", Type: "Running test", Description: "ntp"}, {ID: 16, Node: "abc123", Type: "Testing"}}, now)
	require.Equal(t, "Testing: Running test - ntp (test 1)", w.seen["abc123"].progress, "another run of tests does")
	w.keep(10, now, machine{SystemID: "abc123", Status: stDeployed})
	require.Equal(t, stTesting, w.seen["abc123"].status, "a body that was read before the newest events is not kept")
	w.take([]regionEvent{{ID: 18, Node: "abc123", Type: "Marking node failed"}}, now)
	require.True(t, now.Before(w.seen["abc123"].doubted))
}

func TestWhereARegionAnswersNoEventsEachMachineIsReadByItself(t *testing.T) {
	const node = "harbor-n1"
	r := newRegion(t, testSite(), nil)
	r.ready(node, false)
	failures := make([]simulated.Failure, 10000)
	for i := range failures {
		failures[i].Status = http.StatusInternalServerError
	}
	r.maas.FailNext("GET events/ query", failures...)
	r.must(drivers.Changed, node, newMemory(), r.driver.DeployNode)
}

func TestTheIntervalStretchesWithARegionThatIsSlow(t *testing.T) {
	w := newWatch(10 * time.Second)
	for took, want := range map[time.Duration]time.Duration{
		10 * time.Millisecond: 10 * time.Second, 3 * time.Second: 30 * time.Second, time.Minute: 80 * time.Second,
	} {
		w.adapt(took)
		require.Equal(t, want, w.interval(), took)
	}
}

func TestNodesThatAreNotEnlistedYetShareOneReadPerInterval(t *testing.T) {
	count := &reads{}
	r := newRegion(t, testSite(), func(c *Config) { c.PollInterval, c.Transport = time.Hour, count })
	now := time.Now()
	r.driver.now = func() time.Time { return now }
	r.driver.wire.now = time.Now
	j := newMemory()
	identify := func() error {
		_, err := r.driver.IdentifyNode(context.Background(), r.call("harbor-n1", j))
		return err
	}
	for range 2 {
		classed(t, identify(), drivers.NotReady)
	}
	count.take()
	for range 3 {
		now = now.Add(time.Hour)
		classed(t, identify(), drivers.NotReady)
		requests, _ := count.take()
		require.Equal(t, []string{"GET machines/ power_parameters"}, requests)
	}
	r.boot("harbor-n1")
	require.Eventually(t, func() bool { now = now.Add(time.Hour); return identify() == nil }, waitFor, tick)
}
