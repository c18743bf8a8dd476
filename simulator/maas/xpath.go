package maas

import (
	"encoding/xml"
	"errors"
	"math"
	"strconv"
	"strings"
)

// errXPath is how the region's XML library words a syntax error.
var errXPath = errors.New("Invalid expression")

// xnode is an element, attribute or text of a parsed document.
type xnode struct {
	name     string // "@" in front of attributes; "" for text and the document
	value    string // of attributes and text
	children []*xnode
	attrs    []*xnode
	parent   *xnode
}

// text is the string value: all text below.
func (n *xnode) text() string {
	if n.name == "" && n.parent != nil || strings.HasPrefix(n.name, "@") {
		return n.value
	}
	var b strings.Builder
	for _, c := range n.children {
		b.WriteString(c.text())
	}
	return b.String()
}

func parseXML(data []byte) (*xnode, error) {
	root := &xnode{}
	at := root
	d := xml.NewDecoder(strings.NewReader(string(data)))
	for {
		t, err := d.Token()
		if t == nil {
			if at != root {
				return nil, err
			}
			return root, nil
		}
		switch t := t.(type) {
		case xml.StartElement:
			n := &xnode{name: t.Name.Local, parent: at}
			for _, a := range t.Attr {
				n.attrs = append(n.attrs, &xnode{name: "@" + a.Name.Local, value: a.Value, parent: n})
			}
			at.children = append(at.children, n)
			at = n
		case xml.EndElement:
			at = at.parent
		case xml.CharData:
			at.children = append(at.children, &xnode{value: string(t), parent: at})
		}
	}
}

// xvalue is the value of an expression: []*xnode, string, float64 or bool.
type xvalue any

// xcontext is where an expression is evaluated.
type xcontext struct {
	node           *xnode
	position, size int
}

type xexpr func(xcontext) xvalue

// xpath is an expression of the part of XPath 1.0 that tag definitions use: child, descendant, attribute, self and parent
// steps with predicates, comparisons, and/or, arithmetic, and the functions in xfunctions. Other axes are refused as invalid.
type xpath struct{ eval xexpr }

// parseXPath checks and compiles a tag's definition.
func parseXPath(source string) (*xpath, error) {
	p := &xparser{tokens: xtokens(source)}
	if p.tokens == nil {
		return nil, errXPath
	}
	e := p.or()
	if p.failed || p.at < len(p.tokens) {
		return nil, errXPath
	}
	return &xpath{e}, nil
}

// matches evaluates the definition on a machine's lshw data: a tag is set where the result is true, or any node.
func (x *xpath) matches(lshw []byte) bool {
	root, err := parseXML(lshw)
	return err == nil && truth(x.eval(xcontext{root, 1, 1}))
}

func truth(v xvalue) bool {
	switch v := v.(type) {
	case []*xnode:
		return len(v) > 0
	case string:
		return v != ""
	case float64:
		return v != 0 && !math.IsNaN(v)
	case bool:
		return v
	}
	return false
}

func textOf(v xvalue) string {
	switch v := v.(type) {
	case []*xnode:
		if len(v) > 0 {
			return v[0].text()
		}
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}

func numberOf(v xvalue) float64 {
	switch v := v.(type) {
	case float64:
		return v
	case bool:
		if v {
			return 1
		}
		return 0
	}
	n, err := strconv.ParseFloat(strings.TrimSpace(textOf(v)), 64)
	if err != nil {
		return math.NaN()
	}
	return n
}

// compare is true for a node set when it is for any of its nodes.
func compare(op string, a, b xvalue) bool {
	if nodes, ok := a.([]*xnode); ok {
		for _, n := range nodes {
			if compare(op, n.text(), b) {
				return true
			}
		}
		return false
	}
	if nodes, ok := b.([]*xnode); ok {
		for _, n := range nodes {
			if compare(op, a, n.text()) {
				return true
			}
		}
		return false
	}
	if op == "=" || op == "!=" {
		_, ba := a.(bool)
		_, bb := b.(bool)
		_, na := a.(float64)
		_, nb := b.(float64)
		same := textOf(a) == textOf(b)
		if ba || bb {
			same = truth(a) == truth(b)
		} else if na || nb {
			same = numberOf(a) == numberOf(b)
		}
		return same == (op == "=")
	}
	x, y := numberOf(a), numberOf(b)
	switch op {
	case "<":
		return x < y
	case "<=":
		return x <= y
	case ">":
		return x > y
	}
	return x >= y
}

// xfunctions are the functions by name, with how many arguments each takes.
var xfunctions = map[string]struct {
	least, most int
	call        func(xcontext, []xvalue) xvalue
}{
	"contains":    {2, 2, func(_ xcontext, a []xvalue) xvalue { return strings.Contains(textOf(a[0]), textOf(a[1])) }},
	"starts-with": {2, 2, func(_ xcontext, a []xvalue) xvalue { return strings.HasPrefix(textOf(a[0]), textOf(a[1])) }},
	"not":         {1, 1, func(_ xcontext, a []xvalue) xvalue { return !truth(a[0]) }},
	"boolean":     {1, 1, func(_ xcontext, a []xvalue) xvalue { return truth(a[0]) }},
	"true":        {0, 0, func(xcontext, []xvalue) xvalue { return true }},
	"false":       {0, 0, func(xcontext, []xvalue) xvalue { return false }},
	"count": {1, 1, func(_ xcontext, a []xvalue) xvalue {
		nodes, _ := a[0].([]*xnode)
		return float64(len(nodes))
	}},
	"sum": {1, 1, func(_ xcontext, a []xvalue) xvalue {
		total := 0.0
		nodes, _ := a[0].([]*xnode)
		for _, n := range nodes {
			total += numberOf(n.text())
		}
		return total
	}},
	"position": {0, 0, func(c xcontext, _ []xvalue) xvalue { return float64(c.position) }},
	"last":     {0, 0, func(c xcontext, _ []xvalue) xvalue { return float64(c.size) }},
	"string":   {0, 1, func(c xcontext, a []xvalue) xvalue { return textOf(orSelf(c, a)) }},
	"number":   {0, 1, func(c xcontext, a []xvalue) xvalue { return numberOf(orSelf(c, a)) }},
	"normalize-space": {0, 1, func(c xcontext, a []xvalue) xvalue {
		return strings.Join(strings.Fields(textOf(orSelf(c, a))), " ")
	}},
	"string-length": {0, 1, func(c xcontext, a []xvalue) xvalue { return float64(len(textOf(orSelf(c, a)))) }},
}

func orSelf(c xcontext, a []xvalue) xvalue {
	if len(a) == 0 {
		return []*xnode{c.node}
	}
	return a[0]
}
