package bmc_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/design/build"
	"drydock/drivers"
	"drydock/drivers/conformance"
	"drydock/drivers/oob/bmc"
)

// script is a machine that shows given power states, one per reading, the last one for ever, and writes down what is sent.
type script struct {
	states []string
	marks  []bmc.Marks
	sent   []string
	fails  map[string]error
}

func (s *script) Power(context.Context) (string, error) {
	state := s.states[0]
	if len(s.states) > 1 {
		s.states = s.states[1:]
	}
	return state, nil
}

func (s *script) Marks(context.Context) (bmc.Marks, error) {
	if len(s.marks) == 0 {
		return bmc.Marks{}, nil
	}
	m := s.marks[0]
	if len(s.marks) > 1 {
		s.marks = s.marks[1:]
	}
	return m, nil
}

func (s *script) send(what, then string) error {
	s.sent = append(s.sent, what)
	if err := s.fails[what]; err != nil {
		return err
	}
	if then != "" {
		s.states = []string{then}
	}
	return nil
}

func (s *script) TurnOn(context.Context) error   { return s.send("on", build.PowerOn) }
func (s *script) TurnOff(context.Context) error  { return s.send("off", build.PowerOff) }
func (s *script) ShutDown(context.Context) error { return s.send("shutdown", "") }
func (s *script) Restart(context.Context) error  { return s.send("restart", "") }

func powerOf(s *script, j drivers.Journal) bmc.Power {
	return bmc.Power{Machine: s, Journal: j, Timing: bmc.Timing{
		Poll: time.Millisecond, Settle: 20 * time.Millisecond, Graceful: 20 * time.Millisecond, Timeout: 200 * time.Millisecond,
	}}
}

const (
	on, off, moving = build.PowerOn, build.PowerOff, build.PowerUnknown
)

func TestOneReadingOfPowerIsNotBelieved(t *testing.T) {
	for _, c := range []struct {
		name   string
		states []string
		want   drivers.Outcome
		sent   []string
	}{
		{"off that flaps to on is on", []string{off, on, on}, drivers.Already, nil},
		{"on that flaps to off is off", []string{on, off, off}, drivers.Changed, []string{"on"}},
		{"a flap while power moves changes nothing", []string{moving, off, moving, on, moving, on, on}, drivers.Already, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &script{states: c.states}
			rep, err := powerOf(s, conformance.NewJournal()).On(t.Context())
			require.NoError(t, err)
			assert.Equal(t, c.want, rep.Outcome)
			assert.Equal(t, c.sent, s.sent)
		})
	}
}

// TestEvidenceDecidesWhetherALostRestartIsRepeated interrupts an attempt whose answer got lost, and lets the next one see
// different marks.
func TestEvidenceDecidesWhetherALostRestartIsRepeated(t *testing.T) {
	lost := bmc.Failf(drivers.Unreachable, "", "no answer")
	const once = "pxe"
	for _, c := range []struct {
		name          string
		before, after bmc.Marks
		repeated      bool
		says          string
	}{
		{"nothing is shown", bmc.Marks{}, bmc.Marks{}, false, "to be safe"},
		{"the reset time moved", bmc.Marks{LastReset: "1"}, bmc.Marks{LastReset: "2"}, false, "shows that the machine was restarted"},
		{"the reset time alone stayed", bmc.Marks{LastReset: "1"}, bmc.Marks{LastReset: "1"}, false, "to be safe"},
		{"the override was used up, and only a boot does that", bmc.Marks{Once: once, OnceLasts: true}, bmc.Marks{}, false, "shows that the machine was restarted"},
		{"the override is gone, and a timer may have done that", bmc.Marks{Once: once}, bmc.Marks{}, false, "to be safe"},
		{"the override alone still waits", bmc.Marks{Once: once}, bmc.Marks{Once: once}, false, "to be safe"},
		{"override and reset time are as before", bmc.Marks{Once: once, LastReset: "1"}, bmc.Marks{Once: once, LastReset: "1"}, true, "was restarted"},
		{"override and cause are as before", bmc.Marks{Once: once, Cause: "watchdog"}, bmc.Marks{Once: once, Cause: "watchdog"}, true, "was restarted"},
		{"the cause was a command before, so it proves nothing", bmc.Marks{Once: once, Cause: bmc.CauseCommand}, bmc.Marks{Once: once, Cause: bmc.CauseCommand}, false, "to be safe"},
		{"the cause became a command", bmc.Marks{Cause: "button"}, bmc.Marks{Cause: bmc.CauseCommand}, false, "shows that the machine was restarted"},
		{"another override waits now", bmc.Marks{Once: once, LastReset: "1"}, bmc.Marks{Once: "disk", LastReset: "1"}, false, "to be safe"},
	} {
		t.Run(c.name, func(t *testing.T) {
			j := conformance.NewJournal()
			s := &script{states: []string{on}, marks: []bmc.Marks{c.before}, fails: map[string]error{"restart": lost}}
			_, err := powerOf(s, j).Cycle(t.Context())
			require.ErrorIs(t, err, lost)

			s = &script{states: []string{on}, marks: []bmc.Marks{c.after}}
			rep, err := powerOf(s, j).Cycle(t.Context())
			require.NoError(t, err)
			assert.Equal(t, drivers.Changed, rep.Outcome)
			assert.Contains(t, rep.Messages[0], c.says)
			if c.repeated {
				assert.Equal(t, []string{"restart"}, s.sent)
			} else {
				assert.Empty(t, s.sent)
			}
		})
	}
}

