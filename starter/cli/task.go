package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"drydock/starter"
	"drydock/workflows"
)

func (c commands) task() *cobra.Command {
	return noun("task", "Run, watch and steer tasks", "  drydock task run deploy-nodes --design site.yaml --rack r1",
		c.taskRun(), c.taskPlan(), c.taskList(), c.taskShow(), c.taskWatch(),
		c.taskCancel(), c.taskRetry(), c.taskSkip())
}

// connect reads the configuration and connects to Temporal.
func (c commands) connect(ctx context.Context) (starter.Starter, func(), error) {
	cfg, err := c.load()
	if err != nil {
		return nil, nil, err
	}
	return c.Connect(ctx, cfg, c.quiet())
}

// kindsHelp lists the kinds of tasks.
func kindsHelp() string {
	var b strings.Builder
	b.WriteString("Kinds of tasks:\n")
	for _, k := range workflows.Kinds() {
		fmt.Fprintf(&b, "  %-16s %s\n", k.Word(), k.About)
	}
	return strings.TrimRight(b.String(), "\n")
}

// oneKind is an argument list of one kind of task.
func oneKind(cmd *cobra.Command, args []string) error {
	if err := cobra.ExactArgs(1)(cmd, args); err != nil {
		return fmt.Errorf("say which kind of task\n%s", kindsHelp())
	}
	if _, ok := workflows.KindOf(args[0]); !ok {
		return fmt.Errorf("there is no kind of task %q\n%s", args[0], kindsHelp())
	}
	return nil
}

func (c commands) taskRun() *cobra.Command {
	cmd := &cobra.Command{
		Use: "run KIND --design REF", Short: "Start a task, show its progress and wait for its end",
		Long: "Start a task, show its progress and wait for its end. Ctrl-C detaches: the task goes on.\n" +
			"A second Ctrl-C asks the task to cancel.\n\n" + kindsHelp(),
		Example: "  drydock task run deploy-nodes --design site.yaml --rack r1\n" +
			"  drydock task run deploy-site --design site.yaml --all --detach",
		Args: oneKind, ValidArgsFunction: completeKind,
	}
	s := c.selectionFlags(cmd)
	s.policyFlags(cmd)
	w := waitFlags(cmd)
	cmd.RunE = c.run(func(cmd *cobra.Command, args []string) error {
		kind, _ := workflows.KindOf(args[0])
		request, err := s.request(c.App, kind)
		if err != nil {
			return err
		}
		tasks, done, err := c.connect(cmd.Context())
		if err != nil {
			return err
		}
		defer done()
		task, err := tasks.Start(cmd.Context(), kind, request)
		if err != nil {
			return err
		}
		return c.started(cmd.Context(), tasks, task, w)
	})
	return cmd
}

// waiting is the flags of commands that wait for a task.
type waiting struct {
	detach  bool
	timeout time.Duration
	out     *format
}

func waitFlags(cmd *cobra.Command) *waiting {
	w := &waiting{}
	cmd.Flags().BoolVar(&w.detach, "detach", false, "print the ID of the task and don't wait")
	cmd.Flags().DurationVar(&w.timeout, "timeout", 0, "stop waiting after this `time`, such as 90m; the task goes on")
	w.out = formatFlag(cmd, "text", "json")
	return w
}

// started says that a task was started, and waits for it unless told not to.
func (c commands) started(ctx context.Context, tasks starter.Starter, task starter.Task, w *waiting) error {
	if !w.detach {
		c.say("task %s started", task.ID)
		return c.follow(ctx, tasks, task.ID, w)
	}
	c.say("the task runs; look with: drydock task watch %s", task.ID)
	if w.out.value == "json" {
		return printJSON(c.Out, task)
	}
	_, err := fmt.Fprintln(c.Out, task.ID)
	return err
}

func (c commands) taskWatch() *cobra.Command {
	cmd := &cobra.Command{
		Use: "watch ID", Short: "Show the progress of a task until its end",
		Example: "  drydock task watch 4f6c0a6e-...", Args: oneID, ValidArgsFunction: c.completeTask,
	}
	w := &waiting{}
	cmd.Flags().DurationVar(&w.timeout, "timeout", 0, "stop waiting after this `time`; the task goes on")
	w.out = formatFlag(cmd, "text", "json")
	cmd.RunE = c.run(func(cmd *cobra.Command, args []string) error {
		tasks, done, err := c.connect(cmd.Context())
		if err != nil {
			return err
		}
		defer done()
		return c.follow(cmd.Context(), tasks, args[0], w)
	})
	return cmd
}

func oneID(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("%s takes the ID of one task; list them with: drydock task list", cmd.CommandPath())
	}
	return nil
}
