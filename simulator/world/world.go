// Package world is the physical half of the simulated site: machines with power, firmware, boot order, NICs, disks and
// neighbours, in simulated time. Cause and effect go through it only: protocols (MAAS API, Redfish, IPMI) in front of it
// change and read machines here and know nothing of each other.
//
// It refuses to be convenient: nothing happens at once that takes time in a machine room, and nothing happens to a
// machine without power.
package world

import (
	"math/rand/v2"
	"sort"
	"strings"
	"sync"

	"drydock/design"
)

// Options of a world.
type Options struct {
	// Seed makes serial numbers, MACs, UUIDs and jitter repeatable.
	Seed int64
	// Speed is simulated seconds per second; 0 or less means 1.
	Speed float64
	// Durations in simulated time; zero fields take the defaults.
	Durations Durations
}

// World is all machines of a site. It is safe for concurrent use.
type World struct {
	site      *design.Site
	speed     float64
	durations Durations
	machines  []*Machine // sorted by name; immutable, as are the maps below
	byName    map[string]*Machine
	byMAC     map[string]*Machine
	byBMC     map[string]*Machine

	netbootMu sync.RWMutex
	netboot   func(Netboot) Environment

	clock clock
}

// New makes the world of a site: one machine per node of the design, with the BMC, NICs and disks that the design
// needs (aliases at their bus addresses, disks large enough for their layout), all off and unknown to any bootstrapper.
// The same site and seed give the same machines. Close it when done.
func New(site *design.Site, o Options) *World {
	w := &World{
		site:      site,
		speed:     o.Speed,
		durations: o.Durations.withDefaults(),
		byName:    map[string]*Machine{},
		byMAC:     map[string]*Machine{},
		byBMC:     map[string]*Machine{},
	}
	if w.speed <= 0 {
		w.speed = 1
	}
	w.clock.random = rand.New(rand.NewPCG(uint64(o.Seed), 0))

	f := newFactory(site, o.Seed)
	for _, node := range site.Nodes {
		if _, twice := w.byName[node.Name]; twice {
			continue // a design with two nodes of one name has no meaning; look-ups take the first there too
		}
		m := newMachine(w, f.machine(node), o.Seed)
		w.machines = append(w.machines, m)
		w.byName[node.Name] = m
		for _, nic := range m.hardware.NICs {
			if _, taken := w.byMAC[nic.MAC]; !taken {
				w.byMAC[nic.MAC] = m
			}
		}
		if address := m.hardware.BMC.Address; address != "" {
			if _, taken := w.byBMC[address]; !taken {
				w.byBMC[address] = m
			}
		}
	}
	sort.Slice(w.machines, func(i, j int) bool { return w.machines[i].Name() < w.machines[j].Name() })
	return w
}

// Site is the design that the world was made from. Treat it as immutable.
func (w *World) Site() *design.Site { return w.site }

// Machines returns all machines, sorted by name.
func (w *World) Machines() []*Machine { return append([]*Machine(nil), w.machines...) }

// Machine finds a machine by its name in the design.
func (w *World) Machine(name string) (*Machine, bool) {
	m, ok := w.byName[name]
	return m, ok
}

// MachineByMAC finds the machine with a NIC of that MAC, in any case, with colons. BMC MACs do not count: a BMC never
// asks for a boot image.
func (w *World) MachineByMAC(mac string) (*Machine, bool) {
	m, ok := w.byMAC[strings.ToLower(mac)]
	return m, ok
}

// MachineByBMC finds the machine by the address of its BMC as designed: the static address on the oob network.
func (w *World) MachineByBMC(address string) (*Machine, bool) {
	m, ok := w.byBMC[address]
	return m, ok
}

// SetNetboot sets who answers PXE requests; nil: nobody does. The function is called from a goroutine of the world,
// without any lock held, and may call everything but Close. It must return: a machine that is told nothing takes the
// answer EnvNone.
func (w *World) SetNetboot(f func(Netboot) Environment) {
	w.netbootMu.Lock()
	defer w.netbootMu.Unlock()
	w.netboot = f
}

func (w *World) askNetwork(n Netboot) Environment {
	w.netbootMu.RLock()
	f := w.netboot
	w.netbootMu.RUnlock()
	if f == nil {
		return Environment{}
	}
	return f(n)
}
