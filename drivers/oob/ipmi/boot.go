package ipmi

import (
	"context"
	"fmt"
	"time"

	"github.com/bougou/go-ipmi/pkg/command/chassis"
	"github.com/bougou/go-ipmi/pkg/types"

	"drydock/drivers"
	"drydock/drivers/oob/bmc"
)

// bootFlags is boot option parameter 5 (IPMI 2.0, table 28-14) as it goes over the wire.
type bootFlags [5]byte

// Bits of the first byte, and devices of the second.
const (
	flagValid      = 0x80
	flagPersistent = 0x40
	flagEFI        = 0x20

	deviceMask = 0x3c
	devicePXE  = 0x04
	deviceDisk = 0x08
)

func (f bootFlags) valid() bool      { return f[0]&flagValid != 0 }
func (f bootFlags) persistent() bool { return f[0]&flagPersistent != 0 }
func (f bootFlags) efi() bool        { return f[0]&flagEFI != 0 }
func (f bootFlags) device() byte     { return f[1] & deviceMask }
func (f bootFlags) String() string {
	return fmt.Sprintf("%02x%02x%02x%02x%02x", f[0], f[1], f[2], f[3], f[4])
}

// target is the override in the words of the build model; "" when none is set. Valid flags without a device ("bootdev
// none") are no override, and flags with a device that are not valid are one that was used up or timed out.
func (f bootFlags) target() string {
	if !f.valid() {
		return ""
	}
	switch f.device() {
	case devicePXE:
		return string(drivers.BootPXE)
	case deviceDisk:
		return string(drivers.BootDisk)
	case 0:
		return ""
	}
	return fmt.Sprintf("device %d", f.device()>>2)
}

// bootFlags reads parameter 5.
func (c *conn) bootFlags(ctx context.Context) (bootFlags, error) {
	var f bootFlags
	data, err := c.bootParameter(ctx, "read the boot flags", types.BootOptionParamSelector_BootFlags)
	if err != nil {
		return f, err
	}
	if len(data) < len(f) {
		return f, bmc.Failf(drivers.Internal, "", "read the boot flags: BMC %s gave %d bytes of %d", c.endpoint, len(data), len(f))
	}
	copy(f[:], data)
	return f, nil
}

func (c *conn) bootParameter(ctx context.Context, doing string, selector types.BootOptionParamSelector) ([]byte, error) {
	var res *chassis.GetSystemBootOptionsParamResponse
	err := c.do(ctx, doing, func(ctx context.Context) (err error) {
		res, err = c.client.GetSystemBootOptionsParam(ctx, selector, 0, 0)
		return err
	})
	if err != nil {
		return nil, err
	}
	return res.ParamData, nil
}

func (c *conn) setBootParameter(ctx context.Context, doing string, selector types.BootOptionParamSelector, data ...byte) error {
	return c.do(ctx, doing, func(ctx context.Context) error {
		_, err := c.client.SetSystemBootOptionsParam(ctx, &chassis.SetSystemBootOptionsParamRequest{ParamSelector: selector, ParamData: data})
		return err
	})
}

// timerKept is bit 3 of parameter 3: the valid bit is kept although no power command comes within 60 seconds.
const timerKept = 0x08

// timerOff reports whether the BMC says that only a boot uses the flags up. BMCs that do not tell may clear them by timer.
func (c *conn) timerOff(ctx context.Context) bool {
	data, err := c.bootParameter(ctx, "read how long boot flags are valid", types.BootOptionParamSelector_BMCBootFlagValidBitClear)
	return err == nil && len(data) > 0 && data[0]&timerKept != 0
}

