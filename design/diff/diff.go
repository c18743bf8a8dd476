package diff

import (
	"cmp"
	"maps"
	"slices"

	"drydock/design"
	"drydock/design/render"
)

// How a node differs.
const (
	Added   = "added"   // only the second design has it: it has to be deployed
	Removed = "removed" // only the first design has it; nothing is done to the machine by itself
	Changed = "changed"
)

// Areas of a machine.
const (
	AreaIdentity    = "identity"
	AreaNetwork     = "network"
	AreaStorage     = "storage"
	AreaPlatform    = "platform"
	AreaBootActions = "boot actions"
	AreaTags        = "tags"
	AreaOOB         = "oob"
	AreaSite        = "site"
)

// Report is the difference of two designs. Without one, Nodes and Site are empty.
type Report struct {
	From  Side     `json:"from"`
	To    Side     `json:"to"`
	Nodes []Node   `json:"nodes"` // that differ, by name
	Site  []Change `json:"site"`  // of what all nodes share; takes effect with the next prepare-site
}

// Side is one of the designs.
type Side struct {
	Site   string `json:"site"`
	Digest string `json:"digest"`
}

// Node is how one node differs.
type Node struct {
	Name     string   `json:"name"`
	Change   string   `json:"change"` // Added, Removed or Changed
	Redeploy bool     `json:"redeploy"`
	Changes  []Change `json:"changes"` // of a changed node
}

// Change is one value of a machine that differs. From is empty where only the second design has it, To where only the first.
type Change struct {
	Area     string `json:"area"`
	Field    string `json:"field"`
	From     string `json:"from"`
	To       string `json:"to"`
	Redeploy bool   `json:"redeploy"`
}

// Compare compares the designs of a site before and after.
func Compare(from, to *design.Site) Report {
	report := Report{
		From: Side{from.Name, from.Digest}, To: Side{to.Name, to.Digest}, Nodes: []Node{},
		Site: changes(siteFacts(from), siteFacts(to)),
	}
	before, after := byName(from.Nodes), byName(to.Nodes)
	names := maps.Clone(before)
	maps.Copy(names, after)
	oldActions, newActions := actionsOf(from), actionsOf(to)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		a, b := before[name], after[name]
		switch {
		case a == nil:
			report.Nodes = append(report.Nodes, Node{Name: name, Change: Added, Redeploy: true, Changes: []Change{}})
		case b == nil:
			report.Nodes = append(report.Nodes, Node{Name: name, Change: Removed, Changes: []Change{}})
		default:
			if found := changes(machineFacts(from, a, oldActions[name]), machineFacts(to, b, newActions[name])); len(found) > 0 {
				again := slices.ContainsFunc(found, func(c Change) bool { return c.Redeploy })
				report.Nodes = append(report.Nodes, Node{Name: name, Change: Changed, Redeploy: again, Changes: found})
			}
		}
	}
	return report
}

func byName(nodes []*design.Node) map[string]*design.Node {
	out := make(map[string]*design.Node, len(nodes))
	for _, n := range nodes {
		out[n.Name] = n
	}
	return out
}

// fact is one thing that a design says of a machine.
type fact struct {
	value string
	shown string // in place of the value, where that must not be seen
}

type factKey struct{ area, field string }

// facts are what a design says of a machine, by area and field.
type facts map[factKey]fact

func (f facts) add(area, field, value string) {
	if value != "" {
		f[factKey{area, field}] = fact{value, value}
	}
}

func (f facts) hide(area, field, value string) {
	if value != "" {
		f[factKey{area, field}] = fact{value, design.Secret(value).String()}
	}
}

// clean adds a value under a free key, which may be called like a secret.
func (f facts) clean(area, field, key, value string) {
	if value != "" {
		f[factKey{area, field}] = fact{value, render.Clean(key, value)}
	}
}

var areaOrder = []string{AreaIdentity, AreaNetwork, AreaStorage, AreaPlatform, AreaBootActions, AreaTags, AreaOOB, AreaSite}

// redeploys reports whether a change of an area is only in effect after a new installation: the bootstrapper applies
// networks, disks, kernels and boot actions while it installs, the rest at any time.
func redeploys(area string) bool {
	return area != AreaTags && area != AreaOOB && area != AreaSite
}

func changes(from, to facts) []Change {
	keys := maps.Clone(from)
	maps.Copy(keys, to)
	out := []Change{}
	for key := range keys {
		if a, b := from[key], to[key]; a.value != b.value {
			out = append(out, Change{Area: key.area, Field: key.field, From: a.shown, To: b.shown, Redeploy: redeploys(key.area)})
		}
	}
	slices.SortFunc(out, func(a, b Change) int {
		return cmp.Or(cmp.Compare(slices.Index(areaOrder, a.Area), slices.Index(areaOrder, b.Area)), cmp.Compare(a.Field, b.Field))
	})
	return out
}
