package workflows

import (
	"fmt"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"drydock/activities"
	"drydock/drivers"
	"drydock/workflows/plan"
)

// Typed keys of the search attributes.
var (
	keySite     = temporal.NewSearchAttributeKeyKeyword(AttributeSite)
	keyNode     = temporal.NewSearchAttributeKeyKeyword(AttributeNode)
	keyTaskType = temporal.NewSearchAttributeKeyKeyword(AttributeTaskType)
	keyPhase    = temporal.NewSearchAttributeKeyKeyword(AttributePhase)
	keyDesign   = temporal.NewSearchAttributeKeyKeyword(AttributeDesignDigest)
	keyFailed   = temporal.NewSearchAttributeKeyInt64(AttributeFailedNodes)
)

// TypeFailed is the error type of a task that came to nothing; its detail is the Result.
const TypeFailed = "TaskFailed"

// taskRun is one run of a task.
type taskRun struct {
	id       string
	kind     Kind
	request  Request
	loaded   activities.Loaded
	progress Progress
	result   Result
	said     Steer // who cancels, and why
}

// newTask sets up a run: its status can be asked for and its nodes steered from the first moment.
func newTask(ctx workflow.Context, kind Kind, request Request) (*taskRun, error) {
	t := &taskRun{
		id: workflow.GetInfo(ctx).WorkflowExecution.ID, kind: kind, request: request,
		progress: Progress{Phase: "loading the design"},
		result:   Result{Successes: []NodeResult{}, Failures: []NodeResult{}, Skipped: []NodeResult{}},
	}
	if err := workflow.SetQueryHandlerWithOptions(ctx, QueryStatus, func() (Progress, error) { return t.progress, nil },
		workflow.QueryHandlerOptions{Description: "What the task does, node by node"}); err != nil {
		return nil, err
	}
	if err := checkPolicy(request.Policy); err != nil {
		return nil, err
	}
	workflow.Go(ctx, func(ctx workflow.Context) {
		ch := workflow.GetSignalChannelWithOptions(ctx, SignalReason, workflow.SignalChannelOptions{Description: "Who cancels the task, and why"})
		for ch.Receive(ctx, &t.said) {
			workflow.GetLogger(ctx).Info("reason given", "by", t.said.By, "reason", t.said.Reason)
		}
	})
	if kind.PerNode {
		return t, t.steering(ctx)
	}
	return t, nil
}

func checkPolicy(p Policy) error {
	ok := func(value string, allowed ...string) bool {
		for _, a := range allowed {
			if value == a {
				return true
			}
		}
		return false
	}
	switch {
	case !ok(p.OnFailure, "", PolicyFail, PolicyWait):
		return badRequest("policy.on_failure is %q: it is %q or %q", p.OnFailure, PolicyFail, PolicyWait)
	case !ok(p.OnBusy, "", PolicyFail, PolicyWait, PolicySkip):
		return badRequest("policy.on_busy is %q: it is %q, %q or %q", p.OnBusy, PolicyFail, PolicyWait, PolicySkip)
	case p.MaxParallel < 0 || p.MaxParallel > 500:
		return badRequest("policy.max_parallel is %d: it is 1 to 500, or 0 for %d", p.MaxParallel, defaultParallel)
	}
	return nil
}

func badRequest(format string, args ...any) error {
	return temporal.NewNonRetryableApplicationError(fmt.Sprintf(format, args...), string(drivers.InvalidRequest), nil)
}

// load resolves the design once; from here on it is known by its digest.
func (t *taskRun) load(ctx workflow.Context) error {
	in := activities.LoadInput{
		DesignRef: t.request.DesignRef, NodeFilter: t.request.NodeFilter, AllNodes: t.request.AllNodes,
		Touches: t.kind.Touches, PerNode: t.kind.PerNode,
	}
	if t.kind.Touches || t.kind == PrepareSite {
		in.Task = t.id
	}
	options := activities.Options(activities.LoadDesign, activities.LoadDesign, "load the design")
	if err := workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, options), activities.LoadDesign, in).Get(ctx, &t.loaded); err != nil {
		return err
	}
	t.progress.Site, t.progress.Design = t.loaded.Site, t.loaded.Digest
	t.result.Site, t.result.Design, t.result.Findings = t.loaded.Site, t.loaded.Digest, t.loaded.Findings
	if err := workflow.UpsertTypedSearchAttributes(ctx, keySite.ValueSet(t.loaded.Site), keyTaskType.ValueSet(t.kind.Type),
		keyDesign.ValueSet(t.loaded.Digest)); err != nil {
		return err
	}
	if !t.loaded.Valid {
		t.result.Message = fmt.Sprintf("the design is invalid: %d errors", t.loaded.Errors)
		if t.loaded.Errors == 1 {
			t.result.Message = "the design is invalid: 1 error"
		}
		return t.failed(string(drivers.InvalidDesign))
	}
	for _, n := range t.loaded.Nodes {
		t.progress.Nodes = append(t.progress.Nodes, NodeProgress{Node: n.Node, Rack: n.Rack, Phase: PhaseWaiting})
	}
	return nil
}

