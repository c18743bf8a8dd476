package bmc

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"drydock/drivers"
)

// Fault is a failure as a protocol sees it, before it is known which action of which node it stopped.
type Fault struct {
	Class  drivers.Class
	Err    error
	Advice string
	After  time.Duration // when the BMC wants to be asked again; 0: it did not say
	// Refused: the BMC answered, and its answer was that it did not do what was asked. Without it a command may have
	// been carried out although an error came back.
	Refused bool
	// Login: it is the account or the password that was refused, so the same must not be tried again.
	Login bool
}

func (f *Fault) Error() string { return f.Err.Error() }
func (f *Fault) Unwrap() error { return f.Err }

// Failf makes a Fault.
func Failf(class drivers.Class, advice, format string, args ...any) *Fault {
	return &Fault{Class: class, Advice: advice, Err: fmt.Errorf(format, args...)}
}

// ErrNoWay is returned for a way of moving power that this BMC does not offer; nothing was sent.
var ErrNoWay = errors.New("the BMC does not offer it")

// WasRefused reports whether the BMC said that it did not do it, so that doing it again is no repetition.
func WasRefused(err error) bool {
	var f *Fault
	return errors.As(err, &f) && f.Refused
}

// Failure turns what stopped an action into the error of the contract. The account's password, also in the form in which
// HTTP Basic carries it, is replaced wherever the text holds it: BMCs are known to quote requests in their answers.
func Failure(action drivers.Action, call drivers.NodeCall, err error) *drivers.Error {
	var done *drivers.Error
	if errors.As(err, &done) {
		return done
	}
	out := drivers.NodeError(drivers.ClassOf(err), action, call, "", "%w", err)
	var f *Fault
	if errors.As(err, &f) {
		out.Class, out.Advice, out.After = f.Class, f.Advice, f.After
	}
	// What ended on the caller's side says nothing about the BMC, whatever the fault made of it.
	if errors.Is(err, context.Canceled) {
		out.Class, out.Advice = drivers.Unreachable, ""
	}
	if call.Node == nil {
		return out
	}
	hide := hider(call)
	if text := out.Err.Error(); hide(text) != text {
		out.Err = errors.New(hide(text))
	}
	out.Advice = hide(out.Advice)
	return out
}

// Clean takes the call's password out of a text that came from a BMC.
func Clean(call drivers.NodeCall, text string) string { return hider(call)(text) }

func hider(call drivers.NodeCall) func(string) string {
	if call.Node == nil || call.Node.OOB.Credential == "" {
		return func(s string) string { return s }
	}
	secret := call.Node.OOB.Credential.Reveal()
	basic := base64.StdEncoding.EncodeToString([]byte(call.Node.OOB.Account + ":" + secret))
	return strings.NewReplacer(basic, "[redacted]", secret, "[redacted]").Replace
}
