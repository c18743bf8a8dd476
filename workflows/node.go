package workflows

import (
	"errors"
	"fmt"
	"strings"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"drydock/activities"
	"drydock/drivers"
	"drydock/workflows/plan"
)

// NodeRequest is the input of every workflow on one node. Task workflows start these as children.
type NodeRequest struct {
	Site   string `json:"site"`
	Node   string `json:"node"`
	Rack   string `json:"rack,omitempty"`
	Design string `json:"design"` // digest of a design that a task has loaded
	// Task is the workflow ID of the task; it is told when the node waits for a person.
	Task      string `json:"task,omitempty"`
	OnFailure string `json:"on_failure,omitempty"`
}

// NodeTypes are the workflow types of nodes, by operation.
var nodeTypes = map[plan.Operation]string{
	plan.Verify:    "VerifyNode",
	plan.Prepare:   "PrepareNode",
	plan.Deploy:    "DeployNode",
	plan.Destroy:   "DestroyNode",
	plan.Provision: "ProvisionNode",
}

// nodeWorkflow is the workflow of an operation on a node: plan, then do what the plan says.
func nodeWorkflow(operation plan.Operation) func(workflow.Context, NodeRequest) (NodeResult, error) {
	return func(ctx workflow.Context, in NodeRequest) (NodeResult, error) {
		run := &nodeRun{in: in, operation: operation, result: NodeResult{Node: in.Node, Rack: in.Rack, Outcome: string(drivers.Already)}}
		gate, err := newGate(ctx, in)
		if err != nil {
			return run.result, err
		}
		run.gate = gate
		err = run.do(ctx)
		if err != nil {
			return run.result, run.fail(ctx, err)
		}
		return run.result, nil
	}
}

// nodeRun is one run of an operation on a node.
type nodeRun struct {
	in        NodeRequest
	operation plan.Operation
	gate      *gate
	result    NodeResult
	current   string // action that runs, for the record
}

func (r *nodeRun) names() activities.NodeInput {
	return activities.NodeInput{Site: r.in.Site, Node: r.in.Node, Design: r.in.Design, Task: r.in.Task}
}

func (r *nodeRun) do(ctx workflow.Context) error {
	var p plan.Plan
	err := r.withGate(ctx, activities.PlanNode, func(attempt int) error {
		options := activities.Options(activities.PlanNode, stepID("00-"+activities.PlanNode, attempt), "")
		err := workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, options), activities.PlanNode,
			activities.PlanNodeInput{NodeInput: r.names(), Operation: r.operation}).Get(ctx, &p)
		if err == nil && p.Refused != nil {
			err = refused(p)
		}
		return err
	})
	if err != nil {
		return err
	}
	r.result.Reason = p.Already
	for _, s := range p.Steps {
		if err := r.step(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

func (r *nodeRun) step(ctx workflow.Context, s plan.Step) error {
	name := string(s.Action)
	// The names of the action and of the node are in every event already; what is not needed here bloats the history.
	input := activities.NodeInput{Node: r.in.Node, Design: r.in.Design, Boot: s.Boot}
	return r.withGate(ctx, name, func(attempt int) error {
		var out activities.Output
		options := activities.Options(name, stepID(s.ID, attempt), "")
		if err := workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, options), name, input).Get(ctx, &out); err != nil {
			return err
		}
		r.took(s, out)
		return nil
	})
}

func (r *nodeRun) took(s plan.Step, out activities.Output) {
	switch out.Outcome {
	case drivers.Changed:
		r.result.Outcome = string(drivers.Changed)
		r.result.Reason = ""
	case drivers.Unsupported:
		for _, m := range out.Messages {
			r.warn(string(s.Action) + " is not supported: " + m)
		}
	}
	for _, m := range out.Messages {
		if drivers.IsWarning(m) {
			r.warn(string(s.Action) + ": " + strings.TrimPrefix(m, drivers.Warning("")))
		}
	}
}

func (r *nodeRun) warn(text string) {
	if len(r.result.Warnings) < 20 {
		r.result.Warnings = append(r.result.Warnings, text)
	}
}

