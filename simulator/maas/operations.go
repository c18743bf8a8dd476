package maas

import (
	"net/http"
	"strings"

	"drydock/simulator/world"
)

// commission is op=commission.
func (s *Server) commission(c *call, m *machine) error {
	var v invalid
	opt := options{enableSSH: c.flag("enable_ssh"), skipBMC: c.flag("skip_bmc_config"),
		skipNetworking: c.flag("skip_networking"), skipStorage: c.flag("skip_storage")}
	s.selectScripts(c, "commissioning_scripts", scriptCommissioning, &v)
	opt.tests = s.selectScripts(c, "testing_scripts", scriptTesting, &v)
	if !m.status.in(canCommission...) {
		v.add(fieldAll, "Commission is not available because of the current state of the node.")
	}
	if err := v.err(); err != nil {
		return err
	}
	if err := s.ephemeralReady(); err != nil {
		return err
	}
	return s.start(c, m, opt)
}

// startCommissioning is what an administrator's create does.
func (s *Server) startCommissioning(c *call, m *machine, opt options) error {
	var v invalid
	opt.tests = s.selectScripts(c, "testing_scripts", scriptTesting, &v)
	if err := v.err(); err != nil {
		return err
	}
	return s.start(c, m, opt)
}

func (s *Server) start(c *call, m *machine, opt options) error {
	s.event(m, levelDebug, "User starting node commissioning", "("+c.user.name+")", c.user)
	if !m.manual() {
		if _, problem := s.bmc(m); problem != "" && !m.bmcReached {
			s.transition(m, statusCommissioning)
			s.happens(m, "Commissioning", "")
			s.event(m, levelWarning, bmcQuery, text("(%s) - No rack controllers can access the BMC of node %s", c.user.name, m.hostname), c.user)
			why := text("(%s) - Aborting COMMISSIONING and reverting to NEW. Unable to power control the node. Please check power credentials.", c.user.name)
			s.event(m, levelWarning, bmcQuery, why, nil)
			s.transition(m, statusNew)
			m.setMessage(bmcQuery+" - "+why, "")
			m.powerState = "unknown"
			m.owner = c.user
			f := unavailable(0, "No rack controllers can access the BMC of node %s", m.hostname)
			return f
		}
	}
	m.afterwards = opt
	m.owner = c.user
	m.netboot = true
	m.sets = append(m.sets, s.newSet(setCommissioning, s.commissioningScripts()))
	if len(opt.tests) > 0 {
		m.sets = append(m.sets, s.newTestSet(m, opt.tests))
	}
	s.transition(m, statusCommissioning)
	s.happens(m, "Commissioning", "")
	if !m.manual() {
		s.change(m, world.CommandCycle, nil, func(problem string) { s.markFailed(m, statusFailedCommissioning, problem) })
	}
	return nil
}

// test is op=test.
func (s *Server) test(c *call, m *machine) error {
	var v invalid
	tests := s.selectScripts(c, "testing_scripts", scriptTesting, &v)
	if m.status.in(cannotTest...) {
		v.add(fieldAll, "Test is not available because of the current state of the node.")
	} else if len(tests) == 0 {
		v.add(fieldAll, "No testing scripts have been selected.")
	}
	if err := v.err(); err != nil {
		return err
	}
	if err := s.ephemeralReady(); err != nil {
		return err
	}
	m.afterwards = options{enableSSH: c.flag("enable_ssh"), tests: tests}
	m.sets = append(m.sets, s.newTestSet(m, tests))
	s.remember(m)
	if m.owner == nil {
		m.owner = c.user
	}
	s.transition(m, statusTesting)
	s.happens(m, "Testing", "")
	if !m.manual() {
		s.change(m, world.CommandCycle, nil, func(problem string) { s.markFailed(m, statusFailedTesting, problem) })
	}
	return nil
}

