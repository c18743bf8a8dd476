package cli

import (
	"context"
	"errors"

	"go.temporal.io/sdk/temporal"

	"drydock/design/ingest"
	"drydock/drivers"
	"drydock/starter"
	"drydock/starter/config"
	"drydock/workflows"
)

// Exit codes of all commands.
const (
	ExitDone          = 0
	ExitFailed        = 1
	ExitUsage         = 2
	ExitPartial       = 3
	ExitInvalidDesign = 4
	ExitDenied        = 5
	ExitConflict      = 6
	ExitUnreachable   = 7
	ExitChanges       = 10
	ExitTimeout       = 124
	ExitInterrupted   = 130
)

// exitMeanings is the table that "drydock help exit-codes" shows.
var exitMeanings = []struct {
	code  int
	means string
}{
	{ExitDone, "done (for a plan: computed)"},
	{ExitFailed, "failed"},
	{ExitUsage, "usage, or input that can't be read"},
	{ExitPartial, "partial success: some nodes failed"},
	{ExitInvalidDesign, "the design is invalid"},
	{ExitDenied, "denied"},
	{ExitConflict, "not found, or in conflict (a node or site held by another task)"},
	{ExitUnreachable, "a needed service can't be reached"},
	{ExitChanges, "the plan has changes (only with --detailed-exitcode)"},
	{ExitTimeout, "waiting timed out; the task still runs"},
	{ExitInterrupted, "interrupted"},
}

// failure is an error with the exit code that it ends the command with. Without a text everything has been said.
type failure struct {
	code int
	err  error
}

func (f *failure) Error() string {
	if f.err == nil {
		return ""
	}
	return f.err.Error()
}

func (f *failure) Unwrap() error { return f.err }

func usage(err error) error { return &failure{ExitUsage, err} }

// ended ends a command that has said everything; nil for ExitDone.
func ended(code int) error {
	if code == ExitDone {
		return nil
	}
	return &failure{code: code}
}

// exitCode is the exit code of an error.
func exitCode(err error) int {
	var (
		own        *failure
		problems   config.Problems
		ofStarter  *starter.Error
		ofIngest   *ingest.Error
		ofDriver   *drivers.Error
		ofWorkflow *temporal.ApplicationError
	)
	switch {
	case err == nil:
		return ExitDone
	case errors.As(err, &own):
		return own.code
	case errors.As(err, &problems):
		return ExitUsage
	case errors.As(err, &ofDriver):
		return exitOfClass(ofDriver.Class)
	case errors.As(err, &ofWorkflow) && (ofWorkflow.Type() == string(drivers.InvalidDesign) || ofWorkflow.Type() == string(drivers.InvalidRequest)):
		return exitOfClass(drivers.Class(ofWorkflow.Type()))
	case errors.As(err, &ofStarter):
		return exitOfStarter(ofStarter.Kind)
	case errors.As(err, &ofIngest):
		return exitOfIngest(ofIngest.Kind)
	case errors.Is(err, context.DeadlineExceeded):
		return ExitTimeout
	case errors.Is(err, context.Canceled):
		return ExitInterrupted
	}
	return ExitFailed
}

func exitOfStarter(kind starter.ErrorKind) int {
	switch kind {
	case starter.NotFound, starter.Conflict:
		return ExitConflict
	case starter.Invalid:
		return ExitUsage
	case starter.Unreachable:
		return ExitUnreachable
	case starter.Denied:
		return ExitDenied
	}
	return ExitFailed
}

func exitOfIngest(kind ingest.Kind) int {
	switch kind {
	case ingest.Unreachable:
		return ExitUnreachable
	case ingest.Denied:
		return ExitDenied
	}
	return ExitUsage
}

// exitOfTask is the exit code of a task that has ended. A task that failed may have a result, too: the design was found
// to be invalid, or no node succeeded.
func exitOfTask(t starter.Task) int {
	r := t.Result
	switch {
	case r != nil && t.State == starter.Completed && r.Status == workflows.StatusSuccess:
		return ExitDone
	case r != nil && t.State == starter.Completed && r.Status == workflows.StatusPartialSuccess:
		return ExitPartial
	case r != nil && !r.Findings.Valid():
		return ExitInvalidDesign
	case r != nil && t.Class == workflows.TypeFailed && heldElsewhere(r.Failures):
		return ExitConflict
	}
	return exitOfClass(drivers.Class(t.Class))
}

func exitOfClass(class drivers.Class) int {
	switch class {
	case drivers.InvalidRequest:
		return ExitUsage
	case drivers.InvalidDesign:
		return ExitInvalidDesign
	case drivers.AuthFailed:
		return ExitDenied
	case drivers.NotFound, drivers.Conflict:
		return ExitConflict
	case drivers.Unreachable:
		return ExitUnreachable
	}
	return ExitFailed
}

// heldElsewhere reports whether conflicts are all that the nodes failed of.
func heldElsewhere(failures []workflows.NodeResult) bool {
	for _, f := range failures {
		if f.Class != string(drivers.Conflict) {
			return false
		}
	}
	return len(failures) > 0
}
