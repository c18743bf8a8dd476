package maas

import "drydock/simulator/world"

// Prepare makes a machine of the world known and commissioned at once, off and Ready.
func (s *Server) Prepare(name string) (id string) {
	wm, _ := s.world.Machine(name)
	s.locked(func() {
		s.enlisted(wm, world.Netboot{Machine: wm, MAC: wm.Hardware().PXENIC})
		m := s.machines[len(s.machines)-1]
		m.sets = append(m.sets, s.newSet(setCommissioning, s.commissioningScripts()))
		m.finishSet(setCommissioning, true, "")
		s.inventory(m, wm)
		m.status, m.powerState = statusReady, "off"
		id = m.systemID
	})
	return id
}

// SetStatus puts a machine into a state without going there; an owner is set where the state implies one.
func (s *Server) SetStatus(id string, st int) {
	s.locked(func() {
		m := s.machineByID(id)
		m.status, m.previous, m.powerState, m.locked, m.osystem = status(st), statusReady, "off", false, ""
		m.epoch++
		m.owner = nil
		if !m.status.in(statusNew, statusCommissioning, statusFailedCommissioning, statusMissing, statusReady, statusReserved,
			statusRetired, statusBroken, statusTesting, statusFailedTesting) {
			m.owner = s.accounts.users[0]
		}
		s.defaultLayout(m)
	})
}
