package redfish

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"drydock/drivers"
	"drydock/drivers/oob/bmc"
)

// ConfigNodePxe looks whether the service boots overrides in the mode of the hardware profile (BootSourceOverrideMode), and
// whether it can boot from the network at all. SetNodeBoot asks for the mode with every override, so there is nothing to
// change here. Which NIC boots and whether its option ROM is on are BIOS attributes that every maker names differently:
// they are not touched. A machine whose service does not have the mode is reported as unsupported.
func (d *Driver) ConfigNodePxe(ctx context.Context, call drivers.NodeCall) (drivers.Report, error) {
	return d.withSystem(ctx, drivers.ConfigNodePxe, call, func(ctx context.Context, s *system) (drivers.Report, error) {
		place, err := s.bootPlace(ctx)
		if err != nil {
			return drivers.Report{}, err
		}
		if err := allowed("boot target", "Pxe", place.boot.Targets); err != nil {
			return drivers.Report{}, err
		}
		const nic = "Which NIC boots from the network is left as the firmware has it: Redfish has no property for it that all makers share."
		mode := modeOf(call.Node)
		shown := text(place.boot.Mode)
		switch {
		case mode == "":
			return report(drivers.Already, "The hardware profile names no boot mode, so the machine's own is kept.", nic), nil
		case strings.EqualFold(shown, mode):
			return report(drivers.Already, "Boot overrides are in mode "+mode+", as the hardware profile wants.", nic), nil
		case place.boot.Mode == nil:
			return drivers.UnsupportedReport(fmt.Sprintf(
				"The BMC does not show the boot mode, so it is not known whether it is %s; see that the firmware setup has it.", mode)), nil
		case len(place.boot.Modes) > 0 && slices.Contains(place.boot.Modes, mode):
			return report(drivers.Already, fmt.Sprintf("Boot overrides are in mode %s now; SetNodeBoot sets %s with each override.", shown, mode), nic), nil
		case len(place.boot.Modes) > 0:
			return drivers.Report{}, bmc.Failf(drivers.Conflict, "set the boot mode in the firmware setup, or correct the hardware profile",
				"compare the boot mode: the machine boots in %s only, and the hardware profile wants %s", strings.Join(place.boot.Modes, ", "), mode)
		}
		return report(drivers.Already, fmt.Sprintf("Boot overrides are in mode %s now; SetNodeBoot asks for %s with each override and fails when the BMC keeps another.", shown, mode), nic), nil
	})
}
