package ipmi

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bougou/go-ipmi/pkg/command/app"
	"github.com/bougou/go-ipmi/pkg/command/chassis"
	"github.com/bougou/go-ipmi/pkg/types"

	"drydock/design/build"
	"drydock/drivers"
	"drydock/drivers/oob/bmc"
)

// inventory is what one reading of a machine found. It is shared among callers, so nobody writes to it.
type inventory struct {
	identity build.Identity
	oob      build.OOB
	missing  []string // messages about parts that are not reported
}

// InterrogateOob reads Get Chassis Status, the boot flags, Get Device ID, Get System GUID, FRU device 0, the system event
// log and the sensors into the build model. IPMI tells neither MACs, drives nor PCI devices of the machine, nor its
// processors, memory and BIOS version. What a BMC does not have is left out. Callers at the same time share one reading.
func (d *Driver) InterrogateOob(ctx context.Context, call drivers.NodeCall) (drivers.Report, error) {
	out, err := d.interrogate(ctx, call)
	return bmc.Answer(drivers.InterrogateOob, call, out, err)
}

func (d *Driver) interrogate(ctx context.Context, call drivers.NodeCall) (drivers.Report, error) {
	access, err := d.accessOf(call)
	if err != nil {
		return drivers.Report{}, err
	}
	seen, err := bmc.Read(ctx, d.broker, access, "inventory", func(ctx context.Context, c *conn) (*inventory, error) {
		return c.inventory(ctx)
	})
	if err != nil {
		return drivers.Report{}, err
	}
	if err := bmc.SameMachine(call.Build.Identity, seen.identity); err != nil {
		return drivers.Report{}, err
	}
	b := bmc.Learned(Name, call)
	b.OOB = seen.oob
	b.OOB.Driver = Name
	b.Identity = bmc.Learn(call.Build.Identity, seen.identity)
	messages := []string{fmt.Sprintf("The BMC reports %s, power %s.", bmc.Describe(seen.identity), b.OOB.Power)}
	messages = append(messages, seen.missing...)
	for _, a := range b.OOB.Alarms {
		messages = append(messages, "The BMC raises an alarm: "+a+".")
	}
	if len(call.Node.OOB.Credential) > maxPassword {
		messages = append(messages, drivers.Warning(fmt.Sprintf("the credential has %d bytes; IPMI knows the first %d only, and these were used",
			len(call.Node.OOB.Credential), maxPassword)))
	}
	return drivers.Report{Outcome: drivers.Already, Messages: messages, Build: &b}, nil
}

// inventory reads all that the BMC tells.
func (c *conn) inventory(ctx context.Context) (*inventory, error) {
	out := &inventory{}
	status, err := c.status(ctx)
	if err != nil {
		return nil, err
	}
	out.oob.Power = build.PowerOff
	if status.PowerIsOn {
		out.oob.Power = build.PowerOn
	}
	out.oob.Alarms, out.oob.Health = alarms(status), build.HealthOK
	if len(out.oob.Alarms) > 0 {
		out.oob.Health = build.HealthWarning
	}
	if status.PowerFault || status.PowerOverload || status.PowerControlFault || status.DriveFault {
		out.oob.Health = build.HealthCritical
	}
	if out.identity, err = c.identity(ctx); err != nil {
		return nil, err
	}
	for _, part := range []struct {
		name string
		read func() error
	}{
		{"its boot flags", func() error {
			flags, err := c.bootFlags(ctx)
			out.oob.BootTarget = flags.target()
			return err
		}},
		{"its firmware version", func() (err error) { out.oob.BMCVersion, err = c.firmware(ctx); return err }},
		{"its event log", func() (err error) { out.oob.Log, err = c.log(ctx); return err }},
		{"its sensors", func() (err error) { out.oob.Sensors, err = c.sensors(ctx); return err }},
	} {
		switch err := part.read(); {
		case err == nil:
		case answered(err): // it has none, or not for this account
			out.missing = append(out.missing, "The BMC does not report "+part.name+".")
		default:
			return nil, err
		}
	}
	out.oob.ObservedAt = time.Now().UTC()
	return out, nil
}

// firmware is the revision in Get Device ID.
func (c *conn) firmware(ctx context.Context) (string, error) {
	device, err := c.device(ctx)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%d.%02d", device.MajorFirmwareRevision, device.MinorFirmwareRevision), nil
}

// deviceID is the answer to Get Device ID. What follows the first 11 bytes is left alone: pyghmi sends 14, which are neither
// the short nor the long form.
type deviceID struct{ app.GetDeviceIDResponse }

// Unpack reads it.
func (d *deviceID) Unpack(data []byte) error {
	return d.GetDeviceIDResponse.Unpack(data[:min(len(data), 11)])
}

