package cli

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"drydock/design"
	"drydock/starter"
	"drydock/starter/config"
	"drydock/workflows"
)

var start = time.Date(2026, 5, 4, 10, 0, 0, 0, time.UTC)

// memory is a Starter that keeps tasks in memory. Tasks that are not finished run until they are cancelled.
type memory struct {
	mu       sync.Mutex
	tasks    map[string]starter.Task
	order    []string
	plan     starter.Plan
	err      error            // of everything
	watchErr error            // of watching
	result   workflows.Result // of tasks that are started
	runs     bool             // started tasks do not end
	watching chan struct{}    // told when somebody watches
	steers   []workflows.Steer
	canceled []string // IDs and reasons
	node     workflows.NodeRecord
	forgot   []workflows.Forgetting
}

func (m *memory) add(t starter.Task) {
	if m.tasks == nil {
		m.tasks = map[string]starter.Task{}
	}
	m.tasks[t.ID] = t
	m.order = append([]string{t.ID}, m.order...)
}

func (m *memory) Start(_ context.Context, kind workflows.Kind, request workflows.Request) (starter.Task, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err != nil {
		return starter.Task{}, m.err
	}
	t := starter.Task{ID: "new", Kind: kind, Type: kind.Type, Request: request, State: starter.Running, Started: start}
	m.add(t)
	return t, nil
}

func (m *memory) Task(_ context.Context, id string) (starter.Task, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	t, ok := m.tasks[id]
	if m.err != nil {
		return t, m.err
	}
	if !ok {
		return t, &starter.Error{Kind: starter.NotFound, Text: "there is no task " + id}
	}
	return t, nil
}

func (m *memory) List(_ context.Context, limit int) ([]starter.Task, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []starter.Task
	for _, id := range m.order[:min(limit, len(m.order))] {
		list = append(list, m.tasks[id])
	}
	return list, m.err
}

func (m *memory) Wait(ctx context.Context, id string) (starter.Task, error) { return m.Task(ctx, id) }

func (m *memory) Watch(ctx context.Context, id string, _ time.Duration, show func(starter.Snapshot)) (starter.Task, error) {
	t, err := m.Task(ctx, id)
	if err != nil {
		return t, err
	}
	if m.watchErr != nil {
		return starter.Task{}, m.watchErr
	}
	show(starter.Snapshot{Task: t, Progress: workflows.Progress{Site: "harbor", Phase: "nodes"}, At: start.Add(time.Second)})
	if t.State != starter.Running {
		return t, nil
	}
	if m.runs {
		if m.watching != nil {
			close(m.watching)
		}
		<-ctx.Done()
		return starter.Task{}, ctx.Err()
	}
	result := m.result
	t.State, t.Result, t.Closed = starter.Completed, &result, start.Add(time.Minute)
	m.mu.Lock()
	m.tasks[id] = t
	m.mu.Unlock()
	return t, nil
}

func (m *memory) Snapshot(ctx context.Context, id string) (starter.Snapshot, error) {
	t, err := m.Task(ctx, id)
	return starter.Snapshot{Task: t, At: start.Add(time.Minute), Progress: workflows.Progress{Site: "harbor", Phase: "nodes",
		Nodes: []workflows.NodeProgress{{Node: "n1", Rack: "r1", Phase: workflows.PhaseRunning}}},
		Nodes: map[string]starter.NodeSnapshot{"n1": {Step: "DeployNode", Since: start}}}, err
}

func (m *memory) Cancel(ctx context.Context, id string, steer workflows.Steer) error {
	_, err := m.Task(ctx, id)
	if err == nil {
		m.canceled = append(m.canceled, id+" "+steer.Reason+" by "+steer.By)
	}
	return err
}

func (m *memory) Retry(ctx context.Context, id string, steer workflows.Steer) (starter.Task, error) {
	t, err := m.Task(ctx, id)
	if err != nil {
		return t, err
	}
	m.steers = append(m.steers, steer)
	if t.State == starter.Running {
		return t, nil
	}
	return m.Start(ctx, workflows.DeployNodes, workflows.Request{DesignRef: "design:sha256:00", RetryOf: id})
}

func (m *memory) Skip(ctx context.Context, id string, steer workflows.Steer) error {
	_, err := m.Task(ctx, id)
	m.steers = append(m.steers, steer)
	return err
}

func (m *memory) Plan(_ context.Context, _ workflows.Kind, request workflows.Request) (starter.Plan, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.add(starter.Task{ID: "plan", Request: request})
	return m.plan, m.err
}

func (m *memory) Node(_ context.Context, ref workflows.NodeRef) (workflows.NodeRecord, error) {
	if m.err == nil && ref.Node != m.node.Name {
		return workflows.NodeRecord{}, &starter.Error{Kind: starter.NotFound, Text: "show node " + ref.Node + ": nothing is known of it"}
	}
	return m.node, m.err
}

func (m *memory) Forget(_ context.Context, in workflows.Forgetting) (workflows.NodeRecord, error) {
	m.forgot = append(m.forgot, in)
	return m.node, m.err
}

// ran is what a command line came to.
type ran struct {
	code     int
	out, err string
}

// harness runs real argument lists.
type harness struct {
	*App
	memory *memory
	design string // path of a valid design
}

func newHarness(t *testing.T) *harness {
	t.Helper()
	h := &harness{memory: &memory{}}
	dir := t.TempDir()
	h.design = filepath.Join(dir, "site.yaml")
	text, err := os.ReadFile("../../deploy/examples/harbor.yaml")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(h.design, text, 0o600))
	h.App = &App{
		In: &bytes.Buffer{}, Dir: dir, User: "operator", Version: "1.2.3",
		Now: func() time.Time { return start.Add(2 * time.Hour) },
		Parts: Parts{Connect: func(context.Context, config.Config, *slog.Logger) (starter.Starter, func(), error) {
			return h.memory, func() {}, nil
		}},
	}
	return h
}

func (h *harness) run(t *testing.T, args ...string) ran {
	t.Helper()
	var out, err bytes.Buffer
	h.Out, h.Err = &out, &err
	code := h.Run(t.Context(), args)
	return ran{code, out.String(), err.String()}
}

// started is the request of the newest task.
func (h *harness) started(t *testing.T) workflows.Request {
	t.Helper()
	require.NotEmpty(t, h.memory.order, "no task was started")
	return h.memory.tasks[h.memory.order[0]].Request
}

func nodes(names ...string) design.FilterTerm {
	return design.FilterTerm{Type: design.FilterUnion, NodeNames: names}
}

// onText is a writer that does something once a text was written to it.
type onText struct {
	mu   sync.Mutex
	text string
	then func()
}

func (w *onText) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.then != nil && bytes.Contains(p, []byte(w.text)) {
		w.then()
		w.then = nil
	}
	return len(p), nil
}
