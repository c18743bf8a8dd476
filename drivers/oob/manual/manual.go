// Package manual is the OOB driver for machines without a usable BMC: every action that moves power or sets a boot device
// becomes an instruction for a person. It refuses to guess what the person did, and reads nothing from any machine.
package manual

import (
	"context"
	"fmt"

	"drydock/drivers"
)

// Name is the word that configuration and designs select this driver by.
const Name = "manual"

// Driver implements drivers.OOB. It keeps no state.
type Driver struct{}

var _ drivers.OOB = (*Driver)(nil)

// New makes the driver.
func New() *Driver { return &Driver{} }

// Name is "manual".
func (*Driver) Name() string { return Name }

const (
	noRead = "The node has no BMC that Drydock talks to (its oob type is manual), so nothing can be read from it."
	noPxe  = "The node's oob type is manual: see that its firmware setup has the boot mode of the hardware profile and boots from the provisioning NIC."
)

// Lacks says that nothing can be read, and that the firmware is a person's business.
func (*Driver) Lacks() map[drivers.Action]string {
	return map[drivers.Action]string{drivers.InterrogateOob: noRead, drivers.ConfigNodePxe: noPxe}
}

// InterrogateOob is Unsupported.
func (*Driver) InterrogateOob(context.Context, drivers.NodeCall) (drivers.Report, error) {
	return drivers.UnsupportedReport(noRead), nil
}

// ConfigNodePxe is Unsupported.
func (*Driver) ConfigNodePxe(context.Context, drivers.NodeCall) (drivers.Report, error) {
	return drivers.UnsupportedReport(noPxe), nil
}

// SetNodeBoot asks a person to set the boot device.
func (*Driver) SetNodeBoot(_ context.Context, call drivers.NodeCall) (drivers.Report, error) {
	from := ""
	switch call.Boot.Device {
	case drivers.BootPXE:
		from = "from the network"
	case drivers.BootDisk:
		from = "from its disk"
	default:
		return drivers.Report{}, drivers.NodeError(drivers.InvalidDesign, drivers.SetNodeBoot, call, "ask for pxe or disk", "there is no boot device %q", call.Boot.Device)
	}
	when := "from now on"
	if call.Boot.Once {
		when = "at its next boot"
	}
	return ask(drivers.SetNodeBoot, call, "set %s so that it boots %s %s", name(call), from, when)
}

// PowerOffNode asks a person to turn the node off.
func (*Driver) PowerOffNode(_ context.Context, call drivers.NodeCall) (drivers.Report, error) {
	return ask(drivers.PowerOffNode, call, "turn %s off by hand", name(call))
}

// PowerOnNode asks a person to turn the node on.
func (*Driver) PowerOnNode(_ context.Context, call drivers.NodeCall) (drivers.Report, error) {
	return ask(drivers.PowerOnNode, call, "turn %s on by hand", name(call))
}

// PowerCycleNode asks a person to restart the node. Where the call carries a boot target, the instruction names it: a person
// at the machine does both at once.
func (*Driver) PowerCycleNode(_ context.Context, call drivers.NodeCall) (drivers.Report, error) {
	so := ""
	switch call.Boot.Device {
	case drivers.BootPXE:
		so = " so that it boots from the network"
	case drivers.BootDisk:
		so = " so that it boots from its disk"
	}
	return ask(drivers.PowerCycleNode, call, "power-cycle %s by hand%s", name(call), so)
}

func name(call drivers.NodeCall) string {
	if call.Node == nil {
		return "the node"
	}
	return "node " + call.Node.Name
}

// ask parks the step until a person has done it and skips it; a retry asks again.
func ask(action drivers.Action, call drivers.NodeCall, format string, args ...any) (drivers.Report, error) {
	return drivers.Report{}, drivers.NodeError(drivers.NeedsPerson, action, call,
		fmt.Sprintf(format, args...)+", then skip this step; retry asks again", "the node is operated by hand")
}
