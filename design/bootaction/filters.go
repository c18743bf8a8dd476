package bootaction

import (
	"errors"
	"regexp"
	"strings"

	"github.com/nikolalohinski/gonja/v2/builtins"
	"github.com/nikolalohinski/gonja/v2/exec"
)

// filterNames are the filters of the engine that a template may use: those of Jinja2 but for ownFilters and for random,
// whose result is not the same twice.
var filterNames = strings.Fields(`abs attr batch capitalize center count d default e escape filesizeformat
	first float forceescape format groupby indent int join last length list lower map max min pprint reject
	rejectattr replace round safe select selectattr slice sort string striptags sum title tojson trim truncate
	unique upper urlize wordcount wordwrap xmlattr`)

func filters(meter *meter) *exec.FilterSet {
	set := map[string]exec.FilterFunction{}
	for name, f := range ownFilters {
		set[name] = guardFilter(meter, name, f)
	}
	for _, name := range filterNames {
		if f, ok := builtins.Filters.Get(name); ok {
			set[name] = guardFilter(meter, name, f)
		}
	}
	return exec.NewFilterSet(set)
}

func guardFilter(meter *meter, name string, filter exec.FilterFunction) exec.FilterFunction {
	return func(e *exec.Evaluator, in *exec.Value, params *exec.VarArgs) *exec.Value {
		if err := guard(meter, name, in, params); err != nil {
			return exec.AsValue(err)
		}
		out := filter(e, in, params)
		if out.IsString() && out.Len() > maxOutput {
			return exec.AsValue(meter.exceed("a filter makes a text longer than %d bytes", maxOutput))
		}
		return out
	}
}

// widthInFormat finds a width or precision in a format, for % and for {}.
var widthInFormat = regexp.MustCompile(`[0-9]{5,}`)

// guard counts a call of a filter or method, and refuses numbers that make a small text a large one.
func guard(meter *meter, name string, in *exec.Value, params *exec.VarArgs) error {
	if err := meter.step(0); err != nil {
		return err
	}
	all := append([]*exec.Value{}, params.Args...)
	for _, value := range params.KwArgs {
		all = append(all, value)
	}
	large := false
	for _, value := range all {
		large = large || value.IsInteger() && (value.Integer() > maxNumber || value.Integer() < -maxNumber)
	}
	if large || name == "format" && widthInFormat.MatchString(in.String()) {
		return meter.exceed("a filter or method is given a number larger than %d", maxNumber)
	}
	return nil
}

// globals are the functions that a template may call without naming a value: those of the engine whose result is the
// same every time, with bounds.
func globals() *exec.Context {
	values := map[string]any{"range": numbers, "dict": pairs}
	for _, name := range []string{"cycler", "joiner", "namespace"} {
		if f, ok := builtins.GlobalFunctions.Get(name); ok {
			values[name] = f
		}
	}
	return exec.NewContext(values)
}

// numbers is range(stop), range(start, stop) and range(start, stop, step). The one of the engine leaves a goroutine
// behind when the loop ends early.
func numbers(_ *exec.Evaluator, params *exec.VarArgs) ([]int, error) {
	var args []int
	for _, value := range params.Args {
		if !value.IsInteger() {
			return nil, errRange
		}
		args = append(args, value.Integer())
	}
	start, stop, step := 0, 0, 1
	switch len(args) {
	case 1:
		stop = args[0]
	case 2:
		start, stop = args[0], args[1]
	case 3:
		start, stop, step = args[0], args[1], args[2]
	default:
		return nil, errRange
	}
	if step == 0 {
		return nil, errRange
	}
	out := []int{}
	for i := start; step > 0 && i < stop || step < 0 && i > stop; i += step {
		if len(out) == maxRange {
			return nil, errRange
		}
		out = append(out, i)
	}
	return out, nil
}

var errRange = errors.New("range() takes one to three whole numbers, the step not 0, and gives at most 10000")

func pairs(_ *exec.Evaluator, params *exec.VarArgs) map[string]any {
	out := map[string]any{}
	for key, value := range params.KwArgs {
		out[key] = value.Interface()
	}
	return out
}
