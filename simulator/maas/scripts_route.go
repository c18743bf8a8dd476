package maas

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

func (s *Server) routeScripts(t *router) {
	const all, one = "scripts/", "scripts/{name}" // no trailing slash
	t.on(all, "GET", "", users, s.listScripts)
	t.on(all, "POST", "", admins, s.createScript)
	t.on(one, "GET", "", users, s.onScript(func(c *call, x *script) (any, error) { return x.body(c.flag("include_script")), nil }))
	t.on(one, "PUT", "", admins, s.onScript(s.updateScript))
	t.on(one, "DELETE", "", admins, s.onScript(s.deleteScript))
	t.on(one, "GET", "download", users, s.onScript(downloadScript))
	t.on(one, "POST", "add_tag", admins, s.onScript(func(c *call, x *script) (any, error) {
		tag, err := c.mandatory("tag")
		switch {
		case err != nil:
			return nil, err
		case strings.Contains(tag, ","):
			return nil, refuse(http.StatusBadRequest, "Tag may not contain a \",\".")
		case !contains(x.tags, tag):
			x.tags = append(x.tags, tag)
		}
		return x.body(false), nil
	}))
	t.on(one, "POST", "remove_tag", admins, s.onScript(func(c *call, x *script) (any, error) {
		tag, err := c.mandatory("tag")
		if err != nil {
			return nil, err
		}
		x.tags = remove(x.tags, tag)
		return x.body(false), nil
	}))
	t.on(one, "POST", "revert", admins, s.onScript(revertScript))
}

// mandatory reads a parameter that an operation can't do without.
func (c *call) mandatory(name string) (string, error) {
	if !c.has(name) {
		return "", refuse(http.StatusBadRequest, "No provided %s!", name)
	}
	return strings.TrimSpace(c.get(name)), nil
}

func (s *Server) onScript(f func(*call, *script) (any, error)) handler {
	return func(c *call) (any, error) {
		for _, x := range s.scripts {
			if x.name == c.vars["name"] || text("%d", x.id) == c.vars["name"] {
				return f(c, x)
			}
		}
		return nil, notFound("Script")
	}
}

// listScripts is GET scripts/, filtered by type, hardware type, and names or tags.
func (s *Server) listScripts(c *call) (any, error) {
	kind, hardware := -1, -1
	var problem string
	if c.has("type") {
		if kind, problem = s.scriptKind(c.get("type")); problem != "" {
			return nil, refuse(http.StatusBadRequest, "%s", problem)
		}
	}
	if c.has("hardware_type") {
		if hardware, problem = hardwareType(c.get("hardware_type")); problem != "" {
			return nil, refuse(http.StatusBadRequest, "%s", problem)
		}
	}
	wanted := strings.Split(c.get("filters"), ",")
	out := []obj{}
	for _, x := range s.scripts {
		match := !c.has("filters")
		for _, w := range wanted {
			match = match || w == x.name || contains(x.tags, w)
		}
		if match && (kind < 0 || kind == x.kind) && (hardware < 0 || hardware == x.hardware) {
			out = append(out, x.body(c.flag("include_script")))
		}
	}
	return out, nil
}

// createScript is POST scripts/. The text is a file, or a field; a single file under another name than script names it.
func (s *Server) createScript(c *call) (any, error) {
	x := &script{kind: scriptTesting}
	if err := s.editScript(c, x); err != nil {
		return nil, err
	}
	x.id = s.id("script")
	s.scripts = append(s.scripts, x)
	return x.body(false), nil
}

func (s *Server) updateScript(c *call, x *script) (any, error) {
	draft := *x
	draft.tags = append([]string(nil), x.tags...)
	if err := s.editScript(c, &draft); err != nil {
		return nil, err
	}
	*x = draft
	return x.body(false), nil
}

// deleteScript forgets a script; results of it stay.
func (s *Server) deleteScript(_ *call, x *script) (any, error) {
	if x.builtin {
		return nil, refuse(http.StatusBadRequest, "Unable to delete default script")
	}
	s.scripts = remove(s.scripts, x)
	return noContent(), nil
}

func downloadScript(c *call, x *script) (any, error) {
	wanted := c.get("revision")
	if wanted == "" {
		wanted = c.get("rev")
	}
	if wanted == "" {
		return textReply(http.StatusOK, "application/binary", x.text()), nil
	}
	for _, r := range x.history {
		if strconv.Itoa(r.id) == wanted {
			return textReply(http.StatusOK, "application/binary", r.data), nil
		}
	}
	return nil, refuse(http.StatusBadRequest, "%s not found in history", wanted)
}

// revertScript makes an earlier revision the latest: by its id, or a number of steps back. Later ones are gone.
func revertScript(c *call, x *script) (any, error) {
	word, err := c.mandatory("to")
	if err != nil {
		return nil, err
	}
	to, err := strconv.Atoi(word)
	switch {
	case err != nil:
		return nil, refuse(http.StatusBadRequest, "Please enter an integer value")
	case x.builtin:
		return nil, refuse(http.StatusBadRequest, "Unable to revert default script")
	}
	at := len(x.history) - 1 + to
	if to > 0 {
		for at = len(x.history) - 1; at >= 0 && x.history[at].id != to; at-- {
		}
		if at < 0 {
			return nil, refuse(http.StatusBadRequest, "%d not found in history", to)
		}
	}
	if at < 0 {
		return nil, refuse(http.StatusBadRequest, "Goes too far back.")
	}
	x.history = x.history[:at+1]
	return x.body(false), nil
}

// addRevision keeps a text, unless it is that of the latest revision.
func (s *Server) addRevision(x *script, data string, comment any) {
	if n := len(x.history); n > 0 && x.history[n-1].data == data {
		return
	}
	x.history = append(x.history[:len(x.history):len(x.history)], revision{id: s.id("revision"), comment: comment, created: time.Now(), data: data})
}
