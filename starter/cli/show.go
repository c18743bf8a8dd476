package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"drydock/starter"
	"drydock/starter/cli/progress"
	"drydock/workflows"
)

// shown is a task with what it is doing, as data.
type shown struct {
	starter.Task
	Progress *workflows.Progress             `json:"progress,omitempty"`
	Nodes    map[string]starter.NodeSnapshot `json:"nodes,omitempty"`
}

func (c commands) taskShow() *cobra.Command {
	cmd := &cobra.Command{
		Use: "show ID", Short: "Show a task: what it was asked, what it does, what it came to",
		Example: "  drydock task show 4f6c0a6e-... -o json", Args: oneID, ValidArgsFunction: c.completeTask,
	}
	out := formatFlag(cmd, "text", "json", "yaml")
	cmd.RunE = c.run(func(cmd *cobra.Command, args []string) error {
		tasks, done, err := c.connect(cmd.Context())
		if err != nil {
			return err
		}
		defer done()
		task, snapshot, err := look(cmd.Context(), tasks, args[0])
		if err != nil {
			return err
		}
		data := shown{Task: task}
		if snapshot != nil {
			data.Progress, data.Nodes = &snapshot.Progress, snapshot.Nodes
		}
		switch out.value {
		case "json":
			return printJSON(c.Out, data)
		case "yaml":
			return printYAML(c.Out, data)
		}
		c.printTask(task, snapshot)
		return nil
	})
	return cmd
}

// look reads a task, and what it does while it runs.
func look(ctx context.Context, tasks starter.Starter, id string) (starter.Task, *starter.Snapshot, error) {
	task, err := tasks.Task(ctx, id)
	if err != nil || task.State != starter.Running {
		return task, nil, err
	}
	s, err := tasks.Snapshot(ctx, id)
	if err != nil {
		return task, nil, err
	}
	if s.Task.ID != "" {
		task = s.Task // it may have ended between the two looks
	}
	return task, &s, nil
}

func (c commands) printTask(task starter.Task, s *starter.Snapshot) {
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(c.Out, "%-10s %s\n", name, value)
		}
	}
	line("task", task.ID)
	line("kind", kindWord(task))
	line("state", state(task))
	line("design", task.Request.DesignRef)
	line("by", task.Request.RequestedBy)
	line("reason", task.Request.Reason)
	line("retry of", task.Request.RetryOf)
	line("started", task.Started.Format(time.RFC3339)+" ("+ago(c.Now().Sub(task.Started))+")")
	if !task.Closed.IsZero() {
		line("closed", task.Closed.Format(time.RFC3339))
	}
	fmt.Fprintln(c.Out)
	width, _, _ := c.Terminal(c.Out)
	if s == nil || task.State != starter.Running {
		progress.Summary(c.Out, task, nil, width)
		return
	}
	for _, text := range progress.Tree(*s, c.Now()) {
		fmt.Fprintln(c.Out, text)
	}
}
