package world

import (
	"fmt"
	"sort"
	"strconv"
	"strings"

	"drydock/design"
)

// diskSizes are those that disks are sold in, in bytes.
var diskSizes = []int64{480e9, 960e9, 1920e9, 3840e9, 7680e9, 15360e9, 30720e9}

// disks makes a disk for every physical device of the node's layout, large enough for it, and for a third of the
// machines one more that the design says nothing about.
func (f *factory) disks(node *design.Node) []Disk {
	var out []Disk
	names, buses := map[string]bool{}, map[string]bool{}
	for _, device := range node.Storage.Devices {
		alias, aliased := node.HardwareProfile.Alias(device.Name)
		d := Disk{SizeBytes: size(need(node, device))}
		if aliased {
			d.Bus = alias.BusType + "@" + alias.Address
			d.Rotary = strings.Contains(strings.ToUpper(alias.DevType), "HDD")
			if buses[d.Bus] {
				continue // two aliases of one address are one disk
			}
		} else {
			d.Name = device.Name
		}
		names[d.Name], buses[d.Bus] = true, true
		out = append(out, d)
	}
	if len(out) == 0 {
		out = append(out, Disk{SizeBytes: diskSizes[0]})
	}
	if f.number("spare disk", node.Name)%3 == 0 {
		out = append(out, Disk{SizeBytes: diskSizes[1]})
	}
	for i := range out {
		if out[i].Bus == "" {
			out[i].Bus = freeBus(out[i].Name, buses)
			buses[out[i].Bus] = true
		}
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].Bus < out[j].Bus })
	for i := range out {
		f.finish(node.Name, &out[i], names)
	}
	return out
}

// finish names a disk, as the kernel would in the order of the bus, and prints its label.
func (f *factory) finish(node string, d *Disk, names map[string]bool) {
	nvme := strings.HasPrefix(d.Bus, "pci@") || strings.HasPrefix(d.Bus, "nvme@")
	for i := 0; d.Name == ""; i++ {
		name := "sd" + letter(i)
		if nvme {
			name = "nvme" + strconv.Itoa(i) + "n1"
		}
		if !names[name] {
			d.Name = name
		}
	}
	names[d.Name] = true
	d.Serial = f.letters("disk "+d.Bus, node, 14)
	d.WWN = fmt.Sprintf("0x5000c500%08x", uint32(f.number("wwn", node, d.Bus)))
	d.IDPath = "/dev/disk/by-id/wwn-" + d.WWN
	switch gigabytes := d.SizeBytes / 1e9; {
	case d.Rotary:
		d.Model = fmt.Sprintf("ST%dNM", gigabytes)
	case nvme:
		d.Model = fmt.Sprintf("PM983 NVMe %d GB", gigabytes)
	default:
		d.Model = fmt.Sprintf("PM883 SATA %d GB", gigabytes)
	}
}

func letter(i int) string {
	if i < 26 {
		return string(rune('a' + i))
	}
	return letter(i/26-1) + letter(i%26)
}

func freeBus(name string, used map[string]bool) string {
	for i := 0; ; i++ {
		bus := fmt.Sprintf("scsi@%d:0.0.0", i)
		if strings.HasPrefix(name, "nvme") {
			bus = fmt.Sprintf("nvme@%d:1", i)
		}
		if !used[bus] {
			return bus
		}
	}
}

// need is how many bytes the layout asks of a device.
func need(node *design.Node, device design.Device) int64 {
	var sizes []design.Size
	group := device.VolumeGroup
	for _, p := range device.Partitions {
		sizes = append(sizes, p.Size)
		if p.VolumeGroup != "" {
			group = p.VolumeGroup
		}
	}
	for _, g := range node.Storage.VolumeGroups {
		if g.Name == group && group != "" {
			for _, v := range g.LogicalVolumes {
				sizes = append(sizes, v.Size)
			}
		}
	}
	var bytes, percent int64
	for _, s := range sizes {
		bytes += s.Bytes
		percent += int64(s.Percent)
	}
	// Amounts must fit beside the shares in percent.
	if percent > 0 && percent < 100 {
		return bytes * 100 / (100 - percent)
	}
	return bytes
}

// size is the smallest disk on sale that leaves a tenth for partition tables, volume group metadata and rounding.
func size(need int64) int64 {
	need += need / 10
	for _, s := range diskSizes {
		if s >= need {
			return s
		}
	}
	return need
}
