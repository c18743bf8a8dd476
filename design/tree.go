package design

import (
	"errors"
	"iter"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

var (
	errCircular = errors.New("an alias refers to a value that contains the alias itself")
	errMergeKey = errors.New("the merge key << needs a mapping, or a list of mappings")
)

// expander copies a tree without aliases and merge keys, so that nothing after it needs to know of them. It counts as it
// goes: a few aliases of aliases can ask for billions of values.
type expander struct {
	limits        *Limits
	doc           *Document
	offset        int // added to every line
	values, bytes int
	open          map[*yaml.Node]bool // anchors that are being expanded
	*arena
}

func (e *expander) expand(n *yaml.Node, up *element, depth int) (*element, error) {
	if n.Kind == yaml.AliasNode {
		if n.Alias == nil || e.open[n.Alias] {
			return nil, errCircular
		}
		return e.expand(n.Alias, up, depth)
	}
	if err := e.count(len(n.Value), depth); err != nil {
		return nil, err
	}
	if n.Anchor != "" {
		if e.open == nil {
			e.open = make(map[*yaml.Node]bool)
		}
		e.open[n] = true
		defer delete(e.open, n)
	}
	out := e.element()
	*out = element{Kind: n.Kind, Style: n.Style, Tag: n.Tag, Value: n.Value, Line: int32(n.Line + e.offset), Column: int32(n.Column), doc: e.doc, up: up}
	if n.Kind == scalarKind {
		return out, nil
	}
	out.Content = e.list(len(n.Content))
	if n.Kind == mappingKind {
		return out, e.expandMapping(out, n, depth+1)
	}
	for _, c := range n.Content {
		x, err := e.expand(c, out, depth+1)
		if err != nil {
			return nil, err
		}
		out.Content = append(out.Content, x)
	}
	return out, nil
}

// count counts a value of so many bytes.
func (e *expander) count(size, depth int) error {
	e.values++
	e.bytes += size
	l := e.limits
	switch {
	case depth > l.Depth:
		return exceeds("depth", "there are more than %d lists and mappings within one another", l.Depth)
	case size > l.ValueBytes:
		return exceeds("value_bytes", "a value is longer than %d bytes", l.ValueBytes)
	case e.values > l.DocumentValues:
		return exceeds("document_values", "it has more than %d values; aliases that repeat each other grow without bound", l.DocumentValues)
	case e.bytes > l.DocumentBytes:
		return exceeds("document_bytes", "it has more than %d bytes; aliases that repeat each other grow without bound", l.DocumentBytes)
	}
	return nil
}

func (e *expander) expandMapping(out *element, n *yaml.Node, depth int) error {
	var merged []*element
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, err := e.expand(n.Content[i], out, depth)
		if err != nil {
			return err
		}
		value, err := e.expand(n.Content[i+1], out, depth)
		if err != nil {
			return err
		}
		if key.Tag == "!!merge" {
			switch value.Kind {
			case mappingKind:
				merged = append(merged, value)
			case listKind:
				merged = append(merged, value.Content...)
			default:
				return errMergeKey
			}
			continue
		}
		out.Content = append(out.Content, key, value)
	}
	if len(merged) == 0 {
		return nil
	}
	// Own keys win over merged ones, and earlier mappings over later ones.
	have := make(map[string]bool, len(out.Content)/2)
	for key := range pairs(out) {
		have[key.Value] = true
	}
	for _, m := range merged {
		if m.Kind != mappingKind {
			return errMergeKey
		}
		for key, value := range pairs(m) {
			if !have[key.Value] {
				have[key.Value] = true
				key.up, value.up = out, out
				out.Content = append(out.Content, key, value)
			}
		}
	}
	return nil
}

// arena makes elements and lists of them by the block, not one by one. It is for one goroutine.
type arena struct {
	elements []element
	pointers []*element
	text     []byte // for what is written and copied
}

// block is how many elements are made at a time.
const block = 256

func (a *arena) element() *element {
	if len(a.elements) == 0 {
		a.elements = make([]element, block)
	}
	out := &a.elements[0]
	a.elements = a.elements[1:]
	return out
}

