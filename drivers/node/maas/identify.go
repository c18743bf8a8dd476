package maas

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/canonical/gomaasclient/entity"

	"drydock/design"
	"drydock/drivers"
)

// IdentifyNode finds the node's machine by host name, BMC address (machines/?op=power_parameters) and MAC addresses, and
// makes host name, domain and power parameters those of the design with one PUT, where they differ. A machine that is not
// there yet is NotReady.
func (d *Driver) IdentifyNode(ctx context.Context, call drivers.NodeCall) (drivers.Report, error) {
	s, err := d.nodeSession(ctx, drivers.IdentifyNode, call)
	if err != nil {
		return drivers.Report{}, err
	}
	absent, err := s.stillAbsent(call)
	if err != nil {
		return drivers.Report{}, err
	}
	var m *machine
	var by string
	if !absent {
		if m, by, err = s.identify(call); err != nil {
			return drivers.Report{}, err
		}
	}
	if m == nil {
		if !absent {
			if err := s.refuseControllers(call); err != nil {
				return drivers.Report{}, err
			}
			if err := s.absent(call); err != nil {
				return drivers.Report{}, err
			}
		}
		return drivers.Report{}, s.waiting("waiting for the machine to enlist at MAAS: it has none with host name %s, BMC address %s or a known MAC address", call.Node.Name, orNone(call.Node.BMCAddress()))
	}
	change, said, err := s.identityChange(call, m)
	if err != nil {
		return drivers.Report{}, err
	}
	if len(change) == 0 {
		if set, noted, err := call.Journal.Noted(s, noteIdentity); err != nil {
			return drivers.Report{}, s.journalError(err)
		} else if noted {
			// The attempt that did it did not live to tell.
			return s.report(call, m, drivers.Changed, fmt.Sprintf("Machine %s was found by %s, and got %s.", m, by, set))
		}
		return s.report(call, m, drivers.Already, fmt.Sprintf("Machine %s was found by %s.", m, by))
	}
	if m.Locked {
		return drivers.Report{}, s.locked(m)
	}
	if err := s.refuseForeign(m); err != nil {
		return drivers.Report{}, err
	}
	if domain := change.Get("domain"); domain != "" {
		made, err := s.ensureDomain(domain)
		if err != nil {
			return drivers.Report{}, err
		}
		if made {
			said = append(said, "Domain "+domain+" was made.")
		}
	}
	if err := call.Journal.Note(s, noteIdentity, strings.Join(keys(change), ", ")); err != nil {
		return drivers.Report{}, s.journalError(err)
	}
	var after machine
	if err := s.put("machines/"+m.SystemID+"/", change, &after); err != nil {
		return drivers.Report{}, s.fail(err, "set name and power of machine %s", m)
	}
	delete(s.powers, m.SystemID)
	left, _, err := s.identityChange(call, &after)
	if err != nil {
		return drivers.Report{}, err
	}
	if len(left) > 0 {
		return drivers.Report{}, s.errorf(drivers.Conflict, "Look at the machine's configuration page at MAAS.", "set name and power of machine %s: MAAS took the values, but shows others for %s", &after, strings.Join(keys(left), ", "))
	}
	said = append([]string{fmt.Sprintf("Machine %s was found by %s.", m, by)}, said...)
	return s.report(call, &after, drivers.Changed, said...)
}

func orNone(s string) string {
	if s == "" {
		return "(none in the design)"
	}
	return s
}

// identify finds the machine and says by what. It refuses whatever does not fit together.
func (s *session) identify(call drivers.NodeCall) (*machine, string, error) {
	named, err := s.byName(call)
	if err != nil {
		return nil, "", err
	}
	found, why, err := s.byEvidence(call)
	if err != nil {
		return nil, "", err
	}
	if err := s.refuseTwo(found, why); err != nil {
		return nil, "", err
	}
	for id, m := range found {
		if err := s.refuseOther(call, m, why[id]); err != nil {
			return nil, "", err
		}
		switch {
		case named == nil:
			return m, why[id], s.refuseRename(call, m, why[id])
		case named.SystemID != id:
			return nil, "", s.errorf(drivers.Conflict, "Rename or delete one of them at MAAS, or correct the design.",
				"machine %s has the host name, but %s has the %s of the node", named, m, why[id])
		}
		return m, "host name and " + why[id], nil
	}
	if named == nil {
		return nil, "", nil
	}
	if err := s.refuseOther(call, named, "host name"); err != nil {
		return nil, "", err
	}
	if want := knownMACs(call); len(want) > 0 && len(named.macs()) > 0 {
		return nil, "", s.errorf(drivers.Conflict, "Correct the boot MAC of the design, or rename the machine that has the name wrongly.",
			"machine %s has the host name, but none of the known MAC addresses %s", named, strings.Join(want, ", "))
	}
	return named, "host name", nil
}

