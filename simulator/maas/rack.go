package maas

import (
	"strings"
	"time"

	"drydock/simulator/world"
)

// credentials of a BMC account.
type credentials struct{ user, password string }

const (
	pollInterval = 5 * time.Minute // how often the rack asks all BMCs
	actionTime   = 2 * time.Second // what a power command takes at the rack
	actionTries  = 20              // looks at the power after a command, one per action time, before it is given up
	bmcTimeout   = "Could not contact node's BMC: Connection timed out while performing power action. Check BMC configuration and connectivity and try again."
	bmcPassword  = "Incorrect password.  Check BMC configuration and try again."
	bmcQuery     = "Failed to query node's BMC"
)

func (s *Server) noRack() *fault {
	return unavailable(10, "Unable to connect to any rack controller %s; no connections available.", s.rackID)
}

func (m *machine) manual() bool { return m.powerType == "" || m.powerType == "manual" }

// bmc asks the BMC that the power parameters name for the machine behind it. That need not be the machine of the record:
// wrong parameters move the wrong machine. The problem is in the words of a power driver, "" when there is none.
func (s *Server) bmc(m *machine) (wm *world.Machine, problem string) {
	address := strings.Trim(m.powerText("power_address"), "[]")
	if _, rest, ok := strings.Cut(address, "://"); ok && m.powerType == "redfish" {
		address = strings.Trim(strings.TrimSuffix(rest, "/"), "[]")
	}
	if m.powerType == "virsh" {
		wm, ok := s.world.Machine(m.powerText("power_id"))
		if !ok || wm.Hardware().BMC.Type != "libvirt" || wm.HasFault(world.FaultBMCSilent) {
			return nil, bmcTimeout
		}
		return wm, ""
	}
	wm, ok := s.world.MachineByBMC(address)
	if !ok || wm.HasFault(world.FaultBMCSilent) {
		return nil, bmcTimeout
	}
	if m.powerType != "redfish" && m.powerType != "ipmi" {
		return nil, bmcTimeout
	}
	m.bmcReached = true
	h := wm.Hardware().BMC
	got := credentials{m.powerText("power_user"), m.powerText("power_pass")}
	made, exists := s.bmcs[address]
	if wm.HasFault(world.FaultBMCAuth) || (got != credentials{h.Account, h.Credential.Reveal()} && !(exists && got == made)) {
		return nil, bmcPassword
	}
	return wm, ""
}

// powerWord is what a BMC says about a machine in transition: its power rail.
func powerWord(p world.PowerState) string {
	if p == world.PowerOff || p == world.PoweringOn {
		return "off"
	}
	return "on"
}

// queryPower is synchronous: it asks the BMC and refreshes power_state.
func (s *Server) queryPower(c *call) (any, error) {
	m, err := c.machine()
	if err != nil {
		return nil, err
	}
	if m.manual() {
		return obj{"state": "unknown"}, nil
	}
	if !s.rackUp {
		f := s.noRack()
		f.vary = "Cookie" // it fails while the request is answered, and the others in what comes after
		return nil, f
	}
	wm, problem := s.bmc(m)
	if problem != "" && !m.bmcReached {
		s.event(m, levelWarning, bmcQuery, text("(%s) - No rack controllers can access the BMC of node %s", c.user.name, m.hostname), c.user)
		m.powerState = "unknown"
		return nil, refuse(503, "No rack controllers can access the BMC of node %s", m.hostname)
	}
	s.sawPower(m, wm, problem)
	return obj{"state": m.powerState}, nil
}

// sawPower records what a query of the BMC gave.
func (s *Server) sawPower(m *machine, wm *world.Machine, problem string) {
	if problem != "" {
		m.powerState = "error"
		s.event(m, levelWarning, bmcQuery, problem, nil)
		m.setMessage(bmcQuery+" - "+problem, "")
		return
	}
	before := m.powerState
	m.powerState = powerWord(wm.Power())
	if m.powerState != before {
		s.settle(m) // a query that finds nothing new ends nothing
	}
}

// settle ends states that only wait for the power to be off.
func (s *Server) settle(m *machine) {
	if m.powerState != "off" {
		return
	}
	switch m.status {
	case statusReleasing:
		s.released(m)
	case statusExitingRescue:
		s.leftRescue(m)
	}
}

