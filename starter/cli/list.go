package cli

import (
	"fmt"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"drydock/starter"
	"drydock/starter/cli/progress"
	"drydock/workflows"
)

func (c commands) taskList() *cobra.Command {
	var limit int
	cmd := &cobra.Command{
		Use: "list", Short: "List tasks, newest first", Example: "  drydock task list --limit 20 -o json", Args: cobra.NoArgs,
	}
	cmd.Flags().IntVar(&limit, "limit", 50, "at most this many")
	out := formatFlag(cmd, "table", "json", "name")
	cmd.RunE = c.run(func(cmd *cobra.Command, _ []string) error {
		if limit < 1 {
			return usage(fmt.Errorf("--limit must be at least 1"))
		}
		tasks, done, err := c.connect(cmd.Context())
		if err != nil {
			return err
		}
		defer done()
		list, err := tasks.List(cmd.Context(), limit)
		if err != nil {
			return err
		}
		switch out.value {
		case "json":
			if list == nil {
				list = []starter.Task{}
			}
			return printJSON(c.Out, list)
		case "name":
			for _, t := range list {
				fmt.Fprintln(c.Out, t.ID)
			}
			return nil
		}
		c.printList(list)
		return nil
	})
	return cmd
}

func (c commands) printList(list []starter.Task) {
	if len(list) == 0 {
		c.say("no tasks")
		return
	}
	t := plainTable("ID", "KIND", "STATE", "STARTED", "TOOK", "BY", "REASON")
	for _, task := range list {
		end := task.Closed
		if end.IsZero() {
			end = c.Now()
		}
		t.AppendRow(table.Row{task.ID, kindWord(task), state(task), ago(c.Now().Sub(task.Started)),
			progress.Elapsed(end.Sub(task.Started)), task.Request.RequestedBy, task.Request.Reason})
	}
	fmt.Fprintln(c.Out, t.Render())
}

// plainTable has no lines, so that it can be cut and grepped.
func plainTable(header ...any) table.Writer {
	t := table.NewWriter()
	style := table.StyleDefault
	style.Options = table.OptionsNoBordersAndSeparators
	style.Box.PaddingLeft, style.Box.PaddingRight = "", "  "
	style.Format.Header = text.FormatDefault
	t.SetStyle(style)
	t.AppendHeader(header)
	t.SuppressTrailingSpaces()
	return t
}

func kindWord(t starter.Task) string {
	if k, ok := workflows.KindOf(t.Type); ok {
		return k.Word()
	}
	return t.Type
}

// state is the state of a task, and its status where that says more.
func state(t starter.Task) string {
	if t.Result != nil && t.Result.Status != "" && t.Result.Status != workflows.StatusSuccess {
		return string(t.State) + " (" + t.Result.Status + ")"
	}
	return string(t.State)
}

// ago is a time that has passed, as people say it.
func ago(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds ago", max(0, int(d/time.Second)))
	case d < time.Hour:
		return fmt.Sprintf("%dm ago", int(d/time.Minute))
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh ago", int(d/time.Hour))
	}
	return fmt.Sprintf("%dd ago", int(d/(24*time.Hour)))
}