// list is an empty list with room for n.
func (a *arena) list(n int) []*element {
	if n > len(a.pointers) {
		a.pointers = make([]*element, max(n, block))
	}
	out := a.pointers[0:0:n]
	a.pointers = a.pointers[n:]
	return out
}

// pairs yields the keys and values of a mapping; nothing when it is none.
func pairs(n *element) iter.Seq2[*element, *element] {
	return func(yield func(*element, *element) bool) {
		if n == nil || n.Kind != mappingKind {
			return
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			if !yield(n.Content[i], n.Content[i+1]) {
				return
			}
		}
	}
}

// pair finds a key of a mapping and its value; of a key that stands twice the first.
func pair(n *element, key string) (k, v *element) {
	if n == nil || n.Kind != mappingKind {
		return nil, nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i], n.Content[i+1]
		}
	}
	return nil, nil
}

// get finds a value of a mapping; nil when there is none, or when it is null.
func get(n *element, key string) *element {
	_, v := pair(n, key)
	if isNull(v) {
		return nil
	}
	return v
}

// dig follows keys downward.
func dig(n *element, keys ...string) *element {
	for _, k := range keys {
		n = get(n, k)
	}
	return n
}

// items are the entries of a list; none when it is no list.
func items(n *element) []*element {
	if n == nil || n.Kind != listKind {
		return nil
	}
	return n.Content
}

func isNull(n *element) bool {
	return n == nil || n.Kind == scalarKind && n.Tag == "!!null"
}

// text is the text of a scalar as written; "" for anything else.
func text(n *element) string {
	if n == nil || n.Kind != scalarKind || n.Tag == "!!null" {
		return ""
	}
	return n.Value
}

// texts are the texts of a list of scalars.
func texts(n *element) []string {
	var out []string
	for _, item := range items(n) {
		if item.Kind == scalarKind && !isNull(item) {
			out = append(out, item.Value)
		}
	}
	return out
}

// textMap is a mapping of scalars; nil when it is empty or no mapping.
func textMap(n *element) map[string]string {
	var out map[string]string
	for k, v := range pairs(n) {
		if v.Kind != scalarKind {
			continue
		}
		if out == nil {
			out = make(map[string]string)
		}
		if _, twice := out[k.Value]; !twice {
			out[k.Value] = text(v)
		}
	}
	return out
}

// number is the whole number of a scalar; ok is false when it is none.
func number(n *element) (value int, ok bool) {
	if n == nil || n.Kind != scalarKind || n.Tag != "!!int" && n.Tag != "!!float" {
		return 0, false
	}
	if plain, err := strconv.Atoi(n.Value); err == nil && (plain == 0 && len(n.Value) == 1 || plain > 0 && n.Value[0] > '0') {
		return plain, true
	}
	// There are more ways to write a number: with a sign, in octal, with an exponent.
	var f float64
	scalar := yaml.Node{Kind: yaml.ScalarNode, Tag: n.Tag, Value: n.Value}
	if scalar.Decode(&f) != nil || f != float64(int(f)) {
		return 0, false
	}
	return int(f), true
}

func numberOr(n *element, otherwise int) int {
	if v, ok := number(n); ok {
		return v
	}
	return otherwise
}

func textOr(n *element, otherwise string) string {
	if n == nil || n.Kind != scalarKind {
		return otherwise
	}
	return n.Value
}

// flag is the boolean of a scalar. Designs are written for readers of YAML 1.1, to whom yes and on are booleans too.
func flag(n *element) (value, ok bool) {
	if n == nil || n.Kind != scalarKind {
		return false, false
	}
	if n.Tag == "!!bool" || isOldBool(n) {
		return slices.Contains([]string{"true", "yes", "on"}, strings.ToLower(n.Value)), true
	}
	return false, false
}

func flagOr(n *element, otherwise bool) bool {
	if v, ok := flag(n); ok {
		return v
	}
	return otherwise
}

// isOldBool reports whether a scalar is a boolean to YAML 1.1 and text to YAML 1.2.
func isOldBool(n *element) bool {
	if n.Kind != scalarKind || n.Tag != "!!str" || n.Style&^yaml.FlowStyle != 0 {
		return false
	}
	switch n.Value {
	case "yes", "Yes", "YES", "no", "No", "NO", "on", "On", "ON", "off", "Off", "OFF":
		return true
	}
	return false
}
