package activities_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"drydock/activities"
	"drydock/design"
	"drydock/design/build"
	"drydock/design/ingest"
	"drydock/design/validate"
	"drydock/drivers"
	"drydock/drivers/conformance"
	"drydock/workflows/plan"
)

const (
	credential = "hunter2-the-bmc-password"
	apiKey     = design.Secret("consumerkey0000000:tokenkey0000000000:secretsecretsecretsecretsecret00")
)

const text = `
schema: drydock/Region/v1
metadata: {name: harbor}
data: {}
---
schema: drydock/NetworkLink/v1
metadata: {name: pxe}
data: {trunking: {mode: disabled, default_network: pxe}, allowed_networks: [pxe]}
---
schema: drydock/NetworkLink/v1
metadata: {name: bmc}
data: {labels: {noconfig: enabled}, trunking: {mode: disabled, default_network: bmc}, allowed_networks: [bmc]}
---
schema: drydock/Network/v1
metadata: {name: pxe}
data: {cidr: 10.0.1.0/24, ranges: [{type: dhcp, start: 10.0.1.100, end: 10.0.1.199}]}
---
schema: drydock/Network/v1
metadata: {name: bmc}
data: {cidr: 10.0.0.0/24}
---
schema: drydock/HardwareProfile/v1
metadata: {name: box}
data: {vendor: Acme}
---
schema: drydock/HostProfile/v1
metadata: {name: base}
data:
  hardware_profile: box
  primary_network: pxe
  oob: {type: ipmi, network: bmc, account: admin, credential: ` + credential + `}
  interfaces: {eth0: {device_link: pxe, slaves: [eth0], networks: [pxe]}}
  storage: {physical_devices: {sda: {partitions: [{name: root, size: 30g, filesystem: {mountpoint: /}}]}}}
  platform: {image: jammy, kernel: ga-22.04}
---
schema: drydock/BaremetalNode/v1
metadata: {name: n1}
data: {host_profile: base, addressing: [{network: bmc, address: 10.0.0.11}, {network: pxe, address: dhcp}], metadata: {rack: r1, tags: [a]}}
---
schema: drydock/BaremetalNode/v1
metadata: {name: n2}
data: {host_profile: base, addressing: [{network: bmc, address: 10.0.0.12}, {network: pxe, address: dhcp}], metadata: {rack: r1}}
`

// memory is a store without a database.
type memory struct {
	mu       sync.Mutex
	designs  map[string][]byte
	builds   map[string]build.Node
	evidence []build.Element
	journals map[string]drivers.Journal
	locked   string
	sites    []string // that know any node; nil: harbor, where the node is known
}

func newMemory() *memory {
	return &memory{designs: map[string][]byte{}, builds: map[string]build.Node{}, journals: map[string]drivers.Journal{}}
}

func (m *memory) PutDesign(_ context.Context, digest, _ string, canonical []byte) error {
	m.designs[digest] = canonical
	return nil
}

func (m *memory) Design(_ context.Context, digest string) ([]byte, error) {
	if text, ok := m.designs[digest]; ok {
		return text, nil
	}
	return nil, errors.New("no such design")
}

func (m *memory) SetCurrent(context.Context, string, string, string) error {
	if m.locked != "" {
		return fmt.Errorf("locked by %s", m.locked)
	}
	return nil
}
func (m *memory) Lock(context.Context, string, string, string) error { return nil }
func (m *memory) Unlock(context.Context, string, string) error       { m.locked = ""; return nil }
func (m *memory) Holder(context.Context, string) (string, bool, error) {
	return m.locked, m.locked != "", nil
}

func (m *memory) Build(_ context.Context, _, node string) (build.Node, error) {
	if b, ok := m.builds[node]; ok {
		return b, nil
	}
	return build.Node{Name: node}, nil
}

func (m *memory) PutBuild(_ context.Context, _ string, n build.Node) error {
	m.builds[n.Name] = n
	return nil
}

func (m *memory) BuildSites(_ context.Context, node string) ([]string, error) {
	if _, ok := m.builds[node]; !ok || m.sites != nil {
		return m.sites, nil
	}
	return []string{"harbor"}, nil
}

func (m *memory) ClaimUUID(_ context.Context, _, node, uuid string) (string, error) {
	for name, b := range m.builds {
		if build.SameUUID(b.Identity.UUID, uuid) {
			return name, nil
		}
	}
	return node, nil
}

func (m *memory) ForgetUUIDs(context.Context, string, string) error { return nil }

