package design

import (
	"errors"
	"iter"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// maxValues bounds how many values one document may have once its aliases are expanded: a few nested aliases can ask
// for billions.
const maxValues = 500_000

var (
	errTooLarge = errors.New("the document has too many values; aliases that repeat each other grow without bound")
	errCircular = errors.New("an alias refers to a value that contains the alias itself")
	errMergeKey = errors.New("the merge key << needs a mapping, or a list of mappings")
)

// expander copies a tree without aliases and merge keys, so that nothing after it needs to know of them.
type expander struct {
	offset int // added to every line
	left   int
	open   map[*yaml.Node]bool
}

func (e *expander) expand(n *yaml.Node) (*yaml.Node, error) {
	if e.left--; e.left < 0 {
		return nil, errTooLarge
	}
	if n.Kind == yaml.AliasNode {
		if n.Alias == nil || e.open[n.Alias] {
			return nil, errCircular
		}
		return e.expand(n.Alias)
	}
	e.open[n] = true
	defer delete(e.open, n)
	out := &yaml.Node{Kind: n.Kind, Style: n.Style, Tag: n.Tag, Value: n.Value, Line: n.Line + e.offset, Column: n.Column}
	if n.Kind == yaml.MappingNode {
		return out, e.expandMapping(out, n)
	}
	for _, c := range n.Content {
		x, err := e.expand(c)
		if err != nil {
			return nil, err
		}
		out.Content = append(out.Content, x)
	}
	return out, nil
}

func (e *expander) expandMapping(out, n *yaml.Node) error {
	var merged []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, err := e.expand(n.Content[i])
		if err != nil {
			return err
		}
		value, err := e.expand(n.Content[i+1])
		if err != nil {
			return err
		}
		if key.Tag == "!!merge" {
			switch value.Kind {
			case yaml.MappingNode:
				merged = append(merged, value)
			case yaml.SequenceNode:
				merged = append(merged, value.Content...)
			default:
				return errMergeKey
			}
			continue
		}
		out.Content = append(out.Content, key, value)
	}
	// Own keys win over merged ones, and earlier mappings over later ones.
	have := make(map[string]bool, len(out.Content)/2)
	for key := range pairs(out) {
		have[key.Value] = true
	}
	for _, m := range merged {
		if m.Kind != yaml.MappingNode {
			return errMergeKey
		}
		for key, value := range pairs(m) {
			if !have[key.Value] {
				have[key.Value] = true
				out.Content = append(out.Content, key, value)
			}
		}
	}
	return nil
}

// pairs yields the keys and values of a mapping; nothing when it is none.
func pairs(n *yaml.Node) iter.Seq2[*yaml.Node, *yaml.Node] {
	return func(yield func(*yaml.Node, *yaml.Node) bool) {
		if n == nil || n.Kind != yaml.MappingNode {
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
func pair(n *yaml.Node, key string) (k, v *yaml.Node) {
	for k, v := range pairs(n) {
		if k.Value == key {
			return k, v
		}
	}
	return nil, nil
}

// get finds a value of a mapping; nil when there is none, or when it is null.
func get(n *yaml.Node, key string) *yaml.Node {
	_, v := pair(n, key)
	if isNull(v) {
		return nil
	}
	return v
}

// dig follows keys downward.
func dig(n *yaml.Node, keys ...string) *yaml.Node {
	for _, k := range keys {
		n = get(n, k)
	}
	return n
}

// items are the entries of a list; none when it is no list.
func items(n *yaml.Node) []*yaml.Node {
	if n == nil || n.Kind != yaml.SequenceNode {
		return nil
	}
	return n.Content
}

func isNull(n *yaml.Node) bool {
	return n == nil || n.Kind == yaml.ScalarNode && n.Tag == "!!null"
}

// text is the text of a scalar as written; "" for anything else.
func text(n *yaml.Node) string {
	if n == nil || n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
		return ""
	}
	return n.Value
}

// texts are the texts of a list of scalars.
func texts(n *yaml.Node) []string {
	var out []string
	for _, item := range items(n) {
		if item.Kind == yaml.ScalarNode && !isNull(item) {
			out = append(out, item.Value)
		}
	}
	return out
}

// textMap is a mapping of scalars; nil when it is empty or no mapping.
func textMap(n *yaml.Node) map[string]string {
	var out map[string]string
	for k, v := range pairs(n) {
		if v.Kind != yaml.ScalarNode {
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
func number(n *yaml.Node) (value int, ok bool) {
	if n == nil || n.Kind != yaml.ScalarNode || n.Tag != "!!int" && n.Tag != "!!float" {
		return 0, false
	}
	var f float64
	if n.Decode(&f) != nil || f != float64(int(f)) {
		return 0, false
	}
	return int(f), true
}

func numberOr(n *yaml.Node, otherwise int) int {
	if v, ok := number(n); ok {
		return v
	}
	return otherwise
}

func textOr(n *yaml.Node, otherwise string) string {
	if n == nil || n.Kind != yaml.ScalarNode {
		return otherwise
	}
	return n.Value
}

// flag is the boolean of a scalar. Designs are written for readers of YAML 1.1, to whom yes and on are booleans too.
func flag(n *yaml.Node) (value, ok bool) {
	if n == nil || n.Kind != yaml.ScalarNode {
		return false, false
	}
	if n.Tag == "!!bool" || isOldBool(n) {
		return slices.Contains([]string{"true", "yes", "on"}, strings.ToLower(n.Value)), true
	}
	return false, false
}

func flagOr(n *yaml.Node, otherwise bool) bool {
	if v, ok := flag(n); ok {
		return v
	}
	return otherwise
}

// isOldBool reports whether a scalar is a boolean to YAML 1.1 and text to YAML 1.2.
func isOldBool(n *yaml.Node) bool {
	if n.Kind != yaml.ScalarNode || n.Tag != "!!str" || n.Style&^yaml.FlowStyle != 0 {
		return false
	}
	switch n.Value {
	case "yes", "Yes", "YES", "no", "No", "NO", "on", "On", "ON", "off", "Off", "OFF":
		return true
	}
	return false
}
