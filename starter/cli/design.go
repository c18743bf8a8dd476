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
)

func (c commands) design() *cobra.Command {
	return noun("design", "Check and show site designs; needs no running service",
		"  drydock design validate site.yaml", c.designValidate(), c.designRender())
}

// checked is the answer of "design validate" as data.
type checked struct {
	Site     string          `json:"site"`
	Digest   string          `json:"digest"`
	Valid    bool            `json:"valid"`
	Nodes    int             `json:"nodes"`
	Errors   int             `json:"errors"`
	Warnings int             `json:"warnings"`
	Messages design.Messages `json:"messages"`
}

func (c commands) designValidate() *cobra.Command {
	var strict bool
	cmd := &cobra.Command{
		Use: "validate PATH...", Short: "Check a design; every mistake with file and line",
		Long: "Check a design: files, directories, URLs, or - for standard input, taken together as one design.\n" +
			"Ends with 4 when there is an error, with --strict also when there is a warning.",
		Example: "  drydock design validate site.yaml\n  drydock design validate networks/ nodes/ -o json --strict",
		Args:    cobra.MinimumNArgs(1),
	}
	cmd.Flags().BoolVar(&strict, "strict", false, "warnings count as errors")
	out := formatFlag(cmd, "text", "json")
	cmd.RunE = c.run(func(cmd *cobra.Command, args []string) error {
		result, err := c.readDesign(cmd.Context(), args...)
		if err != nil {
			return err
		}
		answer := checked{Site: result.Site.Name, Digest: result.Site.Digest, Valid: result.Messages.Valid(),
			Nodes: len(result.Site.Nodes), Messages: design.Messages{}}
		for _, m := range result.Messages {
			switch m.Level {
			case design.LevelError:
				answer.Errors++
			case design.LevelWarning:
				answer.Warnings++
			case design.LevelInfo:
				continue // rules that found nothing
			}
			answer.Messages = append(answer.Messages, m)
		}
		if out.value == "json" {
			err = printJSON(c.Out, answer)
		} else {
			err = c.printChecked(answer)
		}
		if err != nil {
			return err
		}
		if !answer.Valid || strict && answer.Warnings > 0 {
			return ended(ExitInvalidDesign)
		}
		return nil
	})
	return cmd
}

func (c commands) printChecked(answer checked) error {
	for _, m := range answer.Messages {
		if _, err := fmt.Fprintln(c.Out, m.String()); err != nil {
			return err
		}
	}
	verdict := "valid"
	if !answer.Valid {
		verdict = "invalid"
	}
	c.say("site %s is %s: %s, %s, %s", answer.Site, verdict,
		count(answer.Nodes, "node"), count(answer.Errors, "error"), count(answer.Warnings, "warning"))
	return nil
}

func (c commands) designRender() *cobra.Command {
	var nodes []string
	cmd := &cobra.Command{
		Use: "render PATH...", Short: "Print the effective design, inheritance resolved, secrets left out",
		Example: "  drydock design render site.yaml --node n1 -o json",
		Args:    cobra.MinimumNArgs(1),
	}
	cmd.Flags().StringSliceVar(&nodes, "node", nil, "only these nodes (`names`)")
	out := formatFlag(cmd, "yaml", "json")
	cmd.RunE = c.run(func(cmd *cobra.Command, args []string) error {
		result, err := c.readDesign(cmd.Context(), args...)
		if err != nil {
			return err
		}
		if faults := result.Messages.Errors(); len(faults) > 0 {
			return invalidDesign(faults)
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

// readDesign reads and checks a design here, in this process.
func (c commands) readDesign(ctx context.Context, refs ...string) (validate.Result, error) {
	resolved := make([]string, 0, len(refs))
	for _, ref := range refs {
		if isPath(ref) && !filepath.IsAbs(ref) && c.Dir != "" {
			ref = filepath.Join(c.Dir, ref)
		}
		resolved = append(resolved, ref)
	}
	reader := ingest.Reader{HTTP: &http.Client{Timeout: time.Minute}, Stdin: c.In}
	sources, err := reader.Read(ctx, resolved...)
	if err != nil {
		return validate.Result{}, err
	}
	return validate.Load(sources...), nil
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
