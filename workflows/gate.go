package workflows

import (
	"fmt"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// signalGate tells the task that a node waits at its gate, or no longer does.
const signalGate = "node-gate"

// gateNews is the argument of signalGate.
type gateNews struct {
	Node   string `json:"node"`
	Open   bool   `json:"open"`
	Step   string `json:"step,omitempty"`
	Reason string `json:"reason,omitempty"`
}

// GateStatus answers the query "status" of a node.
type GateStatus struct {
	Gate   bool   `json:"gate"` // waits for a person
	Step   string `json:"step,omitempty"`
	Reason string `json:"reason,omitempty"`
}

// gate is where a node waits for a person. Retry, skip and abort arrive as updates, which answer and are refused while
// nothing waits, or as signals, which are forgotten while nothing waits.
type gate struct {
	in       NodeRequest
	status   GateStatus
	decision *decision
}

type decision struct {
	verb  string
	steer Steer
}

func (d decision) said() string {
	s := ""
	if d.steer.By != "" {
		s += " by " + d.steer.By
	}
	if d.steer.Reason != "" {
		s += " (" + d.steer.Reason + ")"
	}
	return s
}

func newGate(ctx workflow.Context, in NodeRequest) (*gate, error) {
	g := &gate{in: in}
	if err := workflow.SetQueryHandler(ctx, QueryStatus, func() (GateStatus, error) { return g.status, nil }); err != nil {
		return nil, err
	}
	for _, verb := range []string{Retry, Skip, Abort} {
		err := workflow.SetUpdateHandlerWithOptions(ctx, verb,
			func(_ workflow.Context, s Steer) (string, error) {
				g.decision = &decision{verb: verb, steer: s}
				return fmt.Sprintf("%s of %s at node %s is on its way", verb, g.status.Step, in.Node), nil
			},
			workflow.UpdateHandlerOptions{Description: about[verb], Validator: func(_ workflow.Context, _ Steer) error { return g.accepts() }})
		if err != nil {
			return nil, err
		}
		workflow.Go(ctx, func(ctx workflow.Context) {
			ch := workflow.GetSignalChannelWithOptions(ctx, verb, workflow.SignalChannelOptions{Description: about[verb]})
			for {
				var s Steer
				if !ch.Receive(ctx, &s) {
					return
				}
				if err := g.accepts(); err != nil {
					workflow.GetLogger(ctx).Warn("signal forgotten", "signal", verb, "node", in.Node, "why", err.Error())
					continue
				}
				g.decision = &decision{verb: verb, steer: s}
			}
		})
	}
	return g, nil
}

var about = map[string]string{
	Retry: "Try the failed step again",
	Skip:  "Go on without the failed step",
	Abort: "Let the node fail",
}

func (g *gate) accepts() error {
	switch {
	case !g.status.Gate:
		return temporal.NewApplicationError("node "+g.in.Node+" does not wait for a decision", "Conflict")
	case g.decision != nil:
		return temporal.NewApplicationError("node "+g.in.Node+" has been given a decision already", "Conflict")
	}
	return nil
}

// wait opens the gate and waits for a decision, or for the end of the context.
func (g *gate) wait(ctx workflow.Context, step string, why NodeResult) (decision, error) {
	g.status = GateStatus{Gate: true, Step: step, Reason: why.Reason}
	g.tell(ctx, gateNews{Node: g.in.Node, Open: true, Step: step, Reason: why.Reason})
	workflow.SetCurrentDetails(ctx, fmt.Sprintf("**waits for a person** at %s: %s\n\nSend update or signal `retry`, `skip` or `abort`.", step, why.Reason))
	err := workflow.Await(ctx, func() bool { return g.decision != nil })
	g.status = GateStatus{}
	workflow.SetCurrentDetails(ctx, "")
	if err != nil {
		return decision{}, err
	}
	d := *g.decision
	g.decision = nil
	g.tell(ctx, gateNews{Node: g.in.Node, Step: step})
	return d, nil
}

// tell signals the task. A task that has ended does not matter: the node can be steered by itself.
func (g *gate) tell(ctx workflow.Context, news gateNews) {
	if g.in.Task == "" {
		return
	}
	if err := workflow.SignalExternalWorkflow(ctx, g.in.Task, "", signalGate, news).Get(ctx, nil); err != nil {
		workflow.GetLogger(ctx).Warn("the task could not be told about the gate", "task", g.in.Task, "error", err.Error())
	}
}
