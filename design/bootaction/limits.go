package bootaction

import (
	"fmt"
	"strings"
	"time"
)

// Limits of one template that can't be set. They are far above what a configuration file needs.
const (
	maxSource   = 256 << 10 // bytes of the template
	maxOutput   = maxAsset  // bytes of the result, and of any text on the way to it
	maxVariable = 256 << 10 // bytes of a value that {% set %} keeps
	maxDepth    = 50        // macros within macros
	maxNesting  = 64        // brackets within brackets
	maxNumber   = 1 << 16   // as argument of a filter or method, such as a width
	maxRange    = 10_000    // numbers of range()
	maxProduct  = 10_000    // by which one expression multiplies
)

// Limits are those limits of one template that can be set. The zero value of a field stands for its default.
type Limits struct {
	Steps int           // turns of loops, calls of macros, filters and methods, together; 30,000
	Time  time.Duration // of rendering; 5 s
}

// DefaultLimits are the limits that hold where none are given.
func DefaultLimits() Limits { return Limits{Steps: 30_000, Time: 5 * time.Second} }

func (l Limits) filled() Limits {
	d := DefaultLimits()
	if l.Steps <= 0 {
		l.Steps = d.Steps
	}
	if l.Time <= 0 {
		l.Time = d.Time
	}
	return l
}

// meter counts what a template uses up. Only the goroutine that renders touches it.
type meter struct {
	limits       Limits
	steps, depth int
	until        time.Time
	// exceeded is the first limit that was hit. The engine wraps errors so that they can't be found again.
	exceeded error
}

func newMeter(limits Limits) *meter {
	limits = limits.filled()
	return &meter{limits: limits, until: time.Now().Add(limits.Time)}
}

func (m *meter) exceed(format string, args ...any) error {
	if m.exceeded == nil {
		m.exceeded = fmt.Errorf(format, args...)
	}
	return m.exceeded
}

// step is one turn of a loop or one call of anything; have is the size of the text that was made so far.
func (m *meter) step(have int) error {
	m.steps++
	switch {
	case m.steps > m.limits.Steps:
		return m.exceed("it takes more than %d turns of loops and calls", m.limits.Steps)
	case have > maxOutput:
		return m.exceed("its text becomes longer than %d bytes", maxOutput)
	case time.Now().After(m.until):
		return m.exceed("it takes longer than %s", m.limits.Time)
	}
	return nil
}

// output is where the template writes to.
type output struct {
	meter *meter
	text  strings.Builder
}

func (o *output) Write(p []byte) (int, error) {
	if o.text.Len()+len(p) > maxOutput {
		return 0, o.meter.exceed("its text becomes longer than %d bytes", maxOutput)
	}
	return o.text.Write(p)
}

// Len lets the meter see how long the text is.
func (o *output) Len() int { return o.text.Len() }
