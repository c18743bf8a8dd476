package progress

import (
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"drydock/starter"
	"drydock/workflows"
)

// Summary writes what became of each node, failures first, and the counts. Times may be nil; width is that of the
// terminal, 0 where there is none.
func Summary(w io.Writer, task starter.Task, times *Times, width int) {
	if task.Result == nil {
		fmt.Fprintf(w, "task %s is %s\n", task.ID, task.State)
		if task.Failure != "" {
			fmt.Fprintf(w, "%s\n", clean(task.Failure))
		}
		return
	}
	r := task.Result
	faults := r.Findings.Errors()
	for _, m := range faults {
		fmt.Fprintln(w, clean(m.String()))
	}
	if n := len(r.Findings) - len(faults); n > 0 {
		fmt.Fprintf(w, "the design has %s: see them with: drydock design validate\n", count(n, "warning"))
	}
	for _, step := range r.Steps {
		line := clean(step.Action) + " " + clean(step.Outcome)
		if step.Outcome == "failed" && len(step.Messages) > 0 {
			line += ": " + clean(strings.Join(step.Messages, "; "))
		}
		fmt.Fprintln(w, line)
	}
	if len(r.Failures)+len(r.Skipped)+len(r.Successes) > 0 {
		fmt.Fprintln(w, nodeTable(r, times, width))
	}
	if r.Message != "" {
		fmt.Fprintln(w, clean(r.Message))
	}
	fmt.Fprintln(w, counts(task))
}

func nodeTable(r *workflows.Result, times *Times, width int) string {
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.Style().Format.Header = text.FormatDefault
	t.Style().Options.SeparateColumns = false
	t.Style().Options.DrawBorder = false
	t.AppendHeader(table.Row{"node", "rack", "outcome", "time", "reason"})
	for _, n := range r.Failures {
		t.AppendRow(table.Row{clean(n.Node), clean(n.Rack), "failed", times.of(n.Node), failureReason(n)})
	}
	for _, n := range r.Skipped {
		t.AppendRow(table.Row{clean(n.Node), clean(n.Rack), "skipped", times.of(n.Node), clean(n.Reason)})
	}
	for _, n := range r.Successes {
		t.AppendRow(table.Row{clean(n.Node), clean(n.Rack), clean(n.Outcome), times.of(n.Node), clean(joined(append([]string{n.Reason}, n.Warnings...)))})
	}
	columns := []table.ColumnConfig{{Name: "time", Align: text.AlignRight, AlignHeader: text.AlignRight}}
	if room := width - widthBefore(r); width > 0 && room >= 20 {
		columns = append(columns, table.ColumnConfig{Name: "reason", WidthMax: room, WidthMaxEnforcer: text.WrapSoft})
	}
	t.SetColumnConfigs(columns)
	t.SuppressTrailingSpaces()
	return t.Render()
}

func failureReason(n workflows.NodeResult) string {
	parts := []string{n.Reason}
	if n.Step != "" && !strings.Contains(n.Reason, n.Step) {
		parts[0] = n.Step + ": " + n.Reason
	}
	if n.LeftAs != "" {
		parts = append(parts, "left as: "+n.LeftAs)
	}
	return clean(joined(append(parts, n.Warnings...)))
}

func joined(parts []string) string {
	var kept []string
	for _, p := range parts {
		if p != "" {
			kept = append(kept, p)
		}
	}
	return strings.Join(kept, "; ")
}

// widthBefore is how many columns stand before the reasons, separators included.
func widthBefore(r *workflows.Result) int {
	name, rack := len("node"), len("rack")
	for _, list := range [][]workflows.NodeResult{r.Failures, r.Skipped, r.Successes} {
		for _, n := range list {
			name, rack = max(name, text.RuneWidthWithoutEscSequences(n.Node)), max(rack, text.RuneWidthWithoutEscSequences(n.Rack))
		}
	}
	return name + rack + len("unsupported") + len("1:00:00") + 10
}

// counts is the last line: how many nodes came to what, and how long it took.
func counts(task starter.Task) string {
	r := task.Result
	line := "task " + task.ID + ": " + strings.ReplaceAll(r.Status, "_", " ")
	if len(r.Successes)+len(r.Failures)+len(r.Skipped) > 0 {
		already := 0
		for _, n := range r.Successes {
			if n.Outcome == "already" {
				already++
			}
		}
		line += fmt.Sprintf(": %s: %d done", count(len(r.Successes)+len(r.Failures)+len(r.Skipped), "node"), len(r.Successes))
		if already > 0 {
			line += fmt.Sprintf(" (%d already)", already)
		}
		line += fmt.Sprintf(", %d failed, %d skipped", len(r.Failures), len(r.Skipped))
	}
	if !task.Closed.IsZero() {
		line += ", in " + Elapsed(task.Closed.Sub(task.Started))
	}
	return line
}
