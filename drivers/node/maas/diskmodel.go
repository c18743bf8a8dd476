package maas

import (
	"slices"
	"strings"

	"drydock/design"
	"drydock/drivers"
)

const (
	// espSize is the EFI system partition that is made where a machine boots by UEFI and the design lists none; 512 MiB.
	espSize  = 512 << 20
	espMount = "/boot/efi"
	// slack is how far a size may be off and still count as equal: alignment to 4 MiB, partition tables, LVM's own data.
	slack = 16 << 20
	// extent is the unit in which LVM gives space, 4 MiB.
	extent = 4 << 20
)

// wantedDisk is one disk as it is to be.
type wantedDisk struct {
	disk  *disk
	boot  bool
	group string // the disk as a whole is a physical volume of this group
	parts []wantedPart
	name  string // in the design
}

type wantedPart struct {
	name     string
	size     int64 // 0: what is left
	bootable bool
	uuid     string
	group    string // the partition is a physical volume of this group
	fs       *design.Filesystem
}

// wantedGroup is a volume group; the sizes of its volumes follow from its size, which is known when it is there.
type wantedGroup struct {
	design.VolumeGroup
}

type wantedStorage struct {
	disks  []wantedDisk
	groups []wantedGroup
}

// wantedLayout makes the storage of the design in terms of the machine's disks; nil when the design says nothing. It changes
// nothing, and refuses whatever can't be, so that no disk is touched for a layout that fails half-way.
func (s *session) wantedLayout(call drivers.NodeCall, m *machine) (*wantedStorage, error) {
	st := call.Node.Storage
	if len(st.Devices) == 0 {
		if len(st.VolumeGroups) > 0 {
			return nil, s.errorf(drivers.InvalidDesign, "List the disks of the volume groups.", "the design has volume groups and no physical device")
		}
		return nil, nil
	}
	hw, err := s.hardware(m)
	if err != nil {
		return nil, err
	}
	w := &wantedStorage{}
	taken := map[int]string{}
	for _, dev := range st.Devices {
		bd, err := s.findDisk(call, m, hw, dev.Name)
		if err != nil {
			return nil, err
		}
		if other := taken[bd.ID]; other != "" {
			return nil, s.errorf(drivers.InvalidDesign, "Give each disk one name.", "devices %s and %s are both disk %s of machine %s", other, dev.Name, bd.Name, m)
		}
		taken[bd.ID] = dev.Name
		w.disks = append(w.disks, wantedDisk{disk: bd, boot: dev.BootDrive(), group: dev.VolumeGroup, name: dev.Name})
	}
	for _, g := range st.VolumeGroups {
		w.groups = append(w.groups, wantedGroup{g})
	}
	if err := s.chooseBootDisk(st, w); err != nil {
		return nil, err
	}
	uefi, listed := bootsUEFI(call.Node, m), listsESP(st)
	for i := range w.disks {
		esp := w.disks[i].boot && uefi && !listed
		if err := s.planDisk(m, &w.disks[i], st.Devices[i], esp); err != nil {
			return nil, err
		}
		for j := range w.disks[i].parts {
			// On a GPT disk this flag is what makes an EFI system partition, which no other partition of a UEFI machine may be.
			if p := &w.disks[i].parts[j]; uefi {
				p.bootable = p.fs != nil && p.fs.MountPoint == espMount
			}
		}
	}
	return w, s.checkGroups(st, w)
}

// listsESP reports whether the design has an EFI system partition. Where it has none, a UEFI machine is given one: MAAS
// makes it only in layouts of its own.
func listsESP(st design.Storage) bool {
	return slices.ContainsFunc(st.Devices, func(d design.Device) bool { return holds(st, d, espMount) })
}

// bootsUEFI goes by the hardware profile, and where that is silent by how the machine was seen to boot.
func bootsUEFI(node *design.Node, m *machine) bool {
	mode := ""
	if node.HardwareProfile != nil {
		mode = node.HardwareProfile.BootMode
	}
	fill(&mode, strings.ToLower(m.BootMethod))
	return mode == "uefi"
}

// chooseBootDisk marks the one disk to boot from: the one with the label bootdrive, else the one that holds /boot or /.
func (s *session) chooseBootDisk(st design.Storage, w *wantedStorage) error {
	var boot []string
	for _, d := range w.disks {
		if d.boot {
			boot = append(boot, d.name)
		}
	}
	if len(boot) > 1 {
		return s.errorf(drivers.InvalidDesign, "Label one device with bootdrive.", "devices %s are all labelled as boot drive", strings.Join(boot, ", "))
	}
	if len(boot) == 1 {
		return nil
	}
	for _, mount := range []string{espMount, "/boot", "/"} {
		if i := slices.IndexFunc(st.Devices, func(d design.Device) bool { return holds(st, d, mount) }); i >= 0 {
			w.disks[i].boot = true
			return nil
		}
	}
	return s.errorf(drivers.InvalidDesign, "Give a partition or volume with the mount point /.", "the storage of the design has no file system for /")
}

