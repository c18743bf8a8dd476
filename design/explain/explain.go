package explain

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"drydock/design"
	"drydock/design/render"
)

// NotFoundError says that the design has no such node, or that no document says anything of the field.
type NotFoundError struct{ Text string }

func (e *NotFoundError) Error() string { return e.Text }

// ErrField is wrapped by errors about a field that can't be read.
var ErrField = errors.New("a field is keys with dots between them, such as interfaces.bond0.networks[0]")

// Effects of a document on a value.
const (
	Sets     = "sets"     // nothing was inherited
	Merges   = "merges"   // adds to a list or mapping, and replaces its own entries of it
	Replaces = "replaces" // overrides what is inherited
	Removes  = "removes"  // takes away what is inherited
	Resolves = "resolves" // gives the value that a reference stands for
)

// Step is what one document says of the value.
type Step struct {
	Origin
	Effect   string  `json:"effect"`
	Overrode *Origin `json:"overrode,omitempty"`
}

// Origin is a value where it stands. Value is text, a number, a boolean, a list or a mapping; nil for a removal.
type Origin struct {
	Document design.DocumentRef `json:"document"`
	File     string             `json:"file"`
	Line     int                `json:"line"`
	Path     string             `json:"path"`
	Value    any                `json:"value,omitempty"`
}

// Explanation is a value of a node with its history, the nearest document first.
type Explanation struct {
	Node  string   `json:"node"`
	Field string   `json:"field"`
	Value any      `json:"value"` // nil when it was removed
	Chain []Step   `json:"chain"`
	Parts []Origin `json:"parts,omitempty"` // of a list or mapping: its scalars, each with the place that it was taken from
}

// Node explains a field of a node; see ParseField for how it is written. An error is a *NotFoundError, or wraps ErrField.
func Node(docs *design.Documents, site *design.Site, name, field string) (Explanation, error) {
	path, err := ParseField(field)
	if err != nil {
		return Explanation{}, fmt.Errorf("%w: %w", err, ErrField)
	}
	node := site.Node(name)
	if node == nil {
		return Explanation{}, &NotFoundError{fmt.Sprintf("explain %s: the design has no node %q: it has %s", field, name, nodeNames(site))}
	}
	p, found := docs.Trace(design.KindBaremetalNode, name, path...)
	if !found {
		return Explanation{}, &NotFoundError{fmt.Sprintf("explain %s of node %s: no document says anything of it: %s", field, name, known(docs, name, path))}
	}
	out := Explanation{Node: name, Field: strings.Join(path, "."), Value: clean(last(path), p.Value), Chain: []Step{}}
	for i, s := range p.Chain {
		step := Step{Origin: origin(s), Effect: effect(s, i == len(p.Chain)-1)}
		if i+1 < len(p.Chain) {
			below := origin(p.Chain[i+1])
			step.Overrode = &below
		}
		out.Chain = append(out.Chain, step)
	}
	for _, s := range p.Parts {
		out.Parts = append(out.Parts, origin(s))
	}
	resolve(docs, node, path, &out)
	return out, nil
}

func effect(s design.Saying, first bool) string {
	_, isList := s.Value.([]any)
	_, isMapping := s.Value.(map[string]any)
	switch {
	case s.Removes:
		return Removes
	case first:
		return Sets
	case isList || isMapping:
		return Merges
	}
	return Replaces
}

func origin(s design.Saying) Origin {
	p := s.Place
	return Origin{Document: p.Document, File: p.File, Line: p.Line, Path: p.Path, Value: clean(keyOf(p.Path), s.Value)}
}

// resolve follows a kernel parameter that refers to the hardware profile.
func resolve(docs *design.Documents, node *design.Node, path []string, e *Explanation) {
	text, _ := e.Value.(string)
	ref, isRef := strings.CutPrefix(text, "hardwareprofile:")
	if !isRef || len(path) != 3 || path[1] != "kernel_params" || node.HardwareProfile == nil {
		return
	}
	set, rest, _ := strings.Cut(ref, ".")
	at := []any{"cpu_sets", rest}
	if dot := strings.LastIndexByte(rest, '.'); set == "hugepages" && dot > 0 {
		at = []any{"hugepages", rest[:dot], rest[dot+1:]}
	}
	for _, param := range node.Platform.KernelParams {
		if key, value, _ := strings.Cut(param, "="); key == path[2] {
			p := docs.Locate(design.KindHardwareProfile, node.HardwareProfile.Name, at...)
			e.Value = value
			e.Chain = slices.Insert(e.Chain, 0, Step{
				Origin: Origin{Document: p.Document, File: p.File, Line: p.Line, Path: p.Path, Value: value}, Effect: Resolves,
			})
		}
	}
}

// clean hides what is called like a secret, all the way down.
func clean(key string, value any) any {
	switch v := value.(type) {
	case string:
		return render.Clean(key, v)
	case []any:
		for i := range v {
			v[i] = clean(key, v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = clean(k, v[k])
		}
	}
	return value
}

// keyOf is the last key of a path, without positions in lists.
func keyOf(path string) string {
	path, _, _ = strings.Cut(path, "[")
	return path[strings.LastIndexByte(path, '.')+1:]
}

func last(path []string) string { return path[len(path)-1] }

// known names the fields at the deepest place of the path that is there.
func known(docs *design.Documents, node string, path []string) string {
	for i := len(path) - 1; i > 0; i-- {
		if p, found := docs.Trace(design.KindBaremetalNode, node, path[:i]...); found {
			if m, ok := p.Value.(map[string]any); ok && len(m) > 0 {
				return strings.Join(path[:i], ".") + " has " + strings.Join(slices.Sorted(maps.Keys(m)), ", ")
			}
			return strings.Join(path[:i], ".") + " has no such part"
		}
	}
	return "look at the node with design render"
}

func nodeNames(site *design.Site) string {
	const most = 10
	var names []string
	for _, n := range site.Nodes[:min(most, len(site.Nodes))] {
		names = append(names, n.Name)
	}
	text := strings.Join(names, ", ")
	switch more := len(site.Nodes) - most; {
	case len(site.Nodes) == 0:
		return "none"
	case more > 0:
		return fmt.Sprintf("%s and %d more", text, more)
	}
	return text
}
