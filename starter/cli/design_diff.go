package cli

import (
	"fmt"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"drydock/design/diff"
)

func (c commands) designDiff() *cobra.Command {
	cmd := &cobra.Command{
		Use: "diff A B", Short: "Compare two designs by what changes on each machine",
		Long: "Compare two designs by what changes on each machine: network, storage, platform, boot actions, tags and\n" +
			"out-of-band control, and whether the node has to be deployed again. A and B are files, directories, URLs or -.",
		Example: "  drydock design diff site.yaml site-next.yaml",
		Args:    cobra.ExactArgs(2),
	}
	out := formatFlag(cmd, "text", "json")
	cmd.RunE = c.run(func(cmd *cobra.Command, args []string) error {
		before, err := c.validDesign(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		after, err := c.validDesign(cmd.Context(), args[1])
		if err != nil {
			return err
		}
		report := diff.Compare(before.Site, after.Site)
		if out.value == "json" {
			return printJSON(c.Out, report)
		}
		c.printDiff(report)
		return nil
	})
	return cmd
}

func (c commands) printDiff(r diff.Report) {
	redeployed := 0
	for _, n := range r.Nodes {
		does := n.Change
		switch {
		case n.Change == diff.Added:
			does = "added, to be deployed"
		case n.Change == diff.Removed:
			does = "removed; the machine stays as it is until destroy-nodes"
		case n.Redeploy:
			does = "changed, needs to be deployed again"
		}
		if n.Redeploy {
			redeployed++
		}
		fmt.Fprintf(c.Out, "node %s: %s\n", printable(n.Name), does)
		c.printChanges(n.Changes)
	}
	if len(r.Site) > 0 {
		fmt.Fprintln(c.Out, "site: changed, takes effect with prepare-site")
		c.printChanges(r.Site)
	}
	if len(r.Nodes)+len(r.Site) == 0 {
		c.say("no machine changes")
		return
	}
	c.say("%s, %d to be deployed", count(len(r.Nodes), "node"), redeployed)
}

func (c commands) printChanges(changes []diff.Change) {
	if len(changes) == 0 {
		return
	}
	t := plainTable("  area", "field", "from", "to", "redeploy")
	for _, change := range changes {
		again := "no"
		if change.Redeploy {
			again = "yes"
		}
		t.AppendRow(table.Row{"  " + change.Area, printable(change.Field), orNone(change.From), orNone(change.To), again})
	}
	fmt.Fprintln(c.Out, t.Render())
}

func orNone(s string) string {
	if s == "" {
		return "(none)"
	}
	return printable(s)
}
