package maas

import (
	"net/netip"
	"net/url"
	"strings"

	"drydock/drivers"
)

// node types of a machine's body; all others run a controller of the region.
const typeMachine = 0

// power reads how MAAS controls the power of one machine, once per action. The values hold credentials.
func (s *session) power(id string) (map[string]any, error) {
	if params, ok := s.powers[id]; ok {
		return params, nil
	}
	params, err := s.gmc.Machine.GetPowerParameters(id)
	if err != nil {
		return nil, s.fail(err, "read power parameters of machine %s", id)
	}
	if s.powers == nil {
		s.powers = map[string]map[string]any{}
	}
	s.powers[id] = params
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
	return plainMACs(append([]string{call.Node.BootMAC}, call.Build.Identity.MACs...))
}

// plainMACs are addresses as MAAS has them, sorted, each once: it compares them as text, and stores them in lower case.
func plainMACs(list []string) []string {
	seen := map[string]bool{}
	for _, m := range list {
		if m = strings.ToLower(strings.TrimSpace(m)); m != "" {
			seen[m] = true
		}
	}
	return keys(seen)
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
// not know it. A host name or MAC on a machine with another BMC than the designed one, two candidates, and a controller of
// MAAS are a Conflict.
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
		return m, s.refuseOtherBMC(call, m, "host name")
	}
	found, why, err := s.byEvidence(call)
	if err != nil {
		return nil, err
	}
	if err := s.refuseTwo(found, why); err != nil {
		return nil, err
	}
	for id, m := range found {
		if err := s.refuseController(m); err != nil {
			return nil, err
		}
		return m, s.refuseOtherBMC(call, m, why[id])
	}
	// What MAAS knows no machine of is started from the network: that must not befall a part of MAAS.
	return nil, s.refuseControllers(call)
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

// refuseOtherBMC stops where a machine that was found by something else is controlled through another BMC than the designed
// one: the power of one machine and the disks of another would be taken for those of the node.
func (s *session) refuseOtherBMC(call drivers.NodeCall, m *machine, why string) error {
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
	return s.errorf(drivers.Conflict, "Correct the BMC address in the design or at MAAS, or rename or delete the machine there if it is not the node.",
		"machine %s has the %s of the node, but its BMC is at %s and the design says %s", m, why, s.clean(have), want)
}
