package maas_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// exchange is a call to a real 3.4 region and what it answered: the body where it is a refusal, a scalar or empty, else its
// shape, in which each value is replaced by the name of its type.
type exchange struct {
	File     string         `json:"file"`
	Group    string         `json:"group,omitempty"` // of calls that follow each other
	Note     string         `json:"note,omitempty"`
	As       string         `json:"as,omitempty"`
	Method   string         `json:"method,omitempty"`
	Path     string         `json:"path,omitempty"`
	Query    [][2]string    `json:"query,omitempty"`
	Form     [][2]string    `json:"form,omitempty"`
	Status   int            `json:"status,omitempty"`
	Type     string         `json:"type,omitempty"`
	Vary     string         `json:"vary,omitempty"`
	Realm    string         `json:"realm,omitempty"` // WWW-Authenticate
	Retry    string         `json:"retry,omitempty"` // Retry-After
	Allow    string         `json:"allow,omitempty"`
	Hash     bool           `json:"hash,omitempty"`
	Long     bool           `json:"long,omitempty"`    // a text or binary that is not recorded whole
	Trimmed  bool           `json:"trimmed,omitempty"` // an object of which some fields are recorded
	Body     any            `json:"body,omitempty"`
	Shape    any            `json:"shape,omitempty"`
	Words    map[string]any `json:"words,omitempty"`    // how far a machine is
	Learn    [][]any        `json:"learn,omitempty"`    // kind, recorded id, and where it is in the answer
	Together []together     `json:"together,omitempty"` // answers to the same call made many times at once
}

type together struct {
	Status int `json:"status"`
	Body   any `json:"body"`
}

func readContract(t *testing.T, name string) (out []exchange) {
	data, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &out))
	require.NotEmpty(t, out)
	return out
}

// grouped are the calls by group, in their order.
func grouped(calls []exchange) map[string][]exchange {
	out := map[string][]exchange{}
	for _, x := range calls {
		out[x.Group] = append(out[x.Group], x)
	}
	return out
}

// replay maps the ids of the recording to those of this region, as kind/id.
type replay struct {
	*rig
	ids   map[string]string
	plain string // the key of a user who is no administrator
	token string
}

// kinds are the path segments and form fields that hold ids, with the collection that these belong to.
var kinds = map[string]string{"vlan": "vlans", "relay_vlan": "vlans", "subnet": "subnets", "source": "subnets", "destination": "subnets",
	"fabric": "fabrics", "domain": "domains", "resourcepool": "resourcepools", "nodes": "machines", "system_id": "machines",
	"add": "machines", "remove": "machines", "partition": "partitions", "volume-group": "volume-groups", "parent": "interfaces",
	"parents": "interfaces", "block_devices": "blockdevices", "root_device": "blockdevices", "link_id": "links",
	"primary_rack": "rackcontrollers", "raid": "raids"}

func (r *replay) id(kind, recorded string) string {
	if k, ok := kinds[kind]; ok {
		kind = k
	}
	if id, ok := r.ids[kind+"/"+recorded]; ok {
		return id
	}
	return recorded
}

// hands are the controllers and the account that were recorded, and those of a machine here.
var hands = strings.NewReplacer("10.10.0.101", "10.1.0.11", "10.99.2.5", "10.1.0.11", "example-pass", "calvin")

func (r *replay) values(x exchange, pairs [][2]string) url.Values {
	out := url.Values{}
	for _, p := range pairs {
		kind := p[0]
		switch {
		case kind == "id" && strings.Contains(x.Path, "interfaces"):
			kind = "links"
		case kind == "id" && strings.Contains(x.Path, "volume-group"):
			kind = "blockdevices"
		case kind == "id" || kind == "nodes" || kind == "machines":
			kind = "machines"
		}
		v := hands.Replace(r.id(kind, p[1]))
		if v == "<token_key>" {
			v = r.token
		}
		out.Add(p[0], strings.Replace(v, "<public key>", "B3NzaC1yc2E=", 1))
	}
	return out
}

// ours makes a recorded call one to this region.
func (r *replay) ours(x exchange) (path string, form url.Values) {
	parts := strings.Split(x.Path, "/")
	for i := 1; i < len(parts); i++ {
		parts[i] = r.id(parts[i-1], parts[i])
	}
	path = strings.Join(parts, "/")
	if len(x.Query) > 0 {
		path += "?" + r.values(x, x.Query).Encode()
	}
	if x.Form != nil || x.Method == "POST" || x.Method == "PUT" {
		form = r.values(x, x.Form)
	}
	return path, form
}

