package design

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Select returns the nodes that the filter names, in the order of the site, each once. No filter selects all nodes; a
// filter without filters, a filter without criteria, and one of an unknown type select none: nothing is ever selected
// by what was left out.
func (f *NodeFilter) Select(site *Site) []*Node {
	if site == nil {
		return nil
	}
	if f == nil {
		return slices.Clone(site.Nodes)
	}
	var out []*Node
	for _, n := range site.Nodes {
		if f.selects(site, n) {
			out = append(out, n)
		}
	}
	return out
}

func (f *NodeFilter) selects(site *Site, n *Node) bool {
	joined := make([]bool, 0, len(f.Set))
	for i := range f.Set {
		joined = append(joined, f.Set[i].selects(site, n))
	}
	return combine(f.SetType, FilterIntersection, joined)
}

func (t *FilterTerm) selects(site *Site, n *Node) bool {
	var criteria []bool
	if len(t.NodeNames) > 0 {
		criteria = append(criteria, slices.Contains(t.NodeNames, n.Name))
	}
	if len(t.NodeTags) > 0 {
		criteria = append(criteria, slices.ContainsFunc(t.NodeTags, func(tag string) bool { return slices.Contains(n.Tags, tag) }))
	}
	if len(t.NodeLabels) > 0 {
		criteria = append(criteria, t.labels(t.NodeLabels, n.OwnerData))
	}
	if len(t.RackNames) > 0 {
		criteria = append(criteria, n.Rack != "" && slices.Contains(t.RackNames, n.Rack))
	}
	if len(t.RackLabels) > 0 {
		var labels map[string]string
		for _, r := range site.Racks {
			if n.Rack != "" && r.Name == n.Rack {
				labels = r.Labels
			}
		}
		criteria = append(criteria, t.labels(t.RackLabels, labels))
	}
	return combine(t.Type, FilterUnion, criteria)
}

// labels reports whether labels are there: of an intersection all, of a union any.
func (t *FilterTerm) labels(want, have map[string]string) bool {
	var matches []bool
	for key, value := range want {
		got, ok := have[key]
		matches = append(matches, ok && got == value)
	}
	return combine(t.Type, FilterUnion, matches)
}

// combine joins results; no results, and an unknown way of joining, come to false.
func combine(how, otherwise string, results []bool) bool {
	if how == "" {
		how = otherwise
	}
	switch how {
	case FilterUnion:
		return slices.Contains(results, true)
	case FilterIntersection:
		return len(results) > 0 && !slices.Contains(results, false)
	}
	return false
}

// Check reports everything that keeps the filter from meaning what its author had in mind: unknown types of filters, and
// names of nodes and racks that the site does not have. A missing filter_set_type is taken as intersection, a missing
// filter_type as union. No filter is right.
func (f *NodeFilter) Check(site *Site) error {
	if f == nil {
		return nil
	}
	var wrong []string
	if !knownJoin(f.SetType) {
		wrong = append(wrong, fmt.Sprintf("filter_set_type %s is neither union nor intersection", quoted(f.SetType)))
	}
	racks := make(map[string]bool)
	if site != nil {
		for _, r := range site.Racks {
			racks[r.Name] = true
		}
		for _, n := range site.Nodes {
			racks[n.Rack] = true
		}
	}
	for i, t := range f.Set {
		if !knownJoin(t.Type) {
			wrong = append(wrong, fmt.Sprintf("filter_type %s of filter %d is neither union nor intersection", quoted(t.Type), i+1))
		}
		if site == nil {
			continue
		}
		for _, name := range t.NodeNames {
			if site.Node(name) == nil {
				wrong = append(wrong, fmt.Sprintf("node %s of filter %d is not in the site", quoted(name), i+1))
			}
		}
		for _, name := range t.RackNames {
			if name == "" || !racks[name] {
				wrong = append(wrong, fmt.Sprintf("rack %s of filter %d is not in the site", quoted(name), i+1))
			}
		}
		for _, key := range slices.Sorted(maps.Keys(t.RackLabels)) {
			if !slices.ContainsFunc(site.Racks, func(r Rack) bool { return r.Labels[key] == t.RackLabels[key] }) {
				wrong = append(wrong, fmt.Sprintf("no rack of the site has the label %s that filter %d asks for", quoted(key), i+1))
			}
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	return fmt.Errorf("check node filter: %s", strings.Join(wrong, "; "))
}

func knownJoin(s string) bool { return s == "" || s == FilterUnion || s == FilterIntersection }
