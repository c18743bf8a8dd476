package server_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"drydock/starter"
)

func TestErrorsOfTheStarterHaveTheirStatus(t *testing.T) {
	t.Parallel()
	for kind, status := range map[starter.ErrorKind]int{
		starter.NotFound: 404, starter.Conflict: 409, starter.Invalid: 400, starter.Unreachable: 503, starter.Denied: 403, starter.Other: 500,
	} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			s.tasks.err = &starter.Error{Kind: kind, Text: "start task", Advice: "look there", Err: errors.New("cause-canary")}
			for _, a := range []answer{
				s.post("/api/v1.0/tasks", `{"action":"verify_site","design_ref":"`+harborRef+`"}`), s.get("/api/v1.0/tasks"), s.get("/api/v1.0/tasks/x"),
				s.post("/api/v1.0/tasks/x/cancel", ""), s.post("/api/v1.0/tasks/x/retry", ""), s.post("/api/v1.0/tasks/x/skip", ""),
			} {
				assert.Equal(t, status, a.status)
				assert.Equal(t, "start task: look there", a.message(t))
				assert.Equal(t, kind == starter.Unreachable, a.retry(t))
			}
		})
	}
	s := newSite(t)
	s.tasks.err = errors.New("internal-canary")
	a := s.get("/api/v1.0/tasks")
	assert.Equal(t, http.StatusInternalServerError, a.status)
	assert.Equal(t, "Unknown error", a.message(t))
	assert.Contains(t, s.logged(), "internal-canary", "whoever runs the server learns it")
}

func TestATaskIsSteeredByNodesAndReason(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.tasks.add(prepared())
	path := "/api/v1.0/tasks/" + taskID

	a := s.post(path+"/retry", `{"nodes":["n2"],"reason":"cable fixed"}`)
	assert.Equal(t, http.StatusAccepted, a.status)
	assert.Equal(t, path+"-again", a.header.Get("Location"), "a task that has ended is retried by a new one")
	assert.Contains(t, a.body, `"task_id":"`+taskID+`-again"`)

	a = s.post(path+"/skip", "")
	assert.Equal(t, http.StatusAccepted, a.status)
	assert.Equal(t, path, a.header.Get("Location"))
	assert.JSONEq(t, `{"task_id":"`+taskID+`"}`, a.body)

	assert.Equal(t, http.StatusAccepted, s.post(path+"/cancel", `{"reason":"wrong rack"}`).status)
	assert.Equal(t, []string{`retry ` + taskID + ` [n2] "cable fixed" by ops`, `skip ` + taskID + ` [] "" by ops`, `cancel ` + taskID + `: wrong rack by ops`}, s.tasks.steps)

	for path, body := range map[string]string{path + "/retry": `{"nodes":[]}`, path + "/skip": `{"node":["n2"]}`, path + "/cancel": `{"nodes":["n2"]}`} {
		a := s.post(path, body)
		assert.Equal(t, http.StatusBadRequest, a.status, path)
		assert.Contains(t, a.message(t), "node", path)
	}
	assert.Len(t, s.tasks.steps, 3)
	assert.Equal(t, http.StatusNotFound, s.post("/api/v1.0/tasks/none/skip", "").status)
}

func TestDeletingTasksIsNotBuiltAndSaysSo(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	a := s.do(http.MethodDelete, "/api/v1.0/tasks?days=1", nil, nil)
	assert.Equal(t, http.StatusNotImplemented, a.status)
	assert.Contains(t, a.message(t), "not built")
	for _, limit := range []string{"0", "1001", "x"} {
		assert.Equal(t, http.StatusBadRequest, s.get("/api/v1.0/tasks?limit="+limit).status)
	}
	assert.Equal(t, "[]\n", s.get("/api/v1.0/tasks?limit=5").body)
	assert.Equal(t, []string{"list 5"}, s.tasks.steps)
}
