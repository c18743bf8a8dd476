package maas

import (
	"regexp"
	"strings"
)

// tag is a label of machines; one with a definition is computed from lshw data.
type tag struct {
	name, definition, comment, options string
}

func (t *tag) body() obj {
	return obj{"name": t.name, "definition": t.definition, "comment": t.comment, "kernel_opts": t.options,
		"resource_uri": apiRoot + "tags/" + t.name + "/"}
}

func (s *Server) tagByName(name string) *tag {
	for _, t := range s.tags {
		if t.name == name {
			return t
		}
	}
	return nil
}

// tagNames are the machine's tags in the order of their names.
func (s *Server) tagNames(m *machine) []string { return sorted(m.tags) }

var tagName = regexp.MustCompile(`^[\w.-]+$`)

func (s *Server) editTag(c *call, target *tag, create bool) error {
	var v invalid
	draft := *target
	name := strings.TrimSpace(c.get("name"))
	switch {
	case name == "" && create:
		v.add("name", fieldRequired)
	case name != "" && !tagName.MatchString(name):
		v.add("name", invalidValue)
	case name != "" && s.tagByName(name) != nil && s.tagByName(name) != target:
		v.add("name", "Tag with this Name already exists.")
	case name != "":
		draft.name = name
	}
	c.textOf("comment", &draft.comment)
	c.textOf("kernel_opts", &draft.options)
	c.textOf("definition", &draft.definition)
	if draft.definition != "" {
		if _, err := parseXPath(draft.definition); err != nil {
			v.add("definition", "Invalid xpath expression: %v", err)
		}
	}
	if err := v.err(); err != nil {
		return err
	}
	if draft.name != target.name && !create {
		for _, m := range s.machines {
			if contains(m.tags, target.name) {
				m.tags = append(without(m.tags, target.name), draft.name)
			}
		}
	}
	evaluate := draft.definition != target.definition || c.has("definition")
	*target = draft
	if evaluate && draft.definition != "" {
		s.evaluateLater(target)
	}
	return nil
}

// evaluateLater computes a tag's machines a moment after the answer, as racks do.
func (s *Server) evaluateLater(t *tag) {
	s.after(actionTime, func() {
		for _, m := range s.machines {
			s.evaluate(t, m)
		}
	})
}

func (s *Server) evaluate(t *tag, m *machine) {
	if t.definition == "" || m.lshw == nil {
		return
	}
	expression, err := parseXPath(t.definition)
	if err != nil {
		return
	}
	m.tags = without(m.tags, t.name)
	if expression.matches(m.lshw) {
		m.tags = append(m.tags, t.name)
	}
}

func (s *Server) routeTags(t *router) {
	const all, one = "tags/", "tags/{name}/"
	t.on(all, "GET", "", users, func(*call) (any, error) { return listOf(s.tags, (*tag).body), nil })
	t.on(all, "POST", "", admins, func(c *call) (any, error) {
		x := &tag{}
		if err := s.editTag(c, x, true); err != nil {
			return nil, err
		}
		s.tags = append(s.tags, x)
		return x.body(), nil
	})
	find := func(f func(*call, *tag) (any, error)) handler {
		return func(c *call) (any, error) {
			x := s.tagByName(c.vars["name"])
			if x == nil {
				return nil, notFound("Tag")
			}
			return f(c, x)
		}
	}
	t.on(one, "GET", "", users, find(func(_ *call, x *tag) (any, error) { return x.body(), nil }))
	t.on(one, "PUT", "", admins, find(func(c *call, x *tag) (any, error) {
		if err := s.editTag(c, x, false); err != nil {
			return nil, err
		}
		return x.body(), nil
	}))
	t.on(one, "DELETE", "", admins, find(func(_ *call, x *tag) (any, error) {
		s.tags = remove(s.tags, x)
		for _, m := range s.machines {
			m.tags = without(m.tags, x.name)
		}
		return noContent(), nil
	}))
	for _, op := range []string{"nodes", "machines"} {
		t.on(one, "GET", op, users, find(func(_ *call, x *tag) (any, error) {
			out := []obj{}
			for _, m := range s.machines {
				if contains(m.tags, x.name) {
					out = append(out, s.body(m))
				}
			}
			return out, nil
		}))
	}
	for _, op := range []string{"devices", "rack_controllers", "region_controllers"} {
		t.on(one, "GET", op, users, find(func(*call, *tag) (any, error) { return []obj{}, nil }))
	}
	t.on(one, "POST", "rebuild", admins, find(func(_ *call, x *tag) (any, error) {
		s.evaluateLater(x)
		return obj{"rebuilding": x.name}, nil
	}))
	t.on(one, "POST", "update_nodes", users, find(s.updateTagged))
}

// updateTagged adds and removes machines; unknown ids are ignored.
func (s *Server) updateTagged(c *call, x *tag) (any, error) {
	if !c.user.admin {
		return nil, forbidden()
	}
	if d := c.get("definition"); d != "" && d != x.definition {
		return nil, refuse(409, "Definition supplied '%s' doesn't match current definition '%s'", d, x.definition)
	}
	added, removed := 0, 0
	for _, id := range c.list("add") {
		if m := s.machineByID(id); m != nil {
			if !contains(m.tags, x.name) {
				m.tags = append(m.tags, x.name)
			}
			added++
		}
	}
	for _, id := range c.list("remove") {
		if m := s.machineByID(id); m != nil {
			m.tags = without(m.tags, x.name)
			removed++
		}
	}
	return obj{"added": added, "removed": removed}, nil
}
