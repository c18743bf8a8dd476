package maas

import (
	"fmt"
	"net/http"
	"strings"
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
	member     *volumeGroup // the group that it is a physical volume of
}

type partition struct {
	id       int
	uuid     string
	size     int64
	bootable bool
	tags     []string
	fs       *filesystem
	device   *blockDevice
	member   *volumeGroup
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
		return "LVM volume for " + d.member.name
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
		used = "LVM volume for " + p.member.name
	} else if p.fs != nil {
		used = p.fs.usedFor()
	}
	return obj{"uuid": p.uuid, "size": p.size, "bootable": p.bootable, "tags": strings0(p.tags), "id": p.id, "type": "partition",
		"filesystem": p.fs.orNull(), "used_for": used, "system_id": m.systemID,
		"path": text("/dev/disk/by-dname/%s-part%d", p.device.name(), number), "device_id": p.device.id,
		"resource_uri": text("%snodes/%s/blockdevices/%d/partition/%d", apiRoot, m.systemID, p.device.id, p.id)}
}

func (s *Server) deviceBody(m *machine, d *blockDevice) obj {
	b := obj{"id": d.id, "name": d.name(), "type": d.kind, "size": d.size, "block_size": d.blockSize, "system_id": m.systemID,
		"path": "/dev/disk/by-dname/" + d.name(), "tags": strings0(d.tags), "used_for": d.usedFor(),
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

// onDevice makes a handler on a block device; outside of the given states it is refused in the words given.
func (s *Server) onDevice(refusal string, states []status, f func(*call, *machine, *blockDevice) (any, error)) handler {
	return func(c *call) (any, error) {
		m, err := c.node()
		if err != nil {
			return nil, err
		}
		d := m.deviceByID(c.idVar("id"))
		if d == nil {
			return nil, notFound("BlockDevice")
		}
		if states != nil && !m.status.in(states...) {
			return nil, refuse(http.StatusConflict, "%s", refusal)
		}
		a, err := f(c, m, d)
		if a == nil && err == nil {
			return s.deviceBody(m, d), nil
		}
		return a, err
	}
}

func (s *Server) routeDevices(t *router) {
	const all, one = "nodes/{system_id}/blockdevices/", "nodes/{system_id}/blockdevices/{id}/"
	const notFree = "because the machine is not Ready or Allocated."
	t.on(all, "GET", "", users, func(c *call) (any, error) {
		m, err := c.node()
		if err != nil {
			return nil, err
		}
		list, _, _ := s.deviceBodies(m)
		for _, b := range list {
			delete(b, "firmware_version") // this list is the one place that does not show it
		}
		return list, nil
	})
	t.on(all, "POST", "", admins, s.createDevice)
	t.on(one, "GET", "", users, s.onDevice("", nil, func(*call, *machine, *blockDevice) (any, error) { return nil, nil }))
	t.on(one, "PUT", "", users, s.onDevice("Cannot update block device because the machine is not Ready.",
		[]status{statusReady}, s.updateDevice))
	t.on(one, "DELETE", "", admins, s.onDevice("Cannot delete block device because the machine is not Ready.",
		[]status{statusReady}, s.deleteDevice))
	t.on(one, "POST", "format", users, s.onDevice("Cannot format block device "+notFree, canFormat,
		func(c *call, m *machine, d *blockDevice) (any, error) {
			if len(d.partitions) > 0 {
				return nil, refuse(http.StatusBadRequest, "Cannot format block device because it has been partitioned.")
			}
			if d.member != nil {
				return nil, refuse(http.StatusBadRequest, "Cannot format a block device that has a filesystem type of lvm-pv.")
			}
			fs, err := s.formatFields(c)
			if err == nil {
				d.fs, d.table = fs, ""
			}
			return nil, err
		}))
	t.on(one, "POST", "unformat", users, s.onDevice("Cannot unformat block device "+notFree, canFormat,
		func(c *call, m *machine, d *blockDevice) (any, error) {
			if d.member != nil {
				return nil, refuse(http.StatusBadRequest, "Cannot unformat a block device that has a filesystem type of lvm-pv.")
			}
			if d.fs == nil {
				return nil, refuse(http.StatusBadRequest, "Block device is not formatted.")
			}
			d.fs = nil
			return nil, nil
		}))
	t.on(one, "POST", "mount", users, s.onDevice("Cannot mount block device "+notFree, canFormat,
		func(c *call, m *machine, d *blockDevice) (any, error) { return nil, mountFields(c, m, d.fs) }))
	t.on(one, "POST", "unmount", users, s.onDevice("Cannot unmount block device "+notFree, canFormat,
		func(c *call, m *machine, d *blockDevice) (any, error) { return nil, d.fs.unmount("Block device") }))
	t.on(one, "POST", "set_boot_disk", admins, s.onDevice("Cannot set as boot disk because the machine is not Ready.",
		[]status{statusReady}, func(c *call, m *machine, d *blockDevice) (any, error) {
			if d.kind != devicePhysical {
				return nil, refuse(http.StatusBadRequest, "Cannot set a %s block device as the boot disk.", d.kind)
			}
			m.bootDisk = d
			return textReply(http.StatusOK, typeBareText, "OK"), nil
		}))
	t.on(one, "POST", "add_tag", admins, s.onDevice("", nil, func(c *call, _ *machine, d *blockDevice) (any, error) {
		if tag := c.get("tag"); tag != "" && !contains(d.tags, tag) {
			d.tags = append(d.tags, tag)
		}
		return nil, nil
	}))
	t.on(one, "POST", "remove_tag", admins, s.onDevice("", nil, func(c *call, _ *machine, d *blockDevice) (any, error) {
		d.tags = without(d.tags, c.get("tag"))
		return nil, nil
	}))
	for _, other := range []string{"raids", "bcaches", "bcache-cache-sets", "vmfs-datastores"} {
		path := "nodes/{system_id}/" + other + "/"
		t.on(path, "GET", "", users, func(c *call) (any, error) {
			if _, err := c.node(); err != nil {
				return nil, err
			}
			return []obj{}, nil
		})
		t.missing(path, "POST", "")
	}
}

// createDevice adds a disk to a record by hand.
func (s *Server) createDevice(c *call) (any, error) {
	m, err := c.node()
	if err != nil {
		return nil, err
	}
	if !m.status.in(statusReady, statusNew) {
		return nil, refuse(http.StatusConflict, "Cannot create block device because the machine is not Ready.")
	}
	var v invalid
	c.required(&v, "name", "size", "block_size")
	if c.get("id_path") == "" && (c.get("model") == "" || c.get("serial") == "") {
		v.add(fieldAll, "serial/model are required if id_path is not provided.")
	}
	size, ok := parseSize(c.get("size"))
	if !ok && c.get("size") != "" {
		v.add("size", invalidValue)
	}
	block, _ := c.number("block_size", &v)
	if m.deviceByName(c.get("name")) != nil {
		v.add(fieldAll, "Block device with this Node config and Name already exists.")
	}
	if err := v.err(); err != nil {
		return nil, err
	}
	d := &blockDevice{id: s.id("device"), title: c.get("name"), kind: devicePhysical, size: size, blockSize: block,
		idPath: c.get("id_path"), model: c.get("model"), serial: c.get("serial")}
	m.disks = append(m.disks, d)
	return s.deviceBody(m, d), nil
}

func (s *Server) updateDevice(c *call, m *machine, d *blockDevice) (any, error) {
	if name := strings.TrimSpace(c.get("name")); name != "" {
		if x := m.deviceByName(name); x != nil && x != d {
			return nil, badField("name", "Block device with this Node config and Name already exists.")
		}
		if d.kind == deviceVirtual {
			d.volume = strings.TrimPrefix(name, d.group.name+"-")
		} else {
			d.title = name
		}
	}
	return nil, nil
}

func (s *Server) deleteDevice(_ *call, m *machine, d *blockDevice) (any, error) {
	if d.member != nil || len(d.partitions) > 0 {
		return nil, refuse(http.StatusBadRequest, "Cannot delete block device because it is in use.")
	}
	m.disks = remove(m.disks, d)
	if m.bootDisk == d {
		m.bootDisk = nil
	}
	return noContent(), nil
}

// name of a disk is its own; that of a logical volume follows its group.
func (d *blockDevice) name() string {
	if d.group != nil {
		return d.group.name + "-" + d.volume
	}
	return d.title
}
