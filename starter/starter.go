// Package starter starts, watches and steers tasks: the one way in for the CLI and the REST API, on top of nothing but a
// Temporal client. It starts the same workflows with the same JSON as "temporal workflow start" does.
//
// It refuses to decide: what a task may do is decided by its workflow.
package starter

import (
	"context"
	"time"

	"drydock/workflows"
)

// Task is a task as its workflow execution shows it.
type Task struct {
	ID      string            `json:"task_id"` // also the workflow ID
	RunID   string            `json:"run_id"`
	Kind    workflows.Kind    `json:"-"`
	Type    string            `json:"type"`
	Request workflows.Request `json:"request"`
	State   State             `json:"state"`
	Started time.Time         `json:"started"`
	Closed  time.Time         `json:"closed,omitzero"`
	// Result is set once the task is closed and ended by itself.
	Result *workflows.Result `json:"result,omitempty"`
	// Failure says why a closed task came to nothing, and Class what kind of failure that is: a drivers.Class, or TaskFailed.
	Failure string `json:"failure,omitempty"`
	Class   string `json:"class,omitempty"`
}

// State of a task.
type State string

// States.
const (
	Running    State = "running"
	Completed  State = "completed" // with a result, which may be partial
	Failed     State = "failed"
	Canceled   State = "canceled"
	Terminated State = "terminated" // by force, without cleanup
)

// Snapshot is a task at one moment, with what each running node does and why it waits.
type Snapshot struct {
	Task     Task
	Progress workflows.Progress
	// Nodes that run, by name.
	Nodes map[string]NodeSnapshot
	At    time.Time
}

// NodeSnapshot is what a node does at one moment.
type NodeSnapshot struct {
	Step    string    `json:"step"`              // action
	Since   time.Time `json:"since"`             // when the step began
	Attempt int       `json:"attempt,omitempty"` // from 1; 0 while it only waits for hardware
	Waits   string    `json:"waits,omitempty"`   // why it waits: the last message of the action
	Gate    bool      `json:"gate,omitempty"`    // waits for a person
}

// Starter is what the package offers; *Client implements it.
type Starter interface {
	// Start starts a task and returns at once.
	Start(ctx context.Context, kind workflows.Kind, request workflows.Request) (Task, error)
	// Task reads a task, with its result when it is closed. An unknown ID is NotFound.
	Task(ctx context.Context, id string) (Task, error)
	// List returns tasks, newest first, at most limit (0: 100).
	List(ctx context.Context, limit int) ([]Task, error)
	// Wait waits for the end of a task.
	Wait(ctx context.Context, id string) (Task, error)
	// Watch calls show now and whenever something changed, at most once per interval, until the task ends.
	Watch(ctx context.Context, id string, interval time.Duration, show func(Snapshot)) (Task, error)
	// Snapshot looks once.
	Snapshot(ctx context.Context, id string) (Snapshot, error)
	// Cancel asks a task to stop; it cleans up by itself.
	Cancel(ctx context.Context, id string, steer workflows.Steer) error
	// Retry tries failed nodes again: at their gates when the task runs, else by a new task for the failed nodes of the
	// old one, which it returns. No nodes means all failed ones.
	Retry(ctx context.Context, id string, steer workflows.Steer) (Task, error)
	// Skip lets nodes that wait at a gate go on without the failed step.
	Skip(ctx context.Context, id string, steer workflows.Steer) error
	// Plan computes what a task would do, without touching anything.
	Plan(ctx context.Context, kind workflows.Kind, request workflows.Request) (Plan, error)
	// Node returns what is known of a node. A node that is not known is NotFound; a name that several sites know, without a
	// site, is Invalid.
	Node(ctx context.Context, ref workflows.NodeRef) (workflows.NodeRecord, error)
	// Forget forgets which machine a node is, and returns what was known. While a task works on the node, it is a Conflict.
	Forget(ctx context.Context, in workflows.Forgetting) (workflows.NodeRecord, error)
}

// Plan is what a task would do.
type Plan = workflows.PlanResult

// ErrorKind is what kind of failure a starter error is.
type ErrorKind string

// Kinds of errors.
const (
	NotFound    ErrorKind = "not found"
	Conflict    ErrorKind = "conflict"
	Invalid     ErrorKind = "invalid"
	Unreachable ErrorKind = "unreachable"
	Denied      ErrorKind = "denied"
	Other       ErrorKind = "error"
)

// Error is why a task could not be started, read or steered.
type Error struct {
	Kind   ErrorKind
	Text   string // what failed, on what, why; never holds a secret
	Advice string
	Err    error
}

func (e *Error) Error() string {
	if e.Advice != "" {
		return e.Text + ": " + e.Advice
	}
	return e.Text
}

func (e *Error) Unwrap() error { return e.Err }
