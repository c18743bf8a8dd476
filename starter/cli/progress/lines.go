package progress

import (
	"fmt"
	"io"
	"regexp"

	"drydock/starter"
	"drydock/workflows"
)

// lines writes one line per change: the view for logs and pipes.
type lines struct {
	w     io.Writer
	phase string
	nodes int
	steps map[string]string // by ID: outcome
	last  map[string]string // by node: what the last line said, numbers left out
}

func newLines(w io.Writer) *lines {
	return &lines{w: w, steps: map[string]string{}, last: map[string]string{}}
}

func (l *lines) Close() {}

// Show writes what changed since the last snapshot: nothing when nothing did.
func (l *lines) Show(s starter.Snapshot) {
	say := func(subject, text string) {
		fmt.Fprintf(l.w, "%s %s: %s\n", Elapsed(s.At.Sub(s.Task.Started)), subject, text)
	}
	p := s.Progress
	for _, step := range p.Steps {
		if step.Outcome != "" && l.steps[step.ID] != step.Outcome {
			l.steps[step.ID] = step.Outcome
			say(siteName(s), clean(step.Action)+" "+clean(step.Outcome))
		}
	}
	if p.Phase != "" && p.Phase != l.phase {
		l.phase = p.Phase
		say(siteName(s), clean(p.Phase))
	}
	if len(p.Nodes) != l.nodes {
		l.nodes = len(p.Nodes)
		say(siteName(s), count(l.nodes, "node"))
	}
	for _, n := range p.Nodes {
		if text := l.node(n, s.Nodes[n.Node]); text != "" {
			say(subject(n), text)
		}
	}
}

// node is the new line about a node, or "" when there is nothing new.
func (l *lines) node(n workflows.NodeProgress, s starter.NodeSnapshot) string {
	text := ""
	switch n.Phase {
	case workflows.PhaseWaiting, "":
		return "" // a site of a thousand nodes starts with a thousand that wait
	case workflows.PhaseRunning, workflows.PhaseGate:
		if s.Step == "" && n.Phase == workflows.PhaseRunning {
			return ""
		}
		step, waits := doing(n, s)
		if text = step; waits != "" {
			text += ": " + waits
		}
	default:
		text = ended(n)
	}
	// A percentage that counts up is no change worth a line.
	if key := n.Phase + " " + numbers.ReplaceAllString(text, "#"); l.last[n.Node] != key {
		l.last[n.Node] = key
		return text
	}
	return ""
}

var numbers = regexp.MustCompile(`[0-9]+`)

func subject(n workflows.NodeProgress) string {
	if n.Rack == "" {
		return clean(n.Node)
	}
	return clean(n.Rack) + "/" + clean(n.Node)
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
