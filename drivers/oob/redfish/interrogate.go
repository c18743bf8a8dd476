package redfish

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stmcginnis/gofish/common"
	"github.com/stmcginnis/gofish/redfish"

	"drydock/design/build"
	"drydock/drivers"
	"drydock/drivers/oob/bmc"
)

// inventory is what one reading of a machine found. It is shared among callers, so nobody writes to it.
type inventory struct {
	identity build.Identity
	oob      build.OOB
	nics     []build.NIC
	missing  []string // messages about parts that are not reported
	blind    bool     // that no drives are shown says nothing
}

// InterrogateOob reads ComputerSystem, Manager, network interfaces, storage, PCIe devices, sensors and the event log into
// the build model. What a service does not have is left out with a message; only the system itself is indispensable.
// Callers at the same time share one reading.
func (d *Driver) InterrogateOob(ctx context.Context, call drivers.NodeCall) (drivers.Report, error) {
	out, err := d.interrogate(ctx, call)
	if err != nil {
		return drivers.Report{}, bmc.Failure(drivers.InterrogateOob, call, err)
	}
	for i, m := range out.Messages {
		out.Messages[i] = bmc.Clean(call, m)
	}
	return out, nil
}

func (d *Driver) interrogate(ctx context.Context, call drivers.NodeCall) (drivers.Report, error) {
	endpoint, err := d.endpoints.Of(call.Node)
	if err != nil {
		return drivers.Report{}, err
	}
	// Which system it is depends on the design and the record, so only callers that agree on them share a reading.
	what := strings.Join([]string{call.Node.OOB.Parameters[SystemParameter], call.Build.Identity.Serial, call.Build.Identity.UUID}, "\x00")
	seen, err := bmc.Read(ctx, d.broker, d.access(endpoint, call), what, func(ctx context.Context, c *conn) (*inventory, error) {
		c.renewed = false
		s, err := findSystem(ctx, c, call)
		if err != nil {
			return nil, err
		}
		return s.inventory(ctx)
	})
	if err != nil {
		return drivers.Report{}, err
	}
	if err := bmc.SameMachine(call.Build.Identity, seen.identity); err != nil {
		return drivers.Report{}, err
	}
	b := learned(call)
	b.OOB = seen.oob
	b.OOB.Driver = Name
	if seen.blind {
		b.OOB.Drives = call.Build.OOB.Drives
	}
	b.NICs = joinNICs(call.Build.NICs, seen.nics)
	b.Identity = bmc.Learn(call.Build.Identity, seen.identity)
	out := report(drivers.Already, fmt.Sprintf("The BMC reports %s, power %s.", bmc.Describe(seen.identity), powerWord(b.OOB.Power)))
	out.Messages = append(out.Messages, seen.missing...)
	out.Messages = append(out.Messages, bmc.NICChanges(call.Build.Identity, seen.identity)...)
	for _, a := range b.OOB.Alarms {
		out.Messages = append(out.Messages, "The BMC raises an alarm: "+a+".")
	}
	out.Build = &b
	return out, nil
}

// inventory reads all that the service knows of the machine.
func (s *system) inventory(ctx context.Context) (*inventory, error) {
	out := &inventory{identity: s.identity()}
	s.fill(&out.oob)
	out.oob.ProcessorModel = strings.TrimSpace(s.body.ProcessorSummary.Model)
	for _, part := range []struct {
		name string
		read func() error
	}{
		{"the firmware version of the BMC", func() (err error) { out.oob.BMCVersion, err = s.firmware(ctx); return err }},
		{"the network interfaces", func() (err error) { out.nics, err = s.nics(ctx); return err }},
		{"the drives", func() (err error) { out.oob.Drives, err = s.drives(ctx); return err }},
		{"the PCIe devices", func() (err error) { out.oob.PCI, err = s.pci(ctx); return err }},
		{"the sensors", func() (err error) { out.oob.Sensors, err = s.sensors(ctx); return err }},
		{"the event log", func() (err error) { out.oob.Log, err = s.log(ctx); return err }},
	} {
		if err := out.miss(part.name, part.read()); err != nil {
			return nil, err
		}
	}
	if len(out.oob.Drives) == 0 && s.seesNoDrives() {
		out.blind = true
		out.missing = append(out.missing, "The BMC shows no drives while the machine is off or in POST; what was known of them is kept.")
	}
	for _, n := range out.nics {
		out.identity.MACs = append(out.identity.MACs, n.MAC)
	}
	out.oob.ObservedAt = time.Now().UTC()
	return out, nil
}

