package maas

import (
	"strings"

	"drydock/design"
	"drydock/design/build"
	"drydock/drivers"
)

// prove reads the machine's identity from MAAS now and compares it with the design and with what was recorded of the node.
// Nothing that restarts a machine or wipes its disks is done without it: what can't be proven is a Conflict. Serial numbers prove nothing,
// as many machines show that of their board, or a text that stands where none was set.
func (s *session) prove(call drivers.NodeCall, m *machine) error {
	if err := s.refuseController(m); err != nil {
		return err
	}
	if err := s.refuseOtherUUID(call, m); err != nil {
		return err
	}
	proof := ""
	if want := call.Node.BMCAddress(); want != "" && call.Node.OOB.Type != design.OOBManual {
		params, err := s.power(m.SystemID)
		if err != nil {
			return err
		}
		have := textOf(params["power_address"])
		if bmcHost(have) != bmcHost(want) {
			return s.errorf(drivers.Conflict, "Run IdentifyNode, and find out why the machine at MAAS is controlled through another BMC; nothing was touched.",
				"machine %s is controlled through the BMC at %s and the design says %s", m, orNone(s.clean(have)), want)
		}
		proof = "BMC address"
	} else if call.Node.OOB.Type == design.OOBLibvirt {
		params, err := s.power(m.SystemID)
		if err != nil {
			return err
		}
		if textOf(params["power_address"]) != call.Node.OOB.LibvirtURI || textOf(params["power_id"]) != call.Node.Name {
			return s.errorf(drivers.Conflict, "Run IdentifyNode; nothing was touched.", "machine %s is not controlled as the libvirt domain of the design", m)
		}
		proof = "libvirt domain"
	}
	known := call.Build.Identity
	recorded := known.ProvisionerMACs
	if known.UUID != "" && build.SameUUID(known.UUID, m.HardwareUUID) {
		proof += " system UUID"
	} else if len(recorded) == 0 {
		recorded = known.MACs // the BMC may see other NICs than MAAS, but there is nothing better to go by
	}
	macs := m.macs()
	if want := strings.ToLower(call.Node.BootMAC); want != "" && len(macs) > 0 {
		if len(common([]string{want}, macs)) == 0 {
			return s.errorf(drivers.Conflict, "Correct the boot MAC in the design, or find out which machine this is; nothing was touched.",
				"machine %s has no interface with the boot MAC %s of the design", m, want)
		}
		proof += " boot MAC"
	}
	if len(recorded) > 0 && len(macs) > 0 {
		if len(common(plainMACs(recorded), macs)) == 0 {
			return s.errorf(drivers.Conflict, replacedAdvice(call),
				"machine %s has none of the MAC addresses that were recorded for the node (%s)", m, strings.Join(recorded, ", "))
		}
		proof += " MAC addresses"
	}
	if proof == "" {
		return s.errorf(drivers.Conflict, "Give the node a boot_mac in the design; nothing was touched.",
			"the identity of machine %s can't be proven: the design has neither BMC address nor boot MAC, and nothing was recorded of the node", m)
	}
	return s.refuseControllers(call)
}

// replacedAdvice says what to do where the machine is another one than the recorded.
func replacedAdvice(call drivers.NodeCall) string {
	return "Find out whether the machine was replaced; if so, delete the old one at MAAS and run drydock node forget " + call.Node.Name + ". Nothing was touched."
}

// refuseOtherUUID stops at a machine with another system UUID than the recorded one.
func (s *session) refuseOtherUUID(call drivers.NodeCall, m *machine) error {
	recorded := call.Build.Identity.UUID
	if recorded == "" || build.UUID(m.HardwareUUID) == "" || build.SameUUID(recorded, m.HardwareUUID) {
		return nil
	}
	return s.errorf(drivers.Conflict, replacedAdvice(call),
		"machine %s has the system UUID %s, and %s was recorded for the node", m, strings.ToLower(m.HardwareUUID), recorded)
}
