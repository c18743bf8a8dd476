package server_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/design"
	"drydock/design/build"
	"drydock/design/ingest"
	"drydock/server"
)

type status struct {
	Kind, APIVersion, Status, Message, Reason string
	Metadata                                  map[string]any
	Details                                   struct {
		ErrorCount  int
		MessageList []map[string]any
	}
	Code int
}

func TestADesignIsValidatedAsTheOriginalsCallerReadsIt(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	warned := s.designs[harborRef]
	warned.Messages = design.Messages{{Code: "DD4001", Rule: "bootaction-scope", Level: design.LevelWarning, Text: "node n1 has no boot action"}}
	s.designs["ok"] = warned
	s.designs["bad"] = server.Design{Messages: design.Messages{
		{Code: "DD2005", Rule: "duplicate-address", Level: design.LevelError, Text: "10.0.0.1 twice", File: "site.yaml", Line: 7, Column: 3, Hint: "change one",
			Documents: []design.DocumentRef{{Schema: "drydock/BaremetalNode/v1", Name: "n1"}}},
		{Code: "DD1001", Rule: "boot-storage", Level: design.LevelInfo, Text: "fine"}}}

	var got status
	a := s.post("/api/v1.0/validatedesign", `{"rel":"design","href":"ok","type":"application/x-yaml","more":1}`)
	require.Equal(t, http.StatusOK, a.status, a.body)
	a.json(t, &got)
	assert.Equal(t, []any{"Status", "v1.0", "Success", 200, 0}, []any{got.Kind, got.APIVersion, got.Status, got.Code, got.Details.ErrorCount})
	assert.NotNil(t, got.Metadata)
	require.Len(t, got.Details.MessageList, 1)
	assert.Equal(t, "Warning", got.Details.MessageList[0]["level"])

	got = status{}
	a = s.post("/api/v1.0/validatedesign", `{"href":"bad"}`)
	require.Equal(t, http.StatusBadRequest, a.status)
	a.json(t, &got)
	assert.Equal(t, []any{"Status", "Failure", 400, 1}, []any{got.Kind, got.Status, got.Code, got.Details.ErrorCount})
	require.Len(t, got.Details.MessageList, 2)
	ts, ok := got.Details.MessageList[0]["ts"].(string)
	require.True(t, ok)
	_, err := time.Parse("2006-01-02 15:04:05.999999", ts)
	require.NoError(t, err)
	delete(got.Details.MessageList[0], "ts")
	assert.Equal(t, map[string]any{"kind": "ValidationMessage", "name": "DD2005", "message": "duplicate-address: 10.0.0.1 twice", "error": true, "level": "Error",
		"diagnostic": "site.yaml:7:3: change one", "documents": []any{map[string]any{"schema": "drydock/BaremetalNode/v1", "name": "n1"}}}, got.Details.MessageList[0])
	assert.Equal(t, []any{}, got.Details.MessageList[1]["documents"])

	got = status{}
	a = s.post("/api/v1.0/validatedesign", `{"href":"http://u:canary@h/d"}`)
	require.Equal(t, http.StatusBadRequest, a.status)
	a.json(t, &got)
	assert.Equal(t, "Failure", got.Status)
	assert.Equal(t, "read design http://xxxxx@h/d: connection refused", got.Details.MessageList[0]["message"])

	for _, body := range []string{``, `{}`, `{"href":""}`, `{"href":7}`} {
		a := s.post("/api/v1.0/validatedesign", body)
		assert.Equal(t, http.StatusBadRequest, a.status)
		assert.NotEmpty(t, a.message(t))
	}
	assert.NotContains(t, s.logged(), "canary")
}

// manyMistakes is a design with a credential, right and wrong in many ways, next to and at the places of mistakes.
const manyMistakes = `---
schema: drydock/Region/v1
metadata: {schema: metadata/Document/v1, name: harbor}
data: {repositories: {main_archive: {repo_type: apt, url: 'http://u:canary-wort@mirror/ubuntu'}}, unknown: canary-wort}
---
schema: drydock/Network/v1
metadata: {schema: metadata/Document/v1, name: bmc}
data: {cidr: 10.0.0.7/24, mtu: 99999}
---
schema: drydock/HostProfile/v1
metadata: {schema: metadata/Document/v1, name: base}
data:
  hardware_profile: none
  oob: {type: ipmi, network: nowhere, account: 7, credential: canary-wort, credentials: canary-wort, password: {is: canary-wort}}
---
schema: drydock/BaremetalNode/v1
metadata: {schema: metadata/Document/v1, name: n1}
data: {host_profile: base, addressing: [{network: bmc, address: 300.0.0.1}, {network: none, address: 10.9.9.9}], oob: {credential: [canary-wort]}}
---
schema: drydock/BaremetalNode/v1
metadata: {schema: metadata/Document/v1, name: n2}
data: {host_profile: base, oob: {type: canary, credential: {a: canary-wort}}, metadata: {rack: none}}
---
schema: drydock/BaremetalNode/v1
metadata: {schema: metadata/Document/v1, name: n2}
data: {host_profile: gone, oob: "canary-wort", addressing: []}
`

