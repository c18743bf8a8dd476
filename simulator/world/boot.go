package world

import "time"

// BootOverride is where the firmware is told to boot from, in place of its boot order.
type BootOverride struct {
	Target string // "" (none), "pxe", "disk", "cdrom" or "bios"
	Once   bool   // consumed by the next boot
	UEFI   bool   // boot in UEFI mode rather than legacy
}

// Boot override targets.
const (
	BootNone  = ""
	BootPXE   = "pxe"
	BootDisk  = "disk"
	BootCDROM = "cdrom"
	BootBIOS  = "bios"
)

// Running of a machine on which no environment runs.
const (
	runningPOST = "post"
	runningBIOS = "bios"
	runningDisk = "disk"
)

// Netboot is a PXE request.
type Netboot struct {
	Machine *Machine
	MAC     string // of the NIC that asks
	UEFI    bool   // the mode in which the firmware asks
}

// EnvironmentKind is what the bootstrapper lets a machine run.
type EnvironmentKind string

// Kinds of environments. Those that run on the machine are also what Running says then.
const (
	EnvNone       EnvironmentKind = ""      // no answer: the next boot device
	EnvLocal      EnvironmentKind = "local" // go on from disk
	EnvEnlist     EnvironmentKind = "enlist"
	EnvCommission EnvironmentKind = "commission"
	EnvTest       EnvironmentKind = "test"
	EnvInstall    EnvironmentKind = "install"
	EnvErase      EnvironmentKind = "erase"
	EnvRescue     EnvironmentKind = "rescue" // ephemeral; takes no time and does nothing
)

// Afterwards is what a machine does by itself after an environment has run.
type Afterwards string

// What a machine does afterwards.
const (
	AfterPowerOff Afterwards = "power-off"
	AfterReboot   Afterwards = "reboot"
	AfterStay     Afterwards = "stay" // the environment stays up; also the zero value ""
)

// Environment is the answer to a PXE request. The functions may be nil; they are called without a lock held.
type Environment struct {
	Kind EnvironmentKind
	// Started is called when the environment's kernel runs.
	Started func()
	// Done is called when it has run, or failed by a fault of the machine. It is not called when power is lost meanwhile.
	// A Done that commands the machine's power has precedence over Then.
	Done func(ok bool, reason string)
	// Then is what the machine does by itself after Done. A failed installer never reboots: it stays up.
	Then Afterwards
}

// BootOverride is the override in force; Target is "" when there is none.
func (m *Machine) BootOverride() BootOverride {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.override
}

// SetBootOverride sets the override for boots to come.
func (m *Machine) SetBootOverride(o BootOverride) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.override = o
}

// post begins the power-on self test, at whose end the firmware decides what to boot. It is called with the lock held.
func (m *Machine) post() {
	m.interrupt()
	m.reset = time.Now()
	m.running = runningPOST
	if m.staged != nil {
		m.firmware, m.staged = *m.staged, nil
	}
	m.later(m.world.durations.POST, m.boot)
}

// boot goes through the boot devices: the override, and then the boot order: the disks where they hold a system, and the
// network where they don't.
func (m *Machine) boot() (outside func()) {
	m.running = ""
	uefi := m.firmware.UEFI
	override := m.override
	if override.Once {
		m.override = BootOverride{}
	}
	if m.faults[FaultBootIgnored] {
		override = BootOverride{}
	}
	if override.Target != BootNone {
		uefi = override.UEFI
	}
	switch override.Target {
	case BootBIOS:
		m.running = runningBIOS
		return nil
	case BootPXE:
		return m.bootNetwork(uefi)
	case BootDisk, BootCDROM, BootNone: // no medium is ever in the drive
	}
	if m.system != "" {
		m.bootDisk()
		return nil
	}
	return m.bootNetwork(uefi)
}

// bootNetwork asks the bootstrapper, without the lock, by the first NIC that boots from the network; where none does it is
// the disk's turn.
func (m *Machine) bootNetwork(uefi bool) (outside func()) {
	if len(m.firmware.PXE) == 0 {
		m.bootDisk()
		return nil
	}
	mac := m.firmware.PXE[0]
	m.counters.Netboots++
	if m.faults[FaultNoNetboot] {
		m.bootDisk()
		return nil
	}
	epoch := m.epoch
	return func() {
		environment := m.world.askNetwork(Netboot{Machine: m, MAC: mac, UEFI: uefi})
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.epoch != epoch {
			return // reset, or off, while the request was on its way
		}
		switch environment.Kind {
		case EnvNone, EnvLocal:
			m.bootDisk()
		default:
			m.later(m.world.durations.Boot, func() func() { return m.start(environment) })
		}
	}
}

// bootDisk loads the installed system. Where there is none the firmware stops at "no bootable device".
func (m *Machine) bootDisk() {
	if m.system == "" {
		return
	}
	m.later(m.world.durations.Boot, func() func() {
		if m.system == "" {
			return nil
		}
		m.running = runningDisk
		return m.onBoot
	})
}

// start is the moment at which the environment's kernel runs.
func (m *Machine) start(e Environment) (outside func()) {
	m.running = string(e.Kind)
	m.counters.environment(e.Kind)
	if e.Kind == EnvInstall || e.Kind == EnvErase {
		// Both begin by destroying what is there: a machine that loses power half-way has no system.
		m.system = ""
	}
	epoch := m.epoch
	return func() {
		if e.Started != nil {
			e.Started()
		}
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.epoch == epoch {
			m.later(m.world.durations.of(e.Kind), func() func() { return m.finish(e) })
		}
	}
}

// finish reports how the environment went, and does what it does afterwards.
func (m *Machine) finish(e Environment) (outside func()) {
	reason := failure(e.Kind, m.faults)
	epoch := m.epoch
	return func() {
		if e.Done != nil {
			e.Done(reason == "", reason)
		}
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.epoch != epoch {
			return
		}
		switch {
		case e.Then == AfterPowerOff:
			m.powerOff(m.world.durations.PowerOff, true, nil)
		case e.Then == AfterReboot && (e.Kind != EnvInstall || reason == ""):
			m.post()
		}
	}
}
