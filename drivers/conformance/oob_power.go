package conformance

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/drivers"
)

func offWhenOff(t *testing.T, o OOBTarget) {
	starts := o.Starts()
	rep, err := o.Driver.PowerOffNode(within(t), o.Call)
	require.NoError(t, err)
	assert.Equal(t, drivers.Already, rep.Outcome)
	assert.NotEmpty(t, rep.Messages)
	assert.False(t, o.Power())
	assert.Equal(t, starts, o.Starts())
}

func onTwice(t *testing.T, o OOBTarget) {
	starts := o.Starts()
	rep, err := o.Driver.PowerOnNode(within(t), o.Call)
	require.NoError(t, err)
	assert.Equal(t, drivers.Changed, rep.Outcome)
	assert.True(t, o.Power())
	rep, err = o.Driver.PowerOnNode(within(t), again(o.Call, NewJournal()))
	require.NoError(t, err)
	assert.Equal(t, drivers.Already, rep.Outcome)
	assert.Equal(t, starts+1, o.Starts())
}

func off(t *testing.T, o OOBTarget) {
	o.SetPower(true)
	rep, err := o.Driver.PowerOffNode(within(t), o.Call)
	require.NoError(t, err)
	assert.Equal(t, drivers.Changed, rep.Outcome)
	assert.False(t, o.Power())
}

func cycleOfOff(t *testing.T, o OOBTarget) {
	starts := o.Starts()
	rep, err := o.Driver.PowerCycleNode(within(t), o.Call)
	require.NoError(t, err)
	assert.Equal(t, drivers.Changed, rep.Outcome)
	assert.True(t, o.Power())
	assert.Equal(t, starts+1, o.Starts())
}

func cycleOfOn(t *testing.T, o OOBTarget) {
	o.SetPower(true)
	starts := o.Starts()
	rep, err := o.Driver.PowerCycleNode(within(t), o.Call)
	require.NoError(t, err)
	assert.Equal(t, drivers.Changed, rep.Outcome)
	assert.True(t, o.Power())
	assert.Equal(t, starts+1, o.Starts())
}

func cycleFinished(t *testing.T, o OOBTarget) {
	o.SetPower(true)
	j := NewJournal()
	_, err := o.Driver.PowerCycleNode(within(t), again(o.Call, j))
	require.NoError(t, err)
	starts := o.Starts()
	rep, err := o.Driver.PowerCycleNode(within(t), again(o.Call, j))
	require.NoError(t, err)
	assert.Equal(t, drivers.Changed, rep.Outcome, "the action changed something, although not in this attempt")
	assert.Equal(t, starts, o.Starts())
}

func cycleLost(t *testing.T, o OOBTarget) {
	if o.LoseNextAnswer == nil {
		o.skip(t, "a lost answer")
	}
	o.SetPower(true)
	j := NewJournal()
	starts := o.Starts()
	o.LoseNextAnswer()
	_, err := o.Driver.PowerCycleNode(within(t), again(o.Call, j))
	require.Error(t, err)
	assert.Equal(t, drivers.Retry, drivers.ClassOf(err).Disposition(), err.Error())
	rep, err := o.Driver.PowerCycleNode(within(t), again(o.Call, j))
	require.NoError(t, err)
	assert.Equal(t, drivers.Changed, rep.Outcome)
	assert.True(t, o.Power())
	assert.Equal(t, starts+1, o.Starts())
}

// cycleInterrupted stops the first attempt at the note that comes ahead of the command: the next one can't know whether
// the command was sent.
func cycleInterrupted(t *testing.T, o OOBTarget) {
	o.SetPower(true)
	starts := o.Starts()
	j := NewJournal()
	ctx, cancel := context.WithCancel(within(t))
	j.OnNote(func(string, string) error { cancel(); return nil })
	_, err := o.Driver.PowerCycleNode(ctx, again(o.Call, j))
	require.Error(t, err)
	after := o.Starts()
	require.LessOrEqual(t, after, starts+1)

	rep, err := o.Driver.PowerCycleNode(within(t), again(o.Call, j.Fork()))
	require.NoError(t, err)
	assert.Equal(t, drivers.Changed, rep.Outcome)
	assert.Equal(t, after, o.Starts(), "%v", rep.Messages)
}

func cycleUnnoted(t *testing.T, o OOBTarget) {
	o.SetPower(true)
	starts := o.Starts()
	j := NewJournal()
	j.OnNote(func(string, string) error { return errors.New("the journal is gone") })
	_, err := o.Driver.PowerCycleNode(within(t), again(o.Call, j))
	require.ErrorContains(t, err, "the journal is gone")
	assert.Equal(t, starts, o.Starts())
	assert.True(t, o.Power())
}
