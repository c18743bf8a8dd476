package starter

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"drydock/design"
	"drydock/workflows"
)

// Retry implements Starter.
func (c *Client) Retry(ctx context.Context, id string, steer workflows.Steer) (Task, error) {
	task, err := c.Task(ctx, id)
	if err != nil {
		return Task{}, err
	}
	if task.State == Running {
		return task, c.update(ctx, id, workflows.Retry, steer)
	}
	request, err := again(task, steer)
	if err != nil {
		return Task{}, err
	}
	return c.Start(ctx, task.Kind, request)
}

// again is the request that takes up the failed nodes of a closed task, or the whole task where it has no nodes.
func again(task Task, steer workflows.Steer) (workflows.Request, error) {
	request := task.Request
	request.RetryOf, request.Reason, request.RequestedBy = task.ID, steer.Reason, steer.By
	refuse := func(format string, args ...any) (workflows.Request, error) {
		return request, &Error{Kind: Conflict, Text: fmt.Sprintf("retry task %s: ", task.ID) + fmt.Sprintf(format, args...)}
	}
	if task.Result == nil {
		if task.State == Completed {
			return refuse("its result can't be read")
		}
		return request, nil // it failed before it had nodes: all of it again
	}
	if task.Result.Design != "" {
		// The design stays the one of the task, whatever stands at its reference by now.
		request.DesignRef = "design:" + task.Result.Design
	}
	if !task.Kind.PerNode {
		if task.Result.Status == workflows.StatusSuccess {
			return refuse("it succeeded: there is nothing to retry")
		}
		request.DesignRef = task.Request.DesignRef
		return request, nil
	}
	failed := []string{}
	for _, list := range [][]workflows.NodeResult{task.Result.Failures, task.Result.Skipped} {
		for _, n := range list {
			failed = append(failed, n.Node)
		}
	}
	names := failed
	if len(steer.Nodes) > 0 {
		names = steer.Nodes
		for _, n := range names {
			if !slices.Contains(failed, n) {
				return refuse("node %s did not fail in it; failed or skipped: %s", n, listed(failed))
			}
		}
	}
	if len(names) == 0 {
		if task.Result.Status == workflows.StatusSuccess {
			return refuse("no node failed in it: there is nothing to retry")
		}
		request.DesignRef = task.Request.DesignRef // it failed before it selected nodes
		return request, nil
	}
	slices.Sort(names)
	request.NodeFilter, request.AllNodes = design.FilterNodes(names...), false
	return request, nil
}

func listed(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// Skip implements Starter.
func (c *Client) Skip(ctx context.Context, id string, steer workflows.Steer) error {
	task, err := c.Task(ctx, id)
	if err != nil {
		return err
	}
	if task.State != Running {
		return &Error{Kind: Conflict, Text: fmt.Sprintf("skip at task %s: it is %s, so that no node waits", id, task.State)}
	}
	return c.update(ctx, id, workflows.Skip, steer)
}

func (c *Client) update(ctx context.Context, id, verb string, steer workflows.Steer) error {
	handle, err := c.temporal.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
		WorkflowID: id, UpdateName: verb, Args: []any{steer}, WaitForStage: client.WorkflowUpdateStageCompleted})
	if err == nil {
		err = handle.Get(ctx, nil)
	}
	var app *temporal.ApplicationError
	if errors.As(err, &app) {
		return &Error{Kind: Conflict, Text: fmt.Sprintf("%s at task %s: %s", verb, id, app.Message()), Err: err}
	}
	if err != nil {
		return c.failed(verb+" at task "+id, err)
	}
	return nil
}
