package maas

import (
	"net/http"
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