func (m *memory) AddEvidence(_ context.Context, _, _, _ string, e []build.Element) error {
	m.evidence = append(m.evidence, e...)
	return nil
}

func (m *memory) Journal(workflow, run, activity string) drivers.Journal {
	m.mu.Lock()
	defer m.mu.Unlock()
	key := workflow + run + activity
	if m.journals[key] == nil {
		m.journals[key] = conformance.NewJournal()
	}
	return m.journals[key]
}

// oob is a driver whose power cycle does what the test says; its other actions are not called.
type oob struct {
	drivers.OOB
	cycle func(context.Context, drivers.NodeCall) (drivers.Report, error)
}

func (o oob) Name() string                     { return "test" }
func (o oob) Lacks() map[drivers.Action]string { return nil }
func (o oob) PowerCycleNode(ctx context.Context, call drivers.NodeCall) (drivers.Report, error) {
	return o.cycle(ctx, call)
}

type node struct {
	drivers.Node
	observe func(drivers.NodeCall) (build.Node, error)
}

func (n node) Lacks() map[drivers.Action]string { return nil }
func (n node) Observe(_ context.Context, call drivers.NodeCall) (build.Node, error) {
	return n.observe(call)
}

type network struct{ drivers.Network }

func (network) Lacks() map[drivers.Action]string { return nil }

// family is all drivers of the test.
type family struct {
	oob  oob
	node node
}

func (f family) OOB(*design.Site, *design.Node) (drivers.OOB, error) { return f.oob, nil }
func (f family) Node(*design.Site) (drivers.Node, error)             { return f.node, nil }
func (f family) Network(*design.Site, *design.Node) (drivers.Network, error) {
	return network{}, nil
}
func (f family) Secrets() []design.Secret { return []design.Secret{apiKey} }

type harness struct {
	env        *testsuite.TestActivityEnvironment
	activities *activities.Activities
	store      *memory
	log        *strings.Builder
}

type registry struct {
	env interface {
		RegisterActivityWithOptions(any, activity.RegisterOptions)
	}
}

func (r registry) RegisterActivity(name string, fn any) {
	r.env.RegisterActivityWithOptions(fn, activity.RegisterOptions{Name: name})
}

func newHarness(t *testing.T, f family) *harness {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	h := &harness{env: suite.NewTestActivityEnvironment(), store: newMemory(), log: &strings.Builder{}}
	a := &activities.Activities{
		Store: h.store, Drivers: f, Log: slog.New(slog.NewTextHandler(h.log, nil)),
		Load: func(_ context.Context, ref string) (validate.Result, error) {
			if ref == "file:///missing" {
				return validate.Result{}, &ingest.Error{Ref: ref, Kind: ingest.NotFound, Err: errors.New("no such file")}
			}
			if ref == "file:///broken" {
				return validate.Load(design.Source{Name: "broken.yaml", Data: []byte(strings.ReplaceAll(text, "10.0.0.12", credential))}), nil
			}
			return validate.Load(design.Source{Name: "site.yaml", Data: []byte(text)}), nil
		},
	}
	h.activities = a
	a.Register(registry{h.env})
	return h
}

// load stores the design of the test and returns its digest.
func (h *harness) load(t *testing.T) string {
	t.Helper()
	value, err := h.env.ExecuteActivity(activities.LoadDesign, activities.LoadInput{DesignRef: "file:///site.yaml", PerNode: true})
	require.NoError(t, err)
	var loaded activities.Loaded
	require.NoError(t, value.Get(&loaded))
	require.True(t, loaded.Valid, "%v", loaded.Findings)
	return loaded.Digest
}

func appError(t *testing.T, err error) *temporal.ApplicationError {
	t.Helper()
	var app *temporal.ApplicationError
	require.ErrorAs(t, err, &app)
	return app
}

