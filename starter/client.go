package starter

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"

	"drydock/workflows"
)

// memoRequest is the memo key that repeats the request of a task, so that lists need not read histories.
const memoRequest = "request"

// Client is a Starter on a Temporal client.
type Client struct {
	temporal  client.Client
	namespace string
	queue     string
}

var _ Starter = (*Client)(nil)

// New makes a Client that starts tasks on a task queue of the namespace that the Temporal client was made for.
func New(c client.Client, namespace, queue string) *Client {
	return &Client{temporal: c, namespace: namespace, queue: queue}
}

// Connect connects to Temporal as its environment configuration says (TEMPORAL_ADDRESS, TEMPORAL_PROFILE, TEMPORAL_TLS...).
// A server that does not answer within ten seconds is Unreachable. With more options the client does more than
// starting tasks: measuring itself, for one.
func Connect(ctx context.Context, queue string, logger *slog.Logger, more ...func(*client.Options) error) (*Client, error) {
	options, err := envconfig.LoadDefaultClientOptions()
	if err != nil {
		return nil, &Error{Kind: Invalid, Text: fmt.Sprintf("read the Temporal configuration: %v", err),
			Advice: "see TEMPORAL_CONFIG_FILE, TEMPORAL_PROFILE and the other TEMPORAL_ variables", Err: err}
	}
	if options.HostPort == "" {
		options.HostPort = client.DefaultHostPort
	}
	if options.Namespace == "" {
		options.Namespace = client.DefaultNamespace
	}
	if logger != nil {
		options.Logger = log.NewStructuredLogger(logger)
	}
	for _, apply := range more {
		if err := apply(&options); err != nil {
			return nil, err
		}
	}
	bounded, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	c, err := client.DialContext(bounded, options)
	if err != nil {
		return nil, &Error{Kind: Unreachable, Text: fmt.Sprintf("connect to Temporal at %s: %v", options.HostPort, err),
			Advice: "see that the server runs there, and that TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE and TEMPORAL_TLS are right", Err: err}
	}
	return New(c, options.Namespace, queue), nil
}

// Temporal is the client that it works with.
func (c *Client) Temporal() client.Client { return c.temporal }

// Namespace is the namespace that it works in.
func (c *Client) Namespace() string { return c.namespace }

// Queue is the task queue that tasks are started on.
func (c *Client) Queue() string { return c.queue }

// Close ends the connection.
func (c *Client) Close() { c.temporal.Close() }

// Start implements Starter. The ID of the task is a random UUID, which clients of the original API expect.
func (c *Client) Start(ctx context.Context, kind workflows.Kind, request workflows.Request) (Task, error) {
	id := uuid.NewString()
	run, err := c.temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: id, TaskQueue: c.queue,
		WorkflowIDConflictPolicy:                 enumspb.WORKFLOW_ID_CONFLICT_POLICY_FAIL,
		WorkflowExecutionErrorWhenAlreadyStarted: true,
		StaticSummary:                            kind.About,
		Memo:                                     map[string]any{memoRequest: request},
	}, kind.Type, request)
	if err != nil {
		return Task{}, c.failed(fmt.Sprintf("start %s", kind.Word()), err)
	}
	return Task{ID: id, RunID: run.GetRunID(), Kind: kind, Type: kind.Type, Request: request, State: Running, Started: time.Now()}, nil
}

// Wait implements Starter.
func (c *Client) Wait(ctx context.Context, id string) (Task, error) {
	// The result is read by Task; here only the end is waited for, and what the workflow failed with is no error of ours.
	err := c.temporal.GetWorkflow(ctx, id, "").Get(ctx, nil)
	var execution *temporal.WorkflowExecutionError
	if err != nil && !errors.As(err, &execution) {
		return Task{}, c.failed("wait for task "+id, err)
	}
	return c.Task(ctx, id)
}

// Cancel implements Starter. A cancellation carries no reason, so that the task is told it just before.
func (c *Client) Cancel(ctx context.Context, id string, steer workflows.Steer) error {
	info, err := c.describe(ctx, id)
	if err != nil {
		return err
	}
	if s := stateOf(info.GetStatus()); s != Running {
		return &Error{Kind: Conflict, Text: fmt.Sprintf("cancel task %s: it is %s", id, s)}
	}
	if steer.Reason != "" || steer.By != "" {
		if err := c.temporal.SignalWorkflow(ctx, id, "", workflows.SignalReason, steer); err != nil {
			return c.failed("cancel task "+id, err)
		}
	}
	if err := c.temporal.CancelWorkflow(ctx, id, ""); err != nil {
		return c.failed("cancel task "+id, err)
	}
	return nil
}

// Plan implements Starter.
func (c *Client) Plan(ctx context.Context, kind workflows.Kind, request workflows.Request) (Plan, error) {
	run, err := c.temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: "plan/" + uuid.NewString(), TaskQueue: c.queue, StaticSummary: "what would be done to " + kind.About,
	}, workflows.TypePlanTask, workflows.PlanRequest{Type: kind.Type, Request: request})
	if err != nil {
		return Plan{}, c.failed("plan "+kind.Word(), err)
	}
	var plan Plan
	if err := run.Get(ctx, &plan); err != nil {
		var execution *temporal.WorkflowExecutionError
		var app *temporal.ApplicationError
		if errors.As(err, &execution) && errors.As(err, &app) {
			return Plan{}, taskError("plan "+kind.Word(), app)
		}
		return Plan{}, c.failed("plan "+kind.Word(), err)
	}
	return plan, nil
}

// failed turns an error of Temporal into one of ours.
func (c *Client) failed(what string, err error) error {
	e := &Error{Kind: Other, Text: fmt.Sprintf("%s: %v", what, err), Err: err}
	var (
		notFound    *serviceerror.NotFound
		started     *serviceerror.WorkflowExecutionAlreadyStarted
		unavailable *serviceerror.Unavailable
		deadline    *serviceerror.DeadlineExceeded
		denied      *serviceerror.PermissionDenied
		invalid     *serviceerror.InvalidArgument
		namespace   *serviceerror.NamespaceNotFound
	)
	switch {
	case errors.As(err, &notFound), errors.As(err, &namespace):
		e.Kind = NotFound
	case errors.As(err, &started):
		e.Kind = Conflict
	case errors.As(err, &denied):
		e.Kind = Denied
	case errors.As(err, &invalid):
		e.Kind = Invalid
	case errors.As(err, &unavailable), errors.As(err, &deadline):
		e.Kind, e.Advice = Unreachable, "see that Temporal answers at the address of TEMPORAL_ADDRESS"
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	}
	return e
}
