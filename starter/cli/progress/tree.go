package progress

import (
	"fmt"
	"math"
	"sort"
	"strings"
	"time"

	"drydock/starter"
	"drydock/workflows"
)

// tone is how a row of the tree is meant; the terminal shows it as a colour.
type tone int

const (
	plain tone = iota
	strong
	faint
	bad
	alarm
)

// row is one line of the tree.
type row struct {
	text string
	tone tone
}

// Tree is a snapshot as lines, as many as it needs.
func Tree(s starter.Snapshot, now time.Time) []string {
	var lines []string
	for _, r := range tree(s, now, math.MaxInt) {
		lines = append(lines, r.text)
	}
	return lines
}

// tree draws a snapshot as at most height rows. Where there is not enough room, nodes at gates come first, then running
// ones, then failed ones, then racks where nothing happens; what was left out is counted in the last row. Nodes that are
// done or wait for their turn are only counted, in the row of their rack.
func tree(s starter.Snapshot, now time.Time, height int) []row {
	head := heading(s, now)
	room := height - len(head)
	racks := byRack(s.Progress.Nodes)
	if room < 1 || len(racks) == 0 {
		return head[:min(len(head), max(height, 1))]
	}
	if total := wanted(racks); total > room {
		room-- // for the row that counts what was left out
	}
	left := fit(racks, room)
	rows := head
	for _, r := range racks {
		if !r.shown {
			continue
		}
		rows = append(rows, row{"rack " + r.name + "  " + tally(r.nodes), strong})
		for _, n := range r.active {
			if n.shown {
				rows = append(rows, nodeRow(n.NodeProgress, s.Nodes[n.Node], now, r.widest))
			}
		}
	}
	if left != "" {
		rows = append(rows, row{"… " + left, faint})
	}
	return rows
}

func heading(s starter.Snapshot, now time.Time) []row {
	end := now
	if !s.Task.Closed.IsZero() {
		end = s.Task.Closed
	}
	parts := []string{siteName(s)}
	if s.Task.Type != "" {
		parts = append(parts, clean(s.Task.Type))
	}
	if s.Progress.Phase != "" {
		parts = append(parts, clean(s.Progress.Phase))
	}
	rows := []row{{strings.Join(append(parts, Elapsed(end.Sub(s.Task.Started))), " · "), strong}}
	for _, step := range s.Progress.Steps {
		t := faint
		if step.Outcome == "failed" {
			t = bad
		}
		rows = append(rows, row{"  " + strings.TrimSpace(clean(step.Action)+"  "+clean(step.Outcome)), t})
	}
	if len(s.Progress.Nodes) > 0 {
		// The steps of the site are history once nodes are being worked on, unless one went wrong.
		kept := rows[:1]
		for _, r := range rows[1:] {
			if r.tone == bad {
				kept = append(kept, r)
			}
		}
		rows = append(kept, row{"  " + count(len(s.Progress.Nodes), "node") + ": " + tally(s.Progress.Nodes), plain})
	}
	return rows
}

// rack is the nodes of one rack, with those that deserve a row of their own.
type rack struct {
	name   string
	nodes  []workflows.NodeProgress
	active []activeNode
	widest int // longest name of an active node
	shown  bool
}

type activeNode struct {
	workflows.NodeProgress
	shown bool
}

// urgency orders the phases that deserve a row; 0 deserves none.
func urgency(phase string) int {
	switch phase {
	case workflows.PhaseGate:
		return 1
	case workflows.PhaseRunning:
		return 2
	case workflows.PhaseFailed:
		return 3
	}
	return 0
}

func byRack(nodes []workflows.NodeProgress) []*rack {
	var racks []*rack
	index := map[string]*rack{}
	for _, n := range nodes {
		name := clean(n.Rack)
		if name == "" {
			name = "(none)"
		}
		r := index[name]
		if r == nil {
			r = &rack{name: name}
			index[name] = r
			racks = append(racks, r)
		}
		r.nodes = append(r.nodes, n)
		if urgency(n.Phase) > 0 {
			r.active = append(r.active, activeNode{NodeProgress: n})
			r.widest = max(r.widest, len([]rune(clean(n.Node))))
		}
	}
	sort.SliceStable(racks, func(i, j int) bool { return racks[i].name < racks[j].name })
	for _, r := range racks {
		sort.SliceStable(r.active, func(i, j int) bool {
			if a, b := urgency(r.active[i].Phase), urgency(r.active[j].Phase); a != b {
				return a < b
			}
			return r.active[i].Node < r.active[j].Node
		})
	}
	return racks
}

func wanted(racks []*rack) int {
	n := len(racks)
	for _, r := range racks {
		n += len(r.active)
	}
	return n
}

// fit marks what is shown in the given number of rows, and says what is not.
func fit(racks []*rack, room int) (left string) {
	hiddenNodes, hiddenRacks := 0, 0
	for wish := 1; wish <= 3; wish++ {
		for _, r := range racks {
			for i := range r.active {
				if urgency(r.active[i].Phase) != wish {
					continue
				}
				cost := 1
				if !r.shown {
					cost = 2 // a node never stands without its rack
				}
				if cost > room {
					hiddenNodes++
					continue
				}
				room -= cost
				r.shown, r.active[i].shown = true, true
			}
		}
	}
	for _, r := range racks {
		switch {
		case r.shown:
		case room > 0:
			r.shown = true
			room--
		default:
			hiddenRacks++
		}
	}
	var parts []string
	if hiddenNodes > 0 {
		parts = append(parts, count(hiddenNodes, "more node"))
	}
	if hiddenRacks > 0 {
		parts = append(parts, count(hiddenRacks, "more rack"))
	}
	return strings.Join(parts, ", ")
}

func nodeRow(n workflows.NodeProgress, s starter.NodeSnapshot, now time.Time, widest int) row {
	name := fmt.Sprintf("%-*s", widest, clean(n.Node))
	if n.Phase == workflows.PhaseFailed {
		return row{"  ✗ " + name + "  " + ended(n), bad}
	}
	step, waits := doing(n, s)
	if s.Attempt > 1 && waits != "" {
		waits += fmt.Sprintf(" (attempt %d)", s.Attempt)
	}
	since := ""
	if !s.Since.IsZero() {
		since = Elapsed(now.Sub(s.Since))
	}
	text := strings.TrimRight(fmt.Sprintf("  %s  %-22s %5s  %s", name, step, since, waits), " ")
	if n.Phase == workflows.PhaseGate || s.Gate {
		return row{"  ! " + text[2:], alarm}
	}
	return row{"  ▸ " + text[2:], plain}
}

// tally counts nodes by phase, in words.
func tally(nodes []workflows.NodeProgress) string {
	counts := map[string]int{}
	for _, n := range nodes {
		counts[n.Phase]++
	}
	parts := []string{fmt.Sprintf("%d of %d done", counts[workflows.PhaseDone], len(nodes))}
	for _, p := range []struct{ phase, word string }{
		{workflows.PhaseRunning, "running"},
		{workflows.PhaseGate, "waiting for a person"},
		{workflows.PhaseFailed, "failed"},
		{workflows.PhaseSkipped, "skipped"},
		{workflows.PhaseWaiting, "waiting"},
	} {
		if n := counts[p.phase]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, p.word))
		}
	}
	return strings.Join(parts, ", ")
}
