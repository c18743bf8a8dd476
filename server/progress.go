package server

import (
	"maps"
	"slices"
	"time"

	"drydock/starter"
	"drydock/workflows"
)

// wireProgress is where a running task is: an addition to the original's format, so its times are RFC 3339.
type wireProgress struct {
	At    time.Time              `json:"at"`
	Phase string                 `json:"phase"`
	Steps []workflows.StepResult `json:"steps,omitempty"` // of the site
	Nodes []wireNodeProgress     `json:"nodes"`
}

// wireNodeProgress is one node: what it does, since when, and why it waits.
type wireNodeProgress struct {
	workflows.NodeProgress
	*starter.NodeSnapshot // nil while nothing runs for the node
}

func progressToWire(s starter.Snapshot) *wireProgress {
	w := &wireProgress{At: s.At.UTC(), Phase: s.Progress.Phase, Steps: s.Progress.Steps, Nodes: []wireNodeProgress{}}
	running := maps.Clone(s.Nodes)
	for _, n := range s.Progress.Nodes {
		node := wireNodeProgress{NodeProgress: n}
		if now, ok := running[n.Node]; ok {
			node.NodeSnapshot = &now
			delete(running, n.Node)
		}
		w.Nodes = append(w.Nodes, node)
	}
	// Nodes that began between the two looks that make a snapshot.
	for _, name := range slices.Sorted(maps.Keys(running)) {
		now := running[name]
		w.Nodes = append(w.Nodes, wireNodeProgress{NodeProgress: workflows.NodeProgress{Node: name, Phase: workflows.PhaseRunning}, NodeSnapshot: &now})
	}
	return w
}
