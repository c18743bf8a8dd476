package design

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// Canonical is the design as a stable YAML stream, written by a writer of our own so that the identity of a design does
// not change with a library: documents sorted by kind and name, keys sorted, comments, layering metadata and formatting
// gone. Parse of it gives an equal design. It holds the credentials of the design: keep it where secrets may be.
//
// Of several Regions only the last read is in it, because it is the one that counts.
func (d *Documents) Canonical() []byte {
	d.identify()
	return slices.Clone(d.canonical)
}

// Digest identifies the design: "sha256:" and the hexadecimal SHA-256 of Canonical. It does not depend on the order of
// documents and keys, on comments or on formatting.
func (d *Documents) Digest() string {
	d.identify()
	return d.digest
}

func (d *Documents) identify() {
	d.canonicalOnce.Do(func() {
		type part struct{ kind, name, body string }
		var parts []part
		regions := d.OfKind(KindRegion)
		for _, doc := range d.all {
			if doc.Kind == KindRegion && doc != regions[len(regions)-1] {
				continue
			}
			w := &canonicalWriter{}
			fmt.Fprintf(&w.b, "---\nschema: drydock/%s/v1\nmetadata:\n  name: %s\ndata:", doc.Kind, quoteYAML(doc.Name))
			w.value(kinds[doc.Kind], doc.data, 1)
			parts = append(parts, part{doc.Kind, doc.Name, w.b.String()})
		}
		slices.SortFunc(parts, func(a, b part) int {
			return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.name, b.name), cmp.Compare(a.body, b.body))
		})
		var all strings.Builder
		for _, p := range parts {
			all.WriteString(p.body)
		}
		d.canonical = []byte(all.String())
		sum := sha256.Sum256(d.canonical)
		d.digest = "sha256:" + hex.EncodeToString(sum[:])
	})
}

type canonicalWriter struct{ b strings.Builder }

// value writes what comes after "key:" or "-", with the line end. The shape tells how a scalar is to be read.
func (w *canonicalWriter) value(s *shape, n *yaml.Node, indent int) {
	pad := "\n" + strings.Repeat("  ", indent)
	switch {
	case n.Kind == yaml.MappingNode && len(n.Content) > 0:
		type entry struct{ k, v *yaml.Node }
		var entries []entry
		for k, v := range pairs(n) {
			entries = append(entries, entry{k, v})
		}
		slices.SortStableFunc(entries, func(a, b entry) int { return cmp.Compare(a.k.Value, b.k.Value) })
		for i, e := range entries {
			w.b.WriteString(pad)
			w.b.WriteString(quoteYAML(e.k.Value))
			w.b.WriteString(":")
			w.value(s.under(e.k.Value), e.v, indent+1)
			if i == len(entries)-1 && indent == 1 {
				w.b.WriteString("\n")
			}
		}
	case n.Kind == yaml.SequenceNode && len(n.Content) > 0:
		for _, item := range n.Content {
			w.b.WriteString(pad)
			w.b.WriteString("-")
			w.value(s.each(), item, indent+1)
		}
	case n.Kind == yaml.MappingNode:
		w.b.WriteString(" {}")
		if indent == 1 {
			w.b.WriteString("\n")
		}
	case n.Kind == yaml.SequenceNode:
		w.b.WriteString(" []")
	default:
		w.b.WriteString(" " + scalarYAML(s, n))
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

// scalarYAML writes a scalar so that it is read back as the same value by every YAML reader.
func scalarYAML(s *shape, n *yaml.Node) string {
	if s != nil && s.kind == isFlag {
		if v, ok := flag(n); ok {
			return strconv.FormatBool(v)
		}
	}
	if s != nil && s.kind == isNumber {
		if v, ok := number(n); ok {
			return strconv.Itoa(v)
		}
	}
	switch n.Tag {
	case "!!null":
		return "null"
	case "!!int", "!!float", "!!bool":
		return n.Value
	}
	return quoteYAML(n.Value)
}

// quoteYAML writes text in double quotes, with escapes for everything that is not plainly printable.
func quoteYAML(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < 0x20, r >= 0x7f && r <= 0xa0, r == 0x2028, r == 0x2029, r == 0xfeff, r == 0xfffe, r == 0xffff:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
