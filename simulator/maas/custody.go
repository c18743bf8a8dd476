package maas

import (
	"net/http"

	"drydock/simulator/world"
)

// overrideFailedTesting is a person saying that the machine is good all the same.
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

// lock guards a deployed machine: until unlock every write is refused.
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
