package server_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/design"
	"drydock/workflows"
)

func TestATaskIsStartedWithWhatTheOriginalsClientSends(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	a := s.post("/api/v1.0/tasks", `{"action":"prepare_nodes","design_ref":"`+harborRef+`",
		"node_filter":{"filter_set_type":"intersection","filter_set":[{"filter_type":"union","node_names":["n1","n2"],"node_tags":null,"rack_names":[]}]}}`)
	require.Equal(t, http.StatusCreated, a.status, a.body)
	assert.Equal(t, "/api/v1.0/tasks/task-1", a.header.Get("Location"))
	var got map[string]any
	a.json(t, &got)
	assert.Equal(t, "running", got["status"])
	assert.Equal(t, "prepare_nodes", got["action"])
	started, err := s.tasks.find("task-1")
	require.NoError(t, err)
	assert.Equal(t, workflows.Request{DesignRef: harborRef, NodeFilter: design.FilterNodes("n1", "n2"), RequestedBy: "ops"}, started.Request)
	assert.Equal(t, a.body, s.get(a.header.Get("Location")).body)
}

func TestEveryKindOfTaskIsStartedByItsAction(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, kind := range workflows.Kinds() {
		body := `{"action":"` + kind.Action + `","design_ref":"` + harborRef + `","node_filter":null}`
		a := s.post("/api/v1.0/tasks", body)
		if kind.Touches {
			assert.Equal(t, http.StatusBadRequest, a.status, kind.Action)
			assert.Contains(t, a.message(t), `say "all_nodes": true`, kind.Action)
			a = s.post("/api/v1.0/tasks", strings.Replace(body, `"node_filter":null`, `"all_nodes":true,"policy":{"on_failure":"wait","on_busy":"skip","max_parallel":7},"reason":"drill"`, 1))
		}
		require.Equal(t, http.StatusCreated, a.status, "%s: %s", kind.Action, a.body)
		started := s.tasks.all[len(s.tasks.all)-1]
		assert.Equal(t, kind, started.Kind)
		assert.Equal(t, kind.Touches, started.Request.AllNodes)
		if kind.Touches {
			assert.Equal(t, workflows.Policy{OnFailure: "wait", OnBusy: "skip", MaxParallel: 7}, started.Request.Policy)
			assert.Equal(t, "drill", started.Request.Reason)
		}
	}
}

func TestABodyWithMistakesStartsNothingAndNamesThemAll(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for name, c := range map[string]struct {
		body string
		says []string
	}{
		"an empty body":                {``, []string{"the body is empty"}},
		"a list":                       {`[]`, []string{"not a JSON object"}},
		"half an object":               {`{"action":`, []string{"ends too early"}},
		"two objects":                  {`{} {}`, []string{"something follows"}},
		"nothing that is needed":       {`{}`, []string{"action is required", "design_ref is required"}},
		"an action of the original":    {`{"action":"relabel_nodes","design_ref":"x"}`, []string{"relabel_nodes is not built"}},
		"an unknown action":            {`{"action":"deploy_node","design_ref":"x"}`, []string{`"deploy_node" is not known`, "deploy_nodes"}},
		"unknown keys":                 {`{"action":"verify_site","design_ref":"x","Action":"y","nodes":1}`, []string{`"Action" is not known here`, `"nodes" is not known here`}},
		"a key that stands twice":      {`{"action":"destroy_nodes","design_ref":"x","all_nodes":false,"all_nodes":true}`, []string{"all_nodes stands twice"}},
		"a filter misspelled":          {`{"action":"destroy_nodes","design_ref":"x","node_filter":{"filter_set_type":"any","filter_set":[{"filter_type":"none","node_name":["n1"]}, 7]}}`, []string{`node_filter.filter_set_type "any" is none of`, `node_filter.filter_set[0]."node_name" is not known`, `node_filter.filter_set[0].filter_type "none"`, "node_filter.filter_set[1] has to be an object"}},
		"a filter without filters":     {`{"action":"destroy_nodes","design_ref":"x","node_filter":{}}`, []string{"node_filter.filter_set is required"}},
		"wrong types":                  {`{"action":7,"design_ref":[],"all_nodes":"yes","node_filter":"n1","policy":{"on_failure":"panic","max_parallel":-1},"reason":{}}`, []string{"action has to be a string", "design_ref has to be a string", "all_nodes has to be true or false", "node_filter has to be an object", `policy.on_failure "panic"`, "policy.max_parallel is negative", "reason has to be a string"}},
		"empty names":                  {`{"action":"deploy_nodes","design_ref":"x","node_filter":{"filter_set":[{"node_names":["n1",null,""],"node_labels":{"a":null}}]}}`, []string{"node_names[1] is empty", "node_names[2] is empty", "node_labels.a is null"}},
		"all nodes and some nodes":     {`{"action":"deploy_nodes","design_ref":"x","all_nodes":true,"node_filter":{"filter_set":[{"node_names":["n1"]}]}}`, []string{"all_nodes contradicts node_filter"}},
		"a password in the reference":  {`{"action":"verify_site","design_ref":"http://u:canary@h/d"}`, []string{"design_ref holds a user, password or token"}},
		"a token in the reference":     {`{"action":"verify_site","design_ref":"http://h/d?X-Auth-Token=canary"}`, []string{"design_ref holds a user, password or token"}},
		"a reference that is not read": {`{"action":"verify_site","design_ref":"http://h/d"}`, []string{"read design http://h/d: connection refused"}},
	} {
		t.Run(name, func(t *testing.T) {
			a := s.post("/api/v1.0/tasks", c.body)
			assert.Equal(t, http.StatusBadRequest, a.status)
			for _, want := range c.says {
				assert.Contains(t, a.message(t), want)
			}
			assert.NotContains(t, a.body, "canary")
		})
	}
	assert.Empty(t, s.tasks.all)
}

func TestATaskOnASiteThatIsLockedWithAnotherDesignIsAConflict(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, text := range []string{"old", "new"} {
		require.NoError(t, s.state.PutDesign(t.Context(), digest(text), "harbor", []byte(text)))
	}
	require.NoError(t, s.state.Lock(t.Context(), "harbor", digest("old"), "t9"))
	verify := `{"action":"verify_site","design_ref":"` + harborRef + `"}`

	a := s.post("/api/v1.0/tasks", verify)
	assert.Equal(t, http.StatusConflict, a.status)
	for _, want := range []string{"site harbor is locked", "by task t9", digest("old"), digest("new")} {
		assert.Contains(t, a.message(t), want)
	}
	assert.True(t, a.retry(t))
	assert.Empty(t, s.tasks.all)

	a = s.post("/api/v1.0/tasks", strings.Replace(verify, "verify_site", "validate_design", 1))
	assert.Equal(t, http.StatusCreated, a.status, "to check the next design is no conflict")

	require.NoError(t, s.state.Unlock(t.Context(), "harbor", "t9"))
	require.NoError(t, s.state.Lock(t.Context(), "harbor", digest("new"), "t9"))
	assert.Equal(t, http.StatusCreated, s.post("/api/v1.0/tasks", verify).status, "the same design")

	require.NoError(t, s.state.Unlock(t.Context(), "harbor", "t9"))
	assert.Equal(t, http.StatusCreated, s.post("/api/v1.0/tasks", verify).status)
}
