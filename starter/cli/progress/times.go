package progress

import (
	"time"

	"drydock/starter"
	"drydock/workflows"
)

// Times observes in snapshots how long nodes took, as exactly as the snapshots follow each other. The zero value is
// ready; a nil one knows nothing.
type Times struct {
	nodes map[string]*span
}

type span struct {
	from, to time.Time
	over     bool
}

// Observe takes note of a snapshot.
func (t *Times) Observe(s starter.Snapshot) {
	if t.nodes == nil {
		t.nodes = map[string]*span{}
	}
	for _, n := range s.Progress.Nodes {
		busy := n.Phase == workflows.PhaseRunning || n.Phase == workflows.PhaseGate
		seen := t.nodes[n.Node]
		switch {
		case seen == nil && busy:
			t.nodes[n.Node] = &span{from: s.At, to: s.At}
		case seen == nil, seen.over:
			// A node that is over at first sight was not watched: nobody knows how long it took.
		default:
			seen.to, seen.over = s.At, !busy && n.Phase != workflows.PhaseWaiting
		}
	}
}

// of is how long a node took, or "" when that was not observed.
func (t *Times) of(node string) string {
	if t == nil || t.nodes[node] == nil {
		return ""
	}
	return Elapsed(t.nodes[node].to.Sub(t.nodes[node].from))
}
