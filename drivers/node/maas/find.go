package maas

import (
	"maps"
	"net/http"
	"net/netip"
	"net/url"
	"sort"
	"strings"
	"time"

	"drydock/drivers"
)

// node types of a machine's body; all others run a controller of the region.
const typeMachine = 0

// bmcIndex remembers which machine has which BMC address, for an interval: many nodes that wait to be enlisted share one
// look at the power parameters of the region. It holds no credential.
type bmcIndex struct {
	gate   chan struct{} // one fetches, the others wait for the result
	at     time.Time
	byID   map[string]string // host of the BMC, "" where there is none, of every machine that MAAS knows
	byHost map[string][]string
	// absent is until when a node that was not found need not be looked for again; emptied when the machines change.
	absent map[string]time.Time
}

// bmcs runs f on the index of BMC addresses, made anew by one machines/?op=power_parameters where it is old.
func (s *session) bmcs(f func(*bmcIndex)) error {
	x := &s.d.bmcs
	select {
	case x.gate <- struct{}{}:
		defer func() { <-x.gate }()
	case <-s.Done():
		return s.fail(s.Err(), "read the BMC addresses of all machines")
	}
	if now := s.d.now(); x.byID == nil || now.Sub(x.at) >= s.d.watch.interval() {
		// gomaasclient does not have this call.
		var all map[string]map[string]any
		if err := s.get("machines/", "power_parameters", nil, &all); err != nil {
			return s.fail(err, "read the BMC addresses of all machines")
		}
		x.fill(all, now)
	}
	f(x)
	return nil
}

func (x *bmcIndex) fill(all map[string]map[string]any, now time.Time) {
	byID, byHost := make(map[string]string, len(all)), map[string][]string{}
	for _, id := range keys(all) {
		h := bmcHost(textOf(all[id]["power_address"]))
		if byID[id] = h; h != "" {
			byHost[h] = append(byHost[h], id)
		}
	}
	if x.absent == nil || !maps.Equal(byID, x.byID) {
		x.absent = map[string]time.Time{}
	}
	x.byID, x.byHost, x.at = byID, byHost, now
}

// machinesAtBMC finds the machines that MAAS controls through a BMC address.
func (s *session) machinesAtBMC(address string) (ids []string, err error) {
	host := bmcHost(address)
	if host == "" {
		return nil, nil
	}
	err = s.bmcs(func(x *bmcIndex) { ids = x.byHost[host] })
	return ids, err
}

// stillAbsent reports whether a node was not found a while ago, and MAAS knows the same machines since.
func (s *session) stillAbsent(call drivers.NodeCall) (absent bool, err error) {
	err = s.bmcs(func(x *bmcIndex) { absent = s.d.now().Before(x.absent[soughtBy(call)]) })
	return absent, err
}

// absent remembers that a node was not found. It is looked for again from time to time, as a machine may get its name or a
// MAC without any other change.
func (s *session) absent(call drivers.NodeCall) error {
	return s.bmcs(func(x *bmcIndex) { x.absent[soughtBy(call)] = s.d.now().Add(staleAfter * s.d.watch.interval()) })
}

// soughtBy is all that a node is looked for by.
func soughtBy(call drivers.NodeCall) string {
	return strings.Join(append([]string{call.Node.Name, call.Node.BMCAddress()}, knownMACs(call)...), " ")
}

// power reads how MAAS controls the power of one machine. The values hold credentials.
func (s *session) power(id string) (map[string]any, error) {
	params, err := s.gmc.Machine.GetPowerParameters(id)
	if err != nil {
		return nil, s.fail(err, "read power parameters of machine %s", id)
	}
	return params, nil
}

func textOf(v any) string {
	t, _ := v.(string)
	return t
}

// bmcHost is the host of a power address, which may be an address, a name, host:port or a URL; in one spelling, "" when
// there is none.
func bmcHost(address string) string {
	a := strings.TrimSpace(address)
	if strings.Contains(a, "://") {
		u, err := url.Parse(a)
		if err != nil {
			return ""
		}
		a = u.Hostname()
	}
	if ap, err := netip.ParseAddrPort(a); err == nil {
		a = ap.Addr().String()
	} else if host, port, ok := strings.Cut(a, ":"); ok && !strings.Contains(port, ":") {
		a = host
	}
	if ip, err := netip.ParseAddr(strings.Trim(a, "[]")); err == nil {
		return ip.Unmap().String()
	}
	return strings.ToLower(a)
}

// knownMACs are the addresses by which the node is known: that of the design and those that were recorded.
func knownMACs(call drivers.NodeCall) []string {
	seen := map[string]bool{}
	var out []string
	for _, m := range append([]string{call.Node.BootMAC}, call.Build.Identity.MACs...) {
		// MAAS compares MACs as text, and stores them in lower case.
		m = strings.ToLower(strings.TrimSpace(m))
		if m != "" && !seen[m] {
			seen[m] = true
			out = append(out, m)
		}
	}
	sort.Strings(out)
	return out
}

