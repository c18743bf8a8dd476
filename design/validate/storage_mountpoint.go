package validate

import (
	pathpkg "path"

	"drydock/design"
)

var storageMountpoint = Rule{
	Code: "DD2004", Slug: "storage-mountpoint", Title: "Storage Mountpoint", Level: design.LevelError, Profiles: true,
	Why:   "the second file system at a mount point hides the first",
	Hint:  "each mount point is used once per node",
	check: checkStorageMountpoint,
}

func checkStorageMountpoint(r *run) {
	for _, node := range r.nodes {
		owner := make(map[string]string)
		check := func(fs *design.Filesystem, what string, path ...any) {
			if fs == nil || fs.MountPoint == "" {
				return
			}
			at := pathpkg.Clean(fs.MountPoint) // /var/ is /var
			if first, taken := owner[at]; taken {
				r.found(r.of(node, append(path, "filesystem", "mountpoint")...), "%s is mounted at %s, and so is %s", what, at, first)
				return
			}
			owner[at] = what
		}
		for _, d := range node.Storage.Devices {
			for i, p := range d.Partitions {
				check(p.Filesystem, "partition "+p.Name+" of disk "+d.Name, "storage", "physical_devices", d.Name, "partitions", i)
			}
		}
		for _, g := range node.Storage.VolumeGroups {
			for i, v := range g.LogicalVolumes {
				check(v.Filesystem, "volume "+v.Name+" of group "+g.Name, "storage", "volume_groups", g.Name, "logical_volumes", i)
			}
		}
	}
}
