package validate

import "drydock/design"

var storageSizing = Rule{
	Code: "DD2003", Slug: "storage-sizing", Title: "Storage Sizing", Level: design.LevelError, Profiles: true,
	Why:   "more than the whole can not be given away, and the tables of a disk need room",
	Hint:  "shares add up to at most 99%, since the disk's own tables need room",
	check: checkStorageSizing,
}

// mostShares is the largest sum of shares of a disk or group, in percent.
const mostShares = 99

func checkStorageSizing(r *run) {
	for _, node := range r.nodes {
		for _, d := range node.Storage.Devices {
			sum := 0
			for i, p := range d.Partitions {
				if sum += p.Size.Percent; sum > mostShares && p.Size.Percent > 0 {
					r.found(r.of(node, "storage", "physical_devices", d.Name, "partitions", i, "size"), "the shares of disk %s add up to %d%% and may be at most %d%%", d.Name, sum, mostShares)
					break
				}
			}
		}
		for _, g := range node.Storage.VolumeGroups {
			sum := 0
			for i, v := range g.LogicalVolumes {
				if sum += v.Size.Percent; sum > mostShares && v.Size.Percent > 0 {
					r.found(r.of(node, "storage", "volume_groups", g.Name, "logical_volumes", i, "size"), "the shares of volume group %s add up to %d%% and may be at most %d%%", g.Name, sum, mostShares)
					break
				}
			}
		}
	}
}
