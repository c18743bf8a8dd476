package activities

import (
	"context"
	"errors"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"drydock/drivers"
)

// LockInput is the site and the task of LockSite and UnlockSite.
type LockInput struct {
	Site   string `json:"site"`
	Design string `json:"design"`
	Task   string `json:"task"`
}

func (a *Activities) lockSite(ctx context.Context, in LockInput) error {
	err := a.claim(ctx, in.Site, func() error { return a.Store.Lock(ctx, in.Site, in.Design, in.Task) })
	return a.fail(ctx, LockSite, err, nil)
}

func (a *Activities) unlockSite(ctx context.Context, in LockInput) error {
	return a.fail(ctx, UnlockSite, a.Store.Unlock(ctx, in.Site, in.Task), nil)
}

// Holder is what works on a node.
type Holder struct {
	Workflow string `json:"workflow"`
	Running  bool   `json:"running"`
	Type     string `json:"type,omitempty"`
	Task     string `json:"task,omitempty"`
}

// MemoTask is the memo key under which a node's workflow names the task that it belongs to.
const MemoTask = "task"

// HolderInput names the workflow of a node.
type HolderInput struct {
	Workflow string `json:"workflow"`
}

func (a *Activities) findHolder(ctx context.Context, in HolderInput) (Holder, error) {
	h, err := describe(ctx, activity.GetClient(ctx), in.Workflow)
	return h, a.fail(ctx, FindHolder, err, nil)
}

// awaitNode looks once whether the workflow has ended, and asks to be called again when it has not.
func (a *Activities) awaitNode(ctx context.Context, in HolderInput) error {
	h, err := describe(ctx, activity.GetClient(ctx), in.Workflow)
	if err == nil && h.Running {
		err = &drivers.Error{Class: drivers.NotReady, Action: AwaitNode, Subject: in.Workflow, After: 2 * time.Second,
			Progress: fmt.Sprintf("waiting for task %s to end", h.Task)}
	}
	return a.fail(ctx, AwaitNode, err, nil)
}

func describe(ctx context.Context, c client.Client, id string) (Holder, error) {
	h := Holder{Workflow: id}
	d, err := c.DescribeWorkflowExecution(ctx, id, "")
	var missing *serviceerror.NotFound
	switch {
	case errors.As(err, &missing):
		return h, nil
	case err != nil:
		return h, fmt.Errorf("describe workflow %s: %w", id, err)
	}
	info := d.GetWorkflowExecutionInfo()
	h.Running = info.GetStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING
	h.Type = info.GetType().GetName()
	if p, ok := info.GetMemo().GetFields()[MemoTask]; ok {
		// A memo of another hand is no reason to fail: the workflow is named anyway.
		_ = converter.GetDefaultDataConverter().FromPayload(p, &h.Task)
	}
	return h, nil
}

func workflowRuns(ctx context.Context, c client.Client, id string) (bool, error) {
	h, err := describe(ctx, c, id)
	return h.Running, err
}
