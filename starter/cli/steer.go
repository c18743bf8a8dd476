package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"drydock/workflows"
)

func (c commands) taskCancel() *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use: "cancel ID", Short: "Ask a task to stop; it cleans up before it ends",
		Example: "  drydock task cancel 4f6c0a6e-... --reason \"wrong rack\"", Args: oneID, ValidArgsFunction: c.completeTask,
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why, for the record")
	cmd.RunE = c.run(func(cmd *cobra.Command, args []string) error {
		tasks, done, err := c.connect(cmd.Context())
		if err != nil {
			return err
		}
		defer done()
		if err := tasks.Cancel(cmd.Context(), args[0], workflows.Steer{By: c.User, Reason: reason}); err != nil {
			return err
		}
		c.say("asked task %s to cancel; it cleans up before it ends: drydock task watch %s", args[0], args[0])
		return nil
	})
	return cmd
}

// steerFlags are the flags of commands that steer nodes of a task.
func (c commands) steerFlags(cmd *cobra.Command, nodesHelp string) *workflows.Steer {
	s := &workflows.Steer{By: c.User}
	cmd.Flags().StringSliceVar(&s.Nodes, "node", nil, nodesHelp)
	cmd.Flags().StringVar(&s.Reason, "reason", "", "why, for the record")
	return s
}

func (c commands) taskRetry() *cobra.Command {
	cmd := &cobra.Command{
		Use: "retry ID", Short: "Try failed nodes again",
		Long: "Try failed nodes again: at their gates while the task runs, else by a new task for the failed nodes of the old\n" +
			"one, whose progress is shown.",
		Example: "  drydock task retry 4f6c0a6e-... --node n3 --reason \"cable replaced\"",
		Args:    oneID, ValidArgsFunction: c.completeTask,
	}
	s := c.steerFlags(cmd, "only nodes of these `names`; default: all that failed")
	w := waitFlags(cmd)
	cmd.RunE = c.run(func(cmd *cobra.Command, args []string) error {
		tasks, done, err := c.connect(cmd.Context())
		if err != nil {
			return err
		}
		defer done()
		task, err := tasks.Retry(cmd.Context(), args[0], *s)
		if err != nil {
			return err
		}
		if task.ID != args[0] {
			return c.started(cmd.Context(), tasks, task, w)
		}
		c.say("task %s tries again; look with: drydock task watch %s", task.ID, task.ID)
		if w.out.value == "json" {
			return printJSON(c.Out, task)
		}
		_, err = fmt.Fprintln(c.Out, task.ID)
		return err
	})
	return cmd
}

func (c commands) taskSkip() *cobra.Command {
	cmd := &cobra.Command{
		Use: "skip ID", Short: "Let nodes that wait for a person go on without the failed step",
		Example: "  drydock task skip 4f6c0a6e-... --node n3 --reason \"checked by hand\"",
		Args:    oneID, ValidArgsFunction: c.completeTask,
	}
	s := c.steerFlags(cmd, "only nodes of these `names`; default: all that wait for a person")
	cmd.RunE = c.run(func(cmd *cobra.Command, args []string) error {
		tasks, done, err := c.connect(cmd.Context())
		if err != nil {
			return err
		}
		defer done()
		if err := tasks.Skip(cmd.Context(), args[0], *s); err != nil {
			return err
		}
		c.say("task %s goes on without the failed step; look with: drydock task watch %s", args[0], args[0])
		return nil
	})
	return cmd
}
