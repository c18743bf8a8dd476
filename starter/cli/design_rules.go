package cli

import (
	"fmt"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"drydock/design"
	"drydock/design/schema"
	"drydock/design/validate"
)

func (c commands) designRules() *cobra.Command {
	cmd := &cobra.Command{
		Use: "rules", Short: "List every rule that designs are checked by, and why",
		Example: "  drydock design rules -o markdown > docs/design/rules.md",
		Args:    cobra.NoArgs,
	}
	out := formatFlag(cmd, "table", "json", "markdown")
	cmd.RunE = c.run(func(*cobra.Command, []string) error {
		entries := validate.Catalog()
		switch out.value {
		case "json":
			return printJSON(c.Out, entries)
		case "markdown":
			_, err := fmt.Fprint(c.Out, validate.Markdown(entries))
			return err
		}
		t := plainTable("code", "rule", "level", "why")
		for _, e := range entries {
			t.AppendRow(table.Row{e.Code, e.Slug, e.Level, e.Why})
		}
		_, err := fmt.Fprintln(c.Out, t.Render())
		return err
	})
	return cmd
}

func (c commands) designSchema() *cobra.Command {
	return &cobra.Command{
		Use: "schema KIND", Short: "Print the JSON Schema (2020-12) of a kind of document, for editors",
		Long: "Print the JSON Schema (2020-12) of a kind of document, for editors. It knows the fields and their types;\n" +
			"what needs other documents, such as a reference, is checked by: drydock design validate\n\n" +
			"Kinds: " + strings.Join(design.Kinds(), ", "),
		Example:   "  drydock design schema BaremetalNode > node.schema.json",
		Args:      cobra.ExactArgs(1),
		ValidArgs: design.Kinds(),
		RunE: c.run(func(_ *cobra.Command, args []string) error {
			text, err := schema.Of(schema.Kind(args[0]))
			if err != nil {
				return usage(err)
			}
			_, err = c.Out.Write(text)
			return err
		}),
	}
}
