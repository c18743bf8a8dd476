package validate

import "drydock/design"

// A boot action may be shared by sites, so a filter that selects nothing here is only suspicious.
var bootActionFilter = Rule{
	Code: "DD4004", Slug: "bootaction-filter", Title: "Node filters of boot actions", Level: design.LevelWarning,
	Hint: "compare the filter with the names, tags, labels and racks of the nodes",
	check: func(r *run) {
		for _, b := range r.site.BootActions {
			place := r.at(design.KindBootAction, b.Name, "node_filter")
			if err := b.Filter.Check(r.site); err != nil {
				r.found(place, "%s", err)
				continue
			}
			if len(r.site.Nodes) > 0 && len(b.Filter.Select(r.site)) == 0 {
				r.found(place, "the filter selects no node")
			}
		}
	},
}
