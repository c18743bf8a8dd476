package drivers

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Class is what kind of failure an error is. It decides whether the action is called again, so the driver that saw the
// failure sets it.
type Class string

// Classes of failure.
const (
	Unreachable    Class = "Unreachable"    // no answer: network, dead BMC, service down
	Busy           Class = "Busy"           // the other side is occupied and said so
	RateLimited    Class = "RateLimited"    // the other side asked for a pause
	NotReady       Class = "NotReady"       // nothing is wrong: the hardware needs more time
	Internal       Class = "Internal"       // the other side failed within itself
	InvalidDesign  Class = "InvalidDesign"  // the design asks for what can't be
	InvalidRequest Class = "InvalidRequest" // the task asks for what can't be
	AuthFailed     Class = "AuthFailed"     // credentials refused; never repeated, so that no account gets locked
	NotFound       Class = "NotFound"
	Conflict       Class = "Conflict" // the world is not what the design says, or somebody else holds it
	NotSupported   Class = "NotSupported"
	HardwareFault  Class = "HardwareFault" // the machine failed: commissioning, tests, deployment
	NeedsPerson    Class = "NeedsPerson"   // a person has to do or decide something
)

// Disposition is what to do about a failure.
type Disposition int

// Dispositions.
const (
	Retry  Disposition = iota // call again after a while
	Never                     // calling again changes nothing
	Person                    // wait for a person
)

// Disposition of a class.
func (c Class) Disposition() Disposition {
	switch c {
	case Unreachable, Busy, RateLimited, NotReady, Internal:
		return Retry
	case NeedsPerson:
		return Person
	}
	return Never
}

// Error is the failure of an action: what was done, to what, why it failed, and what a person can do.
type Error struct {
	Class   Class
	Action  Action
	Subject string // such as "node n1" or "site harbor"
	Err     error  // the cause; never holds a secret
	Advice  string // what the operator can do, as a sentence; may be empty for NotReady
	// After is when to call again; 0 leaves it to the policy of the action.
	After time.Duration
	// Progress, for NotReady, is how far the wait is, such as "commissioning: 40 %".
	Progress string
}

// Error is "action subject: cause: advice".
func (e *Error) Error() string {
	s := string(e.Action)
	if e.Subject != "" {
		s += " " + e.Subject
	}
	switch {
	case e.Err != nil:
		s += ": " + e.Err.Error()
	case e.Progress != "":
		s += ": " + e.Progress
	}
	if e.Advice != "" {
		s += ": " + e.Advice
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }

// ClassOf finds the class of an error. A context that ended is Unreachable (the action may be repeated); an error without
// a class is Internal.
func ClassOf(err error) Class {
	var e *Error
	switch {
	case errors.As(err, &e):
		return e.Class
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return Unreachable
	}
	return Internal
}

// NodeError makes an Error about the node of a call.
func NodeError(class Class, action Action, call NodeCall, advice, format string, args ...any) *Error {
	name := ""
	if call.Node != nil {
		name = "node " + call.Node.Name
	}
	return &Error{Class: class, Action: action, Subject: name, Err: fmt.Errorf(format, args...), Advice: advice}
}

// SiteError makes an Error about the site of a call.
func SiteError(class Class, action Action, call SiteCall, advice, format string, args ...any) *Error {
	name := ""
	if call.Site != nil {
		name = "site " + call.Site.Name
	}
	return &Error{Class: class, Action: action, Subject: name, Err: fmt.Errorf(format, args...), Advice: advice}
}

// Waiting makes a NotReady Error: nothing is wrong, look again after the given time.
func Waiting(action Action, call NodeCall, after time.Duration, format string, args ...any) *Error {
	name := ""
	if call.Node != nil {
		name = "node " + call.Node.Name
	}
	return &Error{Class: NotReady, Action: action, Subject: name, After: after, Progress: fmt.Sprintf(format, args...)}
}
