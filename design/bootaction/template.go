package bootaction

import (
	"fmt"
	"time"

	"github.com/nikolalohinski/gonja/v2/builtins"
	"github.com/nikolalohinski/gonja/v2/config"
	"github.com/nikolalohinski/gonja/v2/exec"
	"github.com/nikolalohinski/gonja/v2/loaders"
)

// templateName is how the engine knows the one template that it can load.
const templateName = "/asset"

// renderTemplate renders a Jinja2 template. A value that is not there prints as nothing, as in Jinja2, and a part of one
// is an error. The newline at the end of the template stays, unlike in Jinja2, where it is dropped unless asked for:
// cron and others ignore a last line without one.
//
// The result depends on source and context only. Templates come with the design and not from strangers; the limits are
// there so that a mistake in one ends in an error and not in a worker that hangs or runs out of memory.
func renderTemplate(source string, context map[string]any, limits Limits) (string, error) {
	type answer struct {
		text string
		err  error
	}
	done := make(chan answer, 1)
	meter := newMeter(limits)
	go func() {
		var a answer
		// The engine panics on some wrong input, such as a division by zero.
		defer func() {
			if r := recover(); r != nil {
				a = answer{err: explainPanic(r)}
			}
			done <- a
		}()
		a.text, a.err = execute(source, context, meter)
	}()
	// The meter ends loops by itself; the timer is for what it does not see.
	timer := time.NewTimer(2 * meter.limits.Time)
	defer timer.Stop()
	select {
	case a := <-done:
		return a.text, a.err
	case <-timer.C:
		return "", fmt.Errorf("template takes longer than %s", 2*meter.limits.Time)
	}
}

func execute(source string, context map[string]any, meter *meter) (string, error) {
	if err := checkSource(source); err != nil {
		return "", err
	}
	// The loader knows nothing but the template itself: no file can be read through it.
	loader, err := loaders.NewMemoryLoader(map[string]string{templateName: source})
	if err != nil {
		return "", fmt.Errorf("template can't be loaded: %w", err)
	}
	template, err := exec.NewTemplate(templateName, engineConfig(), loader, &exec.Environment{
		Context:           globals(),
		Filters:           filters(meter),
		Tests:             builtins.Tests,
		ControlStructures: structures(meter),
		Methods:           methods(meter),
	})
	if err != nil {
		return "", explainSyntax(err)
	}
	out := &output{meter: meter}
	if err := template.Execute(out, exec.NewContext(context)); err != nil {
		return "", explain(err, meter)
	}
	return out.text.String(), nil
}

func engineConfig() *config.Config {
	c := config.New()
	c.KeepTrailingNewline = true
	return c
}
