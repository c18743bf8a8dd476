package workflows

import (
	"errors"
	"fmt"
	"sort"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"drydock/activities"
	"drydock/drivers"
	"drydock/workflows/plan"
)

// defaultParallel bounds the children that run at once where the request does not say: far below the limit of the
// engine (2,000 pending), and more than a bootstrapper likes to deploy at the same moment.
const defaultParallel = 50

// fanOut runs an operation on all nodes of the task, each as a child of its own, and returns when all have ended. A node
// that fails holds up no other.
func (t *taskRun) fanOut(ctx workflow.Context, operation plan.Operation) error {
	limit := t.request.Policy.MaxParallel
	if limit <= 0 {
		limit = defaultParallel
	}
	turns := workflow.NewSemaphore(ctx, int64(limit))
	all := workflow.NewWaitGroup(ctx)
	for i := range t.progress.Nodes {
		node := &t.progress.Nodes[i]
		all.Add(1)
		workflow.Go(ctx, func(ctx workflow.Context) {
			defer all.Done()
			err := turns.Acquire(ctx, 1)
			if err == nil && ctx.Err() != nil {
				turns.Release(1) // its turn came with the cancellation
				err = ctx.Err()
			}
			if err != nil {
				t.settle(node, NodeResult{Node: node.Node, Rack: node.Rack, Class: ClassCanceled, Reason: "the task was cancelled before its turn"}, PhaseSkipped)
				return
			}
			defer turns.Release(1)
			t.child(ctx, operation, node)
		})
	}
	all.Wait(ctx)
	return ctx.Err()
}

// child runs the operation on one node and settles its result.
func (t *taskRun) child(ctx workflow.Context, operation plan.Operation, node *NodeProgress) {
	id := NodeWorkflowID(t.loaded.Site, node.Node)
	for {
		result, err := t.runChild(ctx, operation, node, id)
		var busy *temporal.ChildWorkflowExecutionAlreadyStartedError
		if !errors.As(err, &busy) {
			t.settleChild(ctx, node, result, err)
			return
		}
		holder := t.holder(ctx, id)
		switch t.request.Policy.OnBusy {
		case PolicySkip:
			t.settle(node, NodeResult{Node: node.Node, Rack: node.Rack, Class: string(drivers.Conflict), Reason: holder}, PhaseSkipped)
			return
		case PolicyWait:
			node.Phase, node.Reason = PhaseWaiting, holder
			options := activities.Options(activities.AwaitNode, "", "wait for "+id)
			if err := workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, options), activities.AwaitNode,
				activities.HolderInput{Workflow: id}).Get(ctx, nil); err != nil {
				t.settleChild(ctx, node, NodeResult{Node: node.Node, Rack: node.Rack}, err)
				return
			}
		default:
			t.settle(node, NodeResult{Node: node.Node, Rack: node.Rack, Class: string(drivers.Conflict),
				Reason: holder + `: wait for it or cancel it, or say on_busy "wait" or "skip"`}, PhaseFailed)
			return
		}
	}
}

func (t *taskRun) runChild(ctx workflow.Context, operation plan.Operation, node *NodeProgress, id string) (NodeResult, error) {
	ctx = workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{
		WorkflowID: id,
		// A task that is terminated must not leave machines half done without their workflows cleaning up.
		ParentClosePolicy:   enumspb.PARENT_CLOSE_POLICY_REQUEST_CANCEL,
		WaitForCancellation: true,
		Memo:                map[string]any{activities.MemoTask: t.id},
		TypedSearchAttributes: temporal.NewSearchAttributes(
			keySite.ValueSet(t.loaded.Site), keyNode.ValueSet(node.Node),
			keyTaskType.ValueSet(nodeTypes[operation]), keyDesign.ValueSet(t.loaded.Digest)),
	})
	future := workflow.ExecuteChildWorkflow(ctx, nodeTypes[operation], NodeRequest{
		Site: t.loaded.Site, Node: node.Node, Rack: node.Rack, Design: t.loaded.Digest,
		Task: t.id, OnFailure: t.request.Policy.OnFailure,
	})
	var execution workflow.Execution
	result := NodeResult{Node: node.Node, Rack: node.Rack}
	if err := future.GetChildWorkflowExecution().Get(ctx, &execution); err != nil {
		return result, err
	}
	node.Phase, node.Workflow, node.Reason = PhaseRunning, id, ""
	err := future.Get(ctx, &result)
	return result, err
}

// holder says which task works on a node, for people.
func (t *taskRun) holder(ctx workflow.Context, id string) string {
	options := activities.Options(activities.FindHolder, "", "find who works on "+id)
	var h activities.Holder
	err := workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, options), activities.FindHolder,
		activities.HolderInput{Workflow: id}).Get(ctx, &h)
	switch {
	case err != nil || !h.Running:
		return "another task works on the node"
	case h.Task == "":
		return fmt.Sprintf("the node is held by workflow %s (%s)", id, h.Type)
	}
	return fmt.Sprintf("the node is held by task %s (%s)", h.Task, h.Type)
}

func (t *taskRun) settleChild(ctx workflow.Context, node *NodeProgress, result NodeResult, err error) {
	if err == nil {
		t.settle(node, result, PhaseDone)
		return
	}
	failed := NodeResult{Node: node.Node, Rack: node.Rack}
	var app *temporal.ApplicationError
	var canceled *temporal.CanceledError
	switch {
	case errors.As(err, &canceled) && canceled.HasDetails():
		_ = canceled.Details(&failed) // without details the names stand already
	case errors.As(err, &app) && app.HasDetails():
		_ = app.Details(&failed)
	}
	failed.Node, failed.Rack = node.Node, node.Rack
	if failed.Reason == "" {
		why := failureOf(err)
		failed.Class, failed.Reason = why.Class, why.Reason
		if temporal.IsCanceledError(err) {
			failed.Class, failed.Reason = ClassCanceled, "the task was cancelled"
		}
		var terminated *temporal.TerminatedError
		if errors.As(err, &terminated) {
			failed.Class, failed.Reason = ClassCanceled, "the workflow of the node was terminated, without cleaning up"
		}
	}
	t.settle(node, failed, PhaseFailed)
}

// settle puts a node into exactly one list of the result.
func (t *taskRun) settle(node *NodeProgress, result NodeResult, phase string) {
	node.Phase, node.Outcome, node.Reason = phase, result.Outcome, result.Reason
	switch phase {
	case PhaseDone:
		t.result.Successes = append(t.result.Successes, result)
	case PhaseSkipped:
		t.result.Skipped = append(t.result.Skipped, result)
	default:
		t.result.Failures = append(t.result.Failures, result)
	}
}

// verdict sorts the lists and says what the task came to.
func (t *taskRun) verdict() {
	r := &t.result
	for _, list := range [][]NodeResult{r.Successes, r.Failures, r.Skipped} {
		sort.Slice(list, func(i, j int) bool { return list[i].Node < list[j].Node })
	}
	switch {
	case len(r.Failures)+len(r.Skipped) == 0:
		r.Status = StatusSuccess
	case len(r.Successes) == 0:
		r.Status = StatusFailure
	default:
		r.Status = StatusPartialSuccess
	}
	r.Message = fmt.Sprintf("%d of %d nodes succeeded", len(r.Successes), len(t.progress.Nodes))
	if n := len(r.Failures); n > 0 {
		r.Message += fmt.Sprintf(", %d failed", n)
	}
	if n := len(r.Skipped); n > 0 {
		r.Message += fmt.Sprintf(", %d were skipped", n)
	}
}
