package cli

import (
	"context"

	"github.com/spf13/cobra"

	"drydock/design"
	"drydock/design/validate"
)

// checked is the answer of "design validate" as data.
type checked struct {
	Valid     bool            `json:"valid"`
	Site      string          `json:"site"`
	Digest    string          `json:"digest"`
	Documents map[string]int  `json:"documents"` // how many of each kind
	Messages  design.Messages `json:"messages"`
}

func (c commands) designValidate() *cobra.Command {
	var strict, site bool
	cmd := &cobra.Command{
		Use: "validate PATH...", Short: "Check a design; every mistake with file, line and remedy",
		Long: "Check a design: files, directories, URLs, or - for standard input, taken together as one design.\n" +
			"Ends with 4 when there is an error, with --strict also when there is a warning: then the JSON says, too, that the design is not valid.",
		Example: "  drydock design validate site.yaml\n  drydock design validate site.yaml --site --config /etc/drydock.yaml\n  drydock design validate networks/ nodes/ -o json --strict",
		Args:    cobra.MinimumNArgs(1),
	}
	cmd.Flags().BoolVar(&strict, "strict", false, "warnings count as errors")
	cmd.Flags().BoolVar(&site, "site", false, "ask the bootstrapper that the configuration names for images and kernels, too")
	out := formatFlag(cmd, "text", "json")
	cmd.RunE = c.run(func(cmd *cobra.Command, args []string) error {
		limits, err := c.limits()
		if err != nil {
			return err
		}
		sources, err := c.readSources(cmd.Context(), limits, args...)
		if err != nil {
			return err
		}
		result := validate.LoadWithin(limits.Design(), sources...)
		if site {
			if result, err = c.atSite(cmd.Context(), result); err != nil {
				return err
			}
		}
		valid := result.Messages.Valid() && !(strict && levels(result.Messages)[design.LevelWarning] > 0)
		if out.value == "json" {
			err = printJSON(c.Out, checked{
				Valid: valid, Site: result.Site.Name, Digest: result.Site.Digest,
				Documents: result.Documents.Counts(), Messages: withDocuments(result.Messages),
			})
		} else {
			err = c.printChecked(result, sources, valid)
		}
		if err != nil {
			return err
		}
		if !valid {
			return ended(ExitInvalidDesign)
		}
		return nil
	})
	return cmd
}

// atSite compares a design with the bootstrapper, as a worker would reach it.
func (c commands) atSite(ctx context.Context, result validate.Result) (validate.Result, error) {
	cfg, err := c.load()
	if err != nil {
		return result, err
	}
	if err := cfg.CheckWorker(); err != nil {
		return result, err
	}
	images, err := c.Images(ctx, cfg, result.Site)
	if err != nil {
		return result, err
	}
	return result.AtSite(validate.Images{Missing: images.Missing, Available: images.Available}), nil
}

// withDocuments gives every message a list of documents, so that readers of the JSON need not ask whether there is one.
func withDocuments(messages design.Messages) design.Messages {
	out := make(design.Messages, len(messages))
	for i, m := range messages {
		if m.Documents == nil {
			m.Documents = []design.DocumentRef{}
		}
		out[i] = m
	}
	return out
}

func levels(messages design.Messages) map[design.Level]int {
	out := make(map[design.Level]int)
	for _, m := range messages {
		out[m.Level]++
	}
	return out
}
