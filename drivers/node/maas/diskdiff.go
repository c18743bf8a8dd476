package maas

import (
	"fmt"
	"slices"
	"strings"

	"drydock/design"
)

// volumeGroup is an LVM volume group (nodes/{system_id}/volume-groups/).
type volumeGroup struct {
	ID        int    `json:"id"`
	Name      string `json:"name"`
	Size      size   `json:"size"`
	Available size   `json:"available_size"`
	Devices   []struct {
		ID   int    `json:"id"`
		Type string `json:"type"` // physical, virtual or partition
	} `json:"devices"`
	Volumes []disk `json:"logical_volumes"`
}

// diskDiff says how the machine's storage differs from the wanted one; empty when it is equal.
func diskDiff(m *machine, groups []volumeGroup, w *wantedStorage) []string {
	var out []string
	mine := map[int]bool{}
	members := map[string][]string{} // of groups, as "disk 7" or "partition 3"
	for _, d := range w.disks {
		mine[d.disk.ID] = true
		out = append(out, d.diff(members)...)
		if d.boot && (m.BootDisk == nil || m.BootDisk.ID != d.disk.ID) {
			out = append(out, "the boot disk is not "+d.disk.Name)
		}
	}
	for _, bd := range m.Disks {
		if mine[bd.ID] {
			continue
		}
		// A disk that the design does not name is left alone, unless something on it would be mounted.
		if used := mounted(bd); used != "" {
			out = append(out, fmt.Sprintf("disk %s, which the design does not name, is mounted at %s", bd.Name, used))
		}
	}
	for _, g := range w.groups {
		i := slices.IndexFunc(groups, func(have volumeGroup) bool { return have.Name == g.Name })
		if i < 0 {
			out = append(out, "volume group "+g.Name+" is missing")
			continue
		}
		out = append(out, g.diff(m, groups[i], members[g.Name])...)
	}
	for _, have := range groups {
		if !slices.ContainsFunc(w.groups, func(g wantedGroup) bool { return g.Name == have.Name }) {
			out = append(out, "volume group "+have.Name+" is not in the design")
		}
	}
	return out
}

func mounted(bd disk) string {
	if bd.Filesystem != nil && bd.Filesystem.MountPoint != "" {
		return bd.Filesystem.MountPoint
	}
	for _, p := range bd.Partitions {
		if p.Filesystem != nil && p.Filesystem.MountPoint != "" {
			return p.Filesystem.MountPoint
		}
	}
	return ""
}

// diff compares one disk, and collects which disks and partitions are to be in which group.
func (w wantedDisk) diff(members map[string][]string) []string {
	bd := w.disk
	if w.group != "" {
		// On a boot disk MAAS makes one partition for the physical volume.
		if len(bd.Partitions) == 1 && isPV(bd.Partitions[0].Filesystem) {
			members[w.group] = append(members[w.group], fmt.Sprintf("partition %d", bd.Partitions[0].ID))
			return nil
		}
		members[w.group] = append(members[w.group], fmt.Sprintf("physical %d", bd.ID))
		if !isPV(bd.Filesystem) {
			return []string{"disk " + bd.Name + " is no physical volume of " + w.group}
		}
		return nil
	}
	if bd.Filesystem != nil {
		return []string{"disk " + bd.Name + " is used as a whole"}
	}
	if len(bd.Partitions) != len(w.parts) {
		return []string{fmt.Sprintf("disk %s has %d partitions instead of %d", bd.Name, len(bd.Partitions), len(w.parts))}
	}
	var out []string
	have := slices.Clone(bd.Partitions)
	slices.SortFunc(have, func(a, b partition) int { return a.ID - b.ID }) // in the order in which they were made
	for i, p := range w.parts {
		what := fmt.Sprintf("partition %s of disk %s", p.name, bd.Name)
		if p.size > 0 && !near(int64(have[i].Size), p.size) {
			out = append(out, fmt.Sprintf("%s has %d bytes instead of %d", what, have[i].Size, p.size))
		}
		if p.bootable && !have[i].Bootable {
			out = append(out, what+" is not bootable")
		}
		if p.uuid != "" && !strings.EqualFold(p.uuid, have[i].UUID) {
			out = append(out, what+" has another UUID")
		}
		if p.group != "" {
			members[p.group] = append(members[p.group], fmt.Sprintf("partition %d", have[i].ID))
			if !isPV(have[i].Filesystem) {
				out = append(out, what+" is no physical volume of "+p.group)
			}
			continue
		}
		if d := fsDiff(have[i].Filesystem, p.fs); d != "" {
			out = append(out, what+" "+d)
		}
	}
	return out
}

