package redfish

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"drydock/drivers"
	"drydock/drivers/oob/bmc"
)

// ConfigNodePxe sets what the firmware needs to boot the node from the network: the boot mode of the hardware profile, and
// the NIC with the node's boot MAC. It writes what differs, reads it back, and leaves it to the next reset to take effect.
//
// The NIC is found by its MAC only. It is configured in every way that the service offers: BootMode of its
// NetworkDeviceFunction, its place among the NICs in Boot.BootOrder, and the PXE devices of a Dell BIOS. The mode is the
// BIOS attribute of the maker, as far as the attribute registry tells its words; where there is none, it is that of
// overrides, which SetNodeBoot sends along. What the service has no way for is told, with what a person can do; where that
// is all that was asked, the report is Unsupported.
func (d *Driver) ConfigNodePxe(ctx context.Context, call drivers.NodeCall) (drivers.Report, error) {
	return d.withSystem(ctx, drivers.ConfigNodePxe, call, func(ctx context.Context, s *system) (drivers.Report, error) {
		place, err := s.bootPlace(ctx)
		if err != nil {
			return drivers.Report{}, err
		}
		if err := allowed("boot target", "Pxe", place.boot.Targets); err != nil {
			return drivers.Report{}, err
		}
		firmware, err := s.bios(ctx)
		if err != nil {
			return drivers.Report{}, err
		}
		var done pxeReport
		if err := done.mode(ctx, place, firmware, call); err != nil {
			return drivers.Report{}, err
		}
		if err := done.nic(ctx, s, firmware, bootMAC(call)); err != nil {
			return drivers.Report{}, err
		}
		return done.report(), nil
	})
}

// pxeReport gathers what came of the parts.
type pxeReport struct {
	notes   []string // what is as it should be
	unasked []string // what the design does not ask for, and so was left alone
	lacks   []string // what can't be done, and what a person can do
	changed bool
}

func (r *pxeReport) report() drivers.Report {
	switch {
	case len(r.lacks) > 0 && len(r.notes) == 0:
		return drivers.UnsupportedReport(strings.Join(r.lacks, " "))
	case r.changed:
		return report(drivers.Changed, r.messages()...)
	}
	return report(drivers.Already, r.messages()...)
}

func (r *pxeReport) messages() []string {
	out := slices.Concat(r.notes, r.unasked)
	for _, l := range r.lacks {
		out = append(out, drivers.Warning(l))
	}
	return out
}

// take adds what one way of configuring came to. A way that the service does not have is no failure; why says so.
func (r *pxeReport) take(note string, changed, done bool, err error) (ok bool, why string, failed error) {
	switch {
	case isUnsupported(err):
		return false, err.Error(), nil
	case err != nil:
		return false, "", err
	case done:
		r.notes, r.changed = append(r.notes, note), r.changed || changed
	}
	return done, "", nil
}

// mode configures the boot mode of the hardware profile.
func (r *pxeReport) mode(ctx context.Context, place *bootPlace, firmware *bios, call drivers.NodeCall) error {
	mode := modeOf(call.Node)
	if mode == "" {
		r.unasked = append(r.unasked, "The boot mode is left as the firmware has it: the hardware profile names none.")
		return nil
	}
	if firmware != nil {
		ok, why, err := r.take(firmware.setMode(ctx, call.Node.HardwareProfile.BootMode))
		if err != nil || ok {
			return err
		}
		if why != "" {
			r.lacks = append(r.lacks, because("The firmware's own boot mode can't be set; see in the firmware setup that it is "+mode+".", why))
		}
	}
	shown, modes := text(place.boot.Mode), place.boot.Modes
	switch {
	case strings.EqualFold(shown, mode):
		r.notes = append(r.notes, "Boot overrides are in mode "+mode+", as the hardware profile wants.")
	case place.boot.Mode == nil:
		if len(r.lacks) == 0 {
			r.lacks = append(r.lacks, fmt.Sprintf(
				"The BMC does not show the boot mode, so it is not known whether it is %s; see that the firmware setup has it.", mode))
		}
	case len(modes) > 0 && !slices.Contains(modes, mode):
		return bmc.Failf(drivers.Conflict, "set the boot mode in the firmware setup, or correct the hardware profile",
			"compare the boot mode: the machine boots in %s only, and the hardware profile wants %s", strings.Join(modes, ", "), mode)
	default:
		r.notes = append(r.notes, fmt.Sprintf(
			"Boot overrides are in mode %s now; SetNodeBoot asks for %s with each override and fails when the BMC keeps another.", shown, mode))
	}
	return nil
}

// nic configures the NIC that boots from the network.
func (r *pxeReport) nic(ctx context.Context, s *system, firmware *bios, mac string) error {
	if mac == "" {
		r.unasked = append(r.unasked, "Which NIC boots from the network is left as the firmware has it: the node has no boot_mac in the design.")
		return nil
	}
	function, err := s.function(ctx, mac)
	if err != nil && !isUnsupported(err) {
		return err
	}
	ways := []func() (string, bool, bool, error){
		func() (string, bool, bool, error) { return s.enablePXE(ctx, function) },
		func() (string, bool, bool, error) {
			if firmware == nil {
				return "", false, false, nil
			}
			return firmware.pxeDevice(ctx, function)
		},
		func() (string, bool, bool, error) { return s.preferNIC(ctx, mac) },
	}
	configured := false
	var reasons []string
	for _, way := range ways {
		ok, why, err := r.take(way())
		if err != nil {
			return err
		}
		configured = configured || ok
		if why != "" {
			reasons = append(reasons, why)
		}
	}
	if !configured {
		r.lacks = append(r.lacks, because("The BMC offers no way to make NIC "+mac+" boot from the network; see in the firmware setup that "+
			"PXE is on for it and that it comes before other NICs.", strings.Join(reasons, "; ")))
	}
	return nil
}

// because adds to a sentence why it is so, where that is known.
func because(sentence, reason string) string {
	if reason == "" {
		return sentence
	}
	return sentence + " The reason: " + reason + "."
}
