package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"drydock/design"
	"drydock/design/state"
	"drydock/server"
	"drydock/starter"
	"drydock/workflows"
)

// tasks is a starter that keeps its tasks in memory.
type tasks struct {
	mu    sync.Mutex
	all   []starter.Task // oldest first
	now   starter.Snapshot
	steps []string // what was asked for
	err   error    // what every call fails with
	hang  bool     // calls wait for the end of their context
}

func (s *tasks) call(ctx context.Context, format string, args ...any) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.steps = append(s.steps, fmt.Sprintf(format, args...))
	if s.hang {
		<-ctx.Done()
		return ctx.Err()
	}
	return s.err
}

func (s *tasks) add(t starter.Task) { s.all = append(s.all, t) }

func (s *tasks) find(id string) (starter.Task, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.all {
		if t.ID == id {
			return t, nil
		}
	}
	return starter.Task{}, &starter.Error{Kind: starter.NotFound, Text: "there is no task " + id}
}

func (s *tasks) Start(ctx context.Context, kind workflows.Kind, request workflows.Request) (starter.Task, error) {
	if err := s.call(ctx, "start %s", kind.Type); err != nil {
		return starter.Task{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t := starter.Task{ID: fmt.Sprintf("task-%d", len(s.all)+1), RunID: "r", Kind: kind, Type: kind.Type, Request: request, State: starter.Running,
		Started: time.Date(2026, 1, 5, 10, 0, 0, 1000, time.UTC)}
	s.all = append(s.all, t)
	return t, nil
}

func (s *tasks) Task(ctx context.Context, id string) (starter.Task, error) {
	if err := s.call(ctx, "task %s", id); err != nil {
		return starter.Task{}, err
	}
	return s.find(id)
}

// List gives no results, as the list of the real starter.
func (s *tasks) List(ctx context.Context, limit int) ([]starter.Task, error) {
	if err := s.call(ctx, "list %d", limit); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	list := slices.Clone(s.all)
	slices.Reverse(list)
	for i := range list {
		list[i].Result = nil
	}
	return list, nil
}

func (s *tasks) Cancel(ctx context.Context, id string, steer workflows.Steer) error {
	if err := s.call(ctx, "cancel %s: %s by %s", id, steer.Reason, steer.By); err != nil {
		return err
	}
	_, err := s.find(id)
	return err
}

func (s *tasks) Retry(ctx context.Context, id string, steer workflows.Steer) (starter.Task, error) {
	if err := s.call(ctx, "retry %s %v %q by %s", id, steer.Nodes, steer.Reason, steer.By); err != nil {
		return starter.Task{}, err
	}
	t, err := s.find(id)
	t.ID += "-again"
	return t, err
}

func (s *tasks) Skip(ctx context.Context, id string, steer workflows.Steer) error {
	if err := s.call(ctx, "skip %s %v %q by %s", id, steer.Nodes, steer.Reason, steer.By); err != nil {
		return err
	}
	_, err := s.find(id)
	return err
}

var errNotForTheAPI = errors.New("the API does not use this")

func (s *tasks) Wait(context.Context, string) (starter.Task, error) {
	return starter.Task{}, errNotForTheAPI
}

func (s *tasks) Watch(context.Context, string, time.Duration, func(starter.Snapshot)) (starter.Task, error) {
	return starter.Task{}, errNotForTheAPI
}

func (s *tasks) Snapshot(ctx context.Context, id string) (starter.Snapshot, error) {
	if err := s.call(ctx, "snapshot %s", id); err != nil {
		return starter.Snapshot{}, err
	}
	return s.now, nil
}

func (s *tasks) Node(context.Context, workflows.NodeRef) (workflows.NodeRecord, error) {
	return workflows.NodeRecord{}, errNotForTheAPI
}

func (s *tasks) Forget(context.Context, workflows.Forgetting) (workflows.NodeRecord, error) {
	return workflows.NodeRecord{}, errNotForTheAPI
}

func (s *tasks) Plan(context.Context, workflows.Kind, workflows.Request) (starter.Plan, error) {
	return starter.Plan{}, errNotForTheAPI
}

// site is the API with all that it stands on: a starter in memory, a state in a file, designs by reference.
type site struct {
	t       *testing.T
	tasks   *tasks
	state   *state.Store
	designs map[string]server.Design
	log     *bytes.Buffer // read it through logged
	server  *httptest.Server
	url     string
	client  *http.Client
}

// logged ends the server, so that all requests are logged, and returns the log.
func (s *site) logged() string {
	s.server.Close()
	return s.log.String()
}

const harborRef = "deckhand+http://deckhand.example/api/v1.0/revisions/12/rendered-documents"

func newSite(t *testing.T, change ...func(*server.Config)) *site {
	t.Helper()
	store, err := state.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "state.db"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	s := &site{t: t, tasks: &tasks{}, state: store, log: &bytes.Buffer{}, designs: map[string]server.Design{
		harborRef: {Site: &design.Site{Name: "harbor", Digest: digest("new"), Nodes: []*design.Node{
			{Name: "n2", Rack: "r1", Tags: []string{"compute"}}, {Name: "n1", Rack: "r1", OwnerData: map[string]string{"role": "control"}}, {Name: "n3", Rack: "r2"}}}},
	}}
	config := server.Config{
		Tasks: s.tasks, State: store, Version: "1.2.3", Log: slog.New(slog.NewTextHandler(s.log, nil)),
		Load: func(_ context.Context, ref string) (server.Design, error) {
			d, ok := s.designs[ref]
			if !ok {
				return server.Design{}, errors.New("connection refused")
			}
			return d, nil
		},
	}
	for _, f := range change {
		f(&config)
	}
	s.server = httptest.NewServer(server.New(config))
	t.Cleanup(s.server.Close)
	s.url, s.client = s.server.URL, s.server.Client()
	return s
}

// answer is a response with its body read.
type answer struct {
	status int
	header http.Header
	body   string
}

func (a answer) json(t *testing.T, into any) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(a.body), into), a.body)
}

// message is the text of an error answer; the answer has to be one, in the original's form.
func (a answer) message(t *testing.T) string {
	t.Helper()
	var body map[string]any
	a.json(t, &body)
	require.Len(t, body, 3)
	require.Equal(t, "error", body["type"])
	require.IsType(t, true, body["retry"])
	require.IsType(t, "", body["message"])
	require.NotEmpty(t, body["message"])
	return body["message"].(string)
}

func (a answer) retry(t *testing.T) bool {
	t.Helper()
	var body struct{ Retry bool }
	a.json(t, &body)
	return body.Retry
}

func (s *site) do(method, path string, body io.Reader, header map[string]string) answer {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, body)
	require.NoError(s.t, err)
	for key, value := range header {
		r.Header.Set(key, value)
	}
	response, err := s.client.Do(r)
	require.NoError(s.t, err)
	defer func() { require.NoError(s.t, response.Body.Close()) }()
	raw, err := io.ReadAll(response.Body)
	require.NoError(s.t, err)
	return answer{response.StatusCode, response.Header, string(raw)}
}

func (s *site) get(path string) answer { s.t.Helper(); return s.do(http.MethodGet, path, nil, nil) }

func (s *site) post(path, body string) answer {
	s.t.Helper()
	return s.do(http.MethodPost, path, strings.NewReader(body), map[string]string{"Content-Type": "application/json", "X-End-User": "ops"})
}