func isPV(fs *filesystem) bool { return fs != nil && fs.Type == "lvm-pv" }

// near compares sizes in bytes.
func near(have, want int64) bool { return have-want <= slack && want-have <= slack }

// fsDiff says how a file system differs from the wanted one; "" when it does not.
func fsDiff(have *filesystem, want *design.Filesystem) string {
	if want == nil {
		if have != nil {
			return "has a file system that is not in the design"
		}
		return ""
	}
	if have == nil {
		return "has no file system"
	}
	mount := want.MountPoint
	if want.Type == "swap" {
		mount = "none" // as MAAS spells that it is to be used
	}
	switch {
	case have.Type != fsType(want):
		return "is " + have.Type + " instead of " + fsType(want)
	case have.MountPoint != mount:
		return "is mounted at " + orNothing(have.MountPoint) + " instead of " + orNothing(mount)
	case mount != "" && options(have.MountOptions) != options(want.MountOptions):
		return "has mount options " + orNothing(have.MountOptions) + " instead of " + orNothing(want.MountOptions)
	case want.Label != "" && have.Label != want.Label:
		return "has label " + orNothing(have.Label) + " instead of " + want.Label
	case want.UUID != "" && !strings.EqualFold(have.UUID, want.UUID):
		return "has another file system UUID"
	}
	return ""
}

func orNothing(s string) string {
	if s == "" {
		return "nothing"
	}
	return s
}

// fsType is the type with the format's default.
func fsType(fs *design.Filesystem) string {
	if fs.Type == "" {
		return "ext4"
	}
	return fs.Type
}

// options are mount options with one spelling for none.
func options(o string) string {
	if o == "defaults" {
		return ""
	}
	return o
}

// diff compares a volume group: its members and its volumes.
func (g wantedGroup) diff(m *machine, have volumeGroup, members []string) []string {
	var out, are []string
	for _, d := range have.Devices {
		are = append(are, fmt.Sprintf("%s %d", d.Type, d.ID))
	}
	slices.Sort(are)
	slices.Sort(members)
	if !slices.Equal(are, members) {
		out = append(out, "volume group "+g.Name+" is not on the disks and partitions of the design")
	}
	if len(have.Volumes) != len(g.LogicalVolumes) {
		out = append(out, fmt.Sprintf("volume group %s has %d logical volumes instead of %d", g.Name, len(have.Volumes), len(g.LogicalVolumes)))
	}
	free := int64(have.Size)
	for _, lv := range g.LogicalVolumes {
		n, err := lv.Size.Resolve(int64(have.Size), free)
		if err != nil {
			return append(out, "logical volume "+lv.Name+" does not fit into volume group "+g.Name)
		}
		n -= n % extent
		free -= n
		v := volume(m, have, lv.Name)
		what := "logical volume " + lv.Name + " of " + g.Name
		if v == nil {
			out = append(out, what+" is missing")
			continue
		}
		if !near(int64(v.Size), n) {
			out = append(out, fmt.Sprintf("%s has %d bytes instead of %d", what, v.Size, n))
		}
		if d := fsDiff(v.Filesystem, lv.Filesystem); d != "" {
			out = append(out, what+" "+d)
		}
	}
	return out
}

// volume finds a logical volume. The group's own list of them lacks the file system, so the machine's disks are asked.
func volume(m *machine, g volumeGroup, name string) *disk {
	full := g.Name + "-" + name
	in := slices.ContainsFunc(g.Volumes, func(v disk) bool { return v.Name == full || v.Name == name })
	for i := range m.VirtualDisks {
		if v := &m.VirtualDisks[i]; in && v.Name == full {
			return v
		}
	}
	return nil
}