// pollPower is the rack's round over all BMCs; between rounds power_state is stale.
func (s *Server) pollPower() {
	if s.rackUp {
		for _, m := range s.machines {
			if m.manual() || m.status.in(statusCommissioning, statusDeploying, statusReleasing, statusTesting) {
				continue
			}
			wm, problem := s.bmc(m)
			switch {
			case problem == "":
				m.powerState = powerWord(wm.Power())
				s.settle(m)
			case m.powerState != "error":
				s.sawPower(m, wm, problem)
			}
		}
	}
	s.after(pollInterval, s.pollPower)
}

// change moves the power of a machine through the rack, after the answer to the call. then runs with the lock once the
// power is seen as wanted; fail once it is known that it will not be. Neither runs when the machine's state has changed
// meanwhile.
func (s *Server) change(m *machine, command world.PowerCommand, then func(), fail func(problem string)) {
	epoch := m.epoch
	still := func(f func()) func() {
		return func() {
			if m.epoch == epoch && f != nil {
				f()
			}
		}
	}
	s.after(actionTime, still(func() { s.command(m, command, actionTries, still, then, fail) }))
}

func (s *Server) command(m *machine, command world.PowerCommand, tries int, still func(func()) func(), then func(), fail func(string)) {
	failed := func(problem string) {
		m.powerState = "unknown"
		if fail != nil {
			fail(problem)
		}
	}
	if !s.rackUp {
		failed(text("Unable to connect to any rack controller %s; no connections available.", s.rackID))
		return
	}
	wm, problem := s.bmc(m)
	if problem != "" {
		failed(problem)
		return
	}
	do, want := command, "on"
	switch {
	case command == world.CommandOff || command == world.CommandSoftOff:
		want = "off"
	case command == world.CommandCycle && powerWord(wm.Power()) == "off":
		do = world.CommandOn
	}
	reset := wm.LastReset()
	s.afterCommit(func() {
		if want == "on" {
			// What power drivers do before they start a machine, so that it asks the rack what to do.
			wm.SetBootOverride(world.BootOverride{Target: world.BootPXE, Once: true, UEFI: wm.Hardware().BootMode == "uefi"})
		}
		if err := wm.Command(world.OriginBootstrapper, do); err != nil && tries > 0 {
			// In the midst of a transition: the driver tries again.
			s.after(actionTime, still(func() { s.command(m, command, tries-1, still, then, fail) }))
			return
		}
		s.after(actionTime, still(func() { s.watch(m, wm, do, want, reset, actionTries, still, then, failed) }))
	})
}

// watch looks at the power until it is as wanted.
func (s *Server) watch(m *machine, wm *world.Machine, did world.PowerCommand, want string, reset time.Time, tries int,
	still func(func()) func(), then func(), failed func(string)) {
	now := powerWord(wm.Power())
	done := now == want && !(did == world.CommandCycle && !wm.LastReset().After(reset))
	switch {
	case done:
		m.powerState = now
		if then != nil {
			then()
		}
	case tries == 0:
		failed(text("Failed to power %s. BMC never transitioned from %s to %s.", m.systemID, now, want))
	default:
		s.after(actionTime, still(func() { s.watch(m, wm, did, want, reset, tries-1, still, then, failed) }))
	}
}

// powerOn of an allocated machine starts a deployment, elsewhere it only moves the power.
func (s *Server) powerOn(c *call, m *machine) error {
	if m.owner == nil {
		return refuse(409, "Can't start node: it hasn't been allocated.")
	}
	if m.status == statusAllocated {
		return s.startDeployment(c, m)
	}
	if m.manual() {
		return nil
	}
	if !s.rackUp {
		return s.noRack()
	}
	s.change(m, world.CommandOn, nil, nil)
	return nil
}

// powerOff takes stop_mode soft or hard; anything else is handed to the power driver, which takes it for hard.
func (s *Server) powerOff(c *call) (any, error) {
	m, err := c.machine()
	if err != nil {
		return nil, err
	}
	if m.manual() {
		return nil, nil
	}
	if !s.rackUp {
		return nil, s.noRack()
	}
	if m.powerState == "off" {
		s.settle(m)
	}
	command := world.CommandOff
	if c.get("stop_mode") == "soft" {
		command = world.CommandSoftOff
	}
	s.change(m, command, func() { s.settle(m) }, nil)
	return s.body(m), nil
}
