package cli

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"drydock/design"
	"drydock/design/ingest"
	"drydock/design/render"
	"drydock/design/validate"
	"drydock/starter/config"
)

func (c commands) design() *cobra.Command {
	return noun("design", "Check and show site designs; needs no running service",
		"  drydock design validate site.yaml",
		c.designValidate(), c.designRender(), c.designExplain(), c.designDiff(), c.designRules(), c.designSchema())
}

func (c commands) designRender() *cobra.Command {
	var nodes []string
	cmd := &cobra.Command{
		Use: "render PATH...", Short: "Print the effective design, inheritance resolved, secrets left out",
		Long: "Print the effective design: as YAML, documents that are a design again, without host profiles; as JSON, one object for tools.\n" +
			"Credentials and the contents of boot actions are left out.",
		Example: "  drydock design render site.yaml --node n1 -o json",
		Args:    cobra.MinimumNArgs(1),
	}
	cmd.Flags().StringSliceVar(&nodes, "node", nil, "only these nodes (`names`)")
	c.completeNode(cmd)
	out := formatFlag(cmd, "yaml", "json")
	cmd.RunE = c.run(func(cmd *cobra.Command, args []string) error {
		result, err := c.validDesign(cmd.Context(), args...)
		if err != nil {
			return err
		}
		for _, name := range nodes {
			if result.Site.Node(name) == nil {
				return &failure{ExitConflict, fmt.Errorf("render node %s: site %s has no node of that name", name, result.Site.Name)}
			}
		}
		if out.value == "json" {
			return render.JSON(result.Site, c.Out, nodes...)
		}
		return render.YAML(result.Site, c.Out, nodes...)
	})
	return cmd
}

// invalidDesign ends a command with all errors of a design.
func invalidDesign(faults design.Messages) error {
	lines := []string{"the design is invalid: " + count(len(faults), "error")}
	for _, m := range faults {
		lines = append(lines, m.String())
	}
	return &failure{ExitInvalidDesign, fmt.Errorf("%s", strings.Join(lines, "\n"))}
}

// validDesign reads a design that has no errors.
func (c commands) validDesign(ctx context.Context, refs ...string) (validate.Result, error) {
	result, err := c.readDesign(ctx, refs...)
	if err != nil {
		return result, err
	}
	if faults := result.Messages.Errors(); len(faults) > 0 {
		return result, invalidDesign(faults)
	}
	return result, nil
}

// readDesign reads and checks a design here, in this process.
func (c commands) readDesign(ctx context.Context, refs ...string) (validate.Result, error) {
	limits, err := c.limits()
	if err != nil {
		return validate.Result{}, err
	}
	sources, err := c.readSources(ctx, limits, refs...)
	if err != nil {
		return validate.Result{}, err
	}
	return validate.LoadWithin(limits.Design(), sources...), nil
}

// readSources reads references in order. Sources are called what the person called them.
func (c commands) readSources(ctx context.Context, limits config.Limits, refs ...string) ([]design.Source, error) {
	reader := ingest.Reader{HTTP: &http.Client{Timeout: time.Minute}, Stdin: c.In, Limit: int64(limits.SourceBytes)}
	var out []design.Source
	for _, ref := range refs {
		full := ref
		if isPath(ref) && !filepath.IsAbs(ref) && c.Dir != "" {
			full = filepath.Join(c.Dir, ref)
		}
		sources, err := reader.Read(ctx, full)
		if err != nil {
			return nil, err
		}
		for _, s := range sources {
			if below, ok := strings.CutPrefix(s.Name, full); ok && full != ref {
				s.Name = filepath.Clean(ref) + below
			}
			out = append(out, s)
		}
	}
	return out, nil
}

// isPath tells a path from a reference.
func isPath(ref string) bool {
	return ref != "-" && !strings.Contains(ref, "://") && !strings.HasPrefix(ref, "design:") && !strings.HasPrefix(ref, "sha256:")
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
