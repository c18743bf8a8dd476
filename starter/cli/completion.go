package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"drydock/design"
	"drydock/workflows"
)

// completionTime is how long a shell may be kept waiting for names.
const completionTime = 2 * time.Second

func completeKind(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var words []string
	for _, k := range workflows.Kinds() {
		words = append(words, cobra.CompletionWithDesc(k.Word(), k.About))
	}
	return words, cobra.ShellCompDirectiveNoFileComp
}

// completeTask offers the newest tasks.
func (c commands) completeTask(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), completionTime)
	defer cancel()
	tasks, done, err := c.connect(ctx)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	defer done()
	list, _ := tasks.List(ctx, 20)
	var ids []string
	for _, t := range list {
		ids = append(ids, cobra.CompletionWithDesc(t.ID, kindWord(t)+", "+string(t.State)))
	}
	return ids, cobra.ShellCompDirectiveNoFileComp
}

// completeFromDesign offers names of a design that is a local file.
func (c commands) completeFromDesign(s *selection, names func(*design.Site) []string) cobra.CompletionFunc {
	return func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		if s.design == "" || !isPath(s.design) {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		result, err := c.readDesign(cmd.Context(), s.design)
		if err != nil || result.Site == nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return names(result.Site), cobra.ShellCompDirectiveNoFileComp
	}
}
