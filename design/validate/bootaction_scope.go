package validate

import "drydock/design"

var bootActionScope = Rule{
	Code: "DD4001", Slug: "bootaction-scope", Title: "Bootaction Definition", Level: design.LevelWarning,
	Why:   "a node without boot actions comes up as bare as its image",
	Hint:  "widen the node_filter of a boot action, if the node is to get one",
	check: checkBootActionScope,
}

func checkBootActionScope(r *run) {
	if len(r.site.BootActions) == 0 {
		if len(r.nodes) > 0 {
			r.siteWide(design.LevelWarning, "the design has no boot actions")
		}
		return
	}
	covered := make(map[*design.Node]bool)
	for _, b := range r.site.BootActions {
		for _, n := range b.Filter.Select(r.site) {
			covered[n] = true
		}
	}
	for _, node := range r.nodes {
		if !covered[node.Node] {
			r.found(r.of(node), "the node is in the scope of no boot action")
		}
	}
}
