// Package control is the HTTP API behind the curtain of the simulated site: what the machines really are and do, what has
// been done to them, and the faults that can be given to them and to their MAAS. It is for tests and demonstrations; no
// system that is under test may use it.
//
// It shows no credential, and refuses machines and faults that do not exist. docs/simulator.md shows it at work.
package control

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"drydock/simulator/world"
)

// Machine is what GET /machines tells of a machine.
type Machine struct {
	Name         string           `json:"name"`
	Power        world.PowerState `json:"power"`
	Running      string           `json:"running"`
	System       string           `json:"system"`
	BootOverride BootOverride     `json:"boot_override"`
	LastReset    time.Time        `json:"last_reset,omitzero"`
	Faults       []world.Fault    `json:"faults"`
	Counters     world.Counters   `json:"counters"`
	Sessions     int              `json:"sessions"` // open at the BMC
	BMC          BMC              `json:"bmc"`
	Serial       string           `json:"serial"`
	UUID         string           `json:"uuid"`
	PXEMAC       string           `json:"pxe_mac"`
}

// BootOverride is the override in force; the target is "" when there is none.
type BootOverride struct {
	Target string `json:"target"`
	Once   bool   `json:"once"`
	UEFI   bool   `json:"uefi"`
}

// BMC says where a machine's controller is.
type BMC struct {
	Type    string `json:"type"`
	Address string `json:"address"` // as designed
	Listens string `json:"listens"` // host:port; "" when the machine has no controller that answers
}

// Details is what GET /machines/{name} tells: the machine and its parts.
type Details struct {
	Machine
	Manufacturer string `json:"manufacturer"`
	Model        string `json:"model"`
	CPUs         int    `json:"cpus"`
	MemoryMiB    int    `json:"memory_mib"`
	NICs         []NIC  `json:"nics"`
	Disks        []Disk `json:"disks"`
}

// NIC is a network interface of a machine.
type NIC struct {
	Name    string `json:"name"`
	MAC     string `json:"mac"`
	PCI     string `json:"pci"`
	Network string `json:"network"`
	Switch  string `json:"switch"`
	Port    string `json:"port"`
}

// Disk is a disk of a machine.
type Disk struct {
	Name      string `json:"name"`
	Bus       string `json:"bus"`
	Serial    string `json:"serial"`
	SizeBytes int64  `json:"size_bytes"`
}

// BMCs is what the API needs to know of the controllers; *bmc.BMCs is one.
type BMCs interface {
	Addresses() map[string]string
	Sessions(name string) int
}

type api struct {
	world *world.World
	bmcs  BMCs
	maas  MAAS
}

// New makes the handler:
//
//	GET    /machines                        all machines, as a list of Machine
//	GET    /machines/{name}                 one machine, as Details
//	PUT    /machines/{name}/faults/{fault}  makes a fault begin
//	DELETE /machines/{name}/faults/{fault}  makes a fault end
//	POST   /machines/{name}/power           presses buttons: {"command": "on"}; counted nowhere
//	GET    /counters                        the counters of all machines, by name
//	GET    /maas/faults                     the faults of MAAS, as a list of Fault
//	POST   /maas/faults                     makes a Fault begin: 201, with its id
//	DELETE /maas/faults                     makes all of them end
//	GET    /maas/faults/{id}                one of them
//	DELETE /maas/faults/{id}                makes it end
//	GET    /maas/calls                      how often each operation of MAAS was called, by its name
//
// Errors are {"error": "text"} with status 404 (no such machine, fault or path), 405, 400 or 409 (a command that makes no
// sense in the present power state).
func New(w *world.World, b BMCs, m MAAS) http.Handler {
	a := &api{world: w, bmcs: b, maas: m}
	mux := http.NewServeMux()
	mux.Handle("/machines", methods{http.MethodGet: a.machines})
	mux.Handle("/machines/{name}", methods{http.MethodGet: a.machine})
	mux.Handle("/machines/{name}/faults/{fault}", methods{http.MethodPut: a.fault, http.MethodDelete: a.fault})
	mux.Handle("/machines/{name}/power", methods{http.MethodPost: a.power})
	mux.Handle("/counters", methods{http.MethodGet: a.counters})
	mux.Handle("/maas/faults", methods{http.MethodGet: a.regionFaults, http.MethodPost: a.addFault, http.MethodDelete: a.clearFaults})
	mux.Handle("/maas/faults/{id}", methods{http.MethodGet: a.regionFault, http.MethodDelete: a.regionFault})
	mux.Handle("/maas/calls", methods{http.MethodGet: func(w http.ResponseWriter, _ *http.Request) { answer(w, a.maas.Calls()) }})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		refuse(w, http.StatusNotFound, fmt.Errorf("find %s: no such path", r.URL.Path))
	})
	return mux
}

