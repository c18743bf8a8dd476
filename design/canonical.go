package design

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"unicode/utf8"
)

// Canonical is the design as a stable YAML stream, written by a writer of our own so that the identity of a design does
// not change with a library: documents sorted by kind and name, keys sorted, comments, layering metadata and formatting
// gone. Parse of it gives an equal design. It holds the credentials of the design: keep it where secrets may be.
//
// Of several Regions only the last read is in it, because it is the one that counts.
func (d *Documents) Canonical() []byte {
	d.identify()
	var out []byte
	for _, doc := range d.inOrder {
		out = append(out, doc.canonical...)
	}
	return out
}

// Digest identifies the design: "sha256:" and the hexadecimal SHA-256 of Canonical. It does not depend on the order of
// documents and keys, on comments or on formatting.
func (d *Documents) Digest() string {
	d.identify()
	return d.digest
}

func (d *Documents) identify() {
	d.canonicalOnce.Do(func() {
		parts := make([]*Document, 0, len(d.all))
		regions := d.byKind[KindRegion]
		for _, kind := range kindNames() {
			if kind == KindRegion && len(regions) > 0 {
				parts = append(parts, regions[len(regions)-1])
				continue
			}
			parts = append(parts, d.sorted[kind]...)
		}
		sum := sha256.New()
		for _, doc := range parts {
			sum.Write(doc.canonical)
		}
		d.inOrder = parts
		d.digest = "sha256:" + hex.EncodeToString(sum.Sum(nil))
	})
}

// canonicalOf is the part of a document in the canonical form. It is written into the buffer first, which is given back
// for the next.
func canonicalOf(doc *Document, buffer []byte) (part, again []byte) {
	w := &canonicalWriter{b: buffer[:0]}
	w.text("---\nschema: drydock/", doc.Kind, "/v1\nmetadata:\n  name: ")
	w.quoted(doc.Name)
	w.text("\ndata:")
	w.value(kinds[doc.Kind], doc.data, 1)
	return bytes.Clone(w.b), w.b
}

type canonicalWriter struct{ b []byte }

func (w *canonicalWriter) text(parts ...string) {
	for _, p := range parts {
		w.b = append(w.b, p...)
	}
}

// line begins a line.
func (w *canonicalWriter) line(indent int) {
	w.b = append(w.b, '\n')
	for range indent {
		w.b = append(w.b, ' ', ' ')
	}
}

// value writes what comes after "key:" or "-", with the line end. The shape tells how a scalar is to be read.
func (w *canonicalWriter) value(s *shape, n *element, indent int) {
	switch {
	case n.Kind == mappingKind && len(n.Content) > 0:
		type entry struct{ k, v *element }
		entries := make([]entry, 0, len(n.Content)/2)
		for k, v := range pairs(n) {
			entries = append(entries, entry{k, v})
		}
		slices.SortStableFunc(entries, func(a, b entry) int { return cmp.Compare(a.k.Value, b.k.Value) })
		for _, e := range entries {
			w.line(indent)
			w.quoted(e.k.Value)
			w.text(":")
			w.value(s.under(e.k.Value), e.v, indent+1)
		}
		if indent == 1 {
			w.text("\n")
		}
	case n.Kind == listKind && len(n.Content) > 0:
		for _, item := range n.Content {
			w.line(indent)
			w.text("-")
			w.value(s.each(), item, indent+1)
		}
	case n.Kind == mappingKind:
		w.text(" {}")
		if indent == 1 {
			w.text("\n")
		}
	case n.Kind == listKind:
		w.text(" []")
	default:
		w.text(" ")
		w.scalar(s, n)
	}
}

func (s *shape) under(key string) *shape {
	switch {
	case s == nil:
	case s.kind == isTable:
		return s.item
	case s.kind == isObject && s.fields[key] != nil:
		return s.fields[key]
	case s.kind == isObject:
		return s.open
	}
	return nil
}

func (s *shape) each() *shape {
	if s != nil && s.kind == isList {
		return s.item
	}
	return nil
}

// scalar writes a scalar so that it is read back as the same value by every YAML reader.
func (w *canonicalWriter) scalar(s *shape, n *element) {
	if s != nil && s.kind == isFlag {
		if v, ok := flag(n); ok {
			w.b = strconv.AppendBool(w.b, v)
			return
		}
	}
	if s != nil && s.kind == isNumber {
		if v, ok := number(n); ok {
			w.b = strconv.AppendInt(w.b, int64(v), 10)
			return
		}
	}
	switch n.Tag {
	case "!!null":
		w.text("null")
	case "!!int", "!!float", "!!bool":
		w.text(n.Value)
	default:
		w.quoted(n.Value)
	}
}

// quoted writes text in double quotes, with escapes for everything that is not plainly printable.
func (w *canonicalWriter) quoted(s string) {
	w.b = append(w.b, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			w.b = append(w.b, '\\', byte(r))
		case r == '\n':
			w.text(`\n`)
		case r == '\t':
			w.text(`\t`)
		case r < 0x20, r >= 0x7f && r <= 0xa0, r == 0x2028, r == 0x2029, r == 0xfeff, r == 0xfffe, r == 0xffff:
			w.b = fmt.Appendf(w.b, `\u%04x`, r)
		default:
			w.b = utf8.AppendRune(w.b, r)
		}
	}
	w.b = append(w.b, '"')
}
