package bootaction

import (
	"strings"

	"github.com/nikolalohinski/gonja/v2/builtins"
	"github.com/nikolalohinski/gonja/v2/exec"
)

// methods are those of Python's types that templates call, such as labels.items() and hostname.upper().
func methods(meter *meter) exec.Methods {
	all := builtins.Methods
	return exec.Methods{
		Bool:  guardMethods(meter, all.Bool, "", nil),
		Int:   guardMethods(meter, all.Int, "", nil),
		Float: guardMethods(meter, all.Float, "is_integer", nil),
		Str: guardMethods(meter, all.Str, `capitalize casefold endswith format isalnum isalpha isascii isdecimal isdigit
			islower isnumeric isspace istitle isupper lower partition removeprefix removesuffix rpartition splitlines
			startswith swapcase title upper zfill`, textMethods),
		// Methods that change a map or list are left out: the engine gives them a copy, and the change would be lost.
		Dict: guardMethods(meter, all.Dict, "copy get items keys values", nil),
		List: guardMethods(meter, all.List, "copy", nil),
	}
}

func guardMethods[T any](meter *meter, set *exec.MethodSet[T], names string, own map[string]exec.Method[T]) *exec.MethodSet[T] {
	guarded := map[string]exec.Method[T]{}
	for _, name := range strings.Fields(names) {
		if method, ok := set.Get(name); ok {
			guarded[name] = guardMethod(meter, name, method)
		}
	}
	for name, method := range own {
		guarded[name] = guardMethod(meter, name, method)
	}
	return exec.NewMethodSet(guarded)
}

func guardMethod[T any](meter *meter, name string, method exec.Method[T]) exec.Method[T] {
	return func(self T, value *exec.Value, params *exec.VarArgs) (any, error) {
		if err := guard(meter, name, value, params); err != nil {
			return nil, err
		}
		out, err := method(self, value, params)
		if text, ok := out.(string); ok && len(text) > maxOutput {
			return nil, meter.exceed("a method makes a text longer than %d bytes", maxOutput)
		}
		return out, err
	}
}
