package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"drydock/design/build"
	"drydock/design/verify"
	"drydock/workflows"
)

func (c commands) nodeShow() *cobra.Command {
	var site string
	cmd := &cobra.Command{
		Use: "show NAME", Short: "Show a node: which machine it is, and how it compares with its design",
		Example: "  drydock node show n1\n  drydock node show n1 -o json", Args: oneNode,
	}
	siteFlag(cmd, &site)
	out := formatFlag(cmd, "text", "json", "yaml")
	cmd.RunE = c.run(func(cmd *cobra.Command, args []string) error {
		tasks, done, err := c.connect(cmd.Context())
		if err != nil {
			return err
		}
		defer done()
		known, err := tasks.Node(cmd.Context(), workflows.NodeRef{Site: site, Node: args[0]})
		if err != nil {
			return err
		}
		switch out.value {
		case "json":
			return printJSON(c.Out, known)
		case "yaml":
			return printYAML(c.Out, known)
		}
		c.printNode(known)
		return nil
	})
	return cmd
}

func (c commands) printNode(known workflows.NodeRecord) {
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(c.Out, "%-13s %s\n", name, printable(value))
		}
	}
	seen := func(value string, at time.Time) string {
		if value == "" || at.IsZero() {
			return value
		}
		return value + ", " + ago(c.Now().Sub(at))
	}
	line("node", known.Name)
	line("site", known.Site)
	line("machine", machineWords(known.Identity))
	line("MACs", strings.Join(known.Identity.MACs, " "))
	line("power", seen(known.OOB.Power, known.OOB.ObservedAt))
	line("bootstrapper", seen(string(known.Provisioner.Status), known.Provisioner.ObservedAt))
	line("task", known.Task)
	line("left as", known.LeftAs)
	if known.Verification == nil {
		c.say("the machine was not compared with a design yet: drydock task run verify-nodes --node %s --design ...", printable(known.Name))
		return
	}
	v := *known.Verification
	line("verified", seen(v.Level, v.At))
	fmt.Fprintf(c.Out, "\n%s\n\n%s\n", c.verificationTable(v), verdictCounts(v))
}

// machineWords names a machine by what tells it from all others.
func machineWords(id build.Identity) string {
	var words []string
	for _, w := range []struct{ label, value string }{
		{"", strings.TrimSpace(id.Manufacturer + " " + id.Model)}, {"serial number ", id.Serial}, {"UUID ", id.UUID}, {"BMC ", id.BMCAddress},
	} {
		if w.value != "" {
			words = append(words, w.label+printable(w.value))
		}
	}
	if len(words) == 0 {
		return "not identified yet"
	}
	return strings.Join(words, ", ")
}

var verdictColors = map[string]text.Colors{
	verify.Match:     {text.FgGreen},
	verify.Unknown:   {text.Faint},
	verify.Mismatch:  {text.FgYellow},
	verify.Violation: {text.FgRed, text.Bold},
	verify.Waived:    {text.FgCyan},
}

// verificationTable is designed, found and verdict of every check; what was waived shows what it would be, and why.
func (c commands) verificationTable(v build.Verification) string {
	paint := c.paintData()
	t := plainTable("CHECK", "DESIGNED", "FOUND", "VERDICT")
	for _, r := range v.Rows {
		verdict := r.Verdict
		if r.Waiver != "" {
			verdict = r.Waiver
		}
		t.AppendRow(table.Row{printable(r.Name), orDash(r.Designed), orDash(r.Found), paint.in(verdictColors[r.Verdict], printable(verdict))})
	}
	return t.Render()
}

func orDash(s string) string {
	if s = printable(s); s == "" {
		return "-"
	}
	return s
}

func verdictCounts(v build.Verification) string {
	parts := []string{count(len(v.Rows), "check")}
	for _, verdict := range []string{verify.Match, verify.Unknown, verify.Mismatch, verify.Violation, verify.Waived} {
		if n := len(verify.Having(v, verdict)); n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, verdict))
		}
	}
	return strings.Join(parts, ", ")
}
