package design

import "slices"

// siteIndex finds the parts of a site by name. It is for the lists that it was made from; of others it knows nothing.
type siteIndex struct {
	nodes    table[*Node]
	networks table[*Network]
	links    table[*NetworkLink]
	linkOf   map[string]*NetworkLink
}

// table is a list with an index.
type table[T any] struct {
	list   []T
	byName map[string]T
}

func newTable[T any](list []T, name func(T) string) table[T] {
	t := table[T]{list, make(map[string]T, len(list))}
	for _, x := range slices.Backward(list) {
		t.byName[name(x)] = x // of two of a name the first
	}
	return t
}

// of reports whether the index is for this list.
func (t table[T]) of(list []T) bool {
	return len(t.list) == len(list) && (len(list) == 0 || &t.list[0] == &list[0])
}

func nameOfNode(n *Node) string        { return n.Name }
func nameOfNetwork(n *Network) string  { return n.Name }
func nameOfLink(l *NetworkLink) string { return l.Name }

func newSiteIndex(s *Site) *siteIndex {
	x := &siteIndex{
		nodes: newTable(s.Nodes, nameOfNode), networks: newTable(s.Networks, nameOfNetwork),
		links: newTable(s.Links, nameOfLink), linkOf: make(map[string]*NetworkLink),
	}
	for _, l := range slices.Backward(s.Links) {
		for _, n := range l.AllowedNetworks {
			x.linkOf[n] = l
		}
	}
	return x
}

// Node finds a node by name; nil when the design has none of that name.
func (s *Site) Node(name string) *Node {
	if s.index != nil && s.index.nodes.of(s.Nodes) {
		return s.index.nodes.byName[name]
	}
	return find(s.Nodes, name, nameOfNode)
}

// Network finds a network by name; nil when there is none.
func (s *Site) Network(name string) *Network {
	if s.index != nil && s.index.networks.of(s.Networks) {
		return s.index.networks.byName[name]
	}
	return find(s.Networks, name, nameOfNetwork)
}

// Link finds a network link by name; nil when there is none.
func (s *Site) Link(name string) *NetworkLink {
	if s.index != nil && s.index.links.of(s.Links) {
		return s.index.links.byName[name]
	}
	return find(s.Links, name, nameOfLink)
}

// LinkOf finds the one link that allows a network; nil when none does.
func (s *Site) LinkOf(network string) *NetworkLink {
	if s.index != nil && s.index.links.of(s.Links) {
		return s.index.linkOf[network]
	}
	for _, l := range s.Links {
		if slices.Contains(l.AllowedNetworks, network) {
			return l
		}
	}
	return nil
}

func find[T any](all []T, name string, nameOf func(T) string) (found T) {
	for _, x := range all {
		if nameOf(x) == name {
			return x
		}
	}
	return found
}
