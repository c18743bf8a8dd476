package validate

import (
	"maps"
	"slices"

	"drydock/design"
)

// A boot action may be shared by sites, so a filter that names or selects nothing here is only suspicious.
var bootActionFilter = Rule{
	Code: "DD4004", Slug: "bootaction-filter", Title: "Node filters of boot actions", Level: design.LevelWarning,
	Why:   "a filter with a misspelled name silently leaves nodes out",
	Hint:  "compare the filter with the names, tags, labels and racks of the nodes",
	check: checkBootActionFilter,
}

func checkBootActionFilter(r *run) {
	names, tags, labels, racks := make(map[string]bool), make(map[string]bool), make(map[[2]string]bool), make(map[string]bool)
	rackLabels := make(map[[2]string]bool)
	for _, n := range r.site.Nodes {
		names[n.Name], racks[n.Rack] = true, true
		for _, t := range n.Tags {
			tags[t] = true
		}
		for k, v := range n.OwnerData {
			labels[[2]string{k, v}] = true
		}
	}
	for _, rack := range r.site.Racks {
		racks[rack.Name] = true
		for k, v := range rack.Labels {
			rackLabels[[2]string{k, v}] = true
		}
	}
	for _, b := range r.site.BootActions {
		if b.Filter == nil || len(r.site.Nodes) == 0 {
			continue
		}
		before := len(r.messages)
		for i, t := range b.Filter.Set {
			list := func(key, what string, values []string, known map[string]bool) {
				for j, v := range values {
					if !known[v] {
						r.found(r.at(design.KindBootAction, b.Name, "node_filter", "filter_set", i, key, j), "the filter names %s %q, which no node has", what, v)
					}
				}
			}
			table := func(key, what string, values map[string]string, known map[[2]string]bool) {
				for _, k := range slices.Sorted(maps.Keys(values)) {
					if !known[[2]string{k, values[k]}] {
						r.found(r.at(design.KindBootAction, b.Name, "node_filter", "filter_set", i, key, k), "the filter names the %s label %s: %q, which none has", what, k, values[k])
					}
				}
			}
			list("node_names", "the name", t.NodeNames, names)
			list("node_tags", "the tag", t.NodeTags, tags)
			list("rack_names", "the rack", t.RackNames, racks)
			table("node_labels", "node", t.NodeLabels, labels)
			table("rack_labels", "rack", t.RackLabels, rackLabels)
		}
		if len(r.messages) == before && len(b.Filter.Select(r.site)) == 0 {
			r.found(r.at(design.KindBootAction, b.Name, "node_filter"), "the filter selects none of the %d nodes", len(r.site.Nodes))
		}
	}
}
