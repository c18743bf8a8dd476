package design

import (
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// lineage is what inheritance comes to: the effective content of every host profile and node. Effective trees are made of
// the values of the documents themselves, so that each can be traced to the document it stands in.
type lineage struct {
	docs      *Documents
	effective map[documentKey]*yaml.Node
	used      map[documentKey]bool
	reporter  reporter
	pending   []pendingMessage
}

// pendingMessage waits until it is known which profiles are used, on which its level depends.
type pendingMessage struct {
	node   *yaml.Node
	find   finding
	hint   string
	format string
	args   []any
}

// inheritance is computed at the first need, once.
func (d *Documents) inheritance() *lineage {
	d.lineageOnce.Do(func() {
		l := &lineage{docs: d, effective: make(map[documentKey]*yaml.Node), used: make(map[documentKey]bool)}
		for _, kind := range []string{KindHostProfile, KindBaremetalNode} {
			for _, doc := range d.OfKind(kind) {
				if d.Find(kind, doc.Name) == doc {
					l.resolve(doc, nil)
				}
			}
		}
		l.findUsed()
		d.lineage = l
	})
	return d.lineage
}

// effective is the content of a document with inheritance; nil when there is no such document.
func (d *Documents) effective(kind, name string) *yaml.Node {
	switch kind {
	case KindHostProfile, KindBaremetalNode:
		return d.inheritance().effective[documentKey{kind, name}]
	}
	if doc := d.Find(kind, name); doc != nil {
		return doc.data
	}
	return nil
}

// Unused reports whether a document is a host or hardware profile that no node has, directly or by inheritance.
func (d *Documents) Unused(kind, name string) bool {
	if kind != KindHostProfile && kind != KindHardwareProfile {
		return false
	}
	return !d.inheritance().used[documentKey{kind, name}]
}

func (d *Documents) unusedRef(ref DocumentRef) bool {
	parts := strings.Split(ref.Schema, "/")
	return len(parts) == 3 && d.Unused(parts[1], ref.Name)
}

func (l *lineage) at(n *yaml.Node, f finding, hint, format string, args ...any) {
	l.pending = append(l.pending, pendingMessage{n, f, hint, format, args})
}

func (l *lineage) findUsed() {
	for _, node := range l.docs.OfKind(KindBaremetalNode) {
		l.use(node)
		if hardware := text(get(l.effective[documentKey{KindBaremetalNode, node.Name}], "hardware_profile")); hardware != "" {
			l.used[documentKey{KindHardwareProfile, hardware}] = true
		}
	}
	for _, m := range l.pending {
		p := l.docs.placeOf(m.node)
		level := m.find
		if level.level == LevelError && p.Kind == KindHostProfile && !l.used[documentKey{p.Kind, p.Document.Name}] {
			level.level = LevelWarning
		}
		l.reporter.add(p.Message(level.code, level.rule, level.level, m.hint, fmt.Sprintf(m.format, m.args...)))
	}
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

// resolve computes the effective content of a document. Trail is the chain of documents that led to it.
func (l *lineage) resolve(doc *Document, trail []*Document) *yaml.Node {
	key := documentKey{doc.Kind, doc.Name}
	if done := l.effective[key]; done != nil {
		return done
	}
	trail = append(trail, doc)
	var parent *yaml.Node
	if ref := get(doc.data, "host_profile"); text(ref) != "" {
		next := l.docs.Find(KindHostProfile, ref.Value)
		switch {
		case next == nil:
			l.at(ref, noProfile, suggest(ref.Value, l.names(KindHostProfile)), "host profile %s is not in the design", quoted(ref.Value))
		case slices.Contains(trail, next):
			l.at(ref, profileCycle, "break the circle: a profile can't inherit from itself", "the chain of host profiles is a circle: %s", chain(trail, next))
			// Without a parent the rest of the circle can still be looked at; the error keeps it from being used.
		default:
			parent = l.resolve(next, trail)
		}
	}
	merged := l.merge(doc, parent)
	l.effective[key] = merged
	return merged
}

func (l *lineage) names(kind string) []string {
	var out []string
	for _, d := range l.docs.OfKind(kind) {
		out = append(out, d.Name)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func chain(trail []*Document, again *Document) string {
	var names []string
	for _, d := range trail[slices.Index(trail, again):] {
		names = append(names, d.Name)
	}
	return strings.Join(append(names, again.Name), " -> ")
}
