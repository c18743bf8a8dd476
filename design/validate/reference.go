package validate

import (
	"fmt"
	"strings"

	"drydock/design"
)

// references reports references to documents of one kind that the design does not have, with the name that was most
// likely meant. Nodes share references, so advice is sought once per name.
type references struct {
	run    *run
	known  []string
	advice map[string]string
}

func (r *run) networkReferences() *references {
	refs := &references{run: r, advice: make(map[string]string)}
	for _, n := range r.site.Networks {
		refs.known = append(refs.known, n.Name)
	}
	return refs
}

func (r *run) linkReferences() *references {
	refs := &references{run: r, advice: make(map[string]string)}
	for _, l := range r.site.Links {
		refs.known = append(refs.known, l.Name)
	}
	return refs
}

// dangles reports a reference by a name to nothing.
func (f *references) dangles(p design.Place, name, format string, args ...any) {
	hint, sought := f.advice[name]
	if !sought {
		hint = f.run.rule.Hint
		if len(f.known) > 0 {
			hint = design.Suggest(name, f.known)
		}
		f.advice[name] = hint
	}
	f.run.report(p, f.run.rule.Level, hint, fmt.Sprintf(format, args...))
}

// listed are names in a message, not more than a line can bear.
func listed(names []string) string {
	const most = 10
	if more := len(names) - most; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), more)
	}
	return strings.Join(names, ", ")
}
