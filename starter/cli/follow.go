package cli

import (
	"context"
	"errors"
	"time"

	"drydock/starter"
	"drydock/starter/cli/progress"
	"drydock/workflows"
)

// How often progress is looked at.
const (
	liveInterval = 500 * time.Millisecond
	lineInterval = time.Second
)

// follow shows the progress of a task until it ends, the time is over, or a person had enough. The progress is talk; what
// the task came to is data.
func (c commands) follow(ctx context.Context, tasks starter.Starter, id string, w *waiting) error {
	watching, stop := context.WithCancel(ctx)
	defer stop()
	if w.timeout > 0 {
		watching, stop = context.WithTimeout(watching, w.timeout)
		defer stop()
	}
	type end struct {
		task  starter.Task
		times *progress.Times
		err   error
	}
	ended := make(chan end, 1)
	go func() {
		task, times, err := c.watch(watching, tasks, id)
		ended <- end{task, times, err}
	}()

	var e end
	interrupted := false
	select {
	case e = <-ended:
	case <-c.Interrupts:
		interrupted = true
		stop()
		e = <-ended
	}
	switch {
	case e.err == nil: // also when the interrupt came just too late
		return c.printEnd(e.task, e.times, w.out)
	case interrupted:
		return c.detach(ctx, tasks, id)
	case isNotFound(e.err):
		return e.err
	case w.timeout > 0 && errors.Is(watching.Err(), context.DeadlineExceeded):
		return &failure{ExitTimeout, errors.New("waited " + w.timeout.String() + " for task " + id +
			", which still runs; look again with: drydock task watch " + id)}
	}
	c.say("lost sight of task %s, which goes on without us; look again with: drydock task watch %s", id, id)
	return e.err
}

func isNotFound(err error) bool {
	var e *starter.Error
	return errors.As(err, &e) && e.Kind == starter.NotFound
}

// watch shows the progress of a task until it ends or the context does.
func (c commands) watch(ctx context.Context, tasks starter.Starter, id string) (starter.Task, *progress.Times, error) {
	live, color := c.picture()
	interval := lineInterval
	if live {
		interval = liveInterval
	}
	view := progress.New(c.Err, progress.Options{Live: live, Color: color, Now: c.Now})
	defer view.Close()
	var times progress.Times
	task, err := tasks.Watch(ctx, id, interval, func(s starter.Snapshot) {
		times.Observe(s)
		view.Show(s)
	})
	return task, &times, err
}

// detach leaves a task that still runs, and waits a moment for a second Ctrl-C, which asks the task to cancel.
func (c commands) detach(ctx context.Context, tasks starter.Starter, id string) error {
	c.say("detached: task %s still runs; look again with: drydock task watch %s", id, id)
	c.say("press Ctrl-C again within %s to ask the task to cancel", c.Grace)
	patience := time.NewTimer(c.Grace)
	defer patience.Stop()
	select {
	case <-patience.C:
	case <-c.Interrupts:
		if err := tasks.Cancel(ctx, id, workflows.Steer{By: c.User, Reason: "interrupted"}); err != nil {
			return err
		}
		c.say("asked task %s to cancel; it cleans up before it ends: drydock task watch %s", id, id)
	}
	return ended(ExitInterrupted)
}

// printEnd prints what a task came to, and ends with its exit code.
func (c commands) printEnd(task starter.Task, times *progress.Times, out *format) error {
	if out.value == "json" {
		if err := printJSON(c.Out, task); err != nil {
			return err
		}
	} else {
		width, _, _ := c.Terminal(c.Out)
		progress.Summary(c.Out, task, times, width)
	}
	code := exitOfTask(task)
	if code == ExitPartial || code == ExitFailed && task.Result != nil && len(task.Result.Failures) > 0 {
		c.say("once the causes are gone, take the failed nodes up again with: drydock task retry %s", task.ID)
	}
	return ended(code)
}
