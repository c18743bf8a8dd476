package activities

import (
	"context"
	"fmt"
	"log/slog"
	"slices"

	"go.temporal.io/sdk/activity"

	"drydock/design"
	"drydock/design/build"
	"drydock/drivers"
)

// NodeInput is the input of every action on a node. It holds names only.
type NodeInput struct {
	Site   string              `json:"site,omitempty"` // for people: the design says it
	Node   string              `json:"node"`
	Design string              `json:"design"` // digest
	Task   string              `json:"task,omitempty"`
	Boot   *drivers.BootTarget `json:"boot,omitempty"`
}

// SiteInput is the input of every action on the site.
type SiteInput struct {
	Site   string `json:"site"`
	Design string `json:"design"`
	Task   string `json:"task,omitempty"`
	// Nodes are the nodes that the task is about; none means all of the design.
	Nodes         []string `json:"nodes,omitempty"`
	RequireImages bool     `json:"require_images,omitempty"`
}

// Output is what every action answers.
type Output struct {
	Outcome  drivers.Outcome `json:"outcome"`
	Messages []string        `json:"messages,omitempty"`
}

// Bounds in bytes of what goes into the history of an action; the log has everything.
const (
	maxMessages    = 500 // of warnings, and of other messages
	maxMessageSize = 250
)

type nodeActivity = func(context.Context, NodeInput) (Output, error)

// onNode adapts an action on one node: it resolves names to the applied and the build model, calls the driver that
// choose finds, and keeps what was learned.
func onNode[D any](a *Activities, action drivers.Action, choose func(*design.Site, *design.Node) (D, error),
	act func(D, context.Context, drivers.NodeCall) (drivers.Report, error),
) nodeActivity {
	return func(ctx context.Context, in NodeInput) (Output, error) {
		name := string(action)
		stop := beat(ctx, PolicyOf(name).Heartbeat)
		defer stop()
		scrub := newScrubber(a.Drivers.Secrets())
		call, err := a.nodeCall(ctx, action, in)
		if err != nil {
			return Output{}, a.fail(ctx, name, err, scrub)
		}
		scrub = newScrubber(a.Drivers.Secrets(), call.Node)
		driver, err := choose(call.Site, call.Node)
		if err != nil {
			return Output{}, a.fail(ctx, name, err, scrub)
		}
		report, err := act(driver, ctx, call)
		if err == nil {
			err = a.keep(ctx, action, call, report)
		}
		if err != nil {
			a.logFailure(ctx, name, "node "+in.Node, err, scrub)
			return Output{}, a.fail(ctx, name, err, scrub)
		}
		return a.output(ctx, name, in.Node, report, scrub), nil
	}
}

// logFailure logs a failure as one, and a wait as what it is.
func (a *Activities) logFailure(ctx context.Context, action, subject string, err error, scrub scrubber) {
	level, text := slog.LevelWarn, "action failed"
	if drivers.ClassOf(err) == drivers.NotReady {
		level, text = slog.LevelDebug, "action waits"
	}
	a.Log.Log(ctx, level, text, "action", action, "subject", subject, "class", string(drivers.ClassOf(err)), "error", scrub.clean(err.Error()))
}

func (a *Activities) nodeCall(ctx context.Context, action drivers.Action, in NodeInput) (drivers.NodeCall, error) {
	site, err := a.site(ctx, in.Design)
	if err != nil {
		return drivers.NodeCall{}, err
	}
	node := site.Node(in.Node)
	if node == nil {
		return drivers.NodeCall{}, &drivers.Error{Class: drivers.NotFound, Action: action, Subject: "node " + in.Node,
			Err: fmt.Errorf("the design %s of site %s has no such node", in.Design, site.Name)}
	}
	known, err := a.Store.Build(ctx, site.Name, node.Name)
	if err != nil {
		return drivers.NodeCall{}, fmt.Errorf("read the build model of node %s: %w", node.Name, err)
	}
	info := activity.GetInfo(ctx)
	call := drivers.NodeCall{Site: site, Node: node, Build: known,
		Journal: a.Store.Journal(info.WorkflowExecution.ID, info.WorkflowExecution.RunID, info.ActivityID)}
	if in.Boot != nil {
		call.Boot = *in.Boot
	}
	return call, nil
}

