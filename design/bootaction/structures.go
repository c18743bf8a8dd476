package bootaction

import (
	"fmt"

	"github.com/nikolalohinski/gonja/v2/builtins"
	engine "github.com/nikolalohinski/gonja/v2/builtins/control_structures"
	"github.com/nikolalohinski/gonja/v2/exec"
	"github.com/nikolalohinski/gonja/v2/nodes"
	"github.com/nikolalohinski/gonja/v2/parser"
	"github.com/nikolalohinski/gonja/v2/tokens"
)

// structures are the tags that a template may use. Those that need a second template are not among them, and loops,
// macros and variables report to the meter.
func structures(meter *meter) *exec.ControlStructureSet {
	parsers := map[string]parser.ControlStructureParser{}
	for _, name := range []string{"autoescape", "break", "call", "continue", "do", "filter", "if", "raw", "with"} {
		if p, ok := builtins.ControlStructures.Get(name); ok {
			parsers[name] = p
		}
	}
	for _, name := range []string{"block", "extends", "from", "import", "include"} {
		parsers[name] = refuse(name)
	}
	metered := map[string]func(parser.ControlStructureParser, *meterHook) parser.ControlStructureParser{
		"for": meterFor, "macro": meterMacro, "set": meterSet,
	}
	for name, wrap := range metered {
		if p, ok := builtins.ControlStructures.Get(name); ok {
			parsers[name] = wrap(p, &meterHook{meter: meter})
		}
	}
	return exec.NewControlStructureSet(parsers)
}

func refuse(name string) parser.ControlStructureParser {
	return func(*parser.Parser, *parser.Parser) (nodes.ControlStructure, error) {
		return nil, fmt.Errorf("%s%s", notAllowed, name)
	}
}

const notAllowed = "a template stands alone, and can't use the tag "

// meterHook is a node without output that is put into the bodies of loops and macros.
type meterHook struct {
	meter *meter
	enter int // added to the depth of macros
	free  bool
	at    *tokens.Token
}

// Position is that of the body that the hook is in.
func (h *meterHook) Position() *tokens.Token { return h.at }

func (h *meterHook) String() string { return "meter" }

// Execute counts one step.
func (h *meterHook) Execute(r *exec.Renderer, _ *nodes.ControlStructureBlock) error {
	h.meter.depth += h.enter
	if h.meter.depth > maxDepth {
		return h.meter.exceed("it calls more than %d macros within macros", maxDepth)
	}
	if h.free {
		return nil
	}
	have := 0
	// Macros and blocks write to buffers of their own.
	if sized, ok := r.Output.(interface{ Len() int }); ok {
		have = sized.Len()
	}
	return h.meter.step(have)
}

func (h *meterHook) in(body *nodes.Wrapper) nodes.Node {
	placed := *h
	placed.at = body.Location
	return &nodes.ControlStructureBlock{Location: body.Location, Name: "meter", ControlStructure: &placed}
}

func meterFor(parse parser.ControlStructureParser, hook *meterHook) parser.ControlStructureParser {
	return func(p, args *parser.Parser) (nodes.ControlStructure, error) {
		parsed, err := parse(p, args)
		if err != nil {
			return nil, err
		}
		loop, ok := parsed.(*engine.ForControlStructure)
		if !ok || loop.Recursive {
			return nil, fmt.Errorf("%s%s", notAllowed, "for with recursive")
		}
		loop.BodyWrapper.Nodes = append([]nodes.Node{hook.in(loop.BodyWrapper)}, loop.BodyWrapper.Nodes...)
		return loop, nil
	}
}

func meterMacro(parse parser.ControlStructureParser, hook *meterHook) parser.ControlStructureParser {
	return func(p, args *parser.Parser) (nodes.ControlStructure, error) {
		parsed, err := parse(p, args)
		if err != nil {
			return nil, err
		}
		macro, ok := parsed.(*engine.MacroControlStructure)
		if !ok {
			return nil, fmt.Errorf("%s%s", notAllowed, "macro")
		}
		body := macro.Wrapper
		enter := meterHook{meter: hook.meter, enter: 1}
		leave := meterHook{meter: hook.meter, enter: -1, free: true}
		body.Nodes = append(append([]nodes.Node{enter.in(body)}, body.Nodes...), leave.in(body))
		return macro, nil
	}
}

func meterSet(parse parser.ControlStructureParser, hook *meterHook) parser.ControlStructureParser {
	return func(p, args *parser.Parser) (nodes.ControlStructure, error) {
		target := args.Current(tokens.Name)
		parsed, err := parse(p, args)
		if err != nil {
			return nil, err
		}
		set, ok := parsed.(exec.ControlStructure)
		if !ok || target == nil {
			return nil, fmt.Errorf("%s%s", notAllowed, "set, other than with a name")
		}
		return &meteredSet{ControlStructure: set, meter: hook.meter, name: target.Val}, nil
	}
}

// meteredSet is {% set %} that looks at what it has set: a variable doubled in every turn of a loop grows faster than
// any count of turns can tell.
type meteredSet struct {
	exec.ControlStructure
	meter *meter
	name  string
}

// Execute sets the variable and measures it.
func (s *meteredSet) Execute(r *exec.Renderer, block *nodes.ControlStructureBlock) error {
	if err := s.ControlStructure.Execute(r, block); err != nil {
		return err
	}
	value, _ := r.Environment.Context.Get(s.name)
	if err := s.meter.step(0); err != nil {
		return err
	}
	if sizeOf(exec.ToValue(value), 0) > maxVariable {
		return s.meter.exceed("the variable %s becomes larger than %d bytes", s.name, maxVariable)
	}
	return nil
}

// sizeOf is about how much a value holds. A value that contains itself is taken for a large one.
func sizeOf(value *exec.Value, depth int) int {
	switch {
	case depth > maxNesting:
		return maxVariable + 1
	case value.IsNil() || value.IsError():
		return 0
	case value.IsString():
		return value.Len()
	case !value.IsList() && !value.IsDict():
		return 8
	}
	size := 0
	value.Iterate(func(_, _ int, key, item *exec.Value) bool {
		size += 8 + sizeOf(key, depth+1)
		if item != nil {
			size += sizeOf(item, depth+1)
		}
		return size <= maxVariable
	}, func() {})
	return size
}