// withGate runs an attempt; where it fails and a person is to decide, it waits for the decision.
func (r *nodeRun) withGate(ctx workflow.Context, action string, attempt func(n int) error) error {
	r.current = action
	for n := 1; ; n++ {
		err := attempt(n)
		if err == nil || temporal.IsCanceledError(err) || ctx.Err() != nil {
			return err
		}
		why := failureOf(err)
		if r.in.OnFailure != PolicyWait && why.Class != string(drivers.NeedsPerson) {
			return err
		}
		decision, gerr := r.gate.wait(ctx, action, why)
		if gerr != nil {
			return gerr
		}
		switch decision.verb {
		case Retry:
			continue
		case Skip:
			if action == activities.PlanNode {
				return err // without a plan there is nothing to go on with
			}
			r.result.Outcome = string(drivers.Changed)
			r.warn(fmt.Sprintf("%s was skipped%s after it failed: %s", action, decision.said(), why.Reason))
			return nil
		default:
			return err
		}
	}
}

// fail records how the node was left and makes the error that the task reads.
func (r *nodeRun) fail(ctx workflow.Context, err error) error {
	canceled := temporal.IsCanceledError(err) || ctx.Err() != nil
	why := failureOf(err)
	left := fmt.Sprintf("%s failed at %s", r.operation, r.current)
	if canceled {
		left = fmt.Sprintf("%s was cancelled at %s", r.operation, r.current)
		why = NodeResult{Class: ClassCanceled, Reason: left}
	}
	detached, stop := workflow.NewDisconnectedContext(ctx)
	defer stop()
	options := activities.Options(activities.RecordLeftAs, "", "record how "+r.in.Node+" was left")
	var recorded string
	rerr := workflow.ExecuteActivity(workflow.WithActivityOptions(detached, options), activities.RecordLeftAs,
		activities.LeftAsInput{NodeInput: r.names(), LeftAs: left}).Get(detached, &recorded)
	if rerr != nil {
		recorded = left + "; this could not be recorded: " + failureOf(rerr).Reason
	}
	r.result.Outcome, r.result.Reason, r.result.Class, r.result.Step, r.result.LeftAs = "", why.Reason, why.Class, r.current, recorded
	if canceled {
		return temporal.NewCanceledError(r.result)
	}
	return temporal.NewApplicationErrorWithOptions(why.Reason, why.Class, temporal.ApplicationErrorOptions{
		NonRetryable: true, Details: []any{r.result},
	})
}

// ClassCanceled is the class of a node whose task was cancelled.
const ClassCanceled = "Canceled"

func refused(p plan.Plan) error {
	return temporal.NewApplicationErrorWithOptions(
		fmt.Sprintf("node %s: %s: %s", p.Node, p.Refused.Reason, p.Refused.Advice), string(p.Refused.Class),
		temporal.ApplicationErrorOptions{NonRetryable: true})
}

// failureOf reads class and reason out of whatever an activity or a child failed with.
func failureOf(err error) NodeResult {
	var app *temporal.ApplicationError
	var timeout *temporal.TimeoutError
	switch {
	case errors.As(err, &timeout):
		// The cause of a timeout is the last failure of an attempt: it says more than "timeout".
		reason := "it took longer than its time allows"
		class := string(drivers.Unreachable)
		if errors.As(timeout.Unwrap(), &app) {
			reason += "; last: " + app.Message()
			class = app.Type()
			if class == string(drivers.NotReady) {
				class = ClassTimeout
			}
		}
		return NodeResult{Class: class, Reason: reason}
	case errors.As(err, &app):
		return NodeResult{Class: app.Type(), Reason: app.Message()}
	case err != nil:
		return NodeResult{Class: string(drivers.Internal), Reason: err.Error()}
	}
	return NodeResult{}
}

// ClassTimeout is the class of a wait for hardware that lasted longer than its time allows.
const ClassTimeout = "Timeout"

// stepID makes the activity ID of an attempt that a person asked for its own: it is a new decision, with a new journal.
func stepID(id string, attempt int) string {
	if attempt == 1 {
		return id
	}
	return fmt.Sprintf("%s-again-%d", id, attempt-1)
}