func TestJournalThatCannotBeReadStopsACycle(t *testing.T) {
	j := conformance.NewJournal()
	require.NoError(t, j.Note(t.Context(), bmc.CycleKey, "{"))
	s := &script{states: []string{on}}
	_, err := powerOf(s, j).Cycle(t.Context())
	assert.Equal(t, drivers.Conflict, bmc.Failure(drivers.PowerCycleNode, drivers.NodeCall{}, err).Class)
	assert.Empty(t, s.sent)
}

func TestPowerIsCutWhenTheShutdownIsRefused(t *testing.T) {
	refused := bmc.Failf(drivers.Busy, "", "not now")
	refused.Refused = true
	for name, err := range map[string]error{"refused": refused, "not offered": bmc.ErrNoWay} {
		t.Run(name, func(t *testing.T) {
			s := &script{states: []string{on}, fails: map[string]error{"shutdown": err}}
			rep, err := powerOf(s, conformance.NewJournal()).Off(t.Context())
			require.NoError(t, err)
			assert.Equal(t, drivers.Changed, rep.Outcome)
			assert.Equal(t, []string{"shutdown", "off"}, s.sent)
		})
	}
}

func TestFinishedRestartIsOver(t *testing.T) {
	j := conformance.NewJournal()
	_, err := powerOf(&script{states: []string{on}}, j).Cycle(t.Context())
	require.NoError(t, err)
	s := &script{states: []string{off}} // somebody turned the machine off since
	rep, err := powerOf(s, j).Cycle(t.Context())
	require.NoError(t, err)
	assert.Equal(t, drivers.Changed, rep.Outcome)
	assert.Empty(t, s.sent)
}

// TestAMachineThatWentOffByItselfIsNotStartedTwice: the answer to the start was lost, and the machine is off when the next
// attempt looks, because it never started, or because it has started, done its work and shut down.
func TestAMachineThatWentOffByItselfIsNotStartedTwice(t *testing.T) {
	const once = "pxe"
	for name, c := range map[string]struct {
		before, after bmc.Marks
		started       bool
	}{
		"the override that only a boot uses up is gone":     {bmc.Marks{Once: once, OnceLasts: true}, bmc.Marks{OnceLasts: true}, true},
		"the override is gone and a reset time has come up": {bmc.Marks{Once: once}, bmc.Marks{LastReset: "1"}, true},
		"the override is gone and the cause is a command":   {bmc.Marks{Once: once, Cause: "unknown"}, bmc.Marks{Cause: bmc.CauseCommand}, true},
		"the override is gone and a timer may have done it": {bmc.Marks{Once: once}, bmc.Marks{}, false},
		"the override still waits":                          {bmc.Marks{Once: once, OnceLasts: true, LastReset: "1"}, bmc.Marks{Once: once, OnceLasts: true, LastReset: "2"}, false},
		"there was no override":                             {bmc.Marks{LastReset: "1"}, bmc.Marks{LastReset: "2"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			j := conformance.NewJournal()
			lost := bmc.Failf(drivers.Unreachable, "", "no answer")
			s := &script{states: []string{off}, marks: []bmc.Marks{c.before}, fails: map[string]error{"on": lost}}
			_, err := powerOf(s, j).Cycle(t.Context())
			require.Error(t, err)

			s = &script{states: []string{off}, marks: []bmc.Marks{c.after}}
			rep, err := powerOf(s, j).Cycle(t.Context())
			require.NoError(t, err)
			assert.Equal(t, drivers.Changed, rep.Outcome)
			if c.started {
				assert.Empty(t, s.sent)
				assert.Contains(t, rep.Messages[0], "gone off by itself")
			} else {
				assert.Equal(t, []string{"on"}, s.sent)
			}
		})
	}
}
