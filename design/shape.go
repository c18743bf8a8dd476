package design

import (
	"regexp"
	"slices"
	"sort"
	"strings"

	"gopkg.in/yaml.v3"
)

// shapeKind is the form that a value must have.
type shapeKind int

const (
	isText    shapeKind = iota // text; a number or boolean needs quotes
	isNumber                   // a whole number
	isFlag                     // a boolean
	isScalar                   // text, number or boolean
	isAny                      // anything
	isList                     // a list of items
	isTable                    // a mapping from free keys to items
	isObject                   // a mapping of fields
	isVersion                  // text, number, or nothing
)

// shape describes a value of a document, as the schema of the design format does.
type shape struct {
	kind     shapeKind
	fields   map[string]*shape // of isObject
	required []string          // of isObject
	open     *shape            // of isObject: shape of further keys; nil refuses them
	item     *shape            // of isList and isTable
	enum     []string
	pattern  *regexp.Regexp
	means    string // what pattern demands, for people
	unset    bool   // "!" and -1 are accepted: they unset what is inherited
	null     bool   // null is accepted: it removes what is inherited
	secret   bool   // the value must not be shown
	nonEmpty bool   // of isList
}

// shape checks a value against its shape, all the way down.
func (p *parser) shape(s *shape, n *element) {
	if p.badTag(n) {
		return
	}
	if s.kind == isAny {
		p.repeats(n)
		return
	}
	if s.null && isNull(n) {
		return
	}
	if s.unset && n.Kind == scalarKind && (n.Value == "!" || n.Value == "-1") {
		return
	}
	switch s.kind {
	case isObject, isTable:
		if n.Kind != mappingKind {
			p.mistyped(n, "a mapping")
			return
		}
		p.repeats(n)
		if s.kind == isTable {
			for _, v := range pairs(n) {
				p.shape(s.item, v)
			}
			return
		}
		p.object(s, n)
	case isList:
		if n.Kind != listKind {
			p.mistyped(n, "a list")
			return
		}
		if s.nonEmpty && len(n.Content) == 0 {
			p.at(n, missing, "", "%s is empty and needs at least one entry", n.path())
		}
		for _, v := range n.Content {
			p.shape(s.item, v)
		}
	default:
		p.scalar(s, n)
	}
}

func (p *parser) object(s *shape, n *element) {
	for k, v := range pairs(n) {
		field, known := s.fields[k.Value]
		switch {
		case known:
			p.shape(field, v)
		case s.open != nil:
			p.shape(s.open, v)
		default:
			names := make([]string, 0, len(s.fields))
			for name := range s.fields {
				names = append(names, name)
			}
			sort.Strings(names)
			p.at(k, unknownField, suggest(k.Value, names), "%s is not a field of the design format", k.path())
		}
	}
	for _, name := range s.required {
		if _, v := pair(n, name); v == nil {
			p.at(n, missing, "", "%s is missing", join(n.path(), name))
		}
	}
}

func (p *parser) scalar(s *shape, n *element) {
	switch s.kind {
	case isText:
		if n.Kind != scalarKind || n.Tag != "!!str" && n.Tag != "!!timestamp" {
			p.mistyped(n, "text")
			return
		}
	case isNumber:
		if _, ok := number(n); !ok {
			p.mistyped(n, "a whole number")
			return
		}
	case isFlag:
		if _, ok := flag(n); !ok {
			p.mistyped(n, "a boolean")
		}
		return
	case isScalar:
		if n.Kind != scalarKind || isNull(n) {
			p.mistyped(n, "text, a number or a boolean")
			return
		}
	case isVersion:
		if n.Kind != scalarKind {
			p.mistyped(n, "text or null")
			return
		}
	}
	shown := func() string {
		if s.secret {
			return ""
		}
		return " " + quoted(n.Value)
	}
	if len(s.enum) > 0 && !slices.Contains(s.enum, n.Value) {
		p.at(n, wrongValue, "use one of "+strings.Join(s.enum, ", "), "%s is%s, which is not known", n.path(), shown())
	}
	if s.pattern != nil && !s.pattern.MatchString(n.Value) {
		p.at(n, wrongValue, "it must be "+s.means, "%s is%s", n.path(), shown())
	}
}

func (p *parser) mistyped(n *element, want string) {
	hint := ""
	switch {
	case want == "text" && n.Kind == scalarKind && !isNull(n):
		hint = "put it in quotes"
	case want == "a whole number" && n.Tag == "!!str" && n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0:
		hint = "write it without quotes"
	case isNull(n):
		hint = "leave the key out, or give it a value"
	}
	p.at(n, wrongType, hint, "%s is a %s and must be %s", n.path(), typeName(n), want)
}

// badTag refuses YAML tags. The tag may be a credential that begins with !, so it is not shown.
func (p *parser) badTag(n *element) bool {
	if n.Tag == "" || strings.HasPrefix(n.Tag, "!!") && n.Tag != "!!binary" {
		return false
	}
	p.at(n, wrongType, "text that begins with ! needs quotes", "%s has a YAML tag, which designs can't have", n.path())
	return true
}

// repeats reports keys that stand twice in a mapping: YAML readers silently take one of them.
func (p *parser) repeats(n *element) {
	seen := make(map[string]*element)
	for k := range pairs(n) {
		if p.badTag(k) {
			continue
		}
		if k.Kind != scalarKind {
			p.at(k, wrongType, "", "a key is a %s and must be text", typeName(k))
			continue
		}
		if first := seen[k.Value]; first != nil {
			p.at(k, duplicateKey, "remove one of them", "%s is there twice, first on line %d", k.path(), first.Line)
			continue
		}
		seen[k.Value] = k
	}
}

func typeName(n *element) string {
	switch n.Kind {
	case mappingKind:
		return "mapping"
	case listKind:
		return "list"
	}
	switch n.Tag {
	case "!!int", "!!float":
		return "number"
	case "!!bool":
		return "boolean"
	case "!!null":
		return "null"
	}
	return "text"
}

// quoted shows a value in a message, not longer than a line can bear.
func quoted(s string) string {
	const longest = 60
	if r := []rune(s); len(r) > longest {
		s = string(r[:longest]) + "..."
	}
	return "\"" + strings.NewReplacer("\n", "\\n", "\r", "\\r", "\x1b", "\\e").Replace(s) + "\""
}

// suggest is a hint that names the nearest of the known words, or all of them when none is near.
func suggest(word string, known []string) string {
	const longest, most, shown = 64, 1000, 30 // a hint is not worth more work, or more room
	if len(word) > longest || len(known) > most {
		return "check the spelling"
	}
	best, distance := "", 3
	for _, k := range known {
		if d := editDistance(strings.ToLower(word), strings.ToLower(k)); d < distance {
			best, distance = k, d
		}
	}
	if best != "" {
		return "did you mean " + best + "?"
	}
	if len(known) > shown {
		return "check the spelling"
	}
	return "known are " + strings.Join(known, ", ")
}

func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
