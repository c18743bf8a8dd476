package starter

import (
	"context"
	"errors"
	"fmt"
	"strings"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"

	"drydock/workflows"
)

// Task implements Starter.
func (c *Client) Task(ctx context.Context, id string) (Task, error) {
	info, err := c.describe(ctx, id)
	if err != nil {
		return Task{}, err
	}
	task, err := c.task(ctx, info)
	if err != nil {
		return Task{}, err
	}
	if task.State != Running {
		c.outcome(ctx, &task)
	}
	return task, nil
}

// List implements Starter. Results are not read; their state says whether a task ended well.
func (c *Client) List(ctx context.Context, limit int) ([]Task, error) {
	if limit <= 0 {
		limit = 100
	}
	types := []string{}
	for _, k := range workflows.Kinds() {
		types = append(types, "'"+k.Type+"'")
	}
	query := "WorkflowType IN (" + strings.Join(types, ", ") + ")"
	tasks := []Task{}
	var page []byte
	for len(tasks) < limit {
		answer, err := c.temporal.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{
			Query: query, PageSize: int32(min(limit-len(tasks), 1000)), NextPageToken: page}) //nolint:gosec // bounded by min
		if err != nil {
			return nil, c.failed("list tasks", err)
		}
		for _, info := range answer.GetExecutions() {
			task, err := c.task(ctx, info)
			if err != nil {
				return nil, err
			}
			tasks = append(tasks, task)
		}
		if page = answer.GetNextPageToken(); len(page) == 0 {
			break
		}
	}
	return tasks, nil
}

// describe finds the execution of a task; anything that is no task is not found.
func (c *Client) describe(ctx context.Context, id string) (*workflowpb.WorkflowExecutionInfo, error) {
	missing := &Error{Kind: NotFound, Text: fmt.Sprintf("there is no task %q", id), Advice: "list them with: drydock task list"}
	if id == "" {
		return nil, missing
	}
	d, err := c.temporal.DescribeWorkflowExecution(ctx, id, "")
	if err != nil {
		var e *Error
		if err = c.failed("read task "+id, err); errors.As(err, &e) && e.Kind == NotFound {
			return nil, missing
		}
		return nil, err
	}
	info := d.GetWorkflowExecutionInfo()
	if k, ok := workflows.KindOf(info.GetType().GetName()); !ok || k.Type != info.GetType().GetName() {
		return nil, missing
	}
	return info, nil
}

func (c *Client) task(ctx context.Context, info *workflowpb.WorkflowExecutionInfo) (Task, error) {
	kind, _ := workflows.KindOf(info.GetType().GetName())
	t := Task{
		ID: info.GetExecution().GetWorkflowId(), RunID: info.GetExecution().GetRunId(),
		Kind: kind, Type: kind.Type, State: stateOf(info.GetStatus()), Started: info.GetStartTime().AsTime(),
	}
	if info.GetCloseTime().IsValid() {
		t.Closed = info.GetCloseTime().AsTime()
	}
	var err error
	t.Request, err = c.request(ctx, t, info.GetMemo().GetFields()[memoRequest])
	return t, err
}

// request reads what the task was asked for: from the memo, or from the history of a task that others started.
func (c *Client) request(ctx context.Context, t Task, memo *commonpb.Payload) (workflows.Request, error) {
	var r workflows.Request
	if memo != nil && converter.GetDefaultDataConverter().FromPayload(memo, &r) == nil {
		return r, nil
	}
	events := c.temporal.GetWorkflowHistory(ctx, t.ID, t.RunID, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	if !events.HasNext() {
		return r, nil
	}
	first, err := events.Next()
	if err != nil {
		return r, c.failed("read the request of task "+t.ID, err)
	}
	input := first.GetWorkflowExecutionStartedEventAttributes().GetInput()
	// A task that was started with what is no request has failed by itself; it is still listed.
	_ = converter.GetDefaultDataConverter().FromPayloads(input, &r)
	return r, nil
}

func stateOf(s enumspb.WorkflowExecutionStatus) State {
	switch s {
	case enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED:
		return Completed
	case enumspb.WORKFLOW_EXECUTION_STATUS_FAILED, enumspb.WORKFLOW_EXECUTION_STATUS_TIMED_OUT:
		return Failed
	case enumspb.WORKFLOW_EXECUTION_STATUS_CANCELED:
		return Canceled
	case enumspb.WORKFLOW_EXECUTION_STATUS_TERMINATED:
		return Terminated
	}
	return Running
}

// outcome reads what a closed task came to; a task that failed or was cancelled carries its result in the failure.
func (c *Client) outcome(ctx context.Context, t *Task) {
	var result workflows.Result
	err := c.temporal.GetWorkflow(ctx, t.ID, t.RunID).Get(ctx, &result)
	var app *temporal.ApplicationError
	var canceled *temporal.CanceledError
	switch {
	case err == nil:
		t.Result = &result
	case errors.As(err, &app):
		t.Failure, t.Class = app.Message(), app.Type()
		if app.HasDetails() && app.Details(&result) == nil {
			t.Result = &result
		}
	case errors.As(err, &canceled):
		t.Failure, t.Class = "the task was cancelled", workflows.ClassCanceled
		if canceled.HasDetails() && canceled.Details(&result) == nil {
			t.Result = &result
		}
	default:
		t.Failure = err.Error()
	}
}

// taskError is the error of a task that failed, for callers who wanted its answer.
func taskError(what string, app *temporal.ApplicationError) error {
	kind := Other
	switch app.Type() {
	case "InvalidDesign", "InvalidRequest":
		kind = Invalid
	case "NotFound":
		kind = NotFound
	case "Conflict":
		kind = Conflict
	case "Unreachable":
		kind = Unreachable
	case "AuthFailed":
		kind = Denied
	}
	text := app.Message()
	var result workflows.Result
	if app.HasDetails() && app.Details(&result) == nil {
		for _, m := range result.Findings.Errors() {
			text += "\n" + m.String()
		}
	}
	return &Error{Kind: kind, Text: what + ": " + text, Err: app}
}
