package maas

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"drydock/design"
)

// netStep is one request that brings a machine's network closer to the design. Steps of a lower phase come first, and what
// is read back after them decides about the next: so a run that was cut off goes on where the machine is.
type netStep struct {
	phase  int
	text   string // for people, without a verb of time: "bond bond0 of eno1, eno2 made"
	method string
	path   string // behind nodes/{system_id}/interfaces/
	op     string
	form   map[string][]string
}

// Phases of a reconfiguration.
const (
	phaseRemove = iota // interfaces that are in the way
	phaseUnlink        // addresses that are in the way
	phaseVLAN          // physical interfaces to their VLANs, which drops their links
	phaseBond          // bonds; their parents must be on one VLAN by now
	phaseTagged        // VLAN interfaces, settings
	phaseLink          // addresses
	phaseGateway
)

// netDiff compares the machine's interfaces with the wanted ones and returns the steps of the first phase that has any; none
// when all is equal. Interfaces that the design does not name are not looked at, unless they are in the way.
func netDiff(m *machine, wanted []wantedNIC) []netStep {
	d := differ{m: m, wanted: wanted, byName: map[string]*nic{}, byID: map[int]*nic{}}
	for i := range m.Interfaces {
		n := &m.Interfaces[i]
		d.byName[n.Name], d.byID[n.ID] = n, n
	}
	for _, phase := range []func(){d.remove, d.unlink, d.place, d.bonds, d.settings, d.links, d.gateway} {
		if phase(); len(d.steps) > 0 {
			return d.steps
		}
	}
	return nil
}

type differ struct {
	m      *machine
	wanted []wantedNIC
	byName map[string]*nic
	byID   map[int]*nic
	steps  []netStep
}

func (d *differ) add(phase int, method, path, op string, form map[string][]string, text string, args ...any) {
	d.steps = append(d.steps, netStep{phase: phase, method: method, path: path, op: op, form: form, text: fmt.Sprintf(text, args...)})
}

// top is the existing interface of a wanted one: the bond, or the physical interface; nil when there is no such bond.
func (d *differ) top(w wantedNIC) *nic {
	if !w.bonded() {
		return d.byID[w.parents[0]]
	}
	if n := d.byName[w.name]; n != nil && n.Type == "bond" && d.isBond(n, w) {
		return n
	}
	return nil
}

func (d *differ) isBond(n *nic, w wantedNIC) bool {
	var parents []int
	for _, name := range n.Parents {
		if p := d.byName[name]; p != nil {
			parents = append(parents, p.ID)
		}
	}
	slices.Sort(parents)
	return slices.Equal(parents, slices.Sorted(slices.Values(w.parents))) && n.VLAN != nil && n.VLAN.ID == w.vlan
}

// tagged is the existing VLAN interface of a wanted one; nil when there is none.
func (d *differ) tagged(top *nic, v wantedVLAN) *nic {
	for i := range d.m.Interfaces {
		n := &d.m.Interfaces[i]
		if n.Type == "vlan" && len(n.Parents) == 1 && n.Parents[0] == top.Name && n.VLAN != nil && n.VLAN.ID == v.vlan {
			return n
		}
	}
	return nil
}

// remove deletes bonds, bridges and VLAN interfaces that are built on the wanted NICs and not wanted, and bonds that have
// a wanted name. An interface takes those on it along, so that only the lowest of each tower is deleted.
func (d *differ) remove() {
	keep := map[string]bool{}
	used := map[string]bool{} // names on which nothing unwanted may stand
	for _, w := range d.wanted {
		for _, p := range w.parents {
			if n := d.byID[p]; n != nil {
				used[n.Name] = true
				keep[n.Name] = true
			}
		}
		top := d.top(w)
		if top == nil {
			continue
		}
		keep[top.Name], used[top.Name] = true, true
		for _, v := range w.tagged {
			if n := d.tagged(top, v); n != nil {
				keep[n.Name], used[n.Name] = true, true
			}
		}
	}
	for i := range d.m.Interfaces {
		n := &d.m.Interfaces[i]
		if n.Type == "physical" || keep[n.Name] {
			continue
		}
		inWay := slices.ContainsFunc(n.Parents, func(p string) bool { return used[p] })
		for _, w := range d.wanted {
			inWay = inWay || w.bonded() && n.Name == w.name
		}
		if inWay {
			d.add(phaseRemove, "DELETE", strconv.Itoa(n.ID)+"/", "", nil, "%s %s on %s removed", n.Type, n.Name, strings.Join(n.Parents, ", "))
		}
	}
}

