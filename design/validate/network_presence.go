package validate

import "drydock/design"

// The networks themselves are checked where they are read: see design.Compile.
var networkPresence = Rule{
	Code: "DD2006", Slug: "network-presence", Title: "Presence of networks", Level: design.LevelWarning,
	Why:  "nodes without networks reach nobody",
	Hint: "check that all files of the design were given; the networks are Network documents",
	check: func(r *run) {
		if len(r.site.Networks) == 0 {
			r.siteWide(design.LevelWarning, "the design has no networks")
		}
	},
}
