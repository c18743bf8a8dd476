package maas

import (
	"net/http"

	"drydock/simulator/world"
)

// commission is op=commission.
func (s *Server) commission(c *call, m *machine) error {
	var v invalid
	opt := options{enableSSH: c.flag("enable_ssh"), skipBMC: c.flag("skip_bmc_config"),
		skipNetworking: c.flag("skip_networking"), skipStorage: c.flag("skip_storage")}
	opt.commissioning = s.selectCommissioning(c, m, &v)
	opt.tests = s.selectTests(c, m, &v)
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
	opt.commissioning = s.selectCommissioning(c, m, &v)
	opt.tests = s.selectTests(c, m, &v)
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
	m.sets = append(m.sets, s.newSet(setCommissioning, opt.commissioning))
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
	tests := s.selectTests(c, m, &v)
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