// place moves physical interfaces to the VLANs of their links. All parents of a bond have to be on one VLAN before.
func (d *differ) place() {
	for _, w := range d.wanted {
		if w.bonded() && d.top(w) != nil {
			continue // they are in the wanted bond, which is on the wanted VLAN
		}
		for _, p := range w.parents {
			n := d.byID[p]
			if n != nil && (n.VLAN == nil || n.VLAN.ID != w.vlan) {
				d.add(phaseVLAN, "PUT", strconv.Itoa(p)+"/", "", map[string][]string{"vlan": {strconv.Itoa(w.vlan)}}, "interface %s moved to the untagged VLAN of the link of %s", n.Name, w.source)
			}
		}
	}
}

// bondForm has every parameter, also zeros, which gomaasclient would leave out and MAAS would replace by its defaults.
func bondForm(b design.Bonding) map[string][]string {
	f := map[string][]string{
		"bond_mode": {b.Mode}, "bond_miimon": {strconv.Itoa(b.MonRate)},
		"bond_updelay": {strconv.Itoa(b.UpDelay)}, "bond_downdelay": {strconv.Itoa(b.DownDelay)},
	}
	if b.Mode == design.Bond8023AD {
		if b.Hash != "" {
			f["bond_xmit_hash_policy"] = []string{b.Hash}
		}
		if b.PeerRate != "" {
			f["bond_lacp_rate"] = []string{b.PeerRate}
		}
	}
	return f
}

func (d *differ) bonds() {
	for _, w := range d.wanted {
		if !w.bonded() || d.top(w) != nil {
			continue
		}
		f := bondForm(w.bond)
		f["name"] = []string{w.name}
		f["vlan"] = []string{strconv.Itoa(w.vlan)}
		if w.mtu > 0 {
			f["mtu"] = []string{strconv.Itoa(w.mtu)}
		}
		var names []string
		for _, p := range w.parents {
			f["parents"] = append(f["parents"], strconv.Itoa(p))
			if n := d.byID[p]; n != nil {
				names = append(names, n.Name)
				if f["mac_address"] == nil {
					f["mac_address"] = []string{n.MAC}
				}
			}
		}
		d.add(phaseBond, "POST", "", "create_bond", f, "bond %s of %s made, mode %s", w.name, strings.Join(names, ", "), w.bond.Mode)
	}
}

// settings makes VLAN interfaces, and sets bond parameters and MTUs where they differ.
func (d *differ) settings() {
	for _, w := range d.wanted {
		top := d.top(w)
		if top == nil {
			continue
		}
		change := map[string][]string{}
		if w.bonded() {
			have := top.params()
			for k, v := range bondForm(w.bond) {
				if have[k] != v[0] {
					change[k] = v
				}
			}
		}
		if w.mtu > 0 && !hasMTU(top, w.mtu) {
			change["mtu"] = []string{strconv.Itoa(w.mtu)}
		}
		if len(change) > 0 {
			d.add(phaseTagged, "PUT", strconv.Itoa(top.ID)+"/", "", change, "interface %s changed: %s", top.Name, formText(change))
		}
		for _, v := range w.tagged {
			n := d.tagged(top, v)
			switch {
			case n == nil:
				f := map[string][]string{"parent": {strconv.Itoa(top.ID)}, "vlan": {strconv.Itoa(v.vlan)}}
				if v.mtu > 0 {
					f["mtu"] = []string{strconv.Itoa(v.mtu)}
				}
				d.add(phaseTagged, "POST", "", "create_vlan", f, "VLAN interface %s.%d made", top.Name, v.vid)
			case v.mtu > 0 && !hasMTU(n, v.mtu):
				d.add(phaseTagged, "PUT", strconv.Itoa(n.ID)+"/", "", map[string][]string{"mtu": {strconv.Itoa(v.mtu)}}, "interface %s changed: mtu=%d", n.Name, v.mtu)
			}
		}
	}
}

// hasMTU compares the configured MTU; without one, that which follows from the VLAN counts.
func hasMTU(n *nic, mtu int) bool {
	if configured := n.params()["mtu"]; configured != "" {
		return configured == strconv.Itoa(mtu)
	}
	return n.EffectiveMTU == mtu
}

func formText(f map[string][]string) string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(f)) {
		out = append(out, k+"="+strings.Join(f[k], ","))
	}
	return strings.Join(out, " ")
}
