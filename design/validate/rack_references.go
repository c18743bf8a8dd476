package validate

import "drydock/design"

var rackReferences = Rule{
	Code: "DD1022", Slug: "rack-references", Title: "References to racks", Level: design.LevelWarning,
	Why:   "a rack without a document has no labels, location and switches",
	Hint:  "filters by rack name work without a Rack document, filters by rack label do not",
	check: checkRackReferences,
}

// One message per rack name is enough: all nodes of a rack name it.
func checkRackReferences(r *run) {
	known := make(map[string]bool)
	for _, rack := range r.site.Racks {
		known[rack.Name] = true
	}
	for _, node := range r.nodes {
		if node.Rack == "" || known[node.Rack] {
			continue
		}
		known[node.Rack] = true
		r.found(r.of(node, "metadata", "rack"), "rack %q has no Rack document", node.Rack)
	}
}
