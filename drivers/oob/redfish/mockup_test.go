package redfish_test

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// o is a JSON object.
type o = map[string]any

// mockup is a Redfish service made of documents: it serves them by their path, and merges what is PATCHed into them, as the
// DMTF's mockup server does. A family of services is a set of documents, and hooks where it does more.
type mockup struct {
	*httptest.Server
	mu       sync.Mutex
	docs     map[string]o
	sessions map[string]bool
	requests []string
	patches  []o                                               // bodies, in order
	tags     []string                                          // If-Match of PATCHes
	before   func(r *http.Request, w http.ResponseWriter) bool // answers a request itself, where it returns true
	patch    map[string]func(o) (int, o)                       // in place of merging
	post     map[string]func(o) int                            // actions
	logIn    func(w http.ResponseWriter)                       // POST to the sessions; nil: a token
	etag     func(path string) string
	basic    bool // Basic is accepted
	open     bool // nobody has to log in
}

const (
	mockAccount  = "root"
	mockPassword = "s3cret-of-bmc"
	mockSessions = "/redfish/v1/SessionService/Sessions"
)

func newMockup(t *testing.T, docs map[string]o) *mockup {
	m := &mockup{docs: map[string]o{}, sessions: map[string]bool{}, patch: map[string]func(o) (int, o){}, post: map[string]func(o) int{}}
	for path, doc := range docs {
		m.docs[path] = copyOf(doc)
		m.docs[path]["@odata.id"] = path
	}
	m.Server = httptest.NewUnstartedServer(http.HandlerFunc(m.serve))
	m.Config.ErrorLog = quiet
	m.StartTLS()
	t.Cleanup(func() {
		m.CloseClientConnections()
		m.Close()
	})
	return m
}

func copyOf(doc o) o {
	raw, _ := json.Marshal(doc)
	var out o
	_ = json.Unmarshal(raw, &out)
	return out
}

// ref links to a resource.
func ref(path string) o { return o{"@odata.id": path} }

// list is a collection.
func list(paths ...string) o {
	members := []o{}
	for _, p := range paths {
		members = append(members, ref(p))
	}
	return o{"Members": members, "Members@odata.count": len(members)}
}

func (m *mockup) do(f func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f()
}

func (m *mockup) count(prefix string) (n int) {
	m.do(func() {
		for _, r := range m.requests {
			if strings.HasPrefix(r, prefix) {
				n++
			}
		}
	})
	return n
}

func (m *mockup) serve(w http.ResponseWriter, r *http.Request) {
	raw, _ := io.ReadAll(r.Body)
	var body o
	_ = json.Unmarshal(raw, &body)
	m.mu.Lock()
	defer m.mu.Unlock()
	path := strings.TrimSuffix(r.URL.Path, "/")
	m.requests = append(m.requests, r.Method+" "+path)
	if path == mockSessions && r.Method == http.MethodPost && m.docs[mockSessions] != nil {
		m.login(w, body)
		return
	}
	if !m.allowed(r, path) {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	if id, ok := strings.CutPrefix(path, mockSessions+"/"); ok && r.Method == http.MethodDelete {
		delete(m.sessions, id)
		w.WriteHeader(http.StatusNoContent)
		return
	}
	if m.before != nil && m.before(r, w) {
		return
	}
	doc, ok := m.docs[path]
	switch action := m.post[path]; {
	case r.Method == http.MethodPost && action != nil:
		w.WriteHeader(action(body))
	case !ok:
		w.WriteHeader(http.StatusNotFound)
	case r.Method == http.MethodGet:
		if m.etag != nil {
			w.Header().Set("ETag", m.etag(path))
		}
		reply(w, doc)
	case r.Method == http.MethodPatch:
		m.patches, m.tags = append(m.patches, body), append(m.tags, r.Header.Get("If-Match"))
		if own := m.patch[path]; own != nil {
			status, out := own(body)
			w.WriteHeader(status)
			if out != nil {
				_ = json.NewEncoder(w).Encode(out)
			}
			return
		}
		merge(doc, body)
		w.WriteHeader(http.StatusNoContent)
	default:
		w.WriteHeader(http.StatusMethodNotAllowed)
	}
}

func (m *mockup) login(w http.ResponseWriter, body o) {
	switch {
	case body["UserName"] != mockAccount || body["Password"] != mockPassword:
		w.WriteHeader(http.StatusUnauthorized)
	case m.logIn != nil:
		m.logIn(w)
	default:
		m.sessions["t1"] = true
		w.Header().Set("X-Auth-Token", "t1")
		w.Header().Set("Location", mockSessions+"/t1")
		w.WriteHeader(http.StatusCreated)
	}
}

func (m *mockup) allowed(r *http.Request, path string) bool {
	if path == "/redfish/v1" || m.open || m.sessions[r.Header.Get("X-Auth-Token")] {
		return true
	}
	user, password, ok := r.BasicAuth()
	return ok && m.basic && user == mockAccount && password == mockPassword
}

// merge puts the parts of an object into another.
func merge(into, from o) {
	for k, v := range from {
		inner, ok := v.(o)
		if old, there := into[k].(o); ok && there {
			merge(old, inner)
			continue
		}
		into[k] = v
	}
}

// with is a set of documents with others added.
func with(docs map[string]o, more map[string]o) map[string]o {
	out := maps.Clone(docs)
	maps.Copy(out, more)
	return out
}
