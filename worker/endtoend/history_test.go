package endtoend

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/temporalproto"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/worker"

	"drydock/simulator/world"
	"drydock/workflows"
)

// Bounds of the history of one node, prepared and deployed.
const (
	maxEvents = 150
	maxBytes  = 64 << 10
)

func TestHistoriesAreSmallAndHoldNoSecretAndNoDocument(t *testing.T) {
	const (
		password = "canary-bmc-password-7f3a"
		key      = "canaryconsumer0001:canarytokenkey0001:canarytokensecret000000000000001"
		content  = "canary-boot-action-content"
	)
	s := start(t, options{apiKey: key, rewrite: func(text string) string {
		text = replaceValue(text, "credential:", password)
		require.Contains(t, text, password)
		return text + "---\nschema: drydock/BootAction/v1\nmetadata: {schema: metadata/Document/v1, name: canary}\ndata:\n  assets:\n    - {type: file, path: /etc/canary, data: " + content + "}\n"
	}})
	nodes := s.four()
	broken, _ := s.sim.World.Machine(nodes[3])
	broken.SetFault(world.FaultBMCAuth, true)
	task := s.submit(workflows.DeploySite, only(nodes...))
	ended := s.wait(task.ID)
	require.NotNil(t, ended.Result, ended.Failure)
	require.Len(t, ended.Result.Failures, 1)
	assert.Equal(t, "AuthFailed", ended.Result.Failures[0].Class)

	canaries := append(strings.Split(key, ":")[1:], password)
	check := func(where string, text []byte) {
		for _, canary := range canaries {
			assert.False(t, bytes.Contains(text, []byte(canary)), "%s holds the secret %s", where, canary)
		}
	}
	noDocument := func(where string, text []byte) {
		assert.False(t, bytes.Contains(text, []byte(content)), "%s holds a document", where)
	}
	for _, id := range append([]string{task.ID}, nodeIDs(s, nodes)...) {
		history := s.history(id, "")
		check(id, history)
		noDocument(id, history)
		if id != task.ID && id != workflows.NodeWorkflowID(s.site.Name, broken.Name()) {
			s.requireSmall(id)
		}
		s.replay(history)
	}
	for _, args := range [][]string{{"task", "show", task.ID, "-o", "json"}, {"task", "show", task.ID}, {"task", "list", "-o", "json"},
		{"node", "show", nodes[0]}, {"node", "show", nodes[0], "-o", "json"}, {"node", "forget", nodes[0]},
		{"design", "validate", s.design}, {"design", "render", s.design, "-o", "json"}, {"design", "render", s.design}} {
		stdout, stderr, _ := s.cli(args...)
		check(strings.Join(args, " "), []byte(stdout+stderr))
	}
	rest := s.startServer()
	for _, path := range []string{"/tasks", "/tasks/" + task.ID + "?subtaskerrors=true&builddata=true", "/tasks/" + task.ID + "/builddata",
		"/nodes/" + nodes[0] + "/builddata", "/nodes/" + nodes[0] + "/builddata?generator=verification", "/health/extended"} {
		_, _, text := rest.call("GET", "/api/v1.0"+path, nil)
		check(path, []byte(text))
	}
	_, _, text := rest.call("POST", "/api/v1.0/validatedesign", object{"href": "file://" + s.design})
	check("validatedesign", []byte(text))
	noDocument("validatedesign", []byte(text))
	for _, p := range []*process{s.worker, s.temporal, rest.process} {
		text, err := os.ReadFile(p.log)
		require.NoError(t, err)
		check(filepath.Base(p.log), text)
		noDocument(filepath.Base(p.log), text)
	}
}

// requireSmall: the history of a node that went the whole way is within its bounds.
func (s *stack) requireSmall(id string) {
	s.t.Helper()
	history := s.history(id, "")
	var h historypb.History
	require.NoError(s.t, temporalproto.CustomJSONUnmarshalOptions{DiscardUnknown: true}.Unmarshal(history, &h))
	wire := 0
	for _, e := range h.GetEvents() {
		wire += e.Size()
	}
	s.t.Logf("%s: %d events, %d bytes on the wire, %d as exported", id, len(h.GetEvents()), wire, len(history))
	assert.LessOrEqual(s.t, len(h.GetEvents()), maxEvents, id)
	assert.LessOrEqual(s.t, len(history), maxBytes, "%s as exported", id)
}

// replaceValue replaces the value of every line with the key.
func replaceValue(text, key, value string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if before, after, found := strings.Cut(line, key); found && !strings.HasPrefix(strings.TrimSpace(line), "#") {
			rest := ""
			if at := strings.IndexAny(after, ",}"); at >= 0 && strings.Contains(before, "{") {
				rest = after[at:]
			}
			lines[i] = before + key + " " + value + rest
		}
	}
	return strings.Join(lines, "\n")
}

func nodeIDs(s *stack, nodes []string) []string {
	ids := []string{}
	for _, n := range nodes {
		ids = append(ids, workflows.NodeWorkflowID(s.site.Name, n))
	}
	return ids
}

// replay runs the workflow code against a history: the cheapest check of determinism there is.
func (s *stack) replay(history []byte) {
	s.t.Helper()
	replayer := worker.NewWorkflowReplayer()
	workflows.Register(replayer)
	file := filepath.Join(s.t.TempDir(), "history.json")
	require.NoError(s.t, os.WriteFile(file, history, 0o600))
	require.NoError(s.t, replayer.ReplayWorkflowHistoryFromJSONFile(quiet{}, file))
}

// record keeps the histories of a server's closed workflows for the replay test of package workflows, one of each type and
// end, when DRYDOCK_TEST_RECORD names the folder.
func (s *stack) record() {
	dir := os.Getenv("DRYDOCK_TEST_RECORD")
	if dir == "" || s.t.Failed() {
		return
	}
	answer, err := s.tasks.Temporal().ListWorkflow(context.Background(), &workflowservice.ListWorkflowExecutionsRequest{
		Query: "ExecutionStatus != 'Running'", PageSize: 1000})
	if err != nil {
		s.t.Logf("nothing is recorded of this test: %v", err) // it killed its server, say
		return
	}
	for _, w := range answer.GetExecutions() {
		history := s.history(w.GetExecution().GetWorkflowId(), w.GetExecution().GetRunId())
		name := w.GetType().GetName() + "-" + strings.ToLower(w.GetStatus().String())
		for _, verb := range []string{workflows.Retry, workflows.Skip, workflows.Abort} {
			if bytes.Contains(history, []byte(`"signalName": "`+verb+`"`)) || bytes.Contains(history, []byte(`"name": "`+verb+`"`)) {
				name += "-" + verb
			}
		}
		name += ".json"
		// The name of the machine that recorded it is nobody's business.
		history = identities.ReplaceAll(history, []byte(`"$1": "worker"`))
		history = sticky.ReplaceAll(history, []byte(`"name": "worker:$1"`))
		// The longest says most: the others are of runs that found all done.
		if have, err := os.ReadFile(filepath.Join(dir, name)); err == nil && len(have) >= len(history) {
			continue
		}
		require.NoError(s.t, os.WriteFile(filepath.Join(dir, name), history, 0o644)) //nolint:gosec // a file of the repository
	}
}

var identities = regexp.MustCompile(`"(identity|workerId)": "[^"]*"`)

// sticky finds the names of queues of one worker, which begin with the name of its machine.
var sticky = regexp.MustCompile(`"name": "[^":]+:([0-9a-f-]{36})"`)
