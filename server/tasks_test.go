package server_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/design"
	"drydock/design/build"
	"drydock/starter"
	"drydock/workflows"
)

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256:" + hex.EncodeToString(sum[:])
}

const taskID = "7b0d2c1e-4a52-4d0c-9a3f-0e5a6f0c1b22"

// prepared is a task that has come to a partial success.
func prepared() starter.Task {
	return starter.Task{
		ID: taskID, RunID: "r", Kind: workflows.PrepareNodes, Type: "PrepareNodes", State: starter.Completed,
		Request: workflows.Request{DesignRef: harborRef, RequestedBy: "ops", NodeFilter: design.FilterNodes("n1", "n2", "n3")},
		Started: time.Date(2026, 1, 5, 10, 0, 0, 1000, time.UTC), Closed: time.Date(2026, 1, 5, 11, 31, 12, 500000000, time.FixedZone("", 3600)),
		Result: &workflows.Result{
			Status:    workflows.StatusPartialSuccess,
			Successes: []workflows.NodeResult{{Node: "n1", Outcome: "changed"}},
			Failures:  []workflows.NodeResult{{Node: "n2", Reason: "Node n2 not found in MaaS", Class: "NotFound", Step: "03-IdentifyNode"}},
			Skipped:   []workflows.NodeResult{{Node: "n3", Reason: "held by task t9"}},
		},
	}
}

// The text is the example of the original's wire format, with the microseconds of Python, a third node that was
// skipped, and no subtasks.
const preparedWire = `{"kind":"Task","apiVersion":"v1","task_id":"7b0d2c1e-4a52-4d0c-9a3f-0e5a6f0c1b22","action":"prepare_nodes","parent_task_id":null,
 "design_ref":"deckhand+http://deckhand.example/api/v1.0/revisions/12/rendered-documents","status":"complete",
 "node_filter":{"filter_set_type":"intersection","filter_set":[{"filter_type":"union","node_names":["n1","n2","n3"]}]},
 "subtask_id_list":[],"created":"2026-01-05 10:00:00.000001","created_by":"ops","updated":"2026-01-05 10:31:12.500000","terminated":null,
 "terminated_by":null,"terminate":false,"retry":0,
 "result":{"kind":"Status","apiVersion":"v1.0","metadata":{},"message":null,"reason":null,"status":"partial_success","successes":["n1"],"failures":["n2"],
  "links":[{"rel":"detail_logs","href":"URL/api/v1.0/tasks/7b0d2c1e-4a52-4d0c-9a3f-0e5a6f0c1b22/builddata"}],
  "details":{"errorCount":1,"messageList":[
   {"message":"Node n2 not found in MaaS","error":true,"context_type":"node","context":"n2","ts":"2026-01-05 10:31:12.500000","extra":"{\"class\":\"NotFound\",\"step\":\"03-IdentifyNode\"}"},
   {"message":"skipped: held by task t9","error":false,"context_type":"node","context":"n3","ts":"2026-01-05 10:31:12.500000","extra":"{\"outcome\":\"skipped\"}"}]}}}`

func TestATaskHasTheFormOfTheOriginalFieldByField(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.tasks.add(prepared())
	want := strings.ReplaceAll(preparedWire, "URL", s.url)

	a := s.get("/api/v1.0/tasks/" + taskID)
	require.Equal(t, http.StatusOK, a.status, a.body)
	assert.Contains(t, a.header.Get("Content-Type"), "application/json")
	assert.JSONEq(t, want, a.body)

	a = s.get("/api/v1.0/tasks")
	require.Equal(t, http.StatusOK, a.status, a.body)
	assert.JSONEq(t, "["+want+"]", a.body, "the list is of full tasks, with their results")
}

