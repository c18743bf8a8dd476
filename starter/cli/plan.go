package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"drydock/starter"
	"drydock/workflows"
	"drydock/workflows/plan"
)

func (c commands) taskPlan() *cobra.Command {
	var detailed bool
	timeout := 5 * time.Minute
	cmd := &cobra.Command{
		Use: "plan KIND --design REF", Short: "Print what a task would do, without touching anything",
		Long: "Print what a task would do, without touching anything. Steps are marked with what they do to the machine:\n" +
			"none, port (the switch port changes), reboot, wipe.\n\n" + kindsHelp(),
		Example: "  drydock task plan deploy-nodes --design site.yaml --rack r1 --detailed-exitcode",
		Args:    oneKind, ValidArgsFunction: completeKind,
	}
	s := c.selectionFlags(cmd)
	cmd.Flags().BoolVar(&detailed, "detailed-exitcode", false, "end with 10 when there is something to do")
	cmd.Flags().DurationVar(&timeout, "timeout", timeout, "stop waiting after this `time`")
	out := formatFlag(cmd, "text", "json")
	cmd.RunE = c.run(func(cmd *cobra.Command, args []string) error {
		kind, _ := workflows.KindOf(args[0])
		request, err := s.request(c.App, kind)
		if err != nil {
			return err
		}
		tasks, done, err := c.connect(cmd.Context())
		if err != nil {
			return err
		}
		defer done()
		p, err := c.waitPlan(cmd.Context(), tasks, kind, request, timeout)
		if err != nil {
			return err
		}
		if out.value == "json" {
			err = printJSON(c.Out, p)
		} else {
			_, err = fmt.Fprint(c.Out, planText(p))
		}
		if err == nil && detailed && hasChanges(kind, p) {
			return ended(ExitChanges)
		}
		return err
	})
	return cmd
}

func (c commands) waitPlan(ctx context.Context, tasks starter.Starter, kind workflows.Kind, request workflows.Request, timeout time.Duration) (starter.Plan, error) {
	bounded, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	type answer struct {
		plan starter.Plan
		err  error
	}
	answered := make(chan answer, 1)
	go func() {
		p, err := tasks.Plan(bounded, kind, request)
		answered <- answer{p, err}
	}()
	select {
	case a := <-answered:
		if a.err != nil && errors.Is(bounded.Err(), context.DeadlineExceeded) {
			return a.plan, &failure{ExitTimeout, fmt.Errorf("plan %s: no answer after %s: see that a worker runs, or give a longer --timeout",
				kind.Word(), timeout)}
		}
		return a.plan, a.err
	case <-c.Interrupts:
		return starter.Plan{}, &failure{ExitInterrupted, errors.New("interrupted; a plan touches nothing")}
	}
}

// hasChanges reports whether a task would do anything: steps of a node that is not already as it should be, or of a site.
func hasChanges(kind workflows.Kind, p starter.Plan) bool {
	for _, n := range p.Nodes {
		if n.Refused == nil && n.Already == "" && len(n.Steps) > 0 && n.Operation != plan.Verify {
			return true
		}
	}
	return !kind.PerNode && kind.Type == workflows.PrepareSite.Type && len(p.Steps) > 0
}

func planText(p starter.Plan) string {
	var b strings.Builder
	fmt.Fprintf(&b, "site %s, design %s\n", p.Site, p.Design)
	if len(p.Steps) > 0 {
		b.WriteString("\nsite\n")
		stepLines(&b, p.Steps)
	}
	already, refused, work := 0, 0, 0
	effects := map[plan.Effect]int{}
	for _, n := range p.Nodes {
		fmt.Fprintf(&b, "\nnode %s", n.Node)
		if n.Rack != "" {
			fmt.Fprintf(&b, " (rack %s)", n.Rack)
		}
		if n.Observed != "" {
			fmt.Fprintf(&b, ": %s", n.Observed)
		}
		b.WriteByte('\n')
		switch {
		case n.Refused != nil:
			refused++
			fmt.Fprintf(&b, "  refused: %s: %s\n", n.Refused.Class, n.Refused.Reason)
			if n.Refused.Advice != "" {
				fmt.Fprintf(&b, "  what to do: %s\n", n.Refused.Advice)
			}
			continue
		case n.Already != "":
			already++
			fmt.Fprintf(&b, "  already: %s\n", n.Already)
		default:
			work++
		}
		stepLines(&b, n.Steps)
		for _, left := range n.LeftOut {
			fmt.Fprintf(&b, "  left out: %s\n", left)
		}
		for e, k := range n.Effects() {
			effects[e] += k
		}
	}
	if len(p.Nodes) > 0 {
		fmt.Fprintf(&b, "\n%s: %d to work on, %d already, %d refused\n", count(len(p.Nodes), "node"), work, already, refused)
		fmt.Fprintf(&b, "steps: %d none, %d port, %d reboot, %d wipe\n",
			effects[plan.EffectNone], effects[plan.EffectPort], effects[plan.EffectReboot], effects[plan.EffectWipe])
	}
	return b.String()
}

func stepLines(b *strings.Builder, steps []plan.Step) {
	for _, s := range steps {
		line := fmt.Sprintf("  %-8s %-28s %s", "["+string(s.Effect)+"]", s.Action, s.Reason)
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
}