func TestErrorsKeepTheirClass(t *testing.T) {
	for name, c := range map[string]struct {
		err      error
		kind     string
		final    bool
		benign   bool
		nextTime time.Duration
	}{
		"an unreachable BMC is tried again":           {&drivers.Error{Class: drivers.Unreachable, Err: errors.New("no answer")}, "Unreachable", false, false, 0},
		"a pause that was asked for is kept":          {&drivers.Error{Class: drivers.Busy, Err: errors.New("busy"), After: time.Minute}, "Busy", false, false, time.Minute},
		"waiting for hardware is no failure":          {&drivers.Error{Class: drivers.NotReady, Progress: "40 %", After: time.Second}, "NotReady", false, true, time.Second},
		"a refused login is never repeated":           {&drivers.Error{Class: drivers.AuthFailed, Err: errors.New("401")}, "AuthFailed", true, false, 0},
		"a conflict is never repeated":                {&drivers.Error{Class: drivers.Conflict, Err: errors.New("two machines")}, "Conflict", true, false, 0},
		"a hardware fault is never repeated":          {&drivers.Error{Class: drivers.HardwareFault, Err: errors.New("disk")}, "HardwareFault", true, false, 0},
		"work for a person is not repeated by itself": {&drivers.Error{Class: drivers.NeedsPerson, Err: errors.New("press it")}, "NeedsPerson", true, false, 0},
		"an error without a class is internal":        {errors.New("what"), "Internal", false, false, 0},
		"a wrapped error keeps its class":             {fmt.Errorf("more: %w", &drivers.Error{Class: drivers.NotFound, Err: errors.New("x")}), "NotFound", true, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t, family{oob: oob{cycle: func(context.Context, drivers.NodeCall) (drivers.Report, error) { return drivers.Report{}, c.err }}})
			digest := h.load(t)
			_, err := h.env.ExecuteActivity(string(drivers.PowerCycleNode), activities.NodeInput{Site: "harbor", Node: "n1", Design: digest})
			app := appError(t, err)
			assert.Equal(t, c.kind, app.Type())
			assert.Equal(t, c.final, app.NonRetryable())
			assert.Equal(t, c.benign, app.Category() == temporal.ApplicationErrorCategoryBenign)
			assert.Equal(t, c.nextTime, app.NextRetryDelay())
		})
	}
}

func TestRealFailuresAreCountedAndWaitingIsNot(t *testing.T) {
	failing := error(&drivers.Error{Class: drivers.Unreachable, Err: errors.New("no answer")})
	h := newHarness(t, family{oob: oob{cycle: func(context.Context, drivers.NodeCall) (drivers.Report, error) { return drivers.Report{}, failing }}})
	digest := h.load(t)
	attempt := func(errorsBefore int) *temporal.ApplicationError {
		h.env.SetHeartbeatDetails(map[string]int{"errors": errorsBefore})
		_, err := h.env.ExecuteActivity(string(drivers.PowerCycleNode), activities.NodeInput{Site: "harbor", Node: "n1", Design: digest})
		return appError(t, err)
	}
	budget := activities.PolicyOf(string(drivers.PowerCycleNode)).Errors
	assert.False(t, attempt(budget-2).NonRetryable())
	last := attempt(budget - 1)
	assert.True(t, last.NonRetryable(), "the budget is spent")
	assert.Equal(t, "Unreachable", last.Type(), "the class stays what it is")
	failing = &drivers.Error{Class: drivers.NotReady, Progress: "off to on"}
	assert.False(t, attempt(budget+5).NonRetryable(), "waiting costs nothing")
}

func TestSecretsNeverLeaveAnActivity(t *testing.T) {
	leak := "login admin/" + credential + " with key " + apiKey.Reveal() + " and secretsecretsecretsecretsecret00"
	f := family{oob: oob{cycle: func(_ context.Context, call drivers.NodeCall) (drivers.Report, error) {
		if call.Node.Name == "n2" {
			return drivers.Report{Outcome: drivers.Changed, Messages: []string{leak}}, nil
		}
		return drivers.Report{}, &drivers.Error{Class: drivers.Internal, Err: errors.New(leak), Advice: leak}
	}}}
	h := newHarness(t, f)
	digest := h.load(t)
	_, err := h.env.ExecuteActivity(string(drivers.PowerCycleNode), activities.NodeInput{Site: "harbor", Node: "n1", Design: digest})
	app := appError(t, err)
	value, err := h.env.ExecuteActivity(string(drivers.PowerCycleNode), activities.NodeInput{Site: "harbor", Node: "n2", Design: digest})
	require.NoError(t, err)
	var out activities.Output
	require.NoError(t, value.Get(&out))
	_, err = h.env.ExecuteActivity(activities.LoadDesign, activities.LoadInput{DesignRef: "file:///broken"})
	require.NoError(t, err)

	for where, said := range map[string]string{"error": err2text(app), "message": strings.Join(out.Messages, " "), "log": h.log.String()} {
		for _, canary := range []string{credential, apiKey.Reveal(), "secretsecretsecretsecretsecret00"} {
			assert.NotContains(t, said, canary, where)
		}
		assert.Contains(t, said, "[redacted]", where)
	}
}

func err2text(err error) string { return fmt.Sprintf("%v %+v", err, err) }

