package bootaction

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/nikolalohinski/gonja/v2/exec"
)

// ownFilters are filters of Jinja2 where those of the engine give other results.
var ownFilters = map[string]exec.FilterFunction{
	"dictsort": dictsort, "items": itemsOf, "reverse": reverse, "urlencode": urlencode,
}

// dictsort is the filter of Jinja2: the entries of a map by key or, with by='value', by value; without regard to case
// unless asked for.
func dictsort(_ *exec.Evaluator, in *exec.Value, params *exec.VarArgs) *exec.Value {
	caseSensitive, by, backwards := false, "key", false
	if err := params.Take(
		exec.KeywordArgument("case_sensitive", exec.AsValue(false), exec.BoolArgument(&caseSensitive)),
		exec.KeywordArgument("by", exec.AsValue("key"), exec.StringEnumArgument(&by, []string{"key", "value"})),
		exec.KeywordArgument("reverse", exec.AsValue(false), exec.BoolArgument(&backwards)),
	); err != nil {
		return exec.AsValue(exec.ErrInvalidCall(err))
	}
	column := 0
	if by == "value" {
		column = 1
	}
	all := entries(in)
	slices.SortStableFunc(all, func(a, b []any) int {
		x, y := exec.ToValue(a[column]), exec.ToValue(b[column])
		order := 0
		switch {
		case x.IsNumber() && y.IsNumber():
			order = cmp.Compare(x.Float(), y.Float())
		case caseSensitive:
			order = strings.Compare(x.String(), y.String())
		default:
			order = strings.Compare(strings.ToLower(x.String()), strings.ToLower(y.String()))
		}
		if backwards {
			return -order
		}
		return order
	})
	return exec.AsValue(all)
}

func itemsOf(_ *exec.Evaluator, in *exec.Value, _ *exec.VarArgs) *exec.Value {
	if in.IsError() {
		return in
	}
	return exec.AsValue(entries(in))
}

// entries are the keys and values of a map, by key.
func entries(in *exec.Value) [][]any {
	all := [][]any{}
	if !in.IsDict() {
		return all
	}
	in.Iterate(func(_, _ int, key, value *exec.Value) bool {
		all = append(all, []any{key.Interface(), value.Interface()})
		return true
	}, func() {})
	slices.SortStableFunc(all, func(a, b []any) int { return strings.Compare(fmt.Sprint(a[0]), fmt.Sprint(b[0])) })
	return all
}

// reverse is the filter of Jinja2. (That of the engine sorts lists.)
func reverse(_ *exec.Evaluator, in *exec.Value, _ *exec.VarArgs) *exec.Value {
	if in.IsError() {
		return in
	}
	if in.IsString() {
		runes := []rune(in.String())
		slices.Reverse(runes)
		return exec.AsValue(string(runes))
	}
	items := []any{}
	in.Iterate(func(_, _ int, item, _ *exec.Value) bool {
		items = append(items, item.Interface())
		return true
	}, func() {})
	slices.Reverse(items)
	return exec.AsValue(items)
}

// urlencode is the filter of Jinja2: text is quoted but for "/", and a map becomes a query. (That of the engine leaves
// ?, & and = as they are in some places, and so breaks an URL within an URL.)
func urlencode(_ *exec.Evaluator, in *exec.Value, _ *exec.VarArgs) *exec.Value {
	if in.IsError() {
		return in
	}
	if !in.IsDict() {
		return exec.AsValue(quote(in.String(), "/"))
	}
	var parts []string
	in.IterateOrder(func(_, _ int, key, value *exec.Value) bool {
		parts = append(parts, quote(key.String(), "")+"="+quote(value.String(), ""))
		return true
	}, func() {}, false, true, true)
	return exec.AsValue(strings.Join(parts, "&"))
}

// quote is percent-encoding as of RFC 3986: all but unreserved characters and the safe ones.
func quote(text, safe string) string {
	var b strings.Builder
	for i := range len(text) {
		c := text[i]
		letterOrDigit := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if letterOrDigit || strings.IndexByte("_.-~"+safe, c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
