package workflows

import (
	"go.temporal.io/sdk/workflow"

	"drydock/activities"
	"drydock/drivers"
	"drydock/workflows/plan"
)

// TypePlanTask is the workflow type that computes what a task would do, without touching anything and without a lock.
const TypePlanTask = "PlanTask"

// PlanRequest is the input of PlanTask.
type PlanRequest struct {
	Type string `json:"type"` // workflow type of the task
	Request
}

// PlanResult is what a task would do.
type PlanResult struct {
	Site   string      `json:"site"`
	Design string      `json:"design"`
	Steps  []plan.Step `json:"steps"` // of the site
	Nodes  []plan.Plan `json:"nodes"`
}

// maxPreview keeps the answer below the engine's limit of 2 MB for one payload; a plan of one node is 3 to 4 kB.
const maxPreview = 300

func planTask(ctx workflow.Context, in PlanRequest) (PlanResult, error) {
	kind, ok := KindOf(in.Type)
	if !ok {
		return PlanResult{}, badRequest("there is no task %q", in.Type)
	}
	t, err := newTask(ctx, kind, in.Request)
	if err != nil {
		return PlanResult{}, err
	}
	t.kind = kind
	if err := t.preview(ctx); err != nil {
		return PlanResult{}, err
	}
	result := PlanResult{Site: t.loaded.Site, Design: t.loaded.Digest, Steps: []plan.Step{}, Nodes: []plan.Plan{}}
	verify := kind == VerifySite || kind == DeploySite
	prepare := kind == PrepareSite || kind == DeploySite
	if verify || prepare {
		var p plan.Plan
		options := activities.Options(activities.PlanSite, "", "plan the site")
		if err := workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, options), activities.PlanSite, activities.PlanSiteInput{
			SiteInput: activities.SiteInput{Site: t.loaded.Site, Design: t.loaded.Digest}, Verify: verify, Prepare: prepare,
		}).Get(ctx, &p); err != nil {
			return result, err
		}
		result.Steps = p.Steps
	}
	if !kind.PerNode {
		return result, nil
	}
	if n := len(t.loaded.Nodes); n > maxPreview {
		return result, badRequest("the plan of %d nodes is too large for one answer: select at most %d", n, maxPreview)
	}
	nodes, err := t.previewNodes(ctx, operationOf[kind.Type])
	result.Nodes = nodes
	return result, err
}

// preview loads the design without making it the current one.
func (t *taskRun) preview(ctx workflow.Context) error {
	in := activities.LoadInput{DesignRef: t.request.DesignRef, NodeFilter: t.request.NodeFilter,
		AllNodes: t.request.AllNodes, Touches: t.kind.Touches, PerNode: t.kind.PerNode}
	options := activities.Options(activities.LoadDesign, "", "load the design")
	if err := workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, options), activities.LoadDesign, in).Get(ctx, &t.loaded); err != nil {
		return err
	}
	if !t.loaded.Valid {
		t.result.Findings = t.loaded.Findings
		t.result.Message = "the design is invalid"
		return t.failed("InvalidDesign")
	}
	return nil
}

func (t *taskRun) previewNodes(ctx workflow.Context, operation plan.Operation) ([]plan.Plan, error) {
	plans := make([]plan.Plan, len(t.loaded.Nodes))
	turns := workflow.NewSemaphore(ctx, defaultParallel)
	all := workflow.NewWaitGroup(ctx)
	for i, target := range t.loaded.Nodes {
		all.Add(1)
		workflow.Go(ctx, func(ctx workflow.Context) {
			defer all.Done()
			if err := turns.Acquire(ctx, 1); err != nil {
				return
			}
			defer turns.Release(1)
			in := activities.PlanNodeInput{Operation: operation, Preview: true, NodeInput: activities.NodeInput{
				Site: t.loaded.Site, Node: target.Node, Design: t.loaded.Digest}}
			options := activities.Options(activities.PlanNode, "", "plan "+target.Node)
			if err := workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, options), activities.PlanNode, in).Get(ctx, &plans[i]); err != nil {
				why := failureOf(err)
				plans[i] = plan.Plan{Node: target.Node, Rack: target.Rack, Operation: operation, Steps: []plan.Step{},
					Refused: &plan.Refusal{Class: drivers.Class(why.Class), Reason: why.Reason}}
			}
		})
	}
	all.Wait(ctx)
	return plans, ctx.Err()
}
