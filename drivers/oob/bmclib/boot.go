package bmclib

import (
	"context"
	"fmt"
	"time"

	libbmc "github.com/bmc-toolbox/bmclib/v2/bmc"

	"drydock/drivers"
	"drydock/drivers/oob/bmc"
)

// override is a boot override; device "" is none.
type override struct {
	device drivers.BootDevice
	once   bool
	efi    bool
}

func (o override) String() string {
	how, firmware := "for all boots", "legacy"
	if o.once {
		how = "for the next boot"
	}
	if o.efi {
		firmware = "UEFI"
	}
	return fmt.Sprintf("%s %s, %s", o.device, how, firmware)
}

// override reads it from the provider.
func (c *conn) override(ctx context.Context) (override, error) {
	getter, ok := c.provider.(libbmc.BootDeviceOverrideGetter)
	if !ok {
		return override{}, c.missing("read the boot override")
	}
	var got libbmc.BootDeviceOverride
	err := c.do(ctx, "read the boot override", func(ctx context.Context) (err error) {
		got, err = getter.BootDeviceOverrideGet(ctx)
		return err
	})
	out := override{once: !got.IsPersistent, efi: got.IsEFIBoot}
	switch got.Device {
	case libbmc.BootDeviceTypePXE:
		out.device = drivers.BootPXE
	case libbmc.BootDeviceTypeDisk:
		out.device = drivers.BootDisk
	}
	return out, err
}

// SetNodeBoot sets the boot override through the provider and reads it back: bmclib believes an answer of 200, which services
// are known to give without storing anything. With a provider that can't read back it is Unsupported and sets nothing; no
// second protocol is tried.
//
// bmclib shows an override that was used up like one that still waits for the next boot, so a target for the next boot is
// written even where it seems to be there.
func (d *Driver) SetNodeBoot(ctx context.Context, call drivers.NodeCall) (drivers.Report, error) {
	if call.Boot.Device != drivers.BootPXE && call.Boot.Device != drivers.BootDisk {
		return drivers.Report{}, bmc.Failure(drivers.SetNodeBoot, call, bmc.Failf(drivers.InvalidDesign, "ask for pxe or disk",
			"set the boot device: there is no device %q", call.Boot.Device))
	}
	p, _, err := d.reach(call.Node)
	if err != nil {
		return drivers.Report{}, bmc.Failure(drivers.SetNodeBoot, call, err)
	}
	if !p.boot {
		return drivers.UnsupportedReport(p.lacksBoot()), nil
	}
	return d.actions.Do(ctx, drivers.SetNodeBoot, call, func(ctx context.Context, c *conn) (drivers.Report, error) {
		return d.setBoot(ctx, c, call)
	})
}

func (d *Driver) setBoot(ctx context.Context, c *conn, call drivers.NodeCall) (drivers.Report, error) {
	now, err := c.override(ctx)
	if err != nil {
		return drivers.Report{}, err
	}
	want := override{device: call.Boot.Device, once: call.Boot.Once, efi: now.efi}
	if h := call.Node.HardwareProfile; h != nil && h.BootMode != "" {
		want.efi = h.BootMode == "uefi"
	}
	if now == want && !want.once {
		return drivers.Report{Outcome: drivers.Already, Messages: []string{"The boot override is " + want.String() + " already."}}, nil
	}
	setter, ok := c.provider.(libbmc.BootDeviceSetter)
	if !ok {
		return drivers.Report{}, c.missing("set the boot override")
	}
	err = c.do(ctx, "set the boot override", func(ctx context.Context) error {
		_, err := setter.BootDeviceSet(ctx, string(want.device), !want.once, want.efi)
		return err
	})
	if err != nil {
		return drivers.Report{}, err
	}
	got, err := c.readBack(ctx, want, d.config.ReadBackTimeout, d.config.PollInterval)
	if err != nil {
		return drivers.Report{}, err
	}
	b := bmc.Learned(Name, call)
	b.OOB.BootTarget = string(got.device)
	out := drivers.Report{Outcome: drivers.Changed, Messages: []string{"The boot override was set to " + want.String() + " and read back."}, Build: &b}
	if now == want {
		out.Messages = append(out.Messages, "It seemed to be there already, but bmclib does not tell a used-up override from one that waits, so it was written anew.")
	}
	if got.efi != want.efi {
		out.Messages = append(out.Messages, drivers.Warning("the BMC keeps its own boot mode: the override reads back as "+got.String()))
	}
	return out, nil
}

// readBack reads until the override is as set. Device and number of boots have to be; the mode is not writable everywhere.
func (c *conn) readBack(ctx context.Context, want override, limit, poll time.Duration) (override, error) {
	end := time.Now().Add(limit)
	for {
		got, err := c.override(ctx)
		if err != nil {
			return got, err
		}
		if got.device == want.device && got.once == want.once {
			return got, nil
		}
		if time.Now().After(end) {
			return got, bmc.Failf(drivers.Internal, "", "set the boot override: BMC %s took %s and reads back %s", c.endpoint, want, got)
		}
		if err := bmc.Sleep(ctx, poll); err != nil {
			return got, err
		}
	}
}
