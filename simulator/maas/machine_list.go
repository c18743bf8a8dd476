package maas

import (
	"net/http"
	"strings"
)

// listFilters are the constraints of machine lists that are understood; those in unbuiltFilters exist in a MAAS only.
var listFilters = []string{"hostname", "mac_address", "id", "system_id", "domain", "zone", "pool", "agent_name", "tags",
	"not_tags", "status", "arch", "cpu_count", "mem", "fabrics", "vlans", "subnets"}

var unbuiltFilters = []string{"storage", "interfaces", "parent", "pod", "pod_type", "not_id", "not_in_zone", "not_in_pool",
	"not_pod", "not_pod_type", "not_fabrics", "not_fabric_classes", "fabric_classes", "not_subnets", "not_vlans", "devices",
	"owner", "power_state", "workloads", "connected_to", "not_connected_to"}

func (s *Server) listMachines(c *call) (any, error) {
	match, err := s.filter(c, listFilters)
	if err != nil {
		return nil, err
	}
	if len(c.params) == 0 {
		s.lists++
	}
	out := []obj{}
	for _, m := range s.machines {
		if match(m) {
			out = append(out, s.body(m))
		}
	}
	return out, nil
}

// filter makes a predicate of a list's constraints: values of one are alternatives, constraints are all to hold.
func (s *Server) filter(c *call, allowed []string) (func(*machine) bool, error) {
	var v invalid
	var tests []func(*machine) bool
	for name := range c.params {
		switch {
		case contains(unbuiltFilters, name):
			return nil, refuse(http.StatusNotImplemented, "Not simulated: %s %s filter %s", c.request.Method, c.request.URL.Path, name)
		case !contains(allowed, name):
			v.add(name, "No such constraint.")
		default:
			if f := s.constraint(name, c.list(name), &v); f != nil {
				tests = append(tests, f)
			}
		}
	}
	if err := v.err(); err != nil {
		return nil, err
	}
	return func(m *machine) bool {
		for _, f := range tests {
			if !f(m) {
				return false
			}
		}
		return true
	}, nil
}

func anyOf(values []string, of func(*machine) string) func(*machine) bool {
	return func(m *machine) bool { return contains(values, of(m)) }
}

func (s *Server) constraint(name string, values []string, v *invalid) func(*machine) bool {
	switch name {
	case "hostname":
		return anyOf(values, func(m *machine) string { return m.hostname })
	case "id", "system_id":
		return anyOf(values, func(m *machine) string { return m.systemID })
	case "name":
		return func(m *machine) bool { return contains(values, m.hostname) || contains(values, m.fqdn()) }
	case "domain":
		return anyOf(values, func(m *machine) string { return m.domain.name })
	case "agent_name":
		return func(m *machine) bool { return contains(values, m.agent()) }
	case "mac_address":
		for _, x := range values {
			if !isMAC(x) {
				v.add(name, "'%s' is not a valid MAC address.", x)
			}
		}
		return func(m *machine) bool {
			for _, i := range m.interfaces {
				if contains(values, i.mac) { // stored in lower case, compared as it is
					return true
				}
			}
			return false
		}
	case "zone":
		for _, x := range values {
			if s.zoneByName(x) == nil {
				v.add(name, "No such zone(s): %s.", x)
			}
		}
		return anyOf(values, func(m *machine) string { return m.zone.name })
	case "pool":
		for _, x := range values {
			if s.poolByName(x) == nil {
				v.add(name, "No such pool(s): %s.", x)
			}
		}
		return anyOf(values, func(m *machine) string { return m.pool.name })
	case "status":
		var want []status
		for _, x := range values {
			st, ok := statusFilter(x)
			if !ok {
				v.add(name, noSuchChoice, x)
			}
			want = append(want, st)
		}
		return func(m *machine) bool { return m.status.in(want...) }
	}
	return s.resourceConstraint(name, values, v)
}

func (s *Server) resourceConstraint(name string, values []string, v *invalid) func(*machine) bool {
	switch name {
	case "tags", "not_tags":
		var want []string
		for _, x := range values {
			for _, t := range strings.FieldsFunc(x, func(r rune) bool { return r == ',' || r == ' ' }) {
				if s.tagByName(t) == nil {
					v.add(name, "No such tag(s): '%s'.", t)
				}
				want = append(want, t)
			}
		}
		return func(m *machine) bool {
			for _, t := range want {
				if contains(m.tags, t) != (name == "tags") {
					return false
				}
			}
			return true
		}
	case "arch":
		return func(m *machine) bool {
			base, _, _ := strings.Cut(m.architecture, "/")
			return contains(values, m.architecture) || contains(values, base)
		}
	case "cpu_count", "mem":
		least, ok := parseNumber(values[0])
		if !ok {
			kind := "CPU count"
			if name == "mem" {
				kind = "memory"
			}
			v.add(name, "Invalid %s: number required.", kind)
		}
		return func(m *machine) bool {
			if name == "mem" {
				return float64(m.memory) >= least
			}
			return float64(m.cpus) >= least
		}
	case "fabrics", "vlans", "subnets":
		return func(m *machine) bool {
			for _, i := range m.interfaces {
				if i.onAny(name, values) {
					return true
				}
			}
			return false
		}
	}
	return nil
}

func contains(list []string, x string) bool {
	for _, y := range list {
		if x == y {
			return true
		}
	}
	return false
}

func (s *Server) listAllocated(c *call) (any, error) {
	out := []obj{}
	ids := c.list("id")
	for _, m := range s.machines {
		if m.owner == c.user && m.status.in(statusAllocated) && (len(ids) == 0 || contains(ids, m.systemID)) {
			out = append(out, s.body(m))
		}
	}
	return out, nil
}

func (s *Server) isRegistered(c *call) (any, error) {
	if c.get("mac_address") == "" {
		return nil, refuse(http.StatusBadRequest, "No provided mac_address!")
	}
	return s.machineByMAC(strings.ToLower(c.get("mac_address"))) != nil, nil
}

func (s *Server) setZone(c *call) (any, error) {
	var v invalid
	z := s.zoneByName(c.get("zone"))
	if z == nil {
		v.add("zone", noThatChoice)
	}
	for _, id := range c.list("nodes") {
		if s.machineByID(id) == nil {
			v.add("nodes", "Unknown node(s): %s.", id)
		}
	}
	if err := v.err(); err != nil {
		return nil, err
	}
	for _, id := range c.list("nodes") {
		s.machineByID(id).zone = z
	}
	return nil, nil
}

func (s *Server) deleteMachine(c *call) (any, error) {
	m, err := c.machine()
	if err != nil {
		return nil, err
	}
	m.epoch++ // nothing that was begun for it goes on
	for i, x := range s.machines {
		if x == m {
			s.machines = append(s.machines[:i:i], s.machines[i+1:]...)
			break
		}
	}
	return noContent(), nil
}

// details is what commissioning found out, as BSON: lshw and lldp XML, null where there is none.
func (s *Server) details(c *call) (any, error) {
	m, err := c.machine()
	if err != nil {
		return nil, err
	}
	return textReply(http.StatusOK, "application/bson", string(bsonDocument("lldp", m.lldp, "lshw", m.lshw))), nil
}
