package libvirt

import (
	"context"
	"encoding/xml"
	"fmt"
	"strings"
	"time"

	"drydock/design/build"
	"drydock/drivers"
	"drydock/drivers/oob/bmc"
)

// domainXML is what is read of a domain; virtual hardware is spelled there.
type domainXML struct {
	OS struct {
		Firmware string `xml:"firmware,attr"`
		Loader   struct {
			Type string `xml:"type,attr"`
		} `xml:"loader"`
	} `xml:"os"`
	Sysinfo []struct {
		System []struct {
			Name  string `xml:"name,attr"`
			Value string `xml:",chardata"`
		} `xml:"system>entry"`
	} `xml:"sysinfo"`
	Disks []struct {
		Device string `xml:"device,attr"`
		Serial string `xml:"serial"`
		WWN    string `xml:"wwn"`
		Target struct {
			Dev string `xml:"dev,attr"`
			Bus string `xml:"bus,attr"`
		} `xml:"target"`
	} `xml:"devices>disk"`
	NICs []struct {
		MAC struct {
			Address string `xml:"address,attr"`
		} `xml:"mac"`
	} `xml:"devices>interface"`
}

// InterrogateOob reads state, UUID, virtual processors, memory, MACs and disks of the domain, and what its SMBIOS is told to
// show. A domain has neither firmware versions nor health.
func (d *Driver) InterrogateOob(ctx context.Context, call drivers.NodeCall) (drivers.Report, error) {
	return d.actions.Do(ctx, drivers.InterrogateOob, call, func(ctx context.Context, c *conn) (drivers.Report, error) {
		b := bmc.Learned(Name, call)
		var err error
		if b.OOB.Power, err = c.Power(ctx); err != nil {
			return drivers.Report{}, err
		}
		var memory uint64 // KiB
		var processors uint16
		err = c.do(ctx, "read processors and memory", func() (err error) {
			_, memory, _, processors, _, err = c.rpc.DomainGetInfo(c.domain)
			return err
		})
		if err != nil {
			return drivers.Report{}, err
		}
		b.OOB.Processors, b.OOB.MemoryMiB = int(processors), int(memory>>10) //nolint:gosec // far below
		x, boot, err := c.described(ctx)
		if err != nil {
			return drivers.Report{}, err
		}
		b.OOB.BootMode = "bios"
		if x.OS.Firmware == "efi" || x.OS.Loader.Type == "pflash" {
			b.OOB.BootMode = "uefi"
		}
		b.OOB.BootTarget = string(boot.target())
		if note, err := c.once(ctx); err != nil {
			return drivers.Report{}, err
		} else if note != nil && note.used(c.domain) {
			b.OOB.BootTarget = "" // the next power action puts the order back
		}
		seen := x.identity(c.uuid(), call.Node.BMCAddress())
		b.Identity = bmc.Learn(call.Build.Identity, seen)
		if len(b.Disks) == 0 { // what the system itself saw is better
			b.Disks = c.disks(ctx, x)
		}
		b.OOB.ObservedAt = time.Now().UTC()
		messages := append([]string{
			fmt.Sprintf("The hypervisor reports the domain %s, %s, power %s, %d processors, %d MiB of memory, %d NICs.",
				c.domain.Name, bmc.Describe(seen), b.OOB.Power, b.OOB.Processors, b.OOB.MemoryMiB, len(x.NICs)),
		}, bmc.NICChanges(call.Build.Identity, seen)...)
		return drivers.Report{Outcome: drivers.Already, Build: &b, Messages: messages}, nil
	})
}

// described reads the definition of the domain.
func (c *conn) described(ctx context.Context) (x domainXML, boot order, err error) {
	text, boot, err := c.definition(ctx)
	if err != nil {
		return x, boot, err
	}
	if err := xml.Unmarshal([]byte(text), &x); err != nil {
		return x, boot, bmc.Failf(drivers.Internal, "", "read the definition of the domain: it has another form than libvirt's")
	}
	return x, boot, nil
}

func (x domainXML) identity(uuid, address string) build.Identity {
	id := build.Identity{UUID: uuid, BMCAddress: address}
	for _, s := range x.Sysinfo {
		for _, e := range s.System {
			value := strings.TrimSpace(e.Value)
			switch e.Name {
			case "manufacturer":
				id.Manufacturer = value
			case "product":
				id.Model = value
			case "serial":
				id.Serial = bmc.Serial(value)
			}
		}
	}
	for _, n := range x.NICs {
		if mac := bmc.MAC(n.MAC.Address); mac != "" {
			id.MACs = append(id.MACs, mac)
		}
	}
	return id
}

// disks are those that a system could be on. A size that the hypervisor doesn't tell is left out.
func (c *conn) disks(ctx context.Context, x domainXML) []build.Disk {
	var out []build.Disk
	for _, disk := range x.Disks {
		if disk.Device != "" && disk.Device != "disk" && disk.Device != "lun" {
			continue
		}
		found := build.Disk{Name: disk.Target.Dev, Serial: strings.TrimSpace(disk.Serial), WWN: strings.TrimSpace(disk.WWN)}
		_ = c.do(ctx, "read the size of a disk", func() error {
			_, capacity, _, err := c.rpc.DomainGetBlockInfo(c.domain, disk.Target.Dev, 0)
			found.Size = int64(capacity) //nolint:gosec // bytes of a disk
			return err
		})
		out = append(out, found)
	}
	return out
}
