package design

import (
	"slices"
	"strconv"
)

// Saying is what one document says of a value.
type Saying struct {
	Place Place
	// Value is text, a number or a boolean, or []any and map[string]any of them. A credential is a placeholder.
	Value any
	// Removes: the document takes the value, or what it is a part of, away from what it inherits.
	Removes bool
}

// Provenance is a value of a document with inheritance, and where it comes from.
type Provenance struct {
	Value any // nil when the value was removed; else as in Saying
	// Chain is what the documents of the chain of inheritance say themselves, the nearest first. Documents that say nothing
	// of the value are not in it.
	Chain []Saying
	// Parts are the scalars that the value of a list or mapping is made of, each with the place that it was taken from.
	Parts []Saying
}

// Trace finds where a value of a host profile or node comes from. The elements of the path below "data" are keys; of a list
// the name or the text of a member, or its position from 0. It is false when no document of the chain says anything of the value.
func (d *Documents) Trace(kind, name string, path ...string) (Provenance, bool) {
	n := d.effective(kind, name)
	if n == nil || len(path) == 0 {
		return Provenance{}, false
	}
	form := kinds[kind]
	keys := make([]string, 0, len(path))
	for _, step := range path {
		var key string
		n, key = member(n, step)
		form = form.step(key)
		keys = append(keys, key)
	}
	p := Provenance{}
	if n != nil {
		p.Value = plain(form, n)
		if n.Kind != scalarKind {
			p.Parts = d.parts(form, n, nil)
		}
	}
	for _, doc := range d.ancestry(d.Find(kind, name), keys) {
		if at, removes := own(doc.data, keys); at != nil {
			s := Saying{Place: at.place(), Removes: removes}
			if !removes {
				s.Value = plain(form, at)
			}
			p.Chain = append(p.Chain, s)
		}
	}
	return p, n != nil || len(p.Chain) > 0
}

// ancestry is a document and the host profiles that it inherits a value from. Addresses and the boot MAC are a machine's own.
func (d *Documents) ancestry(doc *Document, keys []string) []*Document {
	alone := keys[0] == "addressing" || keys[0] == "host_profile" || len(keys) > 1 && keys[0] == "metadata" && keys[1] == "boot_mac"
	var out []*Document
	for doc != nil && !slices.Contains(out, doc) {
		out = append(out, doc)
		if alone {
			break
		}
		doc = d.Find(KindHostProfile, text(get(doc.data, "host_profile")))
	}
	return out
}

// member goes one step down, and says by which key the same value is found in another document. The key of an entry without
// a name is its position.
func member(n *element, step string) (*element, string) {
	if n == nil || n.Kind != listKind {
		return get(n, step), step
	}
	for _, item := range n.Content {
		if identity(item) == step {
			return item, step
		}
	}
	if i, err := strconv.Atoi(step); err == nil && i >= 0 && i < len(n.Content) {
		if id := identity(n.Content[i]); id != "" {
			return n.Content[i], id
		}
		return n.Content[i], step
	}
	return nil, step
}

// identity is what an entry of a list is known by: its text, its name, or the network of an address.
func identity(item *element) string {
	for _, s := range []string{text(item), text(get(item, "name")), text(get(item, "network"))} {
		if s != "" {
			return s
		}
	}
	return ""
}

// own is what a document says of a value without inheritance: the value, or the mark that removes it.
func own(n *element, keys []string) (at *element, removes bool) {
	for _, key := range keys {
		next, _ := member(n, key)
		if next == nil {
			if k, _ := pair(n, "!"+key); k != nil {
				return k, true
			}
			if k, v := pair(n, key); k != nil && isNull(v) {
				return v, true
			}
			next, _ = member(n, "!"+key)
			return next, next != nil
		}
		n = next
	}
	return n, isUnset(n)
}

// parts collects the scalars below a value.
func (d *Documents) parts(form *shape, n *element, out []Saying) []Saying {
	switch n.Kind {
	case mappingKind:
		for k, v := range pairs(n) {
			out = d.parts(form.under(k.Value), v, out)
		}
	case listKind:
		for _, item := range n.Content {
			out = d.parts(form.each(), item, out)
		}
	case scalarKind:
		out = append(out, Saying{Place: n.place(), Value: plain(form, n)})
	}
	return out
}

// step is the shape one key down, be it of a mapping or a list.
func (s *shape) step(key string) *shape {
	if item := s.each(); item != nil {
		return item
	}
	return s.under(key)
}

// plain is a value as data, without credentials.
func plain(form *shape, n *element) any {
	switch n.Kind {
	case mappingKind:
		out := make(map[string]any, len(n.Content)/2)
		for k, v := range pairs(n) {
			out[k.Value] = plain(form.under(k.Value), v)
		}
		return out
	case listKind:
		out := make([]any, 0, len(n.Content))
		for _, item := range n.Content {
			out = append(out, plain(form.each(), item))
		}
		return out
	}
	if form != nil && form.secret {
		return Secret(n.Value).String()
	}
	if v, ok := number(n); ok {
		return v
	}
	if v, ok := flag(n); ok && (n.Tag == "!!bool" || form != nil && form.kind == isFlag) {
		return v
	}
	return n.Value
}