func TestATaskIsShownInLayersAndWithErrorsAndBuildDataWhenAsked(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.tasks.add(prepared())
	at := time.Date(2026, 1, 5, 10, 12, 0, 0, time.UTC)
	require.NoError(t, s.state.AddEvidence(t.Context(), "harbor", "n1", taskID, []build.Element{{Generator: "lshw", Format: "xml", Data: "<list/>", Collected: at}}))

	var layers map[string]json.RawMessage
	a := s.get("/api/v1.0/tasks/" + taskID + "?layers=-1&subtaskerrors=true")
	require.Equal(t, http.StatusOK, a.status, a.body)
	a.json(t, &layers)
	assert.Len(t, layers, 3)
	assert.JSONEq(t, `"`+taskID+`"`, string(layers["init_task_id"]))
	assert.JSONEq(t, strings.ReplaceAll(preparedWire, "URL", s.url), string(layers[taskID]))

	var task struct {
		Build  []map[string]any          `json:"build_data"`
		Errors map[string]map[string]any `json:"subtask_errors"`
	}
	s.get("/api/v1.0/tasks/"+taskID+"?builddata=true&subtaskerrors=True").json(t, &task)
	assert.Equal(t, []map[string]any{{"node_name": "n1", "task_id": taskID, "generator": "lshw", "data_format": "xml", "data_element": "<list/>",
		"collected_date": "2026-01-05 10:12:00"}}, task.Build)
	require.Contains(t, task.Errors, taskID)
	assert.EqualValues(t, 1, task.Errors[taskID]["details"].(map[string]any)["errorCount"])

	for _, query := range []string{"?layers=x", "?layers=-2", "?builddata=maybe", "?subtaskerrors=1x"} {
		assert.Equal(t, http.StatusBadRequest, s.get("/api/v1.0/tasks/"+taskID+query).status, query)
	}
	a = s.get("/api/v1.0/tasks/none")
	assert.Equal(t, http.StatusNotFound, a.status)
	assert.Equal(t, "there is no task none", a.message(t))
}

func TestTheStateOfATaskIsReadAsItsClientsMeanIt(t *testing.T) {
	t.Parallel()
	began, ended := time.Date(2026, 1, 5, 10, 0, 0, 0, time.UTC), time.Date(2026, 1, 5, 10, 5, 0, 0, time.UTC)
	cases := map[string]struct {
		task               starter.Task
		status, result     string
		terminate          bool
		errors             int
		message, firstText string
	}{
		"a running task has no result yet":              {task: starter.Task{State: starter.Running, Started: began}, status: "running", result: "incomplete"},
		"a task that failed as a whole is complete":     {task: starter.Task{State: starter.Failed, Started: began, Closed: ended, Failure: "no worker"}, status: "complete", result: "failure", errors: 1, firstText: "the task ended without a result: failed: no worker"},
		"a cancelled task is terminated":                {task: starter.Task{State: starter.Canceled, Started: began, Closed: ended}, status: "terminated", result: "failure", terminate: true, errors: 1, firstText: "the task ended without a result: canceled"},
		"a task ended by force is terminated":           {task: starter.Task{State: starter.Terminated, Started: began, Closed: ended, Failure: "by hand"}, status: "terminated", result: "failure", terminate: true, errors: 1, firstText: "the task ended without a result: terminated: by hand"},
		"a result that can't be read is no success":     {task: starter.Task{State: starter.Completed, Started: began, Closed: ended}, status: "complete", result: "incomplete", message: "the task ended by itself, but its result can't be read"},
		"a cancelled task keeps the result that it has": {task: starter.Task{State: starter.Canceled, Started: began, Closed: ended, Result: &workflows.Result{Status: "partial_success", Message: "cancelled"}}, status: "terminated", result: "partial_success", terminate: true, errors: 1, message: "cancelled", firstText: "cancelled"},
		"a result without a status is no success":       {task: starter.Task{State: starter.Completed, Started: began, Closed: ended, Result: &workflows.Result{}}, status: "complete", result: "failure"},
		"a failed step of the site counts as an error": {task: starter.Task{State: starter.Completed, Started: began, Closed: ended, Result: &workflows.Result{Status: "failure",
			Steps: []workflows.StepResult{{ID: "01-X", Action: "ValidateNodeServices", Outcome: "failed", Messages: []string{"no answer"}}}}},
			status: "complete", result: "failure", errors: 1, firstText: "ValidateNodeServices: no answer"},
		"an error of the design counts, its hints do not": {task: starter.Task{State: starter.Completed, Started: began, Closed: ended, Result: &workflows.Result{Status: "failure",
			Findings: design.Messages{{Code: "DD2005", Rule: "duplicate-address", Level: design.LevelError, Text: "twice"}, {Level: design.LevelWarning, Text: "odd"}, {Level: design.LevelInfo, Text: "fine"}}}},
			status: "complete", result: "failure", errors: 1, firstText: "error: twice [DD2005 duplicate-address]"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			c.task.ID, c.task.Type = "t1", "DeployNodes"
			s.tasks.add(c.task)
			var got struct {
				Action, Status string
				Terminate      bool
				Terminated     *string
				NodeFilter     any `json:"node_filter"`
				Result         struct {
					Status, Message     string
					Successes, Failures []string
					Details             struct {
						ErrorCount  int
						MessageList []struct{ Message string }
					}
				}
			}
			s.get("/api/v1.0/tasks/t1").json(t, &got)
			assert.Equal(t, "deploy_nodes", got.Action)
			assert.Equal(t, c.status, got.Status)
			assert.Equal(t, c.terminate, got.Terminate)
			assert.Equal(t, c.terminate, got.Terminated != nil)
			assert.Equal(t, c.result, got.Result.Status)
			assert.Equal(t, c.errors, got.Result.Details.ErrorCount)
			assert.NotNil(t, got.Result.Successes, "a list, never null")
			assert.NotNil(t, got.Result.Failures, "a list, never null")
			if c.message != "" {
				assert.Equal(t, c.message, got.Result.Message)
			}
			if c.firstText != "" {
				assert.Equal(t, c.firstText, got.Result.Details.MessageList[0].Message)
			}
		})
	}
}