// remember notes the state that testing or rescue mode is to return to.
func (s *Server) remember(m *machine) {
	if !m.status.in(statusRescue, statusEnteringRescue, statusFailedEnterRescue, statusExitingRescue,
		statusFailedExitRescue, statusTesting, statusFailedTesting) {
		m.previous = m.status
	}
}

// back is the state that testing, failed testing and rescue mode lead back to.
func (m *machine) back() status {
	if m.osystem != "" && m.previous == statusDeployed {
		return statusDeployed
	}
	if m.previous.in(statusNew, statusFailedCommissioning) && m.inventory {
		return statusReady
	}
	if m.previous.in(statusCommissioning, statusTesting, statusFailedTesting) {
		return statusReady
	}
	return m.previous
}

// abort is op=abort. The answer still shows the old state where the machine has to be stopped first.
func (s *Server) abort(c *call, m *machine) error {
	if !m.status.in(statusCommissioning, statusDeploying, statusErasing, statusTesting) {
		return refuse(http.StatusConflict, "Cannot abort in current state: node %s is in state %s.", m.systemID, m.status)
	}
	var end func()
	switch m.status {
	case statusCommissioning:
		s.happens(m, "Aborted commissioning", "")
		m.owner = nil
		end = func() {
			m.abortPending(resultAborted)
			s.transition(m, statusNew)
		}
	case statusDeploying:
		s.happens(m, "Aborted deployment", "")
		end = func() { s.transition(m, statusAllocated) }
	case statusErasing:
		s.happens(m, "Aborted disk erasure", "")
		end = func() { s.transition(m, statusFailedErasing) }
	case statusTesting:
		s.happens(m, "Aborted testing", "")
		end = func() {
			m.abortPending(resultAborted)
			to := m.back()
			if to == statusReady {
				m.owner = nil
			}
			s.transition(m, to)
		}
	}
	if m.manual() || m.powerState == "off" && !s.moving(m) {
		end()
		return nil
	}
	m.epoch++ // what was begun does not go on
	s.change(m, world.CommandOff, end, func(problem string) {
		if failed, busy := m.status.failedAs(); busy {
			s.markFailed(m, failed, problem)
		}
	})
	return nil
}

// moving reports whether the machine behind the record is not off, whatever the record believes.
func (s *Server) moving(m *machine) bool {
	wm, problem := s.bmc(m)
	return problem != "" || wm.Power() != world.PowerOff
}

func (s *Server) overrideFailedTesting(c *call, m *machine) error {
	if m.status != statusFailedTesting {
		return refuse(http.StatusConflict, "Unable to override node status. Node is not in 'Failed testing' status.")
	}
	to := m.back()
	if m.osystem == "" {
		to = statusReady
		m.owner = nil
	}
	message := m.message
	s.event(m, levelDebug, "User overrode 'Failed testing' status", comment(c), c.user)
	s.transition(m, to)
	m.message = message
	return nil
}

func comment(c *call) string {
	if c.get("comment") == "" {
		return "(" + c.user.name + ")"
	}
	return "(" + c.user.name + ") - " + c.get("comment")
}

func (s *Server) lock(c *call, m *machine) error {
	switch {
	case m.locked:
		return refuse(http.StatusConflict, "Machine is already locked")
	case !m.status.in(canLock...):
		return refuse(http.StatusConflict, "Can't lock, node is not deployed or deploying")
	}
	m.locked = true
	s.event(m, levelDebug, "User locking node", comment(c), c.user)
	return nil
}

func (s *Server) unlock(c *call, m *machine) error {
	if !m.locked {
		return refuse(http.StatusConflict, "Machine is not locked")
	}
	m.locked = false
	s.event(m, levelDebug, "User unlocking node", comment(c), c.user)
	return nil
}

// markBroken is for the owner only; a machine without one refuses even administrators.
func (s *Server) markBroken(c *call, m *machine) error {
	if m.owner != c.user {
		return forbidden()
	}
	if m.status == statusBroken {
		return nil
	}
	if m.status == statusDeployed {
		m.previous = statusDeployed
	} else {
		m.previous = statusReady
	}
	m.owner = nil
	s.event(m, levelDebug, "User marking node broken", comment(c), c.user)
	message := "Released"
	s.transition(m, statusBroken)
	m.setMessage(message, "")
	return nil
}

