package server_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/server"
)

func TestVersionsAndHealth(t *testing.T) {
	t.Parallel()
	var broken error
	s := newSite(t, func(c *server.Config) {
		c.Health = func(context.Context) []server.Check {
			return []server.Check{{Name: "temporal", Err: broken}, {Name: "state"}}
		}
	})
	assert.JSONEq(t, `{"v1.0":{"path":"/api/v1.0","status":"stable"}}`, s.get("/versions").body)
	a := s.get("/api/v1.0/health")
	assert.Equal(t, http.StatusNoContent, a.status)
	assert.Equal(t, "drydock/1.2.3", a.header.Get("Server"))
	a = s.get("/api/v1.0/health/extended")
	assert.Equal(t, http.StatusOK, a.status)
	assert.JSONEq(t, `{"kind":"Status","apiVersion":"v1.0","metadata":{},"status":"Success","message":"","reason":"HealthCheck","code":200,"details":{"errorCount":0,
		"messageList":[{"message":"temporal: ok","error":false,"kind":"SimpleMessage"},{"message":"state: ok","error":false,"kind":"SimpleMessage"}]}}`, a.body)

	broken = errors.New("connection refused")
	assert.Equal(t, http.StatusServiceUnavailable, s.get("/api/v1.0/health").status)
	a = s.get("/api/v1.0/health/extended")
	assert.Equal(t, http.StatusServiceUnavailable, a.status)
	var got status
	a.json(t, &got)
	assert.Equal(t, []any{"Failure", 503, 1}, []any{got.Status, got.Code, got.Details.ErrorCount})
	assert.Equal(t, map[string]any{"message": "temporal: connection refused", "error": true, "kind": "SimpleMessage"}, got.Details.MessageList[0])
}

func TestOptionsListMethodsAndOtherMethodsAreRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for path, allow := range map[string]string{
		"/versions": "OPTIONS, GET", "/api/v1.0/tasks": "OPTIONS, GET, POST", "/api/v1.0/tasks/x": "OPTIONS, GET",
		"/api/v1.0/tasks/x/retry": "OPTIONS, POST", "/api/v1.0/validatedesign": "OPTIONS, POST", "/api/v1.0/nodes/n1/builddata": "OPTIONS, GET",
	} {
		a := s.do(http.MethodOptions, path, nil, nil)
		assert.Equal(t, http.StatusOK, a.status, path)
		assert.Equal(t, allow, a.header.Get("Allow"), path)
		a = s.do(http.MethodPut, path, nil, nil)
		assert.Equal(t, http.StatusMethodNotAllowed, a.status, path)
		assert.Equal(t, "method not allowed", a.message(t))
	}
	a := s.get("/api/v1.0/nothing")
	assert.Equal(t, http.StatusNotFound, a.status)
	assert.Equal(t, "not found", a.message(t))
}

func TestABodyNeedsItsTypeAndHasALimit(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	body := `{"action":"verify_site","design_ref":"` + harborRef + `"}`
	for _, media := range []string{"", "text/plain", "application/x-yaml", "application/jsonp", ";"} {
		a := s.do(http.MethodPost, "/api/v1.0/tasks", strings.NewReader(body), map[string]string{"Content-Type": media})
		assert.Equal(t, http.StatusBadRequest, a.status, media)
		assert.Contains(t, a.message(t), "application/json", media)
	}
	a := s.do(http.MethodPost, "/api/v1.0/tasks", strings.NewReader(body), map[string]string{"Content-Type": "application/json; charset=utf-8"})
	assert.Equal(t, http.StatusCreated, a.status, a.body)
	assert.Contains(t, a.body, `"created_by":"anonymous"`)

	large := `{"reason":"` + strings.Repeat("x", 2<<20) + `"}`
	a = s.post("/api/v1.0/tasks/x/cancel", large)
	assert.Equal(t, http.StatusRequestEntityTooLarge, a.status)
	assert.NotEmpty(t, a.message(t))
	// Without a length in front the limit is met while reading.
	a = s.do(http.MethodPost, "/api/v1.0/tasks/x/cancel", struct{ *strings.Reader }{strings.NewReader(large)}, map[string]string{"Content-Type": "application/json"})
	assert.Equal(t, http.StatusRequestEntityTooLarge, a.status)
	assert.Len(t, s.tasks.steps, 1, "the one task that was right")
}

func TestARequestThatTakesTooLongIsAnswered(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(c *server.Config) {
		c.Timeout = 50 * time.Millisecond
		c.Load = func(ctx context.Context, _ string) (server.Design, error) {
			<-ctx.Done()
			return server.Design{}, ctx.Err()
		}
	})
	s.tasks.hang = true
	for _, a := range []answer{s.get("/api/v1.0/tasks"), s.post("/api/v1.0/tasks", `{"action":"verify_site","design_ref":"http://h/d"}`),
		s.post("/api/v1.0/validatedesign", `{"href":"http://h/d"}`)} {
		assert.Equal(t, http.StatusServiceUnavailable, a.status)
		assert.True(t, a.retry(t))
	}
}

func TestAMistakeInTheProgramIsLoggedAndNotShown(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(c *server.Config) {
		c.Load = func(context.Context, string) (server.Design, error) { panic("panic-canary") }
	})
	a := s.post("/api/v1.0/validatedesign", `{"href":"http://h/d"}`)
	assert.Equal(t, http.StatusInternalServerError, a.status)
	assert.Equal(t, "Unknown error", a.message(t))
	assert.NotContains(t, a.body, "goroutine")
	assert.Contains(t, s.logged(), "panic-canary")
}

func TestTheLogOfRequestsHasNoBodiesAndNoForgedLines(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	a := s.do(http.MethodPost, "/api/v1.0/tasks?token=query-canary", strings.NewReader(`{"action":"verify_site","design_ref":"`+harborRef+`","reason":"body-canary"}`),
		map[string]string{"Content-Type": "application/json", "X-Context-Marker": "marker-1", "X-End-User": strings.Repeat("u", 300)})
	require.Equal(t, http.StatusCreated, a.status, a.body)
	require.NotEmpty(t, a.header.Get("X-Request-Id"))
	s.get("/api/v1.0/tasks/a%0Alevel=ERROR%20msg=forged")
	log := s.logged()
	assert.NotContains(t, log, "\nlevel=ERROR")
	for _, want := range []string{"method=POST", "path=/api/v1.0/tasks", "status=201", "marker=marker-1", a.header.Get("X-Request-Id")} {
		assert.Contains(t, log, want)
	}
	assert.NotContains(t, log, "canary")
	started, err := s.tasks.find("task-1")
	require.NoError(t, err)
	assert.LessOrEqual(t, len([]rune(started.Request.RequestedBy)), 65)
}