// refuseOther stops at a machine that is another one than the node's, whatever it was found by.
func (s *session) refuseOther(call drivers.NodeCall, m *machine, why string) error {
	if err := s.refuseController(m); err != nil {
		return err
	}
	if err := s.refuseOtherUUID(call, m); err != nil {
		return err
	}
	return s.refuseOtherBMC(call, m, why)
}

// refuseRename stops at machines that have a role under the name that they have.
func (s *session) refuseRename(call drivers.NodeCall, m *machine, why string) error {
	if other := call.Site.Node(m.Hostname); other != nil {
		return s.errorf(drivers.Conflict, "Correct the BMC addresses and MACs of both nodes in the design, or the host name at MAAS.",
			"machine %s has the %s of the node, but the host name of node %s", m, why, other.Name)
	}
	if m.held() {
		return s.errorf(drivers.Conflict, "Release it at MAAS if it is free, or correct the design.",
			"machine %s has the %s of the node, but is %s under its own name for %s", m, why, m.StatusName, ownerText(m.Owner))
	}
	return nil
}

// identityChange is the form of the PUT that makes the machine's name and power those of the design, empty when nothing
// differs, and what it changes for people.
func (s *session) identityChange(call drivers.NodeCall, m *machine) (url.Values, []string, error) {
	change, said := url.Values{}, []string(nil)
	if m.Hostname != call.Node.Name {
		change.Set("hostname", call.Node.Name)
		said = append(said, "Machine "+m.String()+" was renamed to "+call.Node.Name+".")
	}
	if want := call.Node.Domain; want != "" && m.Domain.Name != want {
		change.Set("domain", want)
		said = append(said, "Its domain became "+want+" instead of "+m.Domain.Name+".")
	}
	kind, want := powerOf(call.Node)
	if kind == "" {
		return change, said, nil
	}
	differs := []string{}
	if m.PowerType != kind {
		differs = append(differs, "power_type")
	}
	if len(want) > 0 {
		// Passwords are readable here and nowhere else, so that they can be compared instead of written each time.
		have, err := s.power(m.SystemID)
		if err != nil {
			return nil, nil, err
		}
		for _, k := range keys(want) {
			if textOf(have[k]) != want[k] {
				differs = append(differs, k)
			}
		}
	}
	if len(differs) > 0 {
		change.Set("power_type", kind)
		for k, v := range want {
			change.Set("power_parameters_"+k, v)
		}
		said = append(said, "Its power control was set to "+kind+"; different were: "+strings.Join(differs, ", ")+".")
	}
	return change, said, nil
}

// powerOf is the power type of MAAS and its parameters that the design asks for; the type is "" when it asks for none that
// MAAS has.
func powerOf(n *design.Node) (string, map[string]string) {
	p := map[string]string{
		"power_address": n.BMCAddress(), "power_user": n.OOB.Account, "power_pass": n.OOB.Credential.Reveal(),
	}
	switch n.OOB.Type {
	case design.OOBIPMI:
		p["power_driver"] = "LAN_2_0"
		p["power_boot_type"] = "auto"
		if n.HardwareProfile != nil {
			switch n.HardwareProfile.BootMode {
			case "uefi":
				p["power_boot_type"] = "efi"
			case "bios":
				p["power_boot_type"] = "legacy"
			}
		}
		return "ipmi", p
	case design.OOBRedfish:
		return "redfish", p
	case design.OOBLibvirt:
		return "virsh", map[string]string{"power_address": n.OOB.LibvirtURI, "power_id": n.Name}
	case design.OOBManual:
		return "manual", nil
	}
	return "", nil
}

// ensureDomain makes a DNS domain where MAAS does not have it.
func (s *session) ensureDomain(name string) (made bool, err error) {
	all, err := s.gmc.Domains.Get()
	if err != nil {
		return false, s.fail(err, "list domains")
	}
	for _, d := range all {
		if strings.EqualFold(d.Name, name) {
			return false, nil
		}
	}
	_, err = s.gmc.Domains.Create(&entity.DomainParams{Name: name, Authoritative: true})
	if err == nil {
		return true, nil
	}
	// Another node of the same domain may have been faster.
	if isAnswer(err, 400) && strings.Contains(err.Error(), "already exists") {
		return false, nil
	}
	return false, s.fail(err, "make domain %s", name)
}
