// Package progress shows people how a task goes: on a terminal as a live tree (site, rack, node, step, since when, why it
// waits), without one as a line per change, and at its end as a table of what became of each node.
//
// It only draws what snapshots say. It refuses to guess: a time that was not observed is not shown.
package progress

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"

	"drydock/starter"
	"drydock/workflows"
)

// View shows snapshots as they come. Show and Close are called from one goroutine.
type View interface {
	Show(starter.Snapshot)
	// Close leaves the last picture where it is and gives the terminal back.
	Close()
}

// Options of a view.
type Options struct {
	// Live redraws in place; only a terminal can that.
	Live bool
	// Color uses colours; it is the caller who knows NO_COLOR.
	Color bool
	// Now is the clock for the time that passes between snapshots; nil means time.Now.
	Now func() time.Time
}

// New makes a view that writes to w.
func New(w io.Writer, o Options) View {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Live {
		return newLive(w, o)
	}
	return newLines(w)
}

// Elapsed is a duration as people read it on a clock: 0:07, 12:34, 1:02:03.
func Elapsed(d time.Duration) string {
	s := max(0, int(d.Round(time.Second)/time.Second))
	if s >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}

// clean makes text of other systems fit for one line: BMCs and installers put anything into their messages, and a
// terminal obeys control sequences.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == unicode.ReplacementChar {
			return ' '
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

// siteName names the site of a snapshot, or the task before its design is loaded.
func siteName(s starter.Snapshot) string {
	if s.Progress.Site != "" {
		return "site " + clean(s.Progress.Site)
	}
	return "task " + clean(s.Task.ID)
}

// doing says what a running node does and why it waits.
func doing(n workflows.NodeProgress, s starter.NodeSnapshot) (step, waits string) {
	step, waits = clean(s.Step), withoutSubject(n, clean(s.Waits))
	if step == "" {
		step = "starting"
	}
	if n.Phase == workflows.PhaseGate || s.Gate {
		if waits == "" {
			waits = withoutSubject(n, clean(n.Reason))
		}
		return step, strings.TrimSuffix("waits for a person: "+waits, ": ")
	}
	return step, waits
}

// withoutSubject takes "Action node n1: " off a message: step and node stand in front of it anyway.
func withoutSubject(n workflows.NodeProgress, message string) string {
	head, rest, ok := strings.Cut(message, " node "+clean(n.Node)+": ")
	if !ok || strings.Contains(head, " ") {
		return message
	}
	return rest
}

// ended says how a node ended.
func ended(n workflows.NodeProgress) string {
	text := n.Phase
	if n.Phase == workflows.PhaseDone && n.Outcome != "" {
		text = n.Outcome
	}
	if reason := clean(n.Reason); reason != "" {
		text += ": " + strings.Replace(reason, " node "+clean(n.Node)+": ", ": ", 1)
	}
	return text
}
