package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"drydock/design"
	"drydock/design/explain"
)

func (c commands) designExplain() *cobra.Command {
	var node string
	cmd := &cobra.Command{
		Use: "explain PATH... --node NAME FIELD", Short: "Show where a value of a node comes from, and what it overrode",
		Long: "Show a value of a node, and the documents that say something of it, the nearest first.\n" +
			"A field is written as messages write it: platform.image, interfaces.bond0.networks[0],\n" +
			`storage.physical_devices.sda.partitions[root].size, platform.kernel_params["a.b"].`,
		Example: "  drydock design explain site.yaml --node n1 platform.image",
		Args:    cobra.MinimumNArgs(2),
	}
	cmd.Flags().StringVar(&node, "node", "", "the node (`name`)")
	_ = cmd.MarkFlagRequired("node")
	c.completeNode(cmd)
	out := formatFlag(cmd, "text", "json")
	cmd.RunE = c.run(func(cmd *cobra.Command, args []string) error {
		paths, field := args[:len(args)-1], args[len(args)-1]
		result, err := c.readDesign(cmd.Context(), paths...)
		if err != nil {
			return err
		}
		if n := len(result.Messages.Errors()); n > 0 {
			c.say("the design has %s: see them with: drydock design validate", count(n, "error"))
		}
		found, err := explain.Node(result.Documents, result.Site, node, field)
		var missing *explain.NotFoundError
		switch {
		case errors.As(err, &missing):
			return &failure{ExitConflict, err}
		case err != nil:
			return usage(err)
		case out.value == "json":
			return printJSON(c.Out, found)
		}
		c.printExplanation(found)
		return nil
	})
	return cmd
}

// completeNode offers the nodes of the design that the paths so far are.
func (c commands) completeNode(cmd *cobra.Command) {
	_ = cmd.RegisterFlagCompletionFunc("node", func(cmd *cobra.Command, paths []string, _ string) ([]string, cobra.ShellCompDirective) {
		result, err := c.readDesign(cmd.Context(), paths...)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		names := make([]string, 0, len(result.Site.Nodes))
		for _, n := range result.Site.Nodes {
			names = append(names, n.Name)
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	})
}

func (c commands) printExplanation(e explain.Explanation) {
	fmt.Fprintf(c.Out, "%s of node %s: %s\n\n", e.Field, e.Node, shownValue(e.Value, "removed"))
	t := plainTable("document", "at", "effect", "value", "instead of")
	for _, s := range e.Chain {
		overrode := ""
		if s.Overrode != nil {
			overrode = shownValue(s.Overrode.Value, "a removal") + " of " + documentName(s.Overrode.Document)
		}
		t.AppendRow(table.Row{documentName(s.Document), place(s.Origin), s.Effect, shownValue(s.Value, ""), overrode})
	}
	fmt.Fprintln(c.Out, t.Render())
	if len(e.Parts) == 0 {
		return
	}
	fmt.Fprintln(c.Out)
	t = plainTable("part", "value", "document", "at")
	for _, p := range e.Parts {
		t.AppendRow(table.Row{strings.TrimPrefix(p.Path, "data."), shownValue(p.Value, ""), documentName(p.Document), place(p)})
	}
	fmt.Fprintln(c.Out, t.Render())
}

func documentName(ref design.DocumentRef) string {
	parts := strings.Split(ref.Schema, "/")
	return printable(parts[min(1, len(parts)-1)] + " " + ref.Name)
}

func place(o explain.Origin) string { return fmt.Sprintf("%s:%d", printable(o.File), o.Line) }

// shownValue is a value on one line: text as it is, everything else as JSON.
func shownValue(v any, none string) string {
	switch x := v.(type) {
	case nil:
		return none
	case string:
		return printable(x)
	}
	data, err := json.Marshal(v)
	if err != nil {
		return "(" + err.Error() + ")"
	}
	return printable(string(data))
}
