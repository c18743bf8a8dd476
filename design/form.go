package design

import (
	"iter"
	"maps"
	"slices"
)

// Form is what the reader asks of one value of a document: its own table, seen from outside, for tools that describe the
// format. A form can't be changed.
type Form struct{ s *shape }

// Kinds are the names of the kinds of documents, sorted.
func Kinds() []string { return kindNames() }

// FormOf is the form of the data of a kind of documents; false when there is no such kind.
func FormOf(kind string) (Form, bool) {
	s, ok := kinds[kind]
	return Form{s}, ok
}

// Forms of values.
const (
	FormText   = "text"   // text; a number or boolean needs quotes
	FormNumber = "number" // a whole number
	FormFlag   = "flag"   // a boolean, in the spellings of YAML 1.1 too
	FormScalar = "scalar" // text, a number or a boolean
	FormAny    = "any"    // anything
	FormList   = "list"   // a list of items
	FormTable  = "table"  // a mapping from free keys to items
	FormObject = "object" // a mapping of fields
)

// Is says which of the forms above the value has.
func (f Form) Is() string {
	return map[shapeKind]string{
		isText: FormText, isNumber: FormNumber, isFlag: FormFlag, isScalar: FormScalar, isAny: FormAny,
		isList: FormList, isTable: FormTable, isObject: FormObject,
	}[f.s.kind]
}

// Fields are the fields of an object by name.
func (f Form) Fields() iter.Seq2[string, Form] {
	return func(yield func(string, Form) bool) {
		for _, name := range slices.Sorted(maps.Keys(f.s.fields)) {
			if !yield(name, Form{f.s.fields[name]}) {
				return
			}
		}
	}
}

// Required are the fields that an object must have.
func (f Form) Required() []string { return slices.Clone(f.s.required) }

// Further is the form of the keys of an object that are none of its fields; false when it refuses them.
func (f Form) Further() (Form, bool) { return Form{f.s.open}, f.s.open != nil }

// Item is the form of the entries of a list or table.
func (f Form) Item() Form { return Form{f.s.item} }

// NotEmpty reports whether a list needs an entry.
func (f Form) NotEmpty() bool { return f.s.nonEmpty }

// Words are the values that a text may have; none when it may have any.
func (f Form) Words() []string { return slices.Clone(f.s.enum) }

// Pattern is a regular expression that a text has to match, and what it demands in words; both "" when there is none.
func (f Form) Pattern() (expression, means string) {
	if f.s.pattern == nil {
		return "", ""
	}
	return f.s.pattern.String(), f.s.means
}

// Unsettable reports whether "!" and -1 are accepted, which unset what is inherited.
func (f Form) Unsettable() bool { return f.s.unset }

// Nullable reports whether null is accepted, which removes what is inherited.
func (f Form) Nullable() bool { return f.s.null }

// Secret reports whether the value must not be shown.
func (f Form) Secret() bool { return f.s.secret }
