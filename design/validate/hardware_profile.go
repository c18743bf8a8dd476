package validate

import "drydock/design"

// A name that no document has is a dangling reference, which is reported where references are resolved.
var hardwareProfile = Rule{
	Code: "DD1012", Slug: "missing-hardware-profile", Title: "Nodes without hardware profile", Level: design.LevelError,
	Why:   "aliases of cards and disks can't be resolved without one",
	Hint:  "name a hardware_profile in the node or in a host profile",
	check: checkHardwareProfile,
}

func checkHardwareProfile(r *run) {
	without := r.family(func(s subject) bool { return r.docs.Written(s.kind, s.Name, "hardware_profile") == "" })
	for _, node := range r.nodes {
		if without.lacks(node) {
			r.found(without.place(node), "no hardware profile is given")
		}
	}
}