// failed is the error of a task that came to nothing, of the given type, with the result as its detail.
func (t *taskRun) failed(kind string) error {
	t.result.Status = StatusFailure
	return temporal.NewApplicationErrorWithOptions(t.result.Message, kind,
		temporal.ApplicationErrorOptions{NonRetryable: true, Details: []any{t.result}})
}

// siteSteps plans and runs the steps of the site; the first that fails ends them.
func (t *taskRun) siteSteps(ctx workflow.Context, verify, prepare, requireImages bool) error {
	in := activities.SiteInput{Site: t.loaded.Site, Design: t.loaded.Digest, Task: t.id}
	var p plan.Plan
	options := activities.Options(activities.PlanSite, "", "plan the site")
	err := workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, options), activities.PlanSite,
		activities.PlanSiteInput{SiteInput: in, Verify: verify, Prepare: prepare}).Get(ctx, &p)
	if err != nil {
		return err
	}
	if t.kind.PerNode && !t.loaded.All {
		for _, n := range t.loaded.Nodes {
			in.Nodes = append(in.Nodes, n.Node)
		}
	}
	in.RequireImages = requireImages
	for _, s := range p.Steps {
		name := string(s.Action)
		t.progress.Phase = name
		options := activities.Options(name, s.Phase+"-"+s.ID, name+" "+t.loaded.Site)
		var out activities.Output
		if err := workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, options), name, in).Get(ctx, &out); err != nil {
			t.did(StepResult{ID: s.ID, Action: name, Outcome: "failed", Messages: []string{failureOf(err).Reason}})
			return err
		}
		t.did(StepResult{ID: s.ID, Action: name, Outcome: string(out.Outcome), Messages: out.Messages})
	}
	return nil
}

func (t *taskRun) did(s StepResult) {
	t.progress.Steps = append(t.progress.Steps, s)
	t.result.Steps = append(t.result.Steps, s)
}

// locked runs the preparation of the site while the task holds the site's design.
func (t *taskRun) locked(ctx workflow.Context, do func() error) error {
	in := activities.LockInput{Site: t.loaded.Site, Design: t.loaded.Digest, Task: t.id}
	options := activities.Options(activities.LockSite, "", "lock the design of the site")
	if err := workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, options), activities.LockSite, in).Get(ctx, nil); err != nil {
		return err
	}
	defer func() {
		detached, stop := workflow.NewDisconnectedContext(ctx)
		defer stop()
		options := activities.Options(activities.UnlockSite, "", "unlock the design of the site")
		if err := workflow.ExecuteActivity(workflow.WithActivityOptions(detached, options), activities.UnlockSite, in).Get(detached, nil); err != nil {
			// The next task that wants the lock takes it, seeing that this one has ended.
			workflow.GetLogger(ctx).Warn("the site could not be unlocked", "site", in.Site, "error", err.Error())
		}
	}()
	return do()
}

// end makes the answer of the task out of what happened.
func (t *taskRun) end(ctx workflow.Context, err error) (Result, error) {
	t.progress.Phase = "done"
	if err == nil && !t.kind.PerNode {
		t.result.Status = StatusSuccess
		if t.result.Message == "" {
			t.result.Message = "done"
		}
		return t.result, nil
	}
	if err == nil {
		t.verdict()
		if n := len(t.result.Failures); n > 0 {
			if err := workflow.UpsertTypedSearchAttributes(ctx, keyFailed.ValueSet(int64(n))); err != nil {
				return t.result, err
			}
		}
		if t.result.Status == StatusFailure {
			return t.result, t.failed(TypeFailed)
		}
		return t.result, nil
	}
	if temporal.IsCanceledError(err) || ctx.Err() != nil {
		t.unreached("the task was cancelled")
		t.verdict()
		t.result.Message = "cancelled" + decision{steer: t.said}.said() + ": " + t.result.Message
		return t.result, temporal.NewCanceledError(t.result)
	}
	var why NodeResult
	if t.result.Status == "" {
		why = failureOf(err)
		t.result.Message = why.Reason
		t.unreached("the task failed before: " + why.Reason)
		return t.result, t.failed(why.Class)
	}
	return t.result, err
}

// unreached settles the nodes that the task did not get to.
func (t *taskRun) unreached(reason string) {
	for i := range t.progress.Nodes {
		if n := &t.progress.Nodes[i]; n.Phase == PhaseWaiting {
			t.settle(n, NodeResult{Node: n.Node, Rack: n.Rack, Class: ClassCanceled, Reason: reason}, PhaseSkipped)
		}
	}
}