// miss makes a part that the service does not have, or fails at for good, into a message. A BMC that is silent, busy or
// refuses the account fails the whole reading.
func (i *inventory) miss(what string, err error) error {
	var f *bmc.Fault
	switch {
	case err == nil:
		return nil
	case isNotFound(err):
		i.missing = append(i.missing, "The BMC does not report "+what+".")
		return nil
	case errors.As(err, &f) && (f.Class == drivers.NotSupported || f.Class == drivers.Internal):
		i.missing = append(i.missing, drivers.Warning("the BMC fails to report "+what+": "+f.Error()))
		return nil
	}
	return err
}

func powerWord(p string) string {
	if p == build.PowerUnknown {
		return "in motion or not reported"
	}
	return p
}

// fill copies what the system says of itself.
func (s *system) fill(o *build.OOB) {
	o.Power = build.PowerUnknown
	switch s.body.PowerState {
	case redfish.OnPowerState:
		o.Power = build.PowerOn
	case redfish.OffPowerState:
		o.Power = build.PowerOff
	}
	o.BootTarget, o.BootMode = bootState(s.body.Boot)
	o.BIOSVersion = s.body.BiosVersion
	o.Processors = s.body.ProcessorSummary.Count
	o.MemoryMiB = int(s.body.MemorySummary.TotalSystemMemoryGiB * 1024)
	o.Health = string(s.body.Status.HealthRollup)
	if o.Health == "" {
		o.Health = string(s.body.Status.Health)
	}
	o.Alarms = nil
	for _, c := range s.body.Status.Conditions {
		if c.Severity == string(common.OKHealth) {
			continue
		}
		words := strings.TrimSuffix(strings.TrimSpace(c.Message), ".")
		if words == "" {
			words = lastPart(c.MessageId)
		}
		o.Alarms = append(o.Alarms, words)
	}
}

// firmware is the FirmwareVersion of the manager of this system.
func (s *system) firmware(ctx context.Context) (string, error) {
	if len(s.body.Links.ManagedBy) == 0 {
		return "", bmc.Failf(drivers.NotFound, "", "find the manager: the system names none")
	}
	var m struct{ FirmwareVersion string }
	_, err := s.get(ctx, s.body.Links.ManagedBy[0].ID, &m)
	return m.FirmwareVersion, err
}

// nics reads the MACs of the system: of its EthernetInterfaces, and of the NetworkDeviceFunctions of its chassis, which some
// makers keep more truthfully.
func (s *system) nics(ctx context.Context) ([]build.NIC, error) {
	var out []build.NIC
	add := func(mac, linkStatus string) {
		if mac = bmc.MAC(mac); mac == "" {
			return
		}
		if slices.ContainsFunc(out, func(n build.NIC) bool { return n.MAC == mac }) {
			return
		}
		out = append(out, build.NIC{MAC: mac, LinkUp: linkStatus == string(redfish.LinkUpLinkStatus)})
	}
	if list := s.body.EthernetInterfaces.ID; list != "" {
		uris, err := s.members(ctx, list)
		if err != nil && !isNotFound(err) {
			return nil, err
		}
		for _, uri := range uris {
			var n struct{ MACAddress, PermanentMACAddress, LinkStatus string }
			if _, err := s.get(ctx, uri, &n); err != nil {
				if isNotFound(err) {
					continue
				}
				return nil, err
			}
			if n.PermanentMACAddress != "" {
				n.MACAddress = n.PermanentMACAddress
			}
			add(n.MACAddress, n.LinkStatus)
		}
	}
	if len(out) == 0 {
		functions, err := s.functions(ctx)
		if err != nil {
			return nil, err
		}
		for _, f := range functions {
			add(f.mac(), "")
		}
	}
	if len(out) == 0 {
		return nil, bmc.Failf(drivers.NotFound, "", "read the network interfaces: the service shows no MAC address")
	}
	return out, nil
}

// joinNICs adds the NICs that a BMC sees to those known already. What the operating system told is more and stays; a BMC
// knows no names of the operating system, so a NIC that only it has seen has none.
func joinNICs(known, seen []build.NIC) []build.NIC {
	out := slices.Clone(known)
	for _, n := range seen {
		i := slices.IndexFunc(out, func(k build.NIC) bool { return bmc.MAC(k.MAC) == n.MAC })
		if i < 0 {
			out = append(out, n)
			continue
		}
		out[i].LinkUp = out[i].LinkUp || n.LinkUp
	}
	return out
}
