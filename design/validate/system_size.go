package validate

import "drydock/design"

var systemSize = Rule{
	Code: "DD1026", Slug: "system-size", Title: "Sizes of the system's file systems", Level: design.LevelError, Profiles: true,
	Why:   "/ and /boot are made before it is known what else the disk holds",
	Hint:  "give / and /boot a fixed size: they are made before the rest of the disk is known",
	check: checkSystemSize,
}

func checkSystemSize(r *run) {
	wrong := func(fs *design.Filesystem, size design.Size) bool {
		return fs != nil && (fs.MountPoint == "/" || fs.MountPoint == "/boot") && (size.AtLeast || size.Percent > 0)
	}
	for _, node := range r.nodes {
		for _, d := range node.Storage.Devices {
			for i, p := range d.Partitions {
				// A partition named root or boot is in the care of rule DD1001.
				if p.Name != "root" && p.Name != "boot" && wrong(p.Filesystem, p.Size) {
					r.found(r.of(node, "storage", "physical_devices", d.Name, "partitions", i, "size"), "partition %s is mounted at %s and has size %s; it needs a fixed amount", p.Name, p.Filesystem.MountPoint, p.Size.Text)
				}
			}
		}
		for _, g := range node.Storage.VolumeGroups {
			for i, v := range g.LogicalVolumes {
				if wrong(v.Filesystem, v.Size) {
					r.found(r.of(node, "storage", "volume_groups", g.Name, "logical_volumes", i, "size"), "volume %s is mounted at %s and has size %s; it needs a fixed amount", v.Name, v.Filesystem.MountPoint, v.Size.Text)
				}
			}
		}
	}
}
