package world

import (
	"errors"
	"fmt"
	"time"
)

// PowerState is the state of a machine's power.
type PowerState string

// Power states.
const (
	PowerOff    PowerState = "off"
	PowerOn     PowerState = "on"
	PoweringOn  PowerState = "powering-on"
	PoweringOff PowerState = "powering-off"
)

// PowerCommand is something that can be asked of a machine's power.
type PowerCommand string

// Power commands.
const (
	CommandOn      PowerCommand = "on"
	CommandOff     PowerCommand = "off"      // at once, whatever runs
	CommandSoftOff PowerCommand = "soft-off" // asks the running system to shut down
	CommandCycle   PowerCommand = "cycle"    // off, and on again
	CommandReset   PowerCommand = "reset"    // begins POST again without losing power
)

// Origin is who commands a machine's power.
type Origin string

// Origins.
const (
	OriginBMC          Origin = "bmc"          // someone outside, over Redfish or IPMI
	OriginBootstrapper Origin = "bootstrapper" // the bootstrapper, through the BMC as well
	OriginPerson       Origin = "person"       // somebody at the front panel; counted nowhere
)

// Errors of Command.
var (
	ErrPowerState = errors.New("the command makes no sense in the present power state")
	ErrBMCSilent  = errors.New("the bmc does not answer")
	ErrBMCAuth    = errors.New("the bmc refuses the credentials")
)

// Command asks something of the machine's power, and returns before it has happened.
//
// On of a machine that is on, and off of one that is off, are accepted and do nothing. Errors wrap ErrPowerState for a
// cycle or reset of a machine that is not on and for whatever else comes in the midst of a transition (a rack controller
// tries again); ErrBMCSilent or ErrBMCAuth where a fault of the BMC keeps the bootstrapper from it. For OriginBMC these
// two faults are the business of the protocol server, which does not get this far.
func (m *Machine) Command(origin Origin, c PowerCommand) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if origin == OriginBootstrapper {
		switch {
		case m.faults[FaultBMCSilent]:
			return fmt.Errorf("power %s of %s: %w", c, m.hardware.Name, ErrBMCSilent)
		case m.faults[FaultBMCAuth]:
			return fmt.Errorf("power %s of %s: %w", c, m.hardware.Name, ErrBMCAuth)
		}
	}
	act, ok := m.decide(c)
	if !ok {
		return fmt.Errorf("power %s of %s, which is %s: %w", c, m.hardware.Name, m.power, ErrPowerState)
	}
	if act == nil {
		return nil
	}
	m.count(origin, c)
	if m.faults[FaultPowerStuck] && origin != OriginPerson {
		return nil
	}
	act()
	return nil
}

// decide says what a command does in the present state: act is nil where there is nothing to do.
func (m *Machine) decide(c PowerCommand) (act func(), ok bool) {
	on := m.power == PowerOn
	switch c {
	case CommandOn:
		switch m.power {
		case PowerOff:
			return m.powerOn, true
		case PowerOn, PoweringOn:
			return nil, true
		}
	case CommandOff:
		if m.power == PowerOff || (m.power == PoweringOff && !m.soft) {
			return nil, true
		}
		return func() { m.powerOff(m.world.durations.PowerOff, false, nil) }, true
	case CommandSoftOff:
		switch m.power {
		case PowerOff, PoweringOff:
			return nil, true
		case PowerOn:
			return m.softOff, true
		}
	case CommandCycle:
		if on {
			return func() { m.powerOff(m.world.durations.PowerOff, false, m.powerOn) }, true
		}
	case CommandReset:
		if on {
			return m.post, true
		}
	}
	return nil, false
}

func (m *Machine) count(origin Origin, c PowerCommand) {
	switch origin {
	case OriginBootstrapper:
		m.counters.BootstrapperPower++
	case OriginBMC:
		switch c {
		case CommandOn:
			m.counters.PowerOns++
		case CommandOff, CommandSoftOff:
			m.counters.PowerOffs++
		case CommandCycle, CommandReset:
			m.counters.PowerCycles++
		}
	}
}

// powerOn, like all that follows, is called with the lock held.
func (m *Machine) powerOn() {
	m.interrupt()
	m.power = PoweringOn
	m.later(m.world.durations.PowerOn, func() func() {
		m.power = PowerOn
		m.post()
		return nil
	})
}

// powerOff ends with the machine off after d; then, if not nil, goes on from there.
func (m *Machine) powerOff(d time.Duration, soft bool, then func()) {
	m.interrupt()
	m.power, m.soft = PoweringOff, soft
	m.later(d, func() func() {
		m.power, m.soft = PowerOff, false
		if then != nil {
			then()
		}
		return nil
	})
}

// softOff does nothing where no system runs that would see the power button.
func (m *Machine) softOff() {
	if m.running == "" || m.running == runningPOST || m.running == runningBIOS || m.faults[FaultSoftOffIgnored] {
		return
	}
	m.powerOff(m.world.durations.SoftOff, true, nil)
}
