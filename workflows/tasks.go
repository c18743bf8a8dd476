package workflows

import (
	"fmt"

	"go.temporal.io/sdk/workflow"

	"drydock/workflows/plan"
)

// taskWorkflow is the workflow of a kind: load the design, do the task's work, answer.
func taskWorkflow(kind Kind, work func(workflow.Context, *taskRun) error) func(workflow.Context, Request) (Result, error) {
	return func(ctx workflow.Context, request Request) (Result, error) {
		t, err := newTask(ctx, kind, request)
		if err != nil {
			return Result{}, err
		}
		if err = t.load(ctx); err == nil {
			err = work(ctx, t)
		}
		result, err := t.end(ctx, err)
		if err == nil || ctx.Err() == nil {
			// An update that was accepted gets its answer before the task closes.
			if aerr := workflow.Await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) }); aerr != nil && err == nil {
				return result, aerr
			}
		}
		return result, err
	}
}

func validateDesign(_ workflow.Context, t *taskRun) error {
	t.result.Message = fmt.Sprintf("the design is valid: %d warnings", t.loaded.Warnings)
	return nil
}

func verifySite(ctx workflow.Context, t *taskRun) error {
	return t.siteSteps(ctx, true, false, true)
}

func prepareSite(ctx workflow.Context, t *taskRun) error {
	return t.locked(ctx, func() error { return t.siteSteps(ctx, false, true, false) })
}

func onNodes(operation plan.Operation) func(workflow.Context, *taskRun) error {
	return func(ctx workflow.Context, t *taskRun) error {
		t.progress.Phase = "nodes"
		return t.fanOut(ctx, operation)
	}
}

// deploySite is the whole way. Images that are missing are no failure at first, since preparing the site fetches them.
func deploySite(ctx workflow.Context, t *taskRun) error {
	if err := t.siteSteps(ctx, true, false, false); err != nil {
		return err
	}
	if err := prepareSite(ctx, t); err != nil {
		return err
	}
	t.progress.Phase = "nodes"
	return t.fanOut(ctx, plan.Provision)
}