func (s *Server) markFixed(c *call, m *machine) error {
	if m.status != statusBroken {
		return refuse(http.StatusConflict, "Can't mark a non-broken node as 'Ready'.")
	}
	to := statusReady
	if m.previous == statusDeployed && m.osystem != "" {
		to = statusDeployed
		m.owner = c.user
	}
	s.event(m, levelDebug, "User marking node fixed", comment(c), c.user)
	s.transition(m, to)
	return nil
}

func (s *Server) rescueMode(c *call, m *machine) error {
	switch {
	case m.status == statusEnteringRescue:
		return nil
	case !m.status.in(canRescue...):
		return refuse(http.StatusConflict, "Invalid transition: %s -> Entering rescue mode.", m.status)
	}
	if err := s.ephemeralReady(); err != nil {
		return err
	}
	s.remember(m)
	if m.owner == nil {
		m.owner = c.user
	}
	s.transition(m, statusEnteringRescue)
	s.happens(m, "Entering rescue mode", "")
	if !m.manual() {
		s.change(m, world.CommandCycle, nil, func(problem string) { s.markFailed(m, statusFailedEnterRescue, problem) })
	}
	return nil
}

func (s *Server) exitRescueMode(c *call, m *machine) error {
	switch {
	case m.status == statusExitingRescue:
		return nil
	case !m.status.in(canExitRescue...):
		return refuse(http.StatusConflict, "Invalid transition: %s -> Exiting rescue mode.", m.status)
	}
	s.transition(m, statusExitingRescue)
	s.event(m, levelDebug, "User stopping rescue mode", comment(c), c.user)
	if m.manual() {
		s.leftRescue(m)
		return nil
	}
	command := world.CommandOff
	if m.back() == statusDeployed {
		command = world.CommandCycle
	}
	s.change(m, command, func() { s.leftRescue(m) }, func(problem string) { s.markFailed(m, statusFailedExitRescue, problem) })
	return nil
}

func (s *Server) leftRescue(m *machine) {
	to := m.back()
	if to.in(statusReady, statusNew, statusFailedCommissioning) {
		m.owner = nil
	}
	s.happens(m, "Exited rescue mode", "")
	s.transition(m, to)
}

// annotate sets and removes workload annotations: free form keys of whoever holds the machine.
func (s *Server) annotate(c *call, m *machine) error {
	if m.owner == nil {
		return refuse(http.StatusConflict, "Cannot set workload annotation: it hasn't been acquired.")
	}
	for k := range c.params {
		if v := c.get(k); v == "" {
			delete(m.owned, k)
		} else {
			m.owned[k] = v
		}
	}
	return nil
}

func (s *Server) clearGateways(_ *call, m *machine) error {
	m.gateways = map[int]*link{}
	return nil
}

// ephemeralReady refuses what needs the commissioning image at a rack.
func (s *Server) ephemeralReady() error {
	series, _ := s.config["commissioning_distro_series"].(string)
	if !s.rackUp || !s.imageSynced("ubuntu/"+series) {
		return refuse(http.StatusBadRequest, "Ephemeral operating system ubuntu %s is unavailable.", series)
	}
	return nil
}

// selectScripts reads a comma list of script names or tags; absent means the defaults, none means none.
func (s *Server) selectScripts(c *call, field string, kind int, v *invalid) []*script {
	given := c.words(field)
	if len(given) == 0 {
		if kind == scriptTesting {
			return scriptsByName("commissioning", kind)
		}
		return s.commissioningScripts()
	}
	var out []*script
	for _, name := range given {
		if name == "none" {
			return nil
		}
		found := scriptsByName(name, kind)
		if len(found) == 0 {
			v.add(field, noSuchChoice, strings.TrimSpace(name))
		}
		out = append(out, found...)
	}
	return out
}
