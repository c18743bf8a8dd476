package maas

import (
	"fmt"
)

const (
	devicePhysical = "physical"
	deviceVirtual  = "virtual"

	mebibyte      = 1 << 20
	alignment     = 4 * mebibyte // of partitions and LVM extents
	tableOverhead = 5 * mebibyte // what a partition table takes at both ends of a disk
	grubOverhead  = mebibyte     // the BIOS boot partition of a GPT that no UEFI boots from
)

// blockDevice is a disk, or a logical volume.
type blockDevice struct {
	id         int
	title      string // of a disk
	kind       string
	size       int64 // bytes
	blockSize  int
	idPath     string
	model      string
	serial     string
	firmware   string
	uuid       string // logical volumes have one
	tags       []string
	table      string // GPT, MBR or ""
	partitions []*partition
	fs         *filesystem
	group      *volumeGroup // a logical volume's own
	volume     string       // a logical volume's name without that of its group
	array      *array       // the one that it is the device of
	member     membership   // what it is a part of
}

// membership is what a device or a partition can be a part of: a volume group, an array or a cache set.
type membership interface {
	use(*filesystem) string // what the part is used for
	noun() string
}

type partition struct {
	id       int
	uuid     string
	size     int64
	bootable bool
	tags     []string
	fs       *filesystem
	device   *blockDevice
	member   membership
}

func roundDown(n int64) int64 { return n / alignment * alignment }

// overhead is what a partition table on a disk of the machine takes.
func (m *machine) overhead() int64 {
	if m.bootFirm == "uefi" {
		return tableOverhead
	}
	return tableOverhead + grubOverhead
}

// firstPartition is the number of the first partition: the BIOS boot partition is number 1 and not shown.
func (m *machine) firstPartition() int {
	if m.bootFirm == "uefi" {
		return 1
	}
	return 2
}

func (m *machine) used(d *blockDevice) int64 {
	switch {
	case d.fs != nil || d.member != nil:
		return d.size
	case d.table == "":
		return 0
	}
	n := m.overhead()
	for _, p := range d.partitions {
		n += p.size
	}
	return n
}

// available is what a further partition may have: aligned, and less the table that the first one makes.
func (m *machine) available(d *blockDevice) int64 {
	used := m.used(d)
	if used == 0 {
		used = m.overhead()
	}
	return max(0, roundDown(d.size-used))
}

func (m *machine) deviceByID(id int) *blockDevice {
	for _, d := range m.disks {
		if d.id == id {
			return d
		}
	}
	return nil
}

func (m *machine) deviceByName(name string) *blockDevice {
	for _, d := range m.disks {
		if d.name() == name {
			return d
		}
	}
	return nil
}

func (m *machine) partitionByID(id int) *partition {
	for _, d := range m.disks {
		for _, p := range d.partitions {
			if p.id == id {
				return p
			}
		}
	}
	return nil
}

// boot is the disk to boot from: the one that was set, or the first physical one that is large enough.
func (m *machine) boot() *blockDevice {
	if m.bootDisk != nil {
		return m.bootDisk
	}
	var first *blockDevice
	for _, d := range m.disks {
		if d.kind == devicePhysical && d.size >= 2_000_000_000 && (first == nil || d.id < first.id) {
			first = d
		}
	}
	return first
}

func (d *blockDevice) usedFor() string {
	switch {
	case d.member != nil:
		return d.member.use(d.fs)
	case d.fs != nil:
		return d.fs.usedFor()
	case d.table != "":
		plural := "s"
		if len(d.partitions) < 2 {
			plural = ""
		}
		return text("%s partitioned with %d partition%s", d.table, len(d.partitions), plural)
	}
	return "Unused"
}

func (m *machine) partitionBody(p *partition) obj {
	number := m.firstPartition()
	for _, x := range p.device.partitions {
		if x == p {
			break
		}
		number++
	}
	used := "Unused"
	if p.member != nil {
		used = p.member.use(p.fs)
	} else if p.fs != nil {
		used = p.fs.usedFor()
	}
	return obj{"uuid": p.uuid, "size": p.size, "bootable": p.bootable, "tags": orEmpty(p.tags), "id": p.id, "type": "partition",
		"filesystem": p.fs.orNull(), "used_for": used, "system_id": m.systemID,
		"path": text("/dev/disk/by-dname/%s-part%d", p.device.name(), number), "device_id": p.device.id,
		"resource_uri": text("%snodes/%s/blockdevices/%d/partition/%d", apiRoot, m.systemID, p.device.id, p.id)}
}

func (s *Server) deviceBody(m *machine, d *blockDevice) obj {
	b := obj{"id": d.id, "name": d.name(), "type": d.kind, "size": d.size, "block_size": d.blockSize, "system_id": m.systemID,
		"path": "/dev/disk/by-dname/" + d.name(), "tags": orEmpty(d.tags), "used_for": d.usedFor(),
		"used_size": m.used(d), "available_size": m.available(d), "partition_table_type": orNull(d.table),
		"filesystem": d.fs.orNull(), "partitions": listOf(d.partitions, m.partitionBody), "storage_pool": nil,
		"uuid": orNull(d.uuid), "numa_node": nil, "model": nil, "serial": nil, "id_path": nil,
		"resource_uri": text("%snodes/%s/blockdevices/%d/", apiRoot, m.systemID, d.id)}
	if d.kind == devicePhysical {
		b["numa_node"], b["model"], b["serial"], b["id_path"] = 0, d.model, d.serial, d.idPath
		b["firmware_version"] = orNull(d.firmware)
	}
	return b
}

func (s *Server) deviceBodies(m *machine) (all, physical, virtual []obj) {
	all, physical, virtual = []obj{}, []obj{}, []obj{}
	for _, d := range m.disks {
		b := s.deviceBody(m, d)
		all = append(all, b)
		if d.kind == devicePhysical {
			physical = append(physical, b)
		} else {
			virtual = append(virtual, b)
		}
	}
	return all, physical, virtual
}

func (s *Server) newUUID() string {
	b := make([]byte, 16)
	s.random.Read(b)
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
