package design

import (
	"strconv"

	"gopkg.in/yaml.v3"
)

// Kinds of elements; the tree has no aliases.
const (
	mappingKind = yaml.MappingNode
	listKind    = yaml.SequenceNode
	scalarKind  = yaml.ScalarNode
)

// element is a value or a key of a document. It knows where it stands, which is worked out only when somebody asks:
// of a hundred thousand values, few are ever part of a message. Content is, as in the YAML library, the entries of a list
// or, in turn, the keys and values of a mapping.
type element struct {
	Kind         yaml.Kind
	Style        yaml.Style
	Tag, Value   string
	Content      []*element
	Line, Column int32

	doc *Document
	up  *element // the list or mapping that it stands in; nil for the document as a whole
	// base is the value of a document whose place this one takes, where inheritance made this one.
	base *element
}

// place is where the element stands; the zero Place for nil.
func (n *element) place() Place {
	if n == nil || n.doc == nil {
		return Place{}
	}
	return Place{
		Document: n.doc.Ref(), Kind: n.doc.Kind, File: n.doc.File,
		Line: int(n.Line), Column: int(n.Column), Path: n.path(),
	}
}

// path is such as data.interfaces.bond0.networks[1]; "" for the document as a whole.
func (n *element) path() string {
	for n != nil && n.base != nil {
		n = n.base
	}
	if n == nil || n.up == nil {
		return ""
	}
	above := n.up.path()
	for i, x := range n.up.Content {
		switch {
		case x != n:
		case n.up.Kind == listKind:
			return above + "[" + strconv.Itoa(i) + "]"
		default:
			return join(above, n.up.Content[i&^1].Value)
		}
	}
	return above
}