func TestAReferenceThatHoldsAPasswordIsNotShown(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	task := prepared() // started by somebody who did not come this way
	task.Request.DesignRef = "deckhand+https://u:canary%zz@h/d?design=1&api_key=canary&sig=canary&X-Auth-Token=canary"
	s.tasks.add(task)
	for _, path := range []string{"/api/v1.0/tasks", "/api/v1.0/tasks/" + taskID} {
		a := s.get(path)
		assert.Contains(t, a.body, `deckhand+https://xxxxx@h/d?design=1\u0026api_key=xxxxx\u0026sig=xxxxx`)
		assert.NotContains(t, a.body, "canary")
	}
}

func TestTheProgressOfARunningTaskIsShownOnlyWhenAskedFor(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	since := time.Date(2026, 1, 5, 10, 2, 0, 0, time.UTC)
	s.tasks.add(prepared())
	s.tasks.add(starter.Task{ID: "t1", Type: "PrepareNodes", State: starter.Running, Started: since})
	s.tasks.now = starter.Snapshot{At: since.Add(time.Minute), Progress: workflows.Progress{Phase: "nodes", Nodes: []workflows.NodeProgress{
		{Node: "n1", Phase: workflows.PhaseRunning, Workflow: "node/harbor/n1"}, {Node: "n2", Phase: workflows.PhaseWaiting}}},
		Nodes: map[string]starter.NodeSnapshot{
			"n1": {Step: "ConfigureHardware", Since: since, Attempt: 3, Waits: "commissioning: 40 %"}, "n3": {Step: "DeployNode", Since: since, Gate: true}}}

	assert.NotContains(t, s.get("/api/v1.0/tasks/t1").body, "progress")
	assert.NotContains(t, s.get("/api/v1.0/tasks/"+taskID+"?progress=true").body, "progress", "a task that has ended has a result instead")
	assert.NotContains(t, s.tasks.steps, "snapshot t1")

	var got struct{ Progress json.RawMessage }
	s.get("/api/v1.0/tasks/t1?progress=true").json(t, &got)
	assert.JSONEq(t, `{"at":"2026-01-05T10:03:00Z","phase":"nodes","nodes":[
		{"node":"n1","phase":"running","workflow":"node/harbor/n1","step":"ConfigureHardware","since":"2026-01-05T10:02:00Z","attempt":3,"waits":"commissioning: 40 %"},
		{"node":"n2","phase":"waiting"},
		{"node":"n3","phase":"running","step":"DeployNode","since":"2026-01-05T10:02:00Z","gate":true}]}`, string(got.Progress))
}