// SetNodeBoot writes boot option parameter 5 with device, persistent bit and, for the boot mode of the hardware profile,
// EFI bit, and reads it back. Before, it stops the timer that would clear the flags after 60 seconds without a power command
// (parameter 3) and takes back the acknowledgement of earlier flags (parameter 4); BMCs without these are tolerated.
func (d *Driver) SetNodeBoot(ctx context.Context, call drivers.NodeCall) (drivers.Report, error) {
	return d.actions.Do(ctx, drivers.SetNodeBoot, call, func(ctx context.Context, c *conn) (drivers.Report, error) {
		now, err := c.bootFlags(ctx)
		if err != nil && !answered(err) {
			return drivers.Report{}, err
		}
		want, err := wanted(call, now)
		if err != nil {
			return drivers.Report{}, err
		}
		name := describe(want)
		// The timer is stopped also for flags that are as they should be: it may still run for them.
		err = c.tolerated(ctx, "stop the timer of the boot flags", types.BootOptionParamSelector_BMCBootFlagValidBitClear, timerKept)
		if err != nil {
			return drivers.Report{}, err
		}
		if now == want {
			return drivers.Report{Outcome: drivers.Already, Messages: []string{"The boot flags ask for " + name + " already."}}, nil
		}
		err = c.tolerated(ctx, "take back the acknowledgement of boot flags", types.BootOptionParamSelector_BootInfoAcknowledge, 0x01, 0x01)
		if err != nil {
			return drivers.Report{}, err
		}
		if err := c.setBootParameter(ctx, "set the boot flags", types.BootOptionParamSelector_BootFlags, want[:]...); err != nil {
			return drivers.Report{}, err
		}
		note, err := c.readBack(ctx, want, modeOf(call) != "")
		if err != nil {
			return drivers.Report{}, err
		}
		b := bmc.Learned(Name, call)
		b.OOB.BootTarget = want.target()
		out := drivers.Report{Outcome: drivers.Changed, Messages: []string{"The boot flags were set to " + name + " and read back."}, Build: &b}
		if note != "" {
			out.Messages = append(out.Messages, note)
		}
		return out, nil
	})
}

// wanted makes what the call asks for into flags. Without a boot mode in the design the EFI bit stays as the BMC has it:
// asking for the network without it turns machines with UEFI to legacy boot.
func wanted(call drivers.NodeCall, now bootFlags) (bootFlags, error) {
	var f bootFlags
	f[0] = flagValid
	if !call.Boot.Once {
		f[0] |= flagPersistent
	}
	if mode := modeOf(call); mode == "uefi" || mode == "" && now.efi() {
		f[0] |= flagEFI
	}
	switch call.Boot.Device {
	case drivers.BootPXE:
		f[1] = devicePXE
	case drivers.BootDisk:
		f[1] = deviceDisk
	default:
		return f, bmc.Failf(drivers.InvalidDesign, "ask for pxe or disk", "set the boot device: there is no device %q", call.Boot.Device)
	}
	return f, nil
}

func modeOf(call drivers.NodeCall) string {
	if call.Node.HardwareProfile == nil {
		return ""
	}
	return call.Node.HardwareProfile.BootMode
}

func describe(f bootFlags) string {
	how, firmware := "for the next boot", "legacy"
	if f.persistent() {
		how = "for all boots"
	}
	if f.efi() {
		firmware = "UEFI"
	}
	return fmt.Sprintf("%s %s, %s", f.target(), how, firmware)
}

// tolerated sets a parameter that not every BMC has. Only silence is an error.
func (c *conn) tolerated(ctx context.Context, doing string, selector types.BootOptionParamSelector, data ...byte) error {
	if err := c.setBootParameter(ctx, doing, selector, data...); err != nil && !answered(err) {
		return err
	}
	return nil
}

// readBack compares what the BMC keeps. Where it shows the flags as valid, all that matters has to be there; where it shows
// them as not valid although they were just set, it keeps the device alone, and only that is compared.
func (c *conn) readBack(ctx context.Context, want bootFlags, modeMatters bool) (note string, err error) {
	got, err := c.bootFlags(ctx)
	if err != nil && answered(err) {
		return "The BMC does not show its boot flags, so they could not be compared.", nil
	}
	if err != nil {
		return "", err
	}
	if got.device() != want.device() {
		f := bmc.Failf(drivers.Internal, "", "set the boot flags: BMC %s took %s and reads back %s, which is another device", c.endpoint, want, got)
		f.After = 5 * time.Second
		return "", f
	}
	if got.valid() && (got.persistent() != want.persistent() || got.efi() != want.efi()) && c.isProgram(ctx) {
		return drivers.Warning("the BMC names no maker, as a program does, and keeps the boot device alone: whether it holds for one boot " +
			"and in which mode is up to the virtual machine"), nil
	}
	switch {
	case !got.valid():
		return "The BMC keeps the boot device alone: whether it holds for one boot and in which mode could not be compared.", nil
	case got.persistent() != want.persistent():
		return "", bmc.Failf(drivers.NotSupported, "set the boot device in the firmware setup, then skip this step",
			"set the boot flags: BMC %s took %s and reads back %s, which holds for another number of boots", c.endpoint, want, got)
	case got.efi() != want.efi() && modeMatters:
		return "", bmc.Failf(drivers.Conflict, "set the boot mode in the firmware setup, or correct the hardware profile",
			"set the boot flags: BMC %s took %s and reads back %s, which is in another boot mode", c.endpoint, want, got)
	}
	return "", nil
}
