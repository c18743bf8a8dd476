package bmclib

import (
	"context"
	"fmt"
	"strings"
	"time"

	libbmc "github.com/bmc-toolbox/bmclib/v2/bmc"
	"github.com/bmc-toolbox/common"

	"drydock/design/build"
	"drydock/drivers"
	"drydock/drivers/oob/bmc"
)

// stock is what a provider's inventory says.
type stock struct{ device *common.Device }

// inventory reads it once per session; nil where the provider has none. It takes dozens of requests.
func (c *conn) inventory(ctx context.Context) (*common.Device, error) {
	getter, ok := c.provider.(libbmc.InventoryGetter)
	if !ok || !c.via.inventory {
		return nil, nil
	}
	if c.stock != nil {
		return c.stock.device, nil
	}
	var device *common.Device
	before := c.gate.failures()
	err := c.do(ctx, "read the inventory", func(ctx context.Context) (err error) {
		device, err = getter.Inventory(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	// bmclib leaves out what it failed to read, and says nothing: a machine without a serial number would pass for any.
	if device != nil && bmc.Serial(device.Serial) == "" && c.gate.failures() > before {
		return nil, bmc.Failf(drivers.Unreachable, reachAdvice, "read the inventory: BMC %s failed at a part of it, and the serial number is missing", c.endpoint)
	}
	c.stock = &stock{device}
	return device, nil
}

// identity is what the provider tells of the machine: maker, model and serial number. bmclib's inventory has no UUID.
func (c *conn) identity(ctx context.Context) (build.Identity, error) {
	id := build.Identity{BMCAddress: c.endpoint.Address}
	device, err := c.inventory(ctx)
	if err != nil || device == nil {
		return id, err
	}
	id.Serial, id.Manufacturer, id.Model = bmc.Serial(device.Serial), strings.TrimSpace(device.Vendor), strings.TrimSpace(device.Model)
	for _, nic := range device.NICs {
		if nic == nil {
			continue
		}
		for _, port := range nic.NICPorts {
			if port != nil && bmc.MAC(port.MacAddress) != "" {
				id.MACs = append(id.MACs, bmc.MAC(port.MacAddress))
			}
		}
	}
	return id, nil
}

// checkIdentity compares serial number and MACs with the record. They are read once per session.
func (c *conn) checkIdentity(ctx context.Context, known build.Identity) error {
	if bmc.Serial(known.Serial) == "" && len(known.MACs) == 0 {
		return nil
	}
	if c.seen == nil {
		seen, err := c.identity(ctx)
		if err != nil {
			return err
		}
		c.seen = &seen
	}
	return bmc.SameMachine(known, *c.seen)
}

// InterrogateOob reads power, the boot override and the inventory, as far as the provider has them. bmclib's inventory knows
// the layout of some makers only, and leaves out what it doesn't know; a message says when it found no serial number, since
// the machine can't be recognised then.
func (d *Driver) InterrogateOob(ctx context.Context, call drivers.NodeCall) (drivers.Report, error) {
	return d.actions.Do(ctx, drivers.InterrogateOob, call, func(ctx context.Context, c *conn) (drivers.Report, error) {
		b := bmc.Learned(Name, call)
		var err error
		if b.OOB.Power, err = c.Power(ctx); err != nil {
			return drivers.Report{}, err
		}
		if c.via.boot {
			now, err := c.override(ctx)
			if err != nil && !notOffered(err) {
				return drivers.Report{}, err
			}
			b.OOB.BootTarget = string(now.device)
		}
		c.stock = nil // a kept session may hold an older one
		seen, err := c.identity(ctx)
		if err != nil {
			return drivers.Report{}, err
		}
		if err := bmc.SameMachine(call.Build.Identity, seen); err != nil {
			return drivers.Report{}, err
		}
		b.Identity = bmc.Learn(call.Build.Identity, seen)
		if c.stock != nil {
			fill(&b, c.stock.device)
		}
		b.OOB.ObservedAt = time.Now().UTC()
		messages := []string{fmt.Sprintf("The BMC, asked through %s, reports %s, power %s.", c.via.name, bmc.Describe(seen), b.OOB.Power)}
		if seen.Serial == "" {
			messages = append(messages, drivers.Warning("bmclib's provider "+c.via.name+" told no serial number, so that another machine at this address would not be noticed"))
		}
		messages = append(messages, bmc.NICChanges(call.Build.Identity, seen)...)
		return drivers.Report{Outcome: drivers.Already, Messages: messages, Build: &b}, nil
	})
}

// fill takes over what the inventory holds.
func fill(b *build.Node, device *common.Device) {
	if device.BIOS != nil && device.BIOS.Firmware != nil {
		b.OOB.BIOSVersion = device.BIOS.Firmware.Installed
	}
	if device.BMC != nil && device.BMC.Firmware != nil {
		b.OOB.BMCVersion = device.BMC.Firmware.Installed
	}
	if n := len(device.CPUs); n > 0 {
		b.OOB.Processors = n
	}
	var memory int64
	for _, m := range device.Memory {
		if m != nil {
			memory += m.SizeBytes
		}
	}
	if memory > 0 {
		b.OOB.MemoryMiB = int(memory >> 20)
	}
	if device.Status != nil && device.Status.Health != "" {
		b.OOB.Health = device.Status.Health
	}
}