func TestNoCredentialOfADesignLeavesThroughItsMistakes(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "site.yaml")
	require.NoError(t, os.WriteFile(path, []byte(manyMistakes), 0o600))
	torn := filepath.Join(t.TempDir(), "torn.yaml")
	require.NoError(t, os.WriteFile(torn, []byte("data:\n  credential: canary-wort: canary-wort\n"), 0o600))
	s := newSite(t, func(c *server.Config) { c.Load = server.Loader(ingest.Reader{}, design.Limits{}) })

	var got status
	a := s.post("/api/v1.0/validatedesign", `{"href":"file://`+path+`"}`)
	require.Equal(t, http.StatusBadRequest, a.status, a.body)
	a.json(t, &got)
	assert.Greater(t, got.Details.ErrorCount, 5, "the design has many mistakes")
	answers := []answer{a, s.post("/api/v1.0/validatedesign", `{"href":"file://`+torn+`"}`),
		s.post("/api/v1.0/nodefilter", `{"design_ref":"file://`+path+`"}`),
		s.post("/api/v1.0/tasks", `{"action":"validate_design","design_ref":"file://`+path+`"}`)}
	for _, a := range answers {
		assert.NotContains(t, a.body, "canary-wort")
	}
	assert.NotContains(t, s.logged(), "canary-wort")
}

func TestAFilterSelectsNodesInTheOrderOfTheDesign(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.designs["bad"] = server.Design{Site: s.designs[harborRef].Site, Messages: design.Messages{{Level: design.LevelError, Text: "no"}}}
	for name, c := range map[string]struct{ filter, want string }{
		"no filter is all":           {`null`, `["n2","n1","n3"]`},
		"names and racks of a union": {`{"filter_set_type":"intersection","filter_set":[{"filter_type":"union","node_names":["n3"],"node_tags":["compute"]}]}`, `["n2","n3"]`},
		"an intersection":            {`{"filter_set_type":"intersection","filter_set":[{"filter_type":"intersection","rack_names":["r1"],"node_labels":{"role":"control"}}]}`, `["n1"]`},
		"no criteria are nothing":    {`{"filter_set_type":"union","filter_set":[]}`, `[]`},
		"a name that is not there":   {`{"filter_set_type":"union","filter_set":[{"filter_type":"union","node_names":["n9"]}]}`, `[]`},
	} {
		a := s.post("/api/v1.0/nodefilter", `{"design_ref":"`+harborRef+`","node_filter":`+c.filter+`}`)
		assert.Equal(t, http.StatusOK, a.status, name)
		assert.JSONEq(t, c.want, a.body, name)
	}
	for body, want := range map[string]string{
		`{"node_filter":null}`:     "design_ref is required",
		`{"design_ref":"gone"}`:    "read design gone",
		`{"design_ref":"bad"}`:     "is not valid: 1 errors, the first: error: no",
		`{"design_ref":"x","n":1}`: `"n" is not known here`,
	} {
		a := s.post("/api/v1.0/nodefilter", body)
		assert.Equal(t, http.StatusBadRequest, a.status, body)
		assert.Contains(t, a.message(t), want)
	}
}

func TestBuildDataOfANodeIsFoundByItsNameInItsSite(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	at := time.Date(2026, 1, 5, 10, 12, 0, 250000000, time.UTC)
	add := func(site, task, data string, at time.Time) {
		t.Helper()
		require.NoError(t, s.state.AddEvidence(t.Context(), site, "n1", task, []build.Element{{Generator: "lshw", Format: "xml", Data: data, Collected: at}}))
	}
	path := "/api/v1.0/nodes/n1/builddata"
	a := s.get(path)
	assert.Equal(t, http.StatusNotFound, a.status)
	assert.Contains(t, a.message(t), "n1")

	add("harbor", "t1", "<old/>", at.Add(-time.Hour))
	add("harbor", "t2", "<new/>", at)
	newest := `{"node_name":"n1","task_id":"t2","collected_date":"2026-01-05 10:12:00.250000","generator":"lshw","data_format":"xml","data_element":"<new/>"}`
	assert.JSONEq(t, `[`+newest+`]`, s.get(path+"?latest=true").body)
	assert.Equal(t, 2, strings.Count(s.get(path).body, "node_name"))
	assert.JSONEq(t, `[`+newest+`]`, s.get("/api/v1.0/tasks/t2/builddata").body)
	assert.Equal(t, http.StatusNotFound, s.get("/api/v1.0/tasks/t3/builddata").status)
	assert.JSONEq(t, `[`+newest+`]`, s.get(path+"?generator=lshw&latest=true").body)
	a = s.get(path + "?generator=verification")
	assert.Equal(t, http.StatusNotFound, a.status)
	assert.Contains(t, a.message(t), "generator verification of node n1")
	require.NoError(t, s.state.AddEvidence(t.Context(), "harbor", "n1", "t4", []build.Element{
		{Generator: "verification", Format: "application/json", Data: `{"level":"present","rows":[]}`, Collected: at}}))
	table := `{"node_name":"n1","task_id":"t4","collected_date":"2026-01-05 10:12:00.250000","generator":"verification","data_format":"application/json","data_element":"{\"level\":\"present\",\"rows\":[]}"}`
	assert.JSONEq(t, `[`+table+`]`, s.get(path+"?generator=verification").body)
	assert.Contains(t, s.get(path+"?latest=true").body, `"generator":"verification"`, "it is among all that is known")

	add("quay", "t3", "<other/>", at)
	a = s.get(path)
	assert.Equal(t, http.StatusBadRequest, a.status)
	assert.Contains(t, a.message(t), "harbor, quay")
	assert.JSONEq(t, `[`+newest+`]`, s.get(path+"?latest=true&site=harbor&generator=lshw").body)
	assert.Equal(t, http.StatusNotFound, s.get(path+"?site=none").status)
	assert.Equal(t, http.StatusBadRequest, s.get(path+"?latest=perhaps").status)
}
