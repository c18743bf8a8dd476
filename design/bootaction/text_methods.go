package bootaction

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/nikolalohinski/gonja/v2/exec"
)

// textMethods are methods of Python's str that the engine has not, or has with other results than Python.
var textMethods = map[string]exec.Method[string]{
	"center": padded(func(missing, width int) (left, right int) {
		left = missing/2 + (missing & width & 1)
		return left, missing - left
	}),
	"count": func(self string, _ *exec.Value, params *exec.VarArgs) (any, error) {
		args, err := arguments(params, 1, 1)
		if err != nil {
			return nil, err
		}
		return strings.Count(self, args[0].String()), nil
	},
	"find": func(self string, _ *exec.Value, params *exec.VarArgs) (any, error) {
		args, err := arguments(params, 1, 1)
		if err != nil {
			return nil, err
		}
		i := strings.Index(self, args[0].String())
		if i > 0 {
			i = utf8.RuneCountInString(self[:i])
		}
		return i, nil
	},
	"join": func(self string, _ *exec.Value, params *exec.VarArgs) (any, error) {
		args, err := arguments(params, 1, 1)
		if err != nil {
			return nil, err
		}
		var parts []string
		args[0].Iterate(func(_, _ int, item, _ *exec.Value) bool {
			parts = append(parts, item.String())
			return true
		}, func() {})
		return strings.Join(parts, self), nil
	},
	"ljust":  padded(func(missing, _ int) (left, right int) { return 0, missing }),
	"lstrip": stripped(strings.TrimLeftFunc),
	"replace": func(self string, _ *exec.Value, params *exec.VarArgs) (any, error) {
		args, err := arguments(params, 2, 3)
		if err != nil {
			return nil, err
		}
		times := -1
		if len(args) == 3 {
			times = args[2].Integer()
		}
		from, to := args[0].String(), args[1].String()
		// What comes out is known beforehand, and refused before it is made.
		if grown := strings.Count(self, from) * (len(to) - len(from)); len(self)+grown > maxOutput {
			return nil, errors.New("result is too long")
		}
		return strings.Replace(self, from, to, times), nil
	},
	"rjust":  padded(func(missing, _ int) (left, right int) { return missing, 0 }),
	"rstrip": stripped(strings.TrimRightFunc),
	"split": func(self string, _ *exec.Value, params *exec.VarArgs) (any, error) {
		args, err := arguments(params, 0, 2)
		if err != nil {
			return nil, err
		}
		times := -1
		if len(args) == 2 && args[1].Integer() >= 0 {
			times = args[1].Integer() + 1
		}
		switch {
		case len(args) == 0:
			return texts(strings.Fields(self)), nil
		case args[0].IsNil() || args[0].String() == "":
			return nil, errors.New("the separator is empty")
		}
		return texts(strings.SplitN(self, args[0].String(), times)), nil
	},
	"strip": stripped(strings.TrimFunc),
}

// stripped makes strip(), with the characters to strip or, without an argument, white space.
func stripped(trim func(string, func(rune) bool) string) exec.Method[string] {
	return func(self string, _ *exec.Value, params *exec.VarArgs) (any, error) {
		args, err := arguments(params, 0, 1)
		if err != nil {
			return nil, err
		}
		if len(args) == 0 || args[0].IsNil() {
			return trim(self, unicode.IsSpace), nil
		}
		return trim(self, func(r rune) bool { return strings.ContainsRune(args[0].String(), r) }), nil
	}
}

// padded makes ljust() and the like, with the width and, if it is not the blank, the character to fill with.
func padded(share func(missing, width int) (left, right int)) exec.Method[string] {
	return func(self string, _ *exec.Value, params *exec.VarArgs) (any, error) {
		args, err := arguments(params, 1, 2)
		if err != nil {
			return nil, err
		}
		fill := " "
		if len(args) == 2 {
			fill = args[1].String()
		}
		if utf8.RuneCountInString(fill) != 1 || !args[0].IsInteger() {
			return nil, errors.New("a width, and one character to fill with")
		}
		width := args[0].Integer()
		missing := width - utf8.RuneCountInString(self)
		if missing <= 0 {
			return self, nil
		}
		left, right := share(missing, width)
		return strings.Repeat(fill, left) + self + strings.Repeat(fill, right), nil
	}
}

// arguments are the positional arguments of a call, of which there must be as many as the method takes.
func arguments(params *exec.VarArgs, least, most int) ([]*exec.Value, error) {
	if len(params.KwArgs) > 0 || len(params.Args) < least || len(params.Args) > most {
		return nil, errors.New("wrong number of arguments")
	}
	return params.Args, nil
}
