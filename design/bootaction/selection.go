package bootaction

import "drydock/design"

// selects reports whether a node filter selects a node; no filter selects every node. The filter is shown a site of this
// one node, so that the work per node does not grow with the site.
func selects(site *design.Site, filter *design.NodeFilter, node *design.Node) bool {
	return len(filter.Select(&design.Site{Racks: site.Racks, Nodes: []*design.Node{node}})) == 1
}
