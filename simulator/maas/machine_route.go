package maas

import (
	"net/http"
	"strings"
)

// lookup finds the machine of a path; a locked one refuses everything that is not a read.
func (c *call) machine() (*machine, error) {
	m := c.s.machineByID(c.vars["system_id"])
	if m == nil {
		return nil, notFound("Machine")
	}
	if m.locked && c.request.Method != http.MethodGet && c.op != "lock" && c.op != "unlock" {
		return nil, forbidden()
	}
	if c.request.Method != http.MethodGet && !c.user.admin && (m.owner != nil && m.owner != c.user) {
		return nil, forbidden()
	}
	return m, nil
}

// onMachine makes a handler of an operation on one machine whose answer is the machine.
func (s *Server) onMachine(f func(c *call, m *machine) error) handler {
	return func(c *call) (any, error) {
		m, err := c.machine()
		if err != nil {
			return nil, err
		}
		if err := f(c, m); err != nil {
			return nil, err
		}
		return s.body(m), nil
	}
}

func (s *Server) routeMachines(t *router) {
	const all, one = "machines/", "machines/{system_id}/"
	t.on(all, "GET", "", users, s.listMachines)
	t.on(all, "GET", "power_parameters", admins, s.allPowerParameters)
	t.on(all, "GET", "list_allocated", users, s.listAllocated)
	t.on(all, "GET", "is_registered", anybody, s.isRegistered)
	t.on(all, "POST", "", users, s.createMachine)
	t.on(all, "POST", "allocate", users, s.allocate)
	t.on(all, "POST", "release", users, s.releaseMany)
	t.on(all, "POST", "set_zone", admins, s.setZone)
	t.missing(all, "POST", "accept", "accept_all", "add_chassis", "clone")

	t.on(one, "GET", "", users, s.onMachine(func(*call, *machine) error { return nil }))
	t.on(one, "PUT", "", users, s.onMachine(s.updateMachine))
	t.on(one, "DELETE", "", admins, s.deleteMachine)
	t.on(one, "GET", "power_parameters", admins, s.powerParameters)
	t.on(one, "GET", "query_power_state", users, s.queryPower)
	t.on(one, "GET", "details", users, s.details)
	t.on(one, "GET", "get_curtin_config", users, s.curtinConfig)
	t.on(one, "POST", "commission", admins, s.onMachine(s.commission))
	t.on(one, "POST", "deploy", users, s.onMachine(s.deploy))
	t.on(one, "POST", "release", users, s.onMachine(s.release))
	t.on(one, "POST", "abort", users, s.onMachine(s.abort))
	t.on(one, "POST", "test", admins, s.onMachine(s.test))
	t.on(one, "POST", "override_failed_testing", admins, s.onMachine(s.overrideFailedTesting))
	t.on(one, "POST", "lock", users, s.onMachine(s.lock))
	t.on(one, "POST", "unlock", users, s.onMachine(s.unlock))
	t.on(one, "POST", "mark_broken", users, s.onMachine(s.markBroken))
	t.on(one, "POST", "mark_fixed", admins, s.onMachine(s.markFixed))
	t.on(one, "POST", "rescue_mode", admins, s.onMachine(s.rescueMode))
	t.on(one, "POST", "exit_rescue_mode", admins, s.onMachine(s.exitRescueMode))
	t.on(one, "POST", "power_on", users, s.onMachine(s.powerOn))
	t.on(one, "POST", "power_off", users, s.powerOff)
	t.on(one, "POST", "set_owner_data", users, s.onMachine(s.annotate))
	t.on(one, "POST", "set_workload_annotations", users, s.onMachine(s.annotate))
	t.on(one, "POST", "set_storage_layout", admins, s.onMachine(s.setStorageLayout))
	t.on(one, "POST", "mount_special", users, s.onMachine(s.mountSpecial))
	t.on(one, "POST", "unmount_special", users, s.onMachine(s.unmountSpecial))
	t.on(one, "POST", "clear_default_gateways", admins, s.onMachine(s.clearGateways))
	t.on(one, "POST", "restore_networking_configuration", admins, s.onMachine(s.restoreNetworking))
	t.on(one, "POST", "restore_storage_configuration", admins, s.onMachine(s.restoreStorage))
	t.on(one, "POST", "restore_default_configuration", admins, s.onMachine(s.restoreAll))
	t.missing(one, "GET", "get_token")
}

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
		return func(m *machine) bool { return m.agentName != nil && contains(values, *m.agentName) }
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
