package activities

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"go.temporal.io/sdk/activity"

	"drydock/drivers"
	"drydock/workflows/plan"
)

// NodeWorkflowID is the ID of the workflow that works on a node.
func NodeWorkflowID(site, node string) string { return "node/" + site + "/" + node }

// PlanNodeInput asks for the plan of one node.
type PlanNodeInput struct {
	NodeInput
	Operation plan.Operation `json:"operation"`
	// Preview: a refusal that time would change is shown, not waited for.
	Preview bool `json:"preview,omitempty"`
}

// PlanSiteInput asks for the plan of the site.
type PlanSiteInput struct {
	SiteInput
	Verify  bool `json:"verify,omitempty"`
	Prepare bool `json:"prepare,omitempty"`
}

// planNode observes a node and plans. It changes nothing but the build model, and a preview, which is made without the
// lock of the node, not even that.
func (a *Activities) planNode(ctx context.Context, in PlanNodeInput) (plan.Plan, error) {
	scrub := newScrubber(a.Drivers.Secrets())
	p, err := a.plan(ctx, in, &scrub)
	return p, a.fail(ctx, PlanNode, err, scrub)
}

func (a *Activities) plan(ctx context.Context, in PlanNodeInput, scrub *scrubber) (plan.Plan, error) {
	// Every operation on a node begins here, so that none gets past the lock. (Not in the workflow, whose code has to come
	// to the same when it is replayed without its ID.)
	if id := activity.GetInfo(ctx).WorkflowExecution.ID; !in.Preview && id != NodeWorkflowID(in.Site, in.Node) {
		return plan.Plan{}, &drivers.Error{Class: drivers.InvalidRequest, Action: PlanNode, Subject: "node " + in.Node,
			Err:    fmt.Errorf("the workflow has the ID %s, and work on a node runs under the ID %s only, which is the lock of the node", id, NodeWorkflowID(in.Site, in.Node)),
			Advice: "start a task, which does it right"}
	}
	call, err := a.nodeCall(ctx, PlanNode, in.NodeInput)
	if err != nil {
		return plan.Plan{}, err
	}
	*scrub = newScrubber(a.Drivers.Secrets(), call.Node)
	oob, err := a.Drivers.OOB(call.Site, call.Node)
	if err != nil {
		return plan.Plan{}, err
	}
	network, err := a.Drivers.Network(call.Site, call.Node)
	if err != nil {
		return plan.Plan{}, err
	}
	node, err := a.Drivers.Node(call.Site)
	if err != nil {
		return plan.Plan{}, err
	}
	lacks := maps.Clone(oob.Lacks())
	if lacks == nil {
		lacks = map[drivers.Action]string{}
	}
	maps.Copy(lacks, network.Lacks())
	maps.Copy(lacks, node.Lacks())

	if !in.Preview {
		// What is learned from here on is learned for this task; a node's workflow that was started alone is its own.
		call.Build.Task = cmp.Or(in.Task, NodeWorkflowID(in.Site, in.Node))
	}
	known := call.Build
	if in.Operation != plan.Verify { // verifying asks the BMC only: it works while the bootstrapper is down
		if known, err = node.Observe(ctx, call); err != nil {
			return plan.Plan{}, err
		}
	}
	if !in.Preview {
		if err := a.keep(ctx, PlanNode, call, drivers.Report{Build: &known}); err != nil {
			return plan.Plan{}, err
		}
	}
	p := plan.Node(in.Operation, call.Node, known, lacks)
	if p.Refused != nil && p.Refused.Class.Disposition() == drivers.Retry && !in.Preview {
		after := a.BusyRetry
		if after == 0 {
			after = 15 * time.Second
		}
		return plan.Plan{}, &drivers.Error{Class: drivers.NotReady, Action: PlanNode, Subject: "node " + in.Node, After: after, Progress: p.Refused.Reason}
	}
	return p, nil
}

func (a *Activities) planSite(ctx context.Context, in PlanSiteInput) (plan.Plan, error) {
	site, err := a.site(ctx, in.Design)
	if err != nil {
		return plan.Plan{}, a.fail(ctx, PlanSite, err, nil)
	}
	node, err := a.Drivers.Node(site)
	if err != nil {
		return plan.Plan{}, a.fail(ctx, PlanSite, err, nil)
	}
	return plan.Site(in.Verify, in.Prepare, node.Lacks()), nil
}

// LeftAsInput is the state in which a task left a node, as far as the workflow knows it.
type LeftAsInput struct {
	NodeInput
	LeftAs string `json:"left_as"`
}

// recordLeftAs adds what the bootstrapper says to what the workflow knows, records it, and returns it. An empty text
// clears the record.
func (a *Activities) recordLeftAs(ctx context.Context, in LeftAsInput) (string, error) {
	text, err := a.leave(ctx, in)
	return text, a.fail(ctx, RecordLeftAs, err, newScrubber(a.Drivers.Secrets()))
}

func (a *Activities) leave(ctx context.Context, in LeftAsInput) (string, error) {
	call, err := a.nodeCall(ctx, RecordLeftAs, in.NodeInput)
	if err != nil {
		return "", err
	}
	known := call.Build
	known.LeftAs = in.LeftAs
	if in.LeftAs != "" {
		known.LeftAs += a.seen(ctx, call)
	}
	return known.LeftAs, a.keep(ctx, RecordLeftAs, call, drivers.Report{Build: &known})
}

func (a *Activities) seen(ctx context.Context, call drivers.NodeCall) string {
	node, err := a.Drivers.Node(call.Site)
	if err != nil {
		return ""
	}
	now, err := node.Observe(ctx, call)
	var e *drivers.Error
	switch {
	case errors.As(err, &e):
		return "; the bootstrapper could not be asked: " + string(e.Class)
	case err != nil:
		return "; the bootstrapper could not be asked"
	}
	return "; the bootstrapper says: " + string(now.Provisioner.Status)
}
