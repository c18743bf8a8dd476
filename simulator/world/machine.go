package world

import (
	"hash/fnv"
	"math/rand/v2"
	"sort"
	"sync"
	"time"
)

// Machine is one machine of the world. It is safe for concurrent use.
type Machine struct {
	world    *World
	hardware Hardware

	mu       sync.Mutex
	random   *rand.Rand
	power    PowerState
	soft     bool // PoweringOff by way of the running system, and not yet by force
	override BootOverride
	firmware Firmware
	staged   *Firmware // in force from the next POST on; nil: nothing changes
	reset    time.Time
	running  string
	system   string
	onBoot   func()
	faults   map[Fault]bool
	since    map[Fault]time.Time // when a fault began
	counters Counters

	// epoch changes with every change of power or of plan; what was scheduled in an earlier epoch never happens.
	epoch  uint64
	cancel func() // of the one event that is scheduled; nil when none is
}

func newMachine(w *World, h Hardware, seed int64) *Machine {
	sum := fnv.New64a()
	_, _ = sum.Write([]byte(h.Name))
	return &Machine{
		world:    w,
		hardware: h,
		random:   rand.New(rand.NewPCG(uint64(seed), sum.Sum64())),
		power:    PowerOff,
		firmware: Firmware{UEFI: h.BootMode == "uefi", PXE: []string{h.PXENIC}},
		faults:   map[Fault]bool{},
		since:    map[Fault]time.Time{},
	}
}

// Name is the machine's name in the design.
func (m *Machine) Name() string { return m.hardware.Name }

// Hardware is what the machine is made of.
func (m *Machine) Hardware() Hardware { return m.hardware }

// Power is the state of the machine's power at this moment.
func (m *Machine) Power() PowerState {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.power
}

// LastReset is when the machine last began POST; the zero time when it never did.
func (m *Machine) LastReset() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.reset
}

// Running is what runs on the machine: "" (off, nothing found to boot, or being loaded), "post", "bios" (the setup
// screen), "enlist", "commission", "test", "install", "erase", "rescue" or "disk".
func (m *Machine) Running() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.running
}

// System is the image installed on the machine's disks; "" when they hold none.
func (m *Machine) System() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.system
}

// InstallSystem puts a system on the machine's disks, in place of what is there.
func (m *Machine) InstallSystem(image string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.system = image
}

// EraseDisks leaves nothing on the machine's disks that could boot.
func (m *Machine) EraseDisks() { m.InstallSystem("") }

// OnSystemBoot sets what is called each time the installed system has booted from disk (cloud-init's first contact), in
// place of what was set before; nil: nothing. It is called without a lock held.
func (m *Machine) OnSystemBoot(f func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.onBoot = f
}

// Counters are what has happened to a machine since the world began.
type Counters struct {
	// Power commands that moved the power, or would have but for FaultPowerStuck: those from outside, over the BMC.
	PowerOns    int `json:"power_ons"`
	PowerOffs   int `json:"power_offs"`
	PowerCycles int `json:"power_cycles"` // cycles and resets
	// BootstrapperPower counts the same for commands of the bootstrapper.
	BootstrapperPower int `json:"bootstrapper_power"`

	// Netboots counts boots in which the machine asked the network for a system, answered or not.
	Netboots int `json:"netboots"`
	// Environments begun.
	Enlistments int `json:"enlistments"`
	Commissions int `json:"commissions"`
	Tests       int `json:"tests"`
	Deploys     int `json:"deploys"`
	Erases      int `json:"erases"`
}

func (c *Counters) environment(kind EnvironmentKind) {
	switch kind {
	case EnvEnlist:
		c.Enlistments++
	case EnvCommission:
		c.Commissions++
	case EnvTest:
		c.Tests++
	case EnvInstall:
		c.Deploys++
	case EnvErase:
		c.Erases++
	}
}

// Counters returns a copy of the machine's counters.
func (m *Machine) Counters() Counters {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.counters
}

// SetFault makes a fault begin or end. Faults act on what happens from now on.
func (m *Machine) SetFault(f Fault, on bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if on {
		if !m.faults[f] {
			m.since[f] = time.Now()
		}
		m.faults[f] = true
	} else {
		delete(m.faults, f)
	}
}

// HasFault reports whether the fault is on.
func (m *Machine) HasFault(f Fault) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.faults[f]
}

// Faults returns the faults that are on, sorted.
func (m *Machine) Faults() []Fault {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := make([]Fault, 0, len(m.faults))
	for f := range m.faults {
		out = append(out, f)
	}
	sort.Slice(out, func(i, j int) bool { return out[i] < out[j] })
	return out
}

// later schedules the machine's next event, in place of one that is scheduled already. The event is run with the lock
// held, unless the epoch has changed; what it returns is run afterwards without the lock, so that it may call outside.
func (m *Machine) later(d time.Duration, event func() (outside func())) {
	epoch := m.epoch
	wall := m.world.Scale(time.Duration(float64(d) * jitter(m.random)))
	m.cancel = m.world.clock.after(wall, func() {
		m.mu.Lock()
		if m.epoch != epoch {
			m.mu.Unlock()
			return
		}
		m.cancel = nil
		outside := event()
		m.mu.Unlock()
		if outside != nil {
			outside()
		}
	})
}

// interrupt makes sure that nothing scheduled so far happens, and that nothing runs.
func (m *Machine) interrupt() {
	m.epoch++
	if m.cancel != nil {
		m.cancel()
		m.cancel = nil
	}
	m.running = ""
}
