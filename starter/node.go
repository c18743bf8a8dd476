package starter

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"drydock/workflows"
)

// Node implements Starter.
func (c *Client) Node(ctx context.Context, ref workflows.NodeRef) (workflows.NodeRecord, error) {
	return c.ask(ctx, "show node "+ref.Node, client.StartWorkflowOptions{
		ID: "show/" + uuid.NewString(), StaticSummary: "what is known of node " + ref.Node,
	}, workflows.TypeShowNode, ref)
}

// Forget implements Starter. The workflow has the ID that is the lock of the node.
func (c *Client) Forget(ctx context.Context, in workflows.Forgetting) (workflows.NodeRecord, error) {
	id := workflows.NodeWorkflowID(in.Site, in.Node)
	known, err := c.ask(ctx, "forget node "+in.Node, client.StartWorkflowOptions{
		ID: id, StaticSummary: "forget which machine node " + in.Node + " is",
		WorkflowIDConflictPolicy:                 enumspb.WORKFLOW_ID_CONFLICT_POLICY_FAIL,
		WorkflowExecutionErrorWhenAlreadyStarted: true,
	}, workflows.TypeForgetNode, in)
	var started *serviceerror.WorkflowExecutionAlreadyStarted
	if errors.As(err, &started) {
		return known, &Error{Kind: Conflict, Text: fmt.Sprintf("forget node %s: a task works on it, as workflow %s", in.Node, id),
			Advice: "wait until it has ended, or cancel it", Err: err}
	}
	return known, err
}

// answerTime is how long a question about a node may wait for a worker.
const answerTime = time.Minute

// ask runs a workflow that answers what is known of a node.
func (c *Client) ask(ctx context.Context, what string, options client.StartWorkflowOptions, kind string, in any) (known workflows.NodeRecord, err error) {
	options.TaskQueue, options.WorkflowExecutionTimeout = c.queue, answerTime
	run, err := c.temporal.ExecuteWorkflow(ctx, options, kind, in)
	if err != nil {
		return known, c.failed(what, err)
	}
	err = run.Get(ctx, &known)
	var app *temporal.ApplicationError
	var late *temporal.TimeoutError
	switch {
	case err == nil:
		return known, nil
	case errors.As(err, &app):
		return known, taskError(what, app)
	case errors.As(err, &late):
		return known, &Error{Kind: Unreachable, Text: fmt.Sprintf("%s: no answer within %s", what, answerTime), Advice: "see that a worker runs", Err: err}
	}
	return known, c.failed(what, err)
}
