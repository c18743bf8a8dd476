package design

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
)

// lineage is what inheritance comes to, beside the effective content that each host profile and node has. Effective trees
// are made of the values of the documents themselves, so that each can be traced to the document it stands in, and
// what a child does not mention is the tree of its parent.
type lineage struct {
	docs     *Documents
	profiles int // how many may inherit from one another
	used     map[documentKey]bool
	reporter reporter
}

// heir resolves some of the documents, and keeps what it found.
type heir struct {
	*lineage
	trail   []*Document // the documents whose parents are being resolved
	pending []pendingMessage
}

// pendingMessage waits until it is known which profiles are used, on which its level depends.
type pendingMessage struct {
	node   *element
	find   finding
	hint   string
	format string
	args   []any
}

// inherit resolves the inheritance of all host profiles and nodes.
func (d *Documents) inherit(profiles int) {
	l := &lineage{docs: d, profiles: profiles, used: make(map[documentKey]bool)}
	d.lineage = l
	h := &heir{lineage: l}
	for _, doc := range d.distinct(KindHostProfile) {
		h.resolve(doc)
	}
	// All parents are there now, so that nodes can be resolved at the same time.
	nodes := d.distinct(KindBaremetalNode)
	pending := make([][]pendingMessage, len(nodes))
	inParallel(len(nodes), func(from, to int) {
		for i := from; i < to; i++ {
			h := &heir{lineage: l}
			h.resolve(nodes[i])
			pending[i] = h.pending
		}
	})
	for _, node := range nodes {
		l.use(node)
		if hardware := text(get(node.effective, "hardware_profile")); hardware != "" {
			l.used[documentKey{KindHardwareProfile, hardware}] = true
		}
	}
	for _, found := range append([][]pendingMessage{h.pending}, pending...) {
		for _, m := range found {
			l.reporter.at(d, m.node, m.find, m.hint, m.format, m.args...)
		}
	}
}

// effective is the content of a document with inheritance; nil when there is no such document.
func (d *Documents) effective(kind, name string) *element {
	doc := d.Find(kind, name)
	switch {
	case doc == nil:
		return nil
	case doc.effective != nil:
		return doc.effective
	}
	return doc.data
}

// Unused reports whether a document is a host or hardware profile that no node has, directly or by inheritance.
func (d *Documents) Unused(kind, name string) bool {
	if kind != KindHostProfile && kind != KindHardwareProfile {
		return false
	}
	return !d.lineage.used[documentKey{kind, name}]
}

func (d *Documents) unusedRef(ref DocumentRef) bool {
	parts := strings.Split(ref.Schema, "/")
	return len(parts) == 3 && d.Unused(parts[1], ref.Name)
}

func (h *heir) at(n *element, f finding, hint, format string, args ...any) {
	h.pending = append(h.pending, pendingMessage{n, f, hint, format, args})
}

// use marks the ancestors of a document.
func (l *lineage) use(doc *Document) {
	for {
		doc = l.docs.Find(KindHostProfile, text(get(doc.data, "host_profile")))
		if doc == nil || l.used[documentKey{KindHostProfile, doc.Name}] {
			return
		}
		l.used[documentKey{KindHostProfile, doc.Name}] = true
	}
}

// resolve computes the effective content of a document, after that of its parent.
func (h *heir) resolve(doc *Document) {
	if doc.effective != nil {
		return
	}
	h.trail = append(h.trail, doc)
	doc.effective = h.merge(doc, h.parent(doc))
	h.trail = h.trail[:len(h.trail)-1]
}

// parent finds the effective content that a document inherits, and how long the chain becomes; nil when there is none.
// Where the chain is broken the rest of it can still be looked at; the error keeps it from being used.
func (h *heir) parent(doc *Document) *element {
	ref := get(doc.data, "host_profile")
	if text(ref) == "" {
		return nil
	}
	doc.resolving = true
	defer func() { doc.resolving = false }()
	next := h.docs.Find(KindHostProfile, ref.Value)
	switch {
	case next == nil:
		h.at(ref, noProfile, suggest(ref.Value, h.docs.names(KindHostProfile)), "host profile %s is not in the design", quoted(ref.Value))
		return nil
	case next.resolving:
		h.at(ref, profileCycle, "break the circle: a profile can't inherit from itself", "the chain of host profiles is a circle: %s", chain(h.trail, next))
		return nil
	}
	h.resolve(next)
	if next.ancestors+1 > h.profiles {
		limit := exceeds("profiles", "it inherits from more than %d host profiles in a chain", h.profiles)
		h.at(ref, overLimit, limit.hint(), "%s", limit.text)
		return nil
	}
	doc.ancestors = next.ancestors + 1
	return next.effective
}

// distinct are the documents of a kind, of each name the first, sorted by name, so that nothing depends on the order
// of the stream. They are for reading only.
func (d *Documents) distinct(kind string) []*Document {
	sorted := d.sorted[kind]
	for i, doc := range sorted {
		if i > 0 && sorted[i-1].Name == doc.Name {
			return slices.DeleteFunc(slices.Clone(sorted), func(doc *Document) bool { return d.Find(kind, doc.Name) != doc })
		}
	}
	return sorted
}

// sort sorts the documents of each kind by name, once for all who need them so, and those of one name by their content.
func (d *Documents) sort() {
	d.sorted = make(map[string][]*Document, len(d.byKind))
	for kind, docs := range d.byKind {
		d.sorted[kind] = slices.SortedFunc(slices.Values(docs), func(a, b *Document) int {
			return cmp.Or(cmp.Compare(a.Name, b.Name), bytes.Compare(a.canonical, b.canonical))
		})
	}
}

// names are those of the documents of a kind, sorted.
func (d *Documents) names(kind string) []string {
	var out []string
	for _, doc := range d.distinct(kind) {
		out = append(out, doc.Name)
	}
	return out
}

func chain(trail []*Document, again *Document) string {
	var names []string
	for _, d := range trail[slices.Index(trail, again):] {
		names = append(names, d.Name)
	}
	return strings.Join(append(names, again.Name), " -> ")
}
