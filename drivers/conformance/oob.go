package conformance

import (
	"context"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"drydock/drivers"
)

// OOBTarget is a driver and one machine behind a counterpart of its protocol. Functions that are nil stand for what the
// counterpart can't show or do; the tests that need them are skipped.
type OOBTarget struct {
	Driver drivers.OOB
	// Call names the node, with working credentials. The suite gives every test a journal of its own.
	Call drivers.NodeCall

	// Power says whether the machine really is on, and SetPower makes it so at once, behind the BMC's back.
	Power    func() bool
	SetPower func(on bool)
	// Starts counts how often the machine began to boot: by power-on, reset or cycle.
	Starts func() int
	// Boot is what the machine's firmware would boot from next; Device is "" without an override.
	Boot func() drivers.BootTarget
	// Sessions is how many sessions are open at the BMC.
	Sessions func() int
	// Logins counts attempts to log in, refused ones too.
	Logins func() int
	// LoseNextAnswer makes the BMC carry out the next power command without its answer arriving.
	LoseNextAnswer func()
	// Silence makes the BMC take and answer nothing any more.
	Silence func()
	// SilentWithin is by when the driver has to say that a BMC is silent: default 10 s.
	SilentWithin time.Duration
	// Lingers says why the counterpart keeps a session of a refused login until its timer ends; "" when it does not.
	Lingers string

	lacks func(what string)
}

// OOB runs the contract of the OOB family. newTarget makes a fresh machine, which is off, for each test. What driver and
// counterpart could not play, or not show, is returned in words for a table.
func OOB(t *testing.T, newTarget func(t *testing.T) OOBTarget) (unplayed []string) {
	t.Helper()
	lacks := func(what string) {
		if !slices.Contains(unplayed, what) {
			unplayed = append(unplayed, what)
		}
	}
	for _, c := range []struct {
		name string
		test func(*testing.T, OOBTarget)
	}{
		{"off when it is off is Already and touches nothing", offWhenOff},
		{"on starts the machine, and on again is Already", onTwice},
		{"off ends with the machine off", off},
		{"a cycle of a machine that is off starts it", cycleOfOff},
		{"a cycle restarts a machine that is on exactly once", cycleOfOn},
		{"a cycle that was finished is not repeated by a later attempt", cycleFinished},
		{"a cycle whose answer was lost is not repeated", cycleLost},
		{"a cycle that was noted and interrupted in doubt is not sent by the next attempt", cycleInterrupted},
		{"a cycle that can't be noted is not begun", cycleUnnoted},
		{"a boot target for once is set, is read back, and is Already then", bootOnce},
		{"a boot target for good is set", bootForGood},
		{"a boot target that there is not is InvalidDesign", bootNonsense},
		{"interrogation reads power and changes nothing", interrogate},
		{"ConfigNodePxe leaves power and boot target alone", pxe},
		{"a machine that is not the one on record is a Conflict and stays untouched", otherMachine},
		{"a machine with none of the NICs on record is a Conflict and stays untouched", otherNICs},
		{"calls at once for one machine all succeed", concurrent},
		{"a cancelled context returns within a second", cancelled},
		{"a restart that is cancelled in its middle returns within a second and leaves no session", cancelledWithin},
		{wrongCredentials, wrongPassword},
		{"a node without a BMC address is InvalidDesign", noAddress},
		{"a silent BMC is Unreachable in time and named", silent},
	} {
		t.Run(c.name, func(t *testing.T) {
			target := newTarget(t)
			target.Call.Journal = NewJournal()
			target.lacks = lacks
			if target.Sessions == nil {
				lacks("count of open sessions")
			}
			c.test(t, target)
			// A driver may keep a session for the next call; it deletes it when it is closed.
			if c, ok := target.Driver.(io.Closer); ok {
				require.NoError(t, c.Close())
			}
			if refused := c.name == wrongCredentials; refused && target.Lingers != "" {
				lacks("session of a refused login (" + target.Lingers + ")")
			} else if target.Sessions != nil {
				require.Eventually(t, func() bool { return target.Sessions() == 0 }, 5*time.Second, 10*time.Millisecond,
					"a session was left behind at the BMC")
			}
		})
	}
	return unplayed
}

const wrongCredentials = "wrong credentials are AuthFailed after one attempt, without the secret"

// skip ends a test that driver and counterpart can't play.
func (o OOBTarget) skip(t *testing.T, what string) {
	t.Helper()
	o.lacks(what)
	t.Skip("not played: " + what)
}

func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// again is a later attempt of the same action: the journal is the same.
func again(call drivers.NodeCall, j *Journal) drivers.NodeCall {
	call.Journal = j
	return call
}

func requireClass(t *testing.T, want drivers.Class, err error) *drivers.Error {
	t.Helper()
	var e *drivers.Error
	require.ErrorAs(t, err, &e, "every failure of an action is a *drivers.Error")
	require.Equal(t, want, e.Class, err.Error())
	return e
}
