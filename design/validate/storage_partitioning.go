package validate

import "drydock/design"

var storagePartitioning = Rule{
	Code: "DD2002", Slug: "storage-partitioning", Title: "Storage Partitioning", Level: design.LevelError, Profiles: true,
	Why:   "a disk or partition can be used in one way only, and a volume group needs a disk",
	Hint:  "a disk has either partitions or a volume_group, a partition either a filesystem or a volume_group, a group at least one of them",
	check: checkStoragePartitioning,
}

func checkStoragePartitioning(r *run) {
	for _, node := range r.nodes {
		members := make(map[string]bool)
		for _, d := range node.Storage.Devices {
			path := []any{"storage", "physical_devices", d.Name}
			switch group, parts := d.VolumeGroup != "", len(d.Partitions) > 0; {
			case group && parts:
				r.found(r.of(node, append(path, "volume_group")...), "disk %s has both a volume_group and partitions", d.Name)
			case !group && !parts:
				r.found(r.of(node, path...), "disk %s has neither a volume_group nor partitions", d.Name)
			}
			members[d.VolumeGroup] = true
			checkGroup(r, node, d.VolumeGroup, append(path, "volume_group"))
			names := make(map[string]bool)
			for i, p := range d.Partitions {
				at := append(append([]any(nil), path...), "partitions", i)
				if names[p.Name] {
					r.found(r.of(node, append(at, "name")...), "disk %s has two partitions named %s", d.Name, p.Name)
				}
				names[p.Name] = true
				if p.VolumeGroup != "" && p.Filesystem != nil {
					r.found(r.of(node, append(at, "volume_group")...), "partition %s has both a filesystem and a volume_group", p.Name)
				}
				members[p.VolumeGroup] = true
				checkGroup(r, node, p.VolumeGroup, append(at, "volume_group"))
			}
		}
		for _, g := range node.Storage.VolumeGroups {
			if !members[g.Name] {
				r.found(r.of(node, "storage", "volume_groups", g.Name), "volume group %s has no disk or partition", g.Name)
			}
		}
	}
}

// checkGroup reports a reference to a volume group that the node does not have. The group would be made without volumes,
// so that is only suspicious.
func checkGroup(r *run, node subject, group string, path []any) {
	if group == "" {
		return
	}
	for _, g := range node.Storage.VolumeGroups {
		if g.Name == group {
			return
		}
	}
	r.warn(r.of(node, path...), "volume group %s is not described under volume_groups", group)
}
