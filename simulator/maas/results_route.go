package maas

import (
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
)

func (s *Server) routeResults(t *router) {
	const all, one = "nodes/{system_id}/results/", "nodes/{system_id}/results/{set}/"
	t.on(all, "GET", "", users, func(c *call) (any, error) {
		m, err := c.node()
		if err != nil {
			return nil, err
		}
		kind, filtered := setWords[c.get("type")]
		if c.get("type") == "release" && s.version.atLeast(5) {
			return []obj{}, nil // the region has release scripts, and refuses to run them
		}
		if x := c.get("type"); x != "" && !filtered {
			return nil, refuse(http.StatusBadRequest, "Unknown type \"%s\" must be one of: commissioning, testing, installation", x)
		}
		out := []obj{}
		for _, set := range m.sets {
			if !filtered || set.kind == kind {
				out = append(out, set.body(m, c.words("filters"), c.flag("include_output")))
			}
		}
		return out, nil
	})
	t.on(one, "GET", "", users, s.onSet(func(c *call, m *machine, set *scriptSet) (any, error) {
		return set.body(m, c.words("filters"), c.flag("include_output")), nil
	}))
	t.on(one, "GET", "download", users, s.onSet(func(c *call, m *machine, set *scriptSet) (any, error) {
		if f := c.get("filetype"); f != "" && f != "txt" {
			return nil, refuse(http.StatusNotImplemented, "Not simulated: %s op=download filetype=%s", c.request.URL.Path, f)
		}
		var out strings.Builder
		for _, r := range set.results {
			if f := c.words("filters"); len(f) == 0 || contains(f, r.script.name) {
				if len(f) != 1 {
					out.WriteString(strings.Repeat("-", 80) + "\n" + r.script.name + "\n" + strings.Repeat("-", 80) + "\n")
				}
				out.WriteString(r.output)
			}
		}
		return textReply(200, "application/binary", out.String()), nil
	}))
	t.missing(one, http.MethodPut, "")
	t.missing(one, http.MethodDelete, "")
	for path, shown := range map[string]int{"installation-results/": -1, "commissioning-results/": setCommissioning} {
		t.on(path, "GET", "", users, func(c *call) (any, error) { return s.legacyResults(c, shown), nil })
	}
}

func (s *Server) onSet(f func(*call, *machine, *scriptSet) (any, error)) handler {
	return func(c *call) (any, error) {
		m, err := c.node()
		if err != nil {
			return nil, err
		}
		id := c.vars["set"]
		var set *scriptSet
		if word, ok := strings.CutPrefix(id, "current-"); ok {
			if kind, ok := setWords[word]; ok {
				set = m.latest(kind)
			}
		} else if n, err := strconv.Atoi(id); err == nil {
			for _, x := range m.sets {
				if x.id == n {
					set = x
				}
			}
			if set == nil {
				return nil, notFound("ScriptSet")
			}
		}
		if set == nil {
			return nil, refuse(http.StatusBadRequest, "Unknown id \"%s\" must be current-commissioning, current-testing, current-installation, or the id number of a specific result.", id)
		}
		return f(c, m, set)
	}
}

// legacyResults is the older, flat view; kind -1 is installations, or whatever result_type says.
func (s *Server) legacyResults(c *call, kind int) []obj {
	if kind < 0 {
		kind = setInstallation
		if n, err := strconv.Atoi(c.get("result_type")); err == nil {
			kind = n
		}
	}
	out := []obj{}
	for _, m := range s.machines {
		if ids := c.list("system_id"); len(ids) > 0 && !contains(ids, m.systemID) {
			continue
		}
		for _, r := range m.latest(kind).resultsOrNone() {
			if names := c.list("name"); len(names) > 0 && !contains(names, r.script.name) {
				continue
			}
			exit := 0
			if n, ok := r.exit.(int); ok {
				exit = n
			}
			out = append(out, obj{"created": modelTime(r.created), "updated": modelTime(r.updated), "id": r.id, "name": r.script.name,
				"script_result": exit, "result_type": kind, "node": obj{"system_id": m.systemID},
				"data": base64.StdEncoding.EncodeToString([]byte(r.output)), "resource_uri": apiRoot + "commissioning-scripts/"})
		}
	}
	return out
}