// methods serves one path.
type methods map[string]http.HandlerFunc

func (m methods) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h, ok := m[r.Method]; ok {
		h(w, r)
		return
	}
	allowed := make([]string, 0, len(m))
	for method := range m {
		allowed = append(allowed, method)
	}
	slices.Sort(allowed)
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	refuse(w, http.StatusMethodNotAllowed, fmt.Errorf("%s %s: only %s", r.Method, r.URL.Path, strings.Join(allowed, ", ")))
}

func (a *api) machines(w http.ResponseWriter, _ *http.Request) {
	out := []Machine{}
	addresses := a.bmcs.Addresses()
	for _, m := range a.world.Machines() {
		out = append(out, a.describe(m, addresses))
	}
	answer(w, out)
}

func (a *api) describe(m *world.Machine, addresses map[string]string) Machine {
	h, o := m.Hardware(), m.BootOverride()
	return Machine{
		Name: m.Name(), Power: m.Power(), Running: m.Running(), System: m.System(), LastReset: m.LastReset(),
		BootOverride: BootOverride(o), Faults: m.Faults(), Counters: m.Counters(), Sessions: a.bmcs.Sessions(m.Name()),
		BMC:    BMC{Type: h.BMC.Type, Address: h.BMC.Address, Listens: addresses[h.BMC.Address]},
		Serial: h.Serial, UUID: h.UUID, PXEMAC: h.PXENIC,
	}
}

func (a *api) machine(w http.ResponseWriter, r *http.Request) {
	m, ok := a.find(w, r)
	if !ok {
		return
	}
	h := m.Hardware()
	out := Details{
		Machine: a.describe(m, a.bmcs.Addresses()), Manufacturer: h.Manufacturer, Model: h.Model, CPUs: h.CPUs,
		MemoryMiB: h.MemoryMiB,
	}
	for _, n := range h.NICs {
		out.NICs = append(out.NICs,
			NIC{Name: n.Name, MAC: n.MAC, PCI: n.PCI, Network: n.Network, Switch: n.Switch, Port: n.Port})
	}
	for _, d := range h.Disks {
		out.Disks = append(out.Disks, Disk{Name: d.Name, Bus: d.Bus, Serial: d.Serial, SizeBytes: d.SizeBytes})
	}
	answer(w, out)
}

func (a *api) fault(w http.ResponseWriter, r *http.Request) {
	m, ok := a.find(w, r)
	if !ok {
		return
	}
	fault := world.Fault(r.PathValue("fault"))
	if !slices.Contains(world.AllFaults(), fault) {
		refuse(w, http.StatusNotFound, fmt.Errorf("find fault %q: there are %v", fault, world.AllFaults()))
		return
	}
	m.SetFault(fault, r.Method == http.MethodPut)
	answer(w, a.describe(m, a.bmcs.Addresses()))
}

// maxBody is more than any command needs.
const maxBody = 4 << 10

func (a *api) power(w http.ResponseWriter, r *http.Request) {
	m, ok := a.find(w, r)
	if !ok {
		return
	}
	var body struct {
		Command world.PowerCommand `json:"command"`
	}
	if err := json.NewDecoder(io.LimitReader(r.Body, maxBody)).Decode(&body); err != nil {
		refuse(w, http.StatusBadRequest, fmt.Errorf("read command: %w", err))
		return
	}
	commands := []world.PowerCommand{world.CommandOn, world.CommandOff, world.CommandSoftOff, world.CommandCycle, world.CommandReset}
	if !slices.Contains(commands, body.Command) {
		refuse(w, http.StatusBadRequest, fmt.Errorf("read command %q: there are %v", body.Command, commands))
		return
	}
	if err := m.Command(world.OriginPerson, body.Command); errors.Is(err, world.ErrPowerState) {
		refuse(w, http.StatusConflict, err)
		return
	} else if err != nil {
		refuse(w, http.StatusInternalServerError, err)
		return
	}
	answer(w, a.describe(m, a.bmcs.Addresses()))
}

func (a *api) counters(w http.ResponseWriter, _ *http.Request) {
	out := map[string]world.Counters{}
	for _, m := range a.world.Machines() {
		out[m.Name()] = m.Counters()
	}
	answer(w, out)
}

func (a *api) find(w http.ResponseWriter, r *http.Request) (*world.Machine, bool) {
	m, ok := a.world.Machine(r.PathValue("name"))
	if !ok {
		refuse(w, http.StatusNotFound, fmt.Errorf("find machine %q: the site has none of that name", r.PathValue("name")))
	}
	return m, ok
}

func answer(w http.ResponseWriter, body any) { answerWith(w, http.StatusOK, body) }

func answerWith(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // a client that has gone is no matter of ours
}

func refuse(w http.ResponseWriter, status int, err error) {
	answerWith(w, status, map[string]string{"error": err.Error()})
}
