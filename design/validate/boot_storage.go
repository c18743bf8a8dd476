package validate

import "drydock/design"

var bootStorage = Rule{
	Code: "DD1001", Slug: "boot-storage", Title: "Rational Boot Storage", Level: design.LevelError, Profiles: true,
	Why:   "the operating system is installed on the partition named root, which is made before all others",
	Hint:  "have a partition named root of at least 20g; one named boot needs 1g; > and % do not work for them",
	check: checkBootStorage,
}

// Least sizes of the system's partitions, in bytes.
const (
	leastRoot = 20_000_000_000
	leastBoot = 1_000_000_000
)

func checkBootStorage(r *run) {
	noRoot := r.family(func(s subject) bool { return !hasRoot(s) })
	for _, node := range r.nodes {
		for _, device := range node.Storage.Devices {
			for _, p := range device.Partitions {
				place := func() design.Place {
					return r.of(node, "storage", "physical_devices", device.Name, "partitions", design.Named(p.Name), "size")
				}
				switch p.Name {
				case "root":
					systemPartition(r, place, p, leastRoot)
				case "boot":
					systemPartition(r, place, p, leastBoot)
				}
			}
		}
		// An unused profile without disks is a part for others to build upon.
		if noRoot.lacks(node) && (node.kind == design.KindBaremetalNode || len(node.Storage.Devices) > 0) {
			r.found(noRoot.place(node, "storage"), "no partition is named root")
		}
	}
}

func hasRoot(s subject) bool {
	for _, d := range s.Storage.Devices {
		for _, p := range d.Partitions {
			if p.Name == "root" {
				return true
			}
		}
	}
	return false
}

func systemPartition(r *run, place func() design.Place, p design.Partition, least int64) {
	switch {
	case p.Size.AtLeast || p.Size.Percent > 0:
		r.found(place(), "the size of partition %s is %s and must be a fixed amount of at least %d bytes", p.Name, p.Size.Text, least)
	case p.Size.Bytes > 0 && p.Size.Bytes < least:
		r.found(place(), "partition %s has %s (%d bytes) and needs at least %d bytes", p.Name, p.Size.Text, p.Size.Bytes, least)
	}
}
