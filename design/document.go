package design

import (
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"
)

// Kinds of documents of the namespace "drydock", version "v1".
const (
	KindRegion          = "Region"
	KindRack            = "Rack"
	KindNetworkLink     = "NetworkLink"
	KindNetwork         = "Network"
	KindHardwareProfile = "HardwareProfile"
	KindHostProfile     = "HostProfile"
	KindBaremetalNode   = "BaremetalNode"
	KindBootAction      = "BootAction"
)

// Source is one stream of documents. Name is the file name or reference that messages show.
type Source struct {
	Name string
	Data []byte
}

// Document is one document of a design. Its content is read-only.
type Document struct {
	Kind string
	Name string
	File string
	Line int // of the first line of its content, from 1

	root      *element // the whole document, aliases and merge keys expanded
	data      *element // the mapping under "data"; never nil, perhaps empty
	nameNode  *element
	canonical []byte   // its part of the canonical form
	effective *element // with inheritance; of host profiles and nodes, the first of each name
	ancestors int      // how many host profiles it inherits from
	resolving bool     // while its parent is resolved
}

// Ref names the document in messages.
func (d *Document) Ref() DocumentRef {
	return DocumentRef{Schema: "drydock/" + d.Kind + "/v1", Name: d.Name}
}

// Documents is a parsed design: its documents with the position of every value. It is immutable after Parse and safe
// for concurrent use.
type Documents struct {
	all     []*Document
	byKind  map[string][]*Document
	sorted  map[string][]*Document // byKind, sorted by name
	index   map[documentKey]*Document
	lineage *lineage

	canonicalOnce sync.Once
	inOrder       []*Document // of the canonical form, in its order
	digest        string
}

type documentKey struct{ kind, name string }

// All returns the documents in the order in which they were read.
func (d *Documents) All() []*Document { return d.all }

// OfKind returns the documents of a kind in the order in which they were read, duplicates included.
func (d *Documents) OfKind(kind string) []*Document { return slices.Clone(d.byKind[kind]) }

// Find returns the first document of that kind and name; nil when there is none.
func (d *Documents) Find(kind, name string) *Document { return d.index[documentKey{kind, name}] }

// Counts is the number of documents by kind.
func (d *Documents) Counts() map[string]int {
	counts := make(map[string]int)
	for kind, all := range d.byKind {
		counts[kind] = len(all)
	}
	return counts
}

// Place is where a value of the design stands.
type Place struct {
	Document DocumentRef
	Kind     string
	File     string
	Line     int
	Column   int
	Path     string // such as data.interfaces.bond0.networks[1]
}

// Subject names the document of the place for people, such as "HostProfile base".
func (p Place) Subject() string {
	name := p.Document.Name
	if strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) {
		name = strconv.Quote(name) // a name must not steer the terminal that shows it
	}
	return strings.TrimSpace(p.Kind + " " + name)
}

// Place is the position of the document itself: that of its name.
func (d *Document) place() Place {
	if d.nameNode != nil {
		return d.nameNode.place()
	}
	return Place{Document: d.Ref(), Kind: d.Kind, File: d.File, Line: d.Line, Column: 1}
}

// Locate finds where a value of a document stands. The path begins below "data"; its elements are keys (string),
// list positions (int), or Named to find a list entry by its name. Of host profiles and nodes the effective content is
// searched, so the place may be in a profile that the document inherits from. Where the path ends early, the place is
// that of the nearest value above; with an empty path it is that of the document.
func (d *Documents) Locate(kind, name string, path ...any) Place {
	doc := d.Find(kind, name)
	if doc == nil {
		return Place{Document: DocumentRef{Schema: "drydock/" + kind + "/v1", Name: name}, Kind: kind}
	}
	n := d.effective(kind, name)
	for i, step := range path {
		next := child(n, step)
		if next == nil {
			if i == 0 {
				return doc.place()
			}
			break
		}
		n = next
	}
	if len(path) == 0 {
		return doc.place()
	}
	return n.place()
}

// Exists reports whether a document has a value at a path, with inheritance; see Locate.
func (d *Documents) Exists(kind, name string, path ...any) bool {
	n := d.effective(kind, name)
	for _, step := range path {
		n = child(n, step)
	}
	return n != nil
}

// Written is the text of a scalar as the design has it; "" when there is none. It never returns a credential.
func (d *Documents) Written(kind, name string, path ...any) string {
	n := d.effective(kind, name)
	for _, step := range path {
		if step == "credential" {
			return ""
		}
		n = child(n, step)
	}
	return text(n)
}

// Named is an element of a path: the entry of a list that has this name.
type Named string

// Key is an element of a path: the key of a mapping itself, where Locate by string finds the value under the key.
type Key string

func child(n *element, step any) *element {
	switch s := step.(type) {
	case string:
		return get(n, s)
	case Key:
		k, _ := pair(n, string(s))
		return k
	case int:
		if items := items(n); s >= 0 && s < len(items) {
			return items[s]
		}
	case Named:
		for _, item := range items(n) {
			if text(get(item, "name")) == string(s) {
				return item
			}
		}
	}
	return nil
}

// join appends a key to a path; a key that is no plain word is quoted, so that a path can be read one way only.
func join(path, key string) string {
	plain := key != "" && !strings.ContainsFunc(key, func(r rune) bool {
		return !(r == '_' || r == '-' || r == '!' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z')
	})
	switch {
	case !plain:
		return path + "[" + strconv.Quote(key) + "]"
	case path == "":
		return key
	}
	return path + "." + key
}