// holds reports whether a device has the file system, itself or as part of a volume group.
func holds(st design.Storage, d design.Device, mount string) bool {
	groups := map[string]bool{d.VolumeGroup: true}
	for _, p := range d.Partitions {
		if p.Filesystem != nil && p.Filesystem.MountPoint == mount {
			return true
		}
		groups[p.VolumeGroup] = true
	}
	delete(groups, "")
	for _, g := range st.VolumeGroups {
		for _, lv := range g.LogicalVolumes {
			if groups[g.Name] && lv.Filesystem != nil && lv.Filesystem.MountPoint == mount {
				return true
			}
		}
	}
	return false
}

// usable is how much of a disk partitions can take, whatever is on it now.
func usable(bd *disk) int64 {
	n := int64(bd.Available)
	for _, p := range bd.Partitions {
		n += int64(p.Size)
	}
	if n == 0 || bd.Filesystem != nil {
		// The disk is used as a whole: MAAS keeps about 7 MiB for tables and alignment on an empty one.
		n = int64(bd.Size) - 8<<20
	}
	return n
}

func (s *session) planDisk(m *machine, w *wantedDisk, dev design.Device, esp bool) error {
	if dev.VolumeGroup != "" && len(dev.Partitions) > 0 {
		return s.errorf(drivers.InvalidDesign, "Give the device one of both.", "device %s has a volume group and partitions", dev.Name)
	}
	total := usable(w.disk)
	free := total
	if esp {
		w.parts = append(w.parts, wantedPart{name: "efi", size: espSize, bootable: true, fs: &design.Filesystem{Type: "fat32", MountPoint: espMount, Label: "efi"}})
		free -= espSize
		if dev.VolumeGroup != "" {
			// The disk can't be a physical volume as a whole and boot by UEFI: what is left of it becomes one.
			w.parts, w.group = append(w.parts, wantedPart{name: "pv", group: dev.VolumeGroup}), ""
			return nil
		}
	}
	for _, p := range dev.Partitions {
		if p.VolumeGroup != "" && p.Filesystem != nil {
			return s.errorf(drivers.InvalidDesign, "Give the partition one of both.", "partition %s of device %s has a volume group and a file system", p.Name, dev.Name)
		}
		n, err := p.Size.Resolve(total, free)
		if err != nil {
			return s.errorf(drivers.InvalidDesign, "Make the partition smaller, or choose a larger disk.", "partition %s of device %s, which is disk %s of machine %s with %d bytes: %w", p.Name, dev.Name, w.disk.Name, m, w.disk.Size, err)
		}
		n -= n % extent // MAAS rounds down to this
		free -= n
		w.parts = append(w.parts, wantedPart{name: p.Name, size: n, bootable: p.Bootable, uuid: p.UUID, group: p.VolumeGroup, fs: p.Filesystem})
	}
	return nil
}

// checkGroups makes sure, before anything is touched, that each volume group has physical volumes and that its logical
// volumes fit.
func (s *session) checkGroups(st design.Storage, w *wantedStorage) error {
	room := map[string]int64{}
	for _, d := range w.disks {
		if d.group != "" {
			room[d.group] += int64(d.disk.Size) - 2*extent
		}
		used := int64(0)
		for _, p := range d.parts {
			n := p.size
			if n == 0 {
				n = usable(d.disk) - used
			}
			used += n
			if p.group != "" {
				room[p.group] += n - extent
			}
		}
	}
	for _, g := range st.VolumeGroups {
		total, ok := room[g.Name]
		if !ok {
			return s.errorf(drivers.InvalidDesign, "Give the volume group a disk or partition.", "volume group %s has no physical volume", g.Name)
		}
		delete(room, g.Name)
		free := total
		for _, lv := range g.LogicalVolumes {
			n, err := lv.Size.Resolve(total, free)
			if err != nil {
				return s.errorf(drivers.InvalidDesign, "Make the volume smaller, or the group larger.", "logical volume %s of volume group %s with about %d bytes: %w", lv.Name, g.Name, total, err)
			}
			free -= n
		}
	}
	for name := range room {
		return s.errorf(drivers.InvalidDesign, "Define the volume group.", "a device or partition is for volume group %s, which the design does not have", name)
	}
	return nil
}