func TestWhatAnActionLearnsIsKept(t *testing.T) {
	f := family{oob: oob{cycle: func(ctx context.Context, call drivers.NodeCall) (drivers.Report, error) {
		known := call.Build
		known.OOB.Power = build.PowerOn
		if _, noted, err := call.Journal.Noted(ctx, "cycle"); noted || err != nil {
			return drivers.Report{}, errors.New("a fresh journal is empty")
		}
		return drivers.Report{Outcome: drivers.Changed, Build: &known, Evidence: []build.Element{{Generator: "test", Data: "x"}}}, call.Journal.Note(ctx, "cycle", "begun")
	}}}
	h := newHarness(t, f)
	digest := h.load(t)
	_, err := h.env.ExecuteActivity(string(drivers.PowerCycleNode), activities.NodeInput{Site: "harbor", Node: "n1", Design: digest})
	require.NoError(t, err)
	assert.Equal(t, build.PowerOn, h.store.builds["n1"].OOB.Power)
	assert.Len(t, h.store.evidence, 1)
}

func tagged(tag string) *design.NodeFilter {
	return &design.NodeFilter{SetType: design.FilterUnion, Set: []design.FilterTerm{{Type: design.FilterUnion, NodeTags: []string{tag}}}}
}

func TestLoadDesign(t *testing.T) {
	for name, c := range map[string]struct {
		in    activities.LoadInput
		nodes []string
		class drivers.Class
		says  string
	}{
		"no reference is an error":                               {activities.LoadInput{}, nil, drivers.InvalidRequest, "no design_ref"},
		"a reference that is not there says who reads it":        {activities.LoadInput{DesignRef: "file:///missing"}, nil, drivers.NotFound, "the worker reads references"},
		"a task that touches nothing may mean all nodes":         {activities.LoadInput{DesignRef: "f", PerNode: true}, []string{"n1", "n2"}, "", ""},
		"a task that touches machines needs a selection":         {activities.LoadInput{DesignRef: "f", PerNode: true, Touches: true}, nil, drivers.InvalidRequest, "no nodes were selected"},
		"an empty filter is no selection":                        {activities.LoadInput{DesignRef: "f", PerNode: true, Touches: true, NodeFilter: &design.NodeFilter{SetType: "union"}}, nil, drivers.InvalidRequest, "no nodes were selected"},
		"a filter without criteria is no selection":              {activities.LoadInput{DesignRef: "f", PerNode: true, Touches: true, NodeFilter: &design.NodeFilter{SetType: "union", Set: []design.FilterTerm{{Type: "union"}}}}, nil, drivers.InvalidRequest, "no nodes were selected"},
		"all nodes can be said":                                  {activities.LoadInput{DesignRef: "f", PerNode: true, Touches: true, AllNodes: true}, []string{"n1", "n2"}, "", ""},
		"named nodes are selected":                               {activities.LoadInput{DesignRef: "f", PerNode: true, Touches: true, NodeFilter: design.FilterNodes("n2")}, []string{"n2"}, "", ""},
		"a filter that selects nothing is an error":              {activities.LoadInput{DesignRef: "f", PerNode: true, Touches: true, NodeFilter: tagged("zzz")}, nil, drivers.NotFound, "selects no node"},
		"a filter that selects nothing is an error for all, too": {activities.LoadInput{DesignRef: "f", PerNode: true, Touches: true, AllNodes: true, NodeFilter: tagged("zzz")}, nil, drivers.NotFound, "selects no node"},
		"a node that the design lacks is an error":               {activities.LoadInput{DesignRef: "f", PerNode: true, Touches: true, NodeFilter: design.FilterNodes("n1", "n9")}, nil, drivers.InvalidRequest, "n9"},
		"an unknown filter type is an error":                     {activities.LoadInput{DesignRef: "f", PerNode: true, NodeFilter: &design.NodeFilter{SetType: "both", Set: []design.FilterTerm{{NodeNames: []string{"n1"}}}}}, nil, drivers.InvalidRequest, "both"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t, family{})
			value, err := h.env.ExecuteActivity(activities.LoadDesign, c.in)
			if c.class != "" {
				app := appError(t, err)
				assert.Equal(t, string(c.class), app.Type())
				assert.Contains(t, app.Message(), c.says)
				assert.True(t, app.NonRetryable())
				return
			}
			require.NoError(t, err)
			var loaded activities.Loaded
			require.NoError(t, value.Get(&loaded))
			got := []string{}
			for _, n := range loaded.Nodes {
				got = append(got, n.Node)
			}
			assert.Equal(t, c.nodes, got)
			assert.Equal(t, "harbor", loaded.Site)
			assert.Contains(t, h.store.designs, loaded.Digest)
		})
	}
}