// call does a recorded call.
func (r *replay) call(x exchange) (path string, a answer) {
	path, form := r.ours(x)
	key := map[string]string{"admin": r.key, "non-admin user": r.plain}[x.As]
	if !strings.HasPrefix(x.Note, "JSON body") {
		return path, r.do(x.Method, path, key, form)
	}
	q, err := http.NewRequest(x.Method, r.url+"/api/2.0/"+path, strings.NewReader(jsonBodies[path]))
	require.NoError(r.t, err)
	q.Header.Set("Content-Type", "application/json")
	q.Header.Set("Authorization", authorization(key))
	return path, r.send(q)
}

// jsonBodies are what was sent as JSON; the recordings show no such bodies.
var jsonBodies = map[string]string{"machines/": `{"power_type": "manual"}`, "fabrics/": `{"name": "json-fabric"}`}

// words is a recorded refusal with the ids of this region: of the machine, and of what the form names.
func (r *replay) words(x exchange, text, path string) string {
	if strings.HasPrefix(text, "Unknown API endpoint") {
		return "Unknown API endpoint: /MAAS/api/2.0/" + path + "."
	}
	for recorded, id := range r.ids {
		if recorded, ok := strings.CutPrefix(recorded, "machines/"); ok {
			text = strings.ReplaceAll(text, recorded, id)
		}
	}
	if !strings.Contains(x.Path, "nodes/") && !strings.Contains(x.Path, "machines/") {
		return text
	}
	replaced := map[string]string{}
	for _, p := range x.Form {
		replaced[p[1]] = r.id(p[0], p[1])
	}
	for recorded, id := range r.ids {
		kind, recorded, _ := strings.Cut(recorded, "/")
		if kind == "links" && strings.Contains(x.Path, "interfaces") || kind == "blockdevices" && strings.Contains(text, "valid root_device") {
			replaced[recorded] = id
		}
	}
	return number.ReplaceAllStringFunc(text, func(n string) string {
		if id, ok := replaced[n]; ok {
			return id
		}
		return n
	})
}

var number = regexp.MustCompile(`\b\d+\b`)

// learn takes the ids of what an answer shows.
func (r *replay) learn(x exchange, got any) {
	for _, l := range x.Learn {
		at := got
		for _, step := range l[2].([]any) {
			switch step := step.(type) {
			case string:
				object, _ := at.(map[string]any)
				at = object[step]
			case float64:
				if list, _ := at.([]any); int(step) < len(list) {
					at = list[int(step)]
				}
			}
		}
		if id := idText(at); id != "" {
			r.ids[l[0].(string)+"/"+idText(l[1])] = id
		}
	}
}

// idText is an id as paths have it; "" for what is none.
func idText(v any) string {
	switch v := v.(type) {
	case float64:
		return num(v)
	case string:
		return v
	}
	return ""
}

// compare fails the test unless the answer is the recorded one in status, headers, and text or shape.
func (r *replay) compare(where string, x exchange, path string, a answer) {
	r.t.Helper()
	require.Equal(r.t, x.Status, a.status, "%s: %s", where, a.text)
	require.Equal(r.t, x.Type, a.header.Get("Content-Type"), where)
	require.Equal(r.t, x.Vary, a.header.Get("Vary"), where)
	require.Equal(r.t, x.Realm, a.header.Get("WWW-Authenticate"), where)
	require.Equal(r.t, x.Allow, a.header.Get("Allow"), where)
	require.Equal(r.t, x.Retry, a.header.Get("Retry-After"), where)
	require.Equal(r.t, x.Hash, a.header.Get("X-MAAS-API-Hash") != "", where)
	if x.Long || x.Type == "application/binary" { // its content belongs to the recorded machine
		return
	}
	if x.Shape == nil {
		r.same(where, x, path, a)
		return
	}
	var got any
	require.NoError(r.t, json.Unmarshal([]byte(a.text), &got), "%s: %s", where, a.text)
	r.learn(x, got)
	if object, ok := got.(map[string]any); ok {
		if key, ok := object["token_key"].(string); ok && x.Method == "POST" {
			r.token = key
		}
	}
	similar(r.t, where+x.File, x.Shape, got, x.Trimmed)
}

// same compares texts and what is not a body with fields.
func (r *replay) same(where string, x exchange, path string, a answer) {
	r.t.Helper()
	if text, ok := x.Body.(string); ok && x.Type != "application/json" && !strings.HasPrefix(x.Type, "application/json;") {
		require.Equal(r.t, r.words(x, text, path), a.text, where)
		return
	}
	if text, ok := x.Body.(string); ok && x.Type == "application/json" {
		require.Equal(r.t, fmt.Sprintf("%q", text), a.text, where)
		return
	}
	encoded, err := json.Marshal(x.Body)
	require.NoError(r.t, err)
	require.JSONEq(r.t, r.words(x, string(encoded), path), a.text, where)
}
