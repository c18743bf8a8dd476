package endtoend

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/starter"
	"drydock/workflows"
)

// api is a client of the REST API that shares no code with the server.
type api struct {
	t       testing.TB
	base    string
	process *process
}

func (s *stack) startServer() api {
	s.t.Helper()
	port := freePort(s.t)
	listen := fmt.Sprintf("127.0.0.1:%d", port)
	p := s.run("server", append(s.env(), "DRYDOCK_SERVER__LISTEN="+listen, "DRYDOCK_SERVER__DESIGNS="+s.dir), binary, "server")
	a := api{s.t, "http://" + listen, p}
	require.Eventually(s.t, func() bool {
		r, err := http.Get(a.base + "/api/v1.0/health")
		if err != nil {
			return false
		}
		defer r.Body.Close()
		return r.StatusCode == http.StatusNoContent
	}, 30*time.Second, 50*time.Millisecond, "the server is healthy")
	return a
}

// call sends a request and decodes the answer.
func (a api) call(method, path string, body any) (status int, answer map[string]any, text string) {
	a.t.Helper()
	var in io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		require.NoError(a.t, err)
		in = bytes.NewReader(b)
	}
	r, err := http.NewRequestWithContext(a.t.Context(), method, a.base+path, in)
	require.NoError(a.t, err)
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	require.NoError(a.t, err)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	require.NoError(a.t, err)
	_ = json.Unmarshal(raw, &answer) // lists are looked at as text
	return resp.StatusCode, answer, string(raw)
}

type object = map[string]any

func TestRESTAndTemporalStartTheSameTasks(t *testing.T) {
	s := start(t, options{})
	rest := s.startServer()
	nodes := s.four()[:2]
	ref := "file://" + s.design
	filter := object{"filter_set_type": "intersection", "filter_set": []object{{"filter_type": "union", "node_names": nodes}}}

	code, _, text := rest.call("GET", "/versions", nil)
	assert.Equal(t, 200, code)
	assert.Contains(t, text, `"v1.0"`)
	code, _, text = rest.call("POST", "/api/v1.0/nodefilter", object{"design_ref": ref, "node_filter": filter})
	assert.Equal(t, 200, code, text)
	for _, n := range nodes {
		assert.Contains(t, text, n)
	}
	code, answer, text := rest.call("POST", "/api/v1.0/validatedesign", object{"href": ref})
	assert.Equal(t, 200, code, text)
	assert.Equal(t, "Success", answer["status"])
	code, _, text = rest.call("POST", "/api/v1.0/tasks", object{"action": "deploy_nodes", "design_ref": ref})
	assert.Equal(t, 400, code, "nothing is ever taken for all nodes: %s", text)

	run := func(action string) object {
		code, answer, text := rest.call("POST", "/api/v1.0/tasks", object{"action": action, "design_ref": ref, "node_filter": filter})
		require.Equal(t, 201, code, text)
		id, _ := answer["task_id"].(string)
		require.NotEmpty(t, id)
		require.Eventually(t, func() bool {
			_, answer, _ = rest.call("GET", "/api/v1.0/tasks/"+id, nil)
			return answer["status"] == "complete"
		}, 3*time.Minute, 200*time.Millisecond)
		return answer
	}
	for _, action := range []string{"verify_site", "prepare_site"} {
		result, _ := run(action)["result"].(object)
		require.Equal(t, "success", result["status"], action)
	}
	result, _ := run("prepare_nodes")["result"].(object)
	require.Equal(t, "success", result["status"])
	require.ElementsMatch(t, []any{nodes[0], nodes[1]}, result["successes"])

	// The same JSON, by Temporal's own command line; one node only.
	input, err := json.Marshal(object{"design_ref": ref, "node_filter": object{"filter_set_type": "intersection",
		"filter_set": []object{{"filter_type": "union", "node_names": nodes[:1]}}}})
	require.NoError(t, err)
	out, err := exec.Command(temporalCLI(t), "workflow", "execute", "--type", "DeployNodes", "--task-queue", "drydock", "--workflow-id", "by-hand",
		"--input", string(input), "--address", s.address, "-o", "json").CombinedOutput()
	require.NoError(t, err, string(out))
	task := s.wait("by-hand")
	requireAll(t, task, "changed", nodes[0])
	assert.Equal(t, ref, task.Request.DesignRef, "a task that others started is shown like any other")

	result, _ = run("deploy_nodes")["result"].(object)
	require.Equal(t, "success", result["status"])
	require.ElementsMatch(t, []any{nodes[0], nodes[1]}, result["successes"], "a node that was deployed already is a success")
	s.requireDoneOnce(nodes...)

	code, _, text = rest.call("GET", "/api/v1.0/tasks", nil)
	assert.Equal(t, 200, code)
	assert.Contains(t, text, "by-hand")
	stdout, _, exit := s.cli("task", "list", "-o", "json")
	assert.Zero(t, exit)
	var tasks []starter.Task
	require.NoError(t, json.Unmarshal([]byte(stdout), &tasks))
	assert.Len(t, tasks, 5)
	code, _, _ = rest.call("GET", "/api/v1.0/tasks/"+workflows.NodeWorkflowID("x", "y"), nil)
	assert.Equal(t, 404, code)
}

