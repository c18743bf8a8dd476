package starter

import (
	"context"
	"reflect"
	"sync"
	"time"

	workflowpb "go.temporal.io/api/workflow/v1"
	"golang.org/x/sync/errgroup"

	"drydock/drivers"
	"drydock/workflows"
)

// lookers is how many nodes are looked at at once.
const lookers = 8

// Snapshot implements Starter. What nodes do is read from the server, so that it is seen while no worker runs; the list of
// nodes comes from the task's workflow, and is missing until a worker answers.
func (c *Client) Snapshot(ctx context.Context, id string) (Snapshot, error) {
	task, err := c.Task(ctx, id)
	if err != nil {
		return Snapshot{}, err
	}
	s := Snapshot{Task: task, Nodes: map[string]NodeSnapshot{}, At: time.Now()}
	c.progress(ctx, id, &s)
	if task.State == Running {
		c.look(ctx, &s)
	}
	return s, nil
}

// progress asks the workflow; without a worker there is no answer, and the watcher goes on with what it has.
func (c *Client) progress(ctx context.Context, id string, s *Snapshot) {
	bounded, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	value, err := c.temporal.QueryWorkflow(bounded, id, "", workflows.QueryStatus)
	if err != nil {
		return
	}
	var p workflows.Progress
	if value.Get(&p) == nil {
		s.Progress = p
	}
}

func (c *Client) look(ctx context.Context, s *Snapshot) {
	var mu sync.Mutex
	var group errgroup.Group
	group.SetLimit(lookers)
	for _, n := range s.Progress.Nodes {
		if n.Phase != workflows.PhaseRunning && n.Phase != workflows.PhaseGate {
			continue
		}
		group.Go(func() error {
			seen, ok := c.nodeSnapshot(ctx, n)
			if ok {
				mu.Lock()
				defer mu.Unlock()
				s.Nodes[n.Node] = seen
			}
			return nil
		})
	}
	_ = group.Wait() // the functions return no errors
}

func (c *Client) nodeSnapshot(ctx context.Context, n workflows.NodeProgress) (NodeSnapshot, bool) {
	d, err := c.temporal.DescribeWorkflowExecution(ctx, n.Workflow, "")
	if err != nil {
		return NodeSnapshot{}, false
	}
	if n.Phase == workflows.PhaseGate {
		return NodeSnapshot{Step: "gate", Gate: true, Waits: n.Reason}, true
	}
	var now *workflowpb.PendingActivityInfo
	for _, a := range d.GetPendingActivities() {
		now = a
	}
	if now == nil {
		return NodeSnapshot{}, false
	}
	seen := NodeSnapshot{
		Step: now.GetActivityType().GetName(), Attempt: int(now.GetAttempt()),
		Waits: now.GetLastFailure().GetMessage(),
	}
	if now.GetLastFailure().GetApplicationFailureInfo().GetType() == string(drivers.NotReady) {
		seen.Attempt = 0 // it looked again and again, and nothing failed
	}
	if t := now.GetScheduledTime(); t.IsValid() {
		seen.Since = t.AsTime()
	}
	if t := now.GetLastStartedTime(); t.IsValid() && (seen.Since.IsZero() || t.AsTime().Before(seen.Since)) {
		seen.Since = t.AsTime()
	}
	return seen, true
}

// Watch implements Starter.
func (c *Client) Watch(ctx context.Context, id string, interval time.Duration, show func(Snapshot)) (Task, error) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	var last Snapshot
	firstSeen := map[string]NodeSnapshot{} // a step began when it was first seen: later attempts move the server's time
	for {
		s, err := c.Snapshot(ctx, id)
		if err != nil {
			return Task{}, err
		}
		if s.Progress.Phase == "" {
			s.Progress = last.Progress
		}
		for _, n := range s.Progress.Nodes {
			// Between two steps nothing is pending for a moment; the last step stands until the next one.
			if f, ok := firstSeen[n.Node]; ok && n.Phase == workflows.PhaseRunning && s.Nodes[n.Node].Step == "" {
				s.Nodes[n.Node] = f
			}
		}
		for name, n := range s.Nodes {
			if f, ok := firstSeen[name]; ok && f.Step == n.Step {
				n.Since = f.Since
				s.Nodes[name] = n
			}
			firstSeen[name] = n
		}
		if changed(last, s) {
			show(s)
			last = s
		}
		if s.Task.State != Running {
			return s.Task, nil
		}
		select {
		case <-ctx.Done():
			return s.Task, ctx.Err()
		case <-tick.C:
		}
	}
}

func changed(a, b Snapshot) bool {
	a.At, b.At = time.Time{}, time.Time{}
	return !reflect.DeepEqual(a, b)
}