func (c *conn) device(ctx context.Context) (deviceID, error) {
	var device deviceID
	err := c.do(ctx, "read the device id", func(ctx context.Context) error {
		return c.client.Exchange(ctx, &app.GetDeviceIDRequest{}, &device)
	})
	return device, err
}

// isProgram reports whether the BMC names no maker (manufacturer 0, unspecified), as those of virtual machines: pyghmi, and
// VirtualBMC on top of it. Every maker of boards has a number.
func (c *conn) isProgram(ctx context.Context) bool {
	device, err := c.device(ctx)
	return err == nil && device.ManufacturerID == 0
}

// alarms are the fault bits of Get Chassis Status.
func alarms(s *chassis.GetChassisStatusResponse) []string {
	var out []string
	for _, a := range []struct {
		set  bool
		text string
	}{
		{s.PowerFault, "fault in the main power"}, {s.PowerOverload, "power overload"},
		{s.PowerControlFault, "the power did not follow a command"}, {s.InterLock, "shut down by the panel interlock"},
		{s.CollingFanFault, "cooling fan fault"}, {s.DriveFault, "drive fault"}, {s.ChassisIntrusionActive, "chassis opened"},
	} {
		if a.set {
			out = append(out, a.text)
		}
	}
	return out
}

// checkIdentity compares the system GUID, which one command reads, with the record. It is read before every action that
// could do harm to the wrong machine; the FRU with the serial number takes dozens of commands and is left to InterrogateOob.
func (c *conn) checkIdentity(ctx context.Context, known build.Identity) error {
	if build.UUID(known.UUID) == "" {
		return nil
	}
	uuid, err := c.systemUUID(ctx)
	if err != nil {
		return err
	}
	return bmc.SameMachine(build.Identity{UUID: known.UUID}, build.Identity{UUID: uuid})
}

// identity reads all that a BMC tells of its machine.
func (c *conn) identity(ctx context.Context) (build.Identity, error) {
	id := build.Identity{BMCAddress: c.endpoint.Address}
	var err error
	if id.UUID, err = c.systemUUID(ctx); err != nil {
		return id, err
	}
	var fru *types.FRU
	err = c.do(ctx, "read the FRU data", func(ctx context.Context) (err error) { fru, err = c.client.GetFRU(ctx, 0, ""); return err })
	if err != nil {
		if ctx.Err() != nil {
			return id, err
		}
		return id, nil // no FRU, or one that can't be read: the BMC answered the command before this one
	}
	if p := fru.ProductInfoArea; p != nil {
		id.Manufacturer = fruText(p.ManufacturerTypeLength, p.Manufacturer)
		id.Model = fruText(p.NameTypeLength, p.Name)
		id.Serial = bmc.Serial(fruText(p.SerialNumberTypeLength, p.SerialNumber))
	}
	if p := fru.ChassisInfoArea; p != nil && id.Serial == "" {
		id.Serial = bmc.Serial(fruText(p.SerialNumberTypeLength, p.SerialNumber))
	}
	if p := fru.BoardInfoArea; p != nil {
		if id.Manufacturer == "" {
			id.Manufacturer = fruText(p.ManufacturerTypeLength, p.Manufacturer)
		}
		if id.Model == "" {
			id.Model = fruText(p.ProductNameTypeLength, p.ProductName)
		}
	}
	return id, nil
}

// systemUUID is Get System GUID as a UUID; "" when the BMC has none.
func (c *conn) systemUUID(ctx context.Context) (string, error) {
	var res *app.GetSystemGUIDResponse
	err := c.do(ctx, "read the system GUID", func(ctx context.Context) (err error) { res, err = c.client.GetSystemGUID(ctx); return err })
	if err != nil {
		if answered(err) {
			return "", nil
		}
		return "", err
	}
	return uuidOf(res.GUID), nil
}

// uuidOf finds the byte order that a BMC uses for its GUID. The specification asks for all bytes turned; most firmware
// hands out the SMBIOS field, where the first three fields are turned, and some the plain UUID. The version and variant
// that every UUID carries tell which; a GUID that fits none is no UUID.
func uuidOf(raw [16]byte) string {
	plain := raw[:]
	smbios := slices.Clone(plain)
	slices.Reverse(smbios[0:4])
	slices.Reverse(smbios[4:6])
	slices.Reverse(smbios[6:8])
	turned := slices.Clone(plain)
	slices.Reverse(turned)
	for _, u := range [][]byte{smbios, plain, turned} {
		if version := u[6] >> 4; version >= 1 && version <= 8 && u[8]&0xc0 == 0x80 {
			return build.UUID(hex.EncodeToString(u))
		}
	}
	return ""
}

// fruText is a FRU field as text, without the filling that boards leave in it.
func fruText(kind types.TypeLength, field []byte) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return -1
		}
		return r
	}, types.FRUFieldString(kind, field)))
}
