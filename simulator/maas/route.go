package maas

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

const apiRoot = "/MAAS/api/2.0/"

// handler answers one operation, with the lock held. It returns a *reply, or a value to be sent as JSON.
type handler func(c *call) (any, error)

// access says who may call an operation.
type access int

const (
	anybody access = iota
	users
	admins
)

type operation struct {
	access access
	handle handler
}

// resource is a path with its methods and operations.
type resource struct {
	pattern  string
	segments []string
	// anonymous: the resource has a handler for callers without credentials, so that these get 400 for what that one
	// lacks instead of 401.
	anonymous bool
	methods   map[string]map[string]operation // method, then op
}

type router struct {
	resources []*resource
	byPattern map[string]*resource
}

// on adds an operation of a resource: a pattern such as "machines/{system_id}/", a method, an op ("" for none).
func (t *router) on(pattern, method, op string, who access, h handler) {
	res := t.byPattern[pattern]
	if res == nil {
		res = &resource{pattern: pattern, segments: strings.Split(pattern, "/"), methods: map[string]map[string]operation{}}
		t.byPattern[pattern] = res
		t.resources = append(t.resources, res)
	}
	if res.methods[method] == nil {
		res.methods[method] = map[string]operation{}
	}
	res.methods[method][op] = operation{who, h}
	if who == anybody {
		res.anonymous = true
	}
}

// missing adds operations that a MAAS has and this region does not simulate.
func (t *router) missing(pattern, method string, ops ...string) {
	for _, op := range ops {
		t.on(pattern, method, op, users, func(c *call) (any, error) {
			return nil, refuse(http.StatusNotImplemented, "Not simulated: %s %s op=%s", method, c.request.URL.Path, orNone(op))
		})
	}
}

func orNone(op string) string {
	if op == "" {
		return "None"
	}
	return op
}

// find matches a path below the API root, trailing slash significant.
func (t *router) find(path string) (*resource, map[string]string) {
	segments := strings.Split(path, "/")
	for _, res := range t.resources {
		if len(res.segments) != len(segments) {
			continue
		}
		vars := map[string]string{}
		ok := true
		for i, want := range res.segments {
			got := segments[i]
			if strings.HasPrefix(want, "{") {
				vars[want[1:len(want)-1]] = got
				ok = got != ""
			} else {
				ok = want == got
			}
			if !ok {
				break
			}
		}
		if ok {
			return res, vars
		}
	}
	return nil, nil
}

// answer authenticates, dispatches and runs one call.
func (s *Server) answer(c *call) *reply {
	path, ok := strings.CutPrefix(c.request.URL.EscapedPath(), apiRoot)
	if !ok {
		return textReply(http.StatusNotFound, typeText, "Not Found")
	}
	if plain, err := url.PathUnescape(path); err == nil {
		path = plain
	}
	res, vars := s.router.find(path)
	if res == nil {
		if unbuilt(path) {
			return &refuse(http.StatusNotImplemented, "Not simulated: %s %s", c.request.Method, c.request.URL.Path).reply
		}
		f := refuse(http.StatusNotFound, "Unknown API endpoint: %s.", c.request.URL.Path)
		f.vary = ""
		return &f.reply
	}
	c.vars = vars
	if err := c.parse(); err != nil {
		return &refuse(http.StatusBadRequest, "%v", err).reply
	}
	a, pending := s.perform(c, res)
	run(pending)
	return a
}

// perform runs the operation with the lock held. What it shows still belongs to the region, so it is encoded before the
// unlock. A panic becomes the 500 that a real region makes of its own mistakes, and leaves nobody locked out.
func (s *Server) perform(c *call, res *resource) (a *reply, pending []func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer func() {
		if r := recover(); r != nil {
			s.log.Error("operation failed", "method", c.request.Method, "path", c.request.URL.Path, "op", c.op, "reason", r)
			a, pending = &refuse(http.StatusInternalServerError, "%v", r).reply, s.take()
		}
	}()
	v, err := s.dispatch(c, res)
	a = replyOf(v, err)
	s.burden(c, a, v)
	return a, s.take()
}

// replyOf makes an answer of what a handler returned.
func replyOf(v any, err error) *reply {
	var f *fault
	switch {
	case errors.As(err, &f):
		return &f.reply
	case err != nil:
		return &refuse(http.StatusInternalServerError, "%v", err).reply
	}
	if a, ok := v.(*reply); ok {
		return a
	}
	return jsonReply(http.StatusOK, v)
}

func (s *Server) dispatch(c *call, res *resource) (any, error) {
	who, err := s.authenticate(c)
	if err != nil {
		return nil, err
	}
	c.user = who
	method := c.request.Method
	op, known := res.methods[method][c.op]
	unrecognised := refuse(http.StatusBadRequest, "Unrecognised signature: method=%s op=%s", method, orNone(c.op))
	if who == nil && !(known && op.access == anybody) {
		if res.anonymous {
			return nil, unrecognised
		}
		return nil, unsigned()
	}
	switch {
	case res.methods[method] == nil:
		a := textReply(http.StatusMethodNotAllowed, "text/html; charset=utf-8", "")
		a.header = map[string]string{"Allow": allowed(res)}
		return a, nil
	case !known:
		return nil, unrecognised
	case op.access == admins && !who.admin:
		return nil, refuse(http.StatusForbidden, "This method is reserved for admin users.")
	}
	name := method + " " + res.pattern
	if c.op != "" {
		name += " " + c.op
	}
	s.calls[name]++
	if failure, struck := s.strike(c, name); struck {
		return nil, s.fail(failure, op, c)
	}
	return op.handle(c)
}

func allowed(res *resource) string {
	var out []string
	for _, m := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete} {
		if res.methods[m] != nil {
			out = append(out, m)
		}
	}
	return strings.Join(out, ", ")
}

// unbuiltResources are parts of the API that exist in a MAAS and not here, by the first part of the path; unbuiltOfNodes by
// the third, below nodes/{system_id}/.
var (
	unbuiltResources = map[string]bool{"commissioning-scripts": true, "dhcp-snippets": true, "discovery": true, "files": true,
		"license-key": true, "license-keys": true, "node-scripts": true, "notifications": true, "pods": true, "vm-hosts": true,
		"vm-clusters": true, "virtual-machines": true}
	unbuiltOfNodes = map[string]bool{"": true, "vmfs-datastore": true}
)

func unbuilt(path string) bool {
	parts := strings.Split(path, "/")
	if parts[0] == "nodes" {
		return len(parts) < 3 || unbuiltOfNodes[parts[2]]
	}
	return unbuiltResources[parts[0]] && (len(parts) > 1 || parts[0] == "virtual-machines")
}

// text formats like fmt.Sprintf; it keeps call sites short.
func text(format string, args ...any) string { return fmt.Sprintf(format, args...) }
