package redfish

import (
	"context"
	"slices"
	"strings"

	"github.com/stmcginnis/gofish/redfish"

	"drydock/design"
	"drydock/drivers"
	"drydock/drivers/oob/bmc"
)

// override is a boot override as it is wanted. mode is "" where the design does not say or the service does not offer it.
type override struct {
	target, enabled, mode string
	// modeComes: the firmware changes to the mode with the next reset, so that another is still shown until then.
	modeComes bool
}

// want makes what the call asks for into values that the service allows.
func (p *bootPlace) want(ctx context.Context, call drivers.NodeCall) (override, error) {
	w := override{enabled: string(redfish.ContinuousBootSourceOverrideEnabled)}
	if call.Boot.Once {
		w.enabled = string(redfish.OnceBootSourceOverrideEnabled)
	}
	switch call.Boot.Device {
	case drivers.BootPXE:
		w.target = string(redfish.PxeBootSourceOverrideTarget)
	case drivers.BootDisk:
		w.target = string(redfish.HddBootSourceOverrideTarget)
	default:
		return w, bmc.Failf(drivers.InvalidDesign, "ask for pxe or disk", "set the boot device: there is no device %q", call.Boot.Device)
	}
	if err := allowed("boot target", w.target, p.boot.Targets); err != nil {
		return w, err
	}
	if err := allowed("duration of an override", w.enabled, p.boot.Enableds); err != nil {
		return w, err
	}
	mode := modeOf(call.Node)
	if mode == "" || p.boot.Mode == nil {
		return w, nil
	}
	if !strings.EqualFold(text(p.boot.Mode), mode) {
		comes, err := p.system.modeComes(ctx, call.Node.HardwareProfile.BootMode)
		if err != nil {
			return w, err
		}
		w.modeComes = comes
	}
	if !w.modeComes && len(p.boot.Modes) > 0 && !slices.Contains(p.boot.Modes, mode) {
		return w, bmc.Failf(drivers.Conflict, "set the boot mode in the firmware setup, or correct the hardware profile",
			"set the boot device: the machine boots in %s only, and the hardware profile wants %s", strings.Join(p.boot.Modes, ", "), mode)
	}
	w.mode = mode
	return w, nil
}

func allowed(what, value string, values []string) error {
	if len(values) == 0 || slices.Contains(values, value) {
		return nil
	}
	return bmc.Failf(drivers.NotSupported, "set the boot device at the BMC or in the firmware setup, then skip this step",
		"set the boot device: the BMC does not offer the %s %s, only %s", what, value, strings.Join(values, ", "))
}

// modeOf is the boot mode of the hardware profile in Redfish's words; "" when the design does not say.
func modeOf(node *design.Node) string {
	if node.HardwareProfile == nil {
		return ""
	}
	switch node.HardwareProfile.BootMode {
	case "uefi":
		return string(redfish.UEFIBootSourceOverrideMode)
	case "bios":
		return string(redfish.LegacyBootSourceOverrideMode)
	}
	return ""
}

// fits reports whether a service shows the override as it is wanted.
func (w override) fits(b *bootSettings) bool {
	return w.fitsMode(b) && text(b.Target) == w.target && text(b.Enabled) == w.enabled
}

func (w override) fitsMode(b *bootSettings) bool {
	return b != nil && (w.mode == "" || w.modeComes || strings.EqualFold(text(b.Mode), w.mode))
}

// tolerates is fits for a value that was just written; note says in what it is tolerated to differ. A service may show Once
// as Continuous, and Pxe as the UefiTarget that it chose for it.
func (w override) tolerates(b *bootSettings) (note string, ok bool) {
	if w.fits(b) {
		return "", true
	}
	if !w.fitsMode(b) {
		return "", false
	}
	target, enabled := text(b.Target), text(b.Enabled)
	switch {
	case target == w.target && w.enabled == string(redfish.OnceBootSourceOverrideEnabled) && enabled == string(redfish.ContinuousBootSourceOverrideEnabled):
		return "The BMC shows the override as continuous although it was set for one boot.", true
	case w.target == string(redfish.PxeBootSourceOverrideTarget) && target == string(redfish.UefiTargetBootSourceOverrideTarget) && enabled == w.enabled:
		return "The BMC shows the override as the UEFI target that it chose for booting from the network.", true
	}
	return "", false
}

// bootState is a service's override in the words of the build model: the device, "" when no override is set, and the mode.
func bootState(b *bootSettings) (target, mode string) {
	if b == nil {
		return "", ""
	}
	switch m := redfish.BootSourceOverrideMode(text(b.Mode)); {
	case strings.EqualFold(string(m), string(redfish.UEFIBootSourceOverrideMode)):
		mode = "uefi"
	case m == redfish.LegacyBootSourceOverrideMode:
		mode = "bios"
	}
	if e := text(b.Enabled); e == "" || e == string(redfish.DisabledBootSourceOverrideEnabled) {
		return "", mode
	}
	switch t := redfish.BootSourceOverrideTarget(text(b.Target)); t {
	case redfish.PxeBootSourceOverrideTarget:
		return string(drivers.BootPXE), mode
	case redfish.HddBootSourceOverrideTarget:
		return string(drivers.BootDisk), mode
	case redfish.NoneBootSourceOverrideTarget:
		return "", mode
	default:
		return strings.ToLower(string(t)), mode
	}
}
