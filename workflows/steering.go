package workflows

import (
	"fmt"
	"slices"
	"strings"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// steering lets people retry, skip and abort nodes through the task: it knows which of its nodes wait at a gate, and
// passes the word on.
func (t *taskRun) steering(ctx workflow.Context) error {
	workflow.Go(ctx, func(ctx workflow.Context) {
		ch := workflow.GetSignalChannel(ctx, signalGate)
		for {
			var news gateNews
			if !ch.Receive(ctx, &news) {
				return
			}
			t.heard(news)
		}
	})
	for _, verb := range []string{Retry, Skip, Abort} {
		err := workflow.SetUpdateHandlerWithOptions(ctx, verb,
			func(ctx workflow.Context, s Steer) ([]string, error) { return t.pass(ctx, verb, s) },
			workflow.UpdateHandlerOptions{Description: about[verb] + ", for the named nodes or all that wait",
				Validator: func(_ workflow.Context, s Steer) error { _, err := t.gated(s.Nodes); return err }})
		if err != nil {
			return err
		}
		workflow.Go(ctx, func(ctx workflow.Context) {
			ch := workflow.GetSignalChannelWithOptions(ctx, verb, workflow.SignalChannelOptions{Description: about[verb]})
			for {
				var s Steer
				if !ch.Receive(ctx, &s) {
					return
				}
				if _, err := t.pass(ctx, verb, s); err != nil {
					workflow.GetLogger(ctx).Warn("signal forgotten", "signal", verb, "why", err.Error())
				}
			}
		})
	}
	return nil
}

func (t *taskRun) heard(news gateNews) {
	for i := range t.progress.Nodes {
		n := &t.progress.Nodes[i]
		if n.Node != news.Node || (n.Phase != PhaseRunning && n.Phase != PhaseGate) {
			continue
		}
		n.Phase, n.Reason = PhaseRunning, ""
		if news.Open {
			n.Phase, n.Reason = PhaseGate, news.Step+": "+news.Reason
		}
	}
}

// gated finds the nodes that wait at a gate: the named ones, or all.
func (t *taskRun) gated(names []string) ([]*NodeProgress, error) {
	var found []*NodeProgress
	waiting := []string{}
	for i := range t.progress.Nodes {
		n := &t.progress.Nodes[i]
		if n.Phase != PhaseGate {
			continue
		}
		waiting = append(waiting, n.Node)
		if len(names) == 0 || slices.Contains(names, n.Node) {
			found = append(found, n)
		}
	}
	for _, name := range names {
		if !slices.Contains(waiting, name) {
			return nil, temporal.NewApplicationError(fmt.Sprintf("node %s does not wait for a decision; waiting: %s", name, listed(waiting)), "Conflict")
		}
	}
	if len(found) == 0 {
		return nil, temporal.NewApplicationError("no node of the task waits for a decision", "Conflict")
	}
	return found, nil
}

func listed(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// pass hands the word to the nodes and returns their names.
func (t *taskRun) pass(ctx workflow.Context, verb string, s Steer) ([]string, error) {
	nodes, err := t.gated(s.Nodes)
	if err != nil {
		return nil, err
	}
	names := []string{}
	for _, n := range nodes {
		if err := workflow.SignalExternalWorkflow(ctx, n.Workflow, "", verb, s).Get(ctx, nil); err != nil {
			return names, fmt.Errorf("tell node %s: %w", n.Node, err)
		}
		names = append(names, n.Node)
	}
	return names, nil
}
