package design

// NodeFilter selects nodes, in tasks and boot actions. The JSON and YAML names are those of the design format.
type NodeFilter struct {
	SetType string       `json:"filter_set_type" yaml:"filter_set_type"` // FilterUnion or FilterIntersection
	Set     []FilterTerm `json:"filter_set" yaml:"filter_set"`
}

// How filters and their criteria are joined.
const (
	FilterUnion        = "union"
	FilterIntersection = "intersection"
)

// FilterTerm is one filter of a NodeFilter: criteria joined by Type.
type FilterTerm struct {
	Type       string            `json:"filter_type" yaml:"filter_type"`
	NodeNames  []string          `json:"node_names,omitempty" yaml:"node_names,omitempty"`
	NodeTags   []string          `json:"node_tags,omitempty" yaml:"node_tags,omitempty"`
	NodeLabels map[string]string `json:"node_labels,omitempty" yaml:"node_labels,omitempty"`
	RackNames  []string          `json:"rack_names,omitempty" yaml:"rack_names,omitempty"`
	RackLabels map[string]string `json:"rack_labels,omitempty" yaml:"rack_labels,omitempty"`
}

// FilterNodes is the filter that selects nodes by name, in the form in which the original's clients send it.
func FilterNodes(names ...string) *NodeFilter {
	return &NodeFilter{SetType: FilterIntersection, Set: []FilterTerm{{Type: FilterUnion, NodeNames: names}}}
}