// slowImages makes preparing the site take its time: an image of the design has to be imported first.
func slowImages(text string) string { return strings.ReplaceAll(text, "image: jammy", "image: noble") }

func TestWhilePrepareSiteRunsAnotherDesignIsRefused(t *testing.T) {
	s := start(t, options{speed: 10, rewrite: func(text string) string {
		return strings.ReplaceAll(slowImages(text), "kernel: ga-22.04", "kernel: ga-24.04")
	}})
	rest := s.startServer()
	text, err := os.ReadFile(s.design)
	require.NoError(t, err)
	other := filepath.Join(s.dir, "other.yaml")
	require.NoError(t, os.WriteFile(other, []byte(strings.ReplaceAll(string(text), "mtu: 9000", "mtu: 8900")), 0o600))

	first := s.submit(workflows.PrepareSite, nil)
	require.Eventually(t, func() bool {
		snapshot, err := s.tasks.Snapshot(t.Context(), first.ID)
		return err == nil && snapshot.Progress.Phase == "CreateBootMedia"
	}, time.Minute, 50*time.Millisecond, "the site is being prepared")

	code, answer, body := rest.call("POST", "/api/v1.0/tasks", object{"action": "deploy_site", "design_ref": "file://" + other, "all_nodes": true})
	assert.Equal(t, 409, code, body)
	assert.Contains(t, answer["message"], first.ID, "the answer names the task")
	refused := s.wait(s.submit(workflows.DeploySite, func(r *workflows.Request) { r.DesignRef = "file://" + other }).ID)
	assert.Equal(t, "Conflict", refused.Class)
	assert.Contains(t, refused.Failure, first.ID)
	stdout, stderr, exit := s.cli("task", "run", "prepare-site", "--design", other)
	assert.Equal(t, 6, exit, stderr)
	assert.Contains(t, stdout, first.ID)

	// A task that is terminated can't give the lock back; the next one takes it.
	require.NoError(t, s.tasks.Temporal().TerminateWorkflow(t.Context(), first.ID, "", "by force"))
	second := s.submit(workflows.PrepareSite, func(r *workflows.Request) { r.DesignRef = "file://" + other })
	require.Eventually(t, func() bool {
		snapshot, err := s.tasks.Snapshot(t.Context(), second.ID)
		return err == nil && snapshot.Progress.Phase == "CreateBootMedia"
	}, time.Minute, 50*time.Millisecond, "the lock was taken over")
	require.NoError(t, s.tasks.Cancel(t.Context(), second.ID, workflows.Steer{}))
	assert.Equal(t, starter.Canceled, s.wait(second.ID).State)
}
