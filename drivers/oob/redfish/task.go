package redfish

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/stmcginnis/gofish/common"
	"github.com/stmcginnis/gofish/redfish"

	"drydock/drivers"
	"drydock/drivers/oob/bmc"
)

// task is what is used of the Task resource.
type task struct {
	Type       string `json:"@odata.type"`
	URI        string `json:"@odata.id"`
	TaskState  redfish.TaskState
	TaskStatus common.Health
	Messages   []struct{ Message, MessageId, Severity string }
	Monitor    string `json:"TaskMonitor"`
}

// maxTask is how long the task of a command is followed; what came of it is then seen at the resource itself.
const maxTask = 2 * time.Minute

// follow turns the answer to a command into its outcome. 202 starts a task: its monitor is in Location, or the task is only
// in the body; the monitor answers 202 while it runs and the final status afterwards, with a body or none. Some services
// answer 200 with a task. A monitor that is gone is a task that is over.
func (c *conn) follow(ctx context.Context, doing string, a *answer) error {
	end := time.Now().Add(maxTask)
	where := a.header.Get("Location")
	for {
		if a.status >= 300 {
			return c.refusal(doing, a)
		}
		var t task
		isTask := a.decode(&t) == nil && (strings.Contains(t.Type, "#Task.") || t.TaskState != "")
		if isTask {
			if running, err := c.taskState(doing, t); !running {
				return err
			}
		} else if a.status != http.StatusAccepted {
			return nil
		}
		switch {
		case where != "":
		case t.Monitor != "":
			where = t.Monitor
		case isTask:
			where = t.URI
		}
		if where == "" || time.Now().After(end) {
			return nil
		}
		if err := bmc.Sleep(ctx, max(c.poll, min(retryAfter(a.header), time.Until(end)))); err != nil {
			return err
		}
		next, err := c.authorised(ctx, http.MethodGet, where, nil, "")
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			// The command was taken; that its task can't be watched just now says nothing about it.
			if errors.Is(err, errBroken) {
				continue
			}
			return err
		}
		switch {
		case next.status == http.StatusNotFound, next.status == http.StatusGone:
			return nil
		case next.status >= 500:
			continue
		}
		a = next
	}
}

// begun is follow for a change that takes effect with the next reset: its task waits for the reset as well, so it is looked
// at once, for a failure that is known already.
func (c *conn) begun(ctx context.Context, doing string, a *answer) error {
	look := func(a *answer) (running bool, err error) {
		var t task
		if a.decode(&t) != nil || !strings.Contains(t.Type, "#Task.") && t.TaskState == "" {
			return a.status == http.StatusAccepted, nil
		}
		return c.taskState(doing, t)
	}
	running, err := look(a)
	where := a.header.Get("Location")
	if err != nil || !running || where == "" {
		return err
	}
	next, err := c.authorised(ctx, http.MethodGet, where, nil, "")
	if err != nil || next.status >= 300 {
		return ctx.Err() // the change was taken; that its task can't be watched says nothing about it
	}
	_, err = look(next)
	return err
}

// taskState says whether a task still runs, and, when it ended badly, what its messages say.
func (c *conn) taskState(doing string, t task) (running bool, err error) {
	switch t.TaskState {
	case redfish.ExceptionTaskState, redfish.KilledTaskState, redfish.CancelledTaskState, "Interrupted":
		var said []string
		for _, m := range t.Messages {
			if m.Message != "" {
				said = append(said, m.Message)
			} else if m.MessageId != "" {
				said = append(said, lastPart(m.MessageId))
			}
		}
		return false, bmc.Failf(drivers.Internal, "", "%s: the task at BMC %s ended as %s: %s",
			doing, c.endpoint, t.TaskState, strings.Join(said, "; "))
	case redfish.CompletedTaskState:
		return false, nil
	case "":
		return false, nil
	}
	return true, nil
}
