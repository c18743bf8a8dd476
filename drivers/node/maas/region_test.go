package maas

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"drydock/design"
	"drydock/design/build"
	"drydock/drivers"
	simulated "drydock/simulator/maas"
	"drydock/simulator/world"
)

// memory is a journal that outlives its process.
type memory struct {
	mu    sync.Mutex
	notes map[string]string
}

func newMemory() *memory { return &memory{notes: map[string]string{}} }

func (j *memory) Noted(_ context.Context, key string) (string, bool, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	text, ok := j.notes[key]
	return text, ok, nil
}

func (j *memory) Note(_ context.Context, key, text string) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.notes[key] = text
	return nil
}

// meter is a carrier that counts requests and can cut them off.
type meter struct {
	mu     sync.Mutex
	reads  int
	writes []string
	// cut, when set, decides for the n-th request (from 1) whether it is lost before or after the region sees it.
	seen int
	cut  func(n int) (before, after bool)
}

func (m *meter) RoundTrip(r *http.Request) (*http.Response, error) {
	m.mu.Lock()
	m.seen++
	var before, after bool
	if m.cut != nil {
		before, after = m.cut(m.seen)
	}
	if r.Method == http.MethodGet {
		m.reads++
	} else if !before {
		m.writes = append(m.writes, r.Method+" "+strings.TrimPrefix(r.URL.Path, "/MAAS/api/2.0/")+" "+r.URL.Query().Get("op"))
	}
	m.mu.Unlock()
	if before {
		return nil, errors.New("connection reset before the request was sent")
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if after && err == nil {
		resp.Body.Close()
		return nil, errors.New("connection reset before the answer came")
	}
	return resp, err
}

func (m *meter) reset() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reads, m.writes, m.seen, m.cut = 0, nil, 0, nil
}

func (m *meter) written() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]string(nil), m.writes...)
}

// region is a simulated region with its site, and a driver on it.
type region struct {
	t      *testing.T
	site   *design.Site
	world  *world.World
	maas   *simulated.Server
	meter  *meter
	driver *Driver
	build  map[string]build.Node
	url    string
	config Config
}

func newRegion(t *testing.T, site *design.Site, change func(*Config)) *region {
	t.Helper()
	return newRegionOf(t, simulated.Version{}, site, change)
}

// newRegionOf is newRegion with a version of MAAS.
func newRegionOf(t *testing.T, version simulated.Version, site *design.Site, change func(*Config)) *region {
	t.Helper()
	return newRegionWith(t, simulated.Options{Seed: 1, Version: version, RackNetworks: []netip.Prefix{netip.MustParsePrefix("10.40.2.0/24")}}, site, change)
}

// newRegionWith is newRegion with other options of MAAS.
func newRegionWith(t *testing.T, options simulated.Options, site *design.Site, change func(*Config)) *region {
	t.Helper()
	// Machines are quick, so that time need not be: the region's own timeouts of minutes stay longer than a slow test.
	w := world.New(site, world.Options{Seed: 1, Speed: 200, Durations: world.Durations{
		PowerOff: time.Second, POST: 2 * time.Second, Boot: time.Second, Enlist: time.Second, Commission: 2 * time.Second,
		Test: time.Second, Install: 3 * time.Second, Erase: 2 * time.Second,
	}})
	srv := simulated.New(w, options)
	web := httptest.NewServer(srv)
	t.Cleanup(func() { web.Close(); srv.Close(); w.Close() })
	r := &region{t: t, site: site, world: w, maas: srv, meter: &meter{}, build: map[string]build.Node{}, url: web.URL + "/MAAS"}
	r.config = Config{URL: r.url, APIKey: design.Secret(srv.APIKey()), Transport: r.meter, PollInterval: 4 * time.Millisecond}
	if change != nil {
		change(&r.config)
	}
	d, err := New(r.config)
	require.NoError(t, err)
	r.driver = d
	return r
}

func (r *region) call(node string, j *memory) drivers.NodeCall {
	return drivers.NodeCall{Site: r.site, Node: r.site.Node(node), Build: r.build[node], Journal: j}
}

func (r *region) siteCall() drivers.SiteCall {
	return drivers.SiteCall{Site: r.site, Nodes: r.site.Nodes, Journal: newMemory()}
}

type nodeAction func(context.Context, drivers.NodeCall) (drivers.Report, error)

// finish calls an action until it no longer waits, as a workflow would.
func (r *region) finish(node string, j *memory, action nodeAction) (drivers.Report, error) {
	r.t.Helper()
	var report drivers.Report
	var err error
	deadline := time.Now().Add(20 * time.Second)
	for time.Now().Before(deadline) {
		report, err = action(context.Background(), r.call(node, j))
		if drivers.ClassOf(err) != drivers.NotReady || err == nil {
			if report.Build != nil {
				r.build[node] = *report.Build
			}
			return report, err
		}
		<-time.After(2 * time.Millisecond) // the pause between two calls that the error asks for
	}
	return report, fmt.Errorf("still waiting after 20 s: %w", err)
}

// must finishes an action that has to come to the outcome, and returns its writes.
func (r *region) must(outcome drivers.Outcome, node string, j *memory, action nodeAction) []string {
	r.t.Helper()
	r.meter.reset()
	report, err := r.finish(node, j, action)
	require.NoError(r.t, err)
	require.Equal(r.t, outcome, report.Outcome, "%v\n%v", report.Messages, r.meter.written())
	return r.meter.written()
}

// twice runs an action that changes something, then again in a new task: the second run must not write.
func (r *region) twice(node string, action nodeAction) {
	r.t.Helper()
	r.must(drivers.Changed, node, newMemory(), action)
	require.Empty(r.t, r.must(drivers.Already, node, newMemory(), action))
}

// boot lets the machine of a node ask the network, so that it enlists.
func (r *region) boot(node string) {
	r.t.Helper()
	m, ok := r.world.Machine(node)
	require.True(r.t, ok)
	m.SetBootOverride(world.BootOverride{Target: world.BootPXE, Once: true, UEFI: true})
	require.NoError(r.t, m.Command(world.OriginBMC, world.CommandOn))
}

// prepareSite runs the site actions that nodes need.
func (r *region) prepareSite() {
	r.t.Helper()
	report, err := r.driver.CreateNetworkTemplate(context.Background(), r.siteCall())
	require.NoError(r.t, err, report.Messages)
}

// ready brings a node to Ready, with its configuration applied when it is told to.
func (r *region) ready(node string, configured bool) {
	r.t.Helper()
	r.prepareSite()
	r.boot(node)
	r.must(drivers.Changed, node, newMemory(), r.driver.IdentifyNode)
	r.must(drivers.Changed, node, newMemory(), r.driver.ConfigureHardware)
	if configured {
		for _, action := range []nodeAction{r.driver.ApplyNodeNetworking, r.driver.ApplyNodeStorage, r.driver.ApplyNodePlatform} {
			r.must(drivers.Changed, node, newMemory(), action)
		}
	}
}

// classed requires an error of a class, with advice, and without secrets.
func classed(t *testing.T, err error, class drivers.Class) *drivers.Error {
	t.Helper()
	var e *drivers.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, class, e.Class, e.Error())
	if class != drivers.NotReady && class != drivers.Internal {
		require.NotEmpty(t, e.Advice, e.Error())
	}
	require.NotContains(t, e.Error(), testBMCPassword)
	return e
}

// How long, and how often, tests look for something that the simulated region does by itself.
const (
	waitFor = 10 * time.Second
	tick    = 5 * time.Millisecond
)