// keep keeps what a call learned. Which task it was for stands in the build model, since PlanNode put it there. The
// identity of the machine is only added to: what was recorded at first sight stays, whatever a driver reports. Evidence
// is kept as it came; the build model holds no secret that a BMC repeats.
func (a *Activities) keep(ctx context.Context, action drivers.Action, call drivers.NodeCall, report drivers.Report) error {
	site, node := call.Site.Name, call.Node.Name
	if report.Build != nil {
		known, err := newScrubber(a.Drivers.Secrets(), call.Node).model(*report.Build)
		if err != nil {
			return fmt.Errorf("keep the build model of node %s: %w", node, err)
		}
		known.Name, known.Task = node, call.Build.Task
		known.Identity = call.Build.Identity.Learn(seen(known))
		if call.Build.Identity.UUID == "" && known.Identity.UUID != "" {
			if err := a.claimMachine(ctx, action, call, known.Identity); err != nil {
				return err
			}
		}
		if err := a.Store.PutBuild(ctx, site, known); err != nil {
			return fmt.Errorf("keep the build model of node %s: %w", node, err)
		}
	}
	if len(report.Evidence) > 0 {
		if err := a.Store.AddEvidence(ctx, site, node, call.Build.Task, report.Evidence); err != nil {
			return fmt.Errorf("keep the evidence about node %s: %w", node, err)
		}
	}
	return nil
}

// claimMachine refuses a machine at first sight that is another node's: two BMC addresses of a design that lead to one
// machine, or two machines that say to be one, would have it installed twice.
func (a *Activities) claimMachine(ctx context.Context, action drivers.Action, call drivers.NodeCall, found build.Identity) error {
	site, node := call.Site.Name, call.Node.Name
	owner, err := a.Store.ClaimUUID(ctx, site, node, found.UUID)
	if err != nil || owner == node {
		return err
	}
	return drivers.NodeError(drivers.Conflict, action, call,
		"see that the design gives each node the BMC address and MACs of its own machine; where node "+owner+" is no more, or has another machine now: drydock node forget "+owner,
		"the machine with the UUID %s is node %s already", found.UUID, owner)
}

// seen is the identity that a report tells, with the MACs of all NICs that it lists.
func seen(known build.Node) build.Identity {
	id := known.Identity
	id.MACs = slices.Clone(id.MACs)
	for _, n := range known.NICs {
		id.MACs = append(id.MACs, n.MAC)
	}
	return id
}

// output is what goes into the history: the first of the warnings, and the first of the other messages.
func (a *Activities) output(ctx context.Context, action, subject string, report drivers.Report, scrub scrubber) Output {
	var warnings, others []string
	for _, m := range report.Messages {
		m = scrub.clean(m)
		a.Log.InfoContext(ctx, m, "action", action, "subject", subject, "outcome", string(report.Outcome))
		if drivers.IsWarning(m) {
			warnings = append(warnings, clip(m, maxMessageSize))
		} else {
			others = append(others, clip(m, maxMessageSize))
		}
	}
	return Output{Outcome: report.Outcome, Messages: append(within(warnings, drivers.Warning), within(others, nil)...)}
}

// within cuts messages to what the history holds, and says how many were cut, in the words that mark gives the sentence.
func within(messages []string, mark func(string) string) []string {
	size := 0
	for i, m := range messages {
		if size += len(m); size > maxMessages && i > 0 {
			cut := fmt.Sprintf("%d more messages are in the worker's log", len(messages)-i)
			if mark != nil {
				cut = mark(cut)
			}
			return append(messages[:i:i], cut)
		}
	}
	return messages
}