func TestAnInvalidDesignIsNotKept(t *testing.T) {
	h := newHarness(t, family{})
	value, err := h.env.ExecuteActivity(activities.LoadDesign, activities.LoadInput{DesignRef: "file:///broken", PerNode: true})
	require.NoError(t, err)
	var loaded activities.Loaded
	require.NoError(t, value.Get(&loaded))
	assert.False(t, loaded.Valid)
	assert.NotZero(t, loaded.Errors)
	assert.Empty(t, h.store.designs)
	assert.Equal(t, "broken.yaml", loaded.Findings[0].File)
	assert.NotZero(t, loaded.Findings[0].Line)
}

// underID runs PlanNode once, in a workflow of the given ID, on the store of the harness.
func (h *harness) underID(id string, in activities.PlanNodeInput) (p plan.Plan, err error) {
	return runUnder[plan.Plan](h, id, activities.PlanNode, in)
}

// runUnder runs an activity once in a workflow of the ID.
func runUnder[T any](h *harness, id, name string, in any) (out T, err error) {
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	env := suite.NewTestWorkflowEnvironment()
	h.activities.Register(registry{env})
	env.SetStartWorkflowOptions(client.StartWorkflowOptions{ID: id})
	env.ExecuteWorkflow(func(ctx workflow.Context) (out T, err error) {
		options := activities.Options(name, "", "")
		options.RetryPolicy = &temporal.RetryPolicy{MaximumAttempts: 1}
		err = workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, options), name, in).Get(ctx, &out)
		return out, err
	})
	if err := env.GetWorkflowError(); err != nil {
		return out, err
	}
	return out, env.GetWorkflowResult(&out)
}

func TestPlanNode(t *testing.T) {
	status := build.StatusReady
	f := family{node: node{observe: func(call drivers.NodeCall) (build.Node, error) {
		known := call.Build
		known.Provisioner.Status = status
		return known, nil
	}}}
	h := newHarness(t, f)
	in := activities.PlanNodeInput{NodeInput: activities.NodeInput{Site: "harbor", Node: "n1", Design: h.load(t)}, Operation: plan.Deploy}
	p, err := h.underID("node/harbor/n1", in)
	require.NoError(t, err)
	assert.NotEmpty(t, p.Steps)
	assert.Equal(t, build.StatusReady, h.store.builds["n1"].Provisioner.Status, "what was observed is kept")

	_, err = h.underID("another", in)
	assert.Equal(t, "InvalidRequest", appError(t, err).Type(), "work on a node runs under the ID of the node only")

	status = build.StatusReleasing
	_, err = h.underID("node/harbor/n1", in)
	app := appError(t, err)
	assert.Equal(t, "NotReady", app.Type(), "what time changes is waited for")
	assert.False(t, app.NonRetryable())
	in.Preview = true
	p, err = h.underID("another", in)
	require.NoError(t, err)
	require.NotNil(t, p.Refused, "a preview shows it instead")
}

func TestAnUnknownDesignIsAnError(t *testing.T) {
	h := newHarness(t, family{})
	_, err := h.env.ExecuteActivity(string(drivers.PowerCycleNode), activities.NodeInput{Site: "harbor", Node: "n1", Design: "sha256:0"})
	require.ErrorContains(t, err, "no such design")
	_, err = h.env.ExecuteActivity(string(drivers.PowerCycleNode), activities.NodeInput{Site: "harbor", Node: "n9", Design: h.load(t)})
	assert.Equal(t, "NotFound", appError(t, err).Type())
}

func TestEveryActionHasAPolicy(t *testing.T) {
	h := &names{}
	(&activities.Activities{Drivers: family{}}).Register(h)
	assert.Len(t, h.list, 10+1+6+3+15)
	for _, name := range h.list {
		p := activities.PolicyOf(name)
		assert.Positive(t, p.Attempt, name)
		assert.Greater(t, p.Total, p.Attempt, name)
		assert.Positive(t, p.Errors, name)
		if p.Attempt > 2*time.Minute {
			assert.Positive(t, p.Heartbeat, "%s: a dead worker has to be noticed before a long attempt is over", name)
		}
	}
}

type names struct{ list []string }

func (n *names) RegisterActivity(name string, _ any) { n.list = append(n.list, name) }