// byEvidence finds machines by what a machine can't be given by a person's slip of the keyboard alone: the designed BMC
// address, else the known MACs. It returns them by system id, with what spoke for each.
func (s *session) byEvidence(call drivers.NodeCall) (map[string]*machine, map[string]string, error) {
	found, why := map[string]*machine{}, map[string]string{}
	if address := call.Node.BMCAddress(); address != "" {
		ids, err := s.machinesAtBMC(address)
		if err != nil {
			return nil, nil, err
		}
		for _, id := range ids {
			m, err := s.machineByID(id)
			if err != nil {
				return nil, nil, err
			}
			if m == nil {
				continue // gone since the power parameters were read
			}
			params, err := s.power(id)
			if err != nil {
				return nil, nil, err
			}
			if bmcHost(textOf(params["power_address"])) == bmcHost(address) {
				found[id], why[id] = m, "BMC address "+address
			}
		}
	}
	if macs := knownMACs(call); len(macs) > 0 {
		list, err := s.machines(url.Values{"mac_address": macs})
		if err != nil {
			return nil, nil, err
		}
		for i := range list {
			id := list[i].SystemID
			if found[id] == nil {
				found[id], why[id] = &list[i], "MAC address "+strings.Join(common(macs, list[i].macs()), ", ")
			}
		}
	}
	return found, why, nil
}

func common(a, b []string) []string {
	in := map[string]bool{}
	for _, x := range b {
		in[x] = true
	}
	var out []string
	for _, x := range a {
		if in[x] {
			out = append(out, x)
		}
	}
	return out
}

// byName finds the machine with the node's host name; nil when there is none.
func (s *session) byName(call drivers.NodeCall) (*machine, error) {
	list, err := s.machines(url.Values{"hostname": {call.Node.Name}})
	if err != nil {
		return nil, err
	}
	var match []machine
	for _, m := range list {
		if strings.EqualFold(m.Hostname, call.Node.Name) {
			match = append(match, m)
		}
	}
	switch len(match) {
	case 0:
		return nil, nil
	case 1:
		return &match[0], nil
	}
	return nil, s.errorf(drivers.Conflict, "Rename or delete one of them at MAAS.", "machines %s and %s both have the host name", &match[0], &match[1])
}

// locate finds the machine of a node: by the id recorded earlier, else by host name, else by evidence; nil when MAAS does
// not know it. A host name on a machine with another BMC than the designed one, and two candidates, are a Conflict.
func (s *session) locate(call drivers.NodeCall) (*machine, error) {
	if id := call.Build.Provisioner.ID; id != "" {
		m, err := s.machineByID(id)
		if err != nil {
			return nil, err
		}
		// An id is never given twice, but a person may have given the machine another role and name meanwhile.
		if m != nil && strings.EqualFold(m.Hostname, call.Node.Name) {
			return m, s.refuseController(m)
		}
	}
	m, err := s.byName(call)
	if err != nil {
		return nil, err
	}
	if m != nil {
		if err := s.refuseController(m); err != nil {
			return nil, err
		}
		return m, s.refuseOtherBMC(call, m)
	}
	found, why, err := s.byEvidence(call)
	if err != nil {
		return nil, err
	}
	if err := s.refuseTwo(found, why); err != nil {
		return nil, err
	}
	for _, m := range found {
		return m, s.refuseController(m)
	}
	return nil, nil
}

func (s *session) refuseTwo(found map[string]*machine, why map[string]string) error {
	if len(found) < 2 {
		return nil
	}
	ids := keys(found)
	a, b := ids[0], ids[1]
	return s.errorf(drivers.Conflict, "Delete the wrong one at MAAS, or correct the BMC address or the MACs of the design.",
		"two machines could be the node: %s by %s and %s by %s", found[a], why[a], found[b], why[b])
}

// refuseController stops at machines that run a part of MAAS itself.
func (s *session) refuseController(m *machine) error {
	if m.NodeType == typeMachine {
		return nil
	}
	return s.errorf(drivers.Conflict, "Take the node out of the design, or give the controller another name at MAAS.",
		"%s is a %s of MAAS and not a machine to manage", m, strings.ToLower(m.NodeTypeName))
}

// refuseOtherBMC stops where a machine has the node's name but is controlled through another BMC than the designed one.
func (s *session) refuseOtherBMC(call drivers.NodeCall, m *machine) error {
	want := call.Node.BMCAddress()
	if want == "" || m.PowerType == "" || m.PowerType == "manual" {
		return nil
	}
	params, err := s.power(m.SystemID)
	if err != nil {
		return err
	}
	have := textOf(params["power_address"])
	if bmcHost(have) == "" || bmcHost(have) == bmcHost(want) {
		return nil
	}
	return s.errorf(drivers.Conflict, "Correct the BMC address in the design or at MAAS, or rename the machine that has the name wrongly.",
		"machine %s has the host name, but its BMC is at %s and the design says %s", m, s.clean(have), want)
}

// refuseControllerOnce is refuseControllerByName, once per task: a node that waits to be enlisted would ask again and again.
func (s *session) refuseControllerOnce(call drivers.NodeCall) error {
	if _, done, err := call.Journal.Noted(s, noteMachine); err != nil {
		return s.journalError(err)
	} else if done {
		return nil
	}
	if err := s.refuseControllerByName(call); err != nil {
		return err
	}
	if err := call.Journal.Note(s, noteMachine, "no rack controller has the name"); err != nil {
		return s.journalError(err)
	}
	return nil
}

// refuseControllerByName stops where the name belongs to a rack controller, which is in no list of machines.
func (s *session) refuseControllerByName(call drivers.NodeCall) error {
	var racks []machine
	err := s.get("rackcontrollers/", "", url.Values{"hostname": {call.Node.Name}}, &racks)
	if isAnswer(err, http.StatusBadRequest) {
		return nil // a MAAS that does not take the filter; a controller is then no machine either
	}
	if err != nil {
		return s.fail(err, "look for a rack controller of the name")
	}
	for i := range racks {
		if strings.EqualFold(racks[i].Hostname, call.Node.Name) {
			return s.errorf(drivers.Conflict, "Take the node out of the design, or give the controller another name at MAAS.",
				"%s is a rack controller of MAAS and not a machine to manage", &racks[i])
		}
	}
	return nil
}
