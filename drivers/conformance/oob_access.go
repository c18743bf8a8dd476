package conformance

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/design"
	"drydock/drivers"
)

func otherMachine(t *testing.T, o OOBTarget) {
	o.SetPower(true)
	rep, err := o.Driver.InterrogateOob(within(t), o.Call)
	require.NoError(t, err)
	if rep.Build.Identity.UUID == "" {
		t.Skip("driver and counterpart tell no UUID")
	}
	o.Call.Build = *rep.Build
	o.Call.Build.Identity.UUID = "0f0f0f0f-1111-4222-8333-444455556666"
	starts := o.Starts()
	for name, act := range powerActions(o.Driver) {
		_, err = act(within(t), o.Call)
		requireClass(t, drivers.Conflict, err)
		assert.True(t, o.Power(), name)
		assert.Equal(t, starts, o.Starts(), name)
	}
	_, err = o.Driver.InterrogateOob(within(t), o.Call)
	requireClass(t, drivers.Conflict, err)
}

type action = func(context.Context, drivers.NodeCall) (drivers.Report, error)

func powerActions(d drivers.OOB) map[drivers.Action]action {
	return map[drivers.Action]action{
		drivers.PowerOffNode: d.PowerOffNode, drivers.PowerOnNode: d.PowerOnNode, drivers.PowerCycleNode: d.PowerCycleNode,
	}
}

func concurrent(t *testing.T, o OOBTarget) {
	o.SetPower(true)
	const callers = 5
	failed := make(chan error, callers)
	for range callers {
		go func() {
			_, err := o.Driver.InterrogateOob(within(t), again(o.Call, NewJournal()))
			failed <- err
		}()
	}
	for range callers {
		require.NoError(t, <-failed)
	}
}

func cancelled(t *testing.T, o OOBTarget) {
	if o.Silence != nil {
		o.Silence() // so that the call is under way when it is cancelled
	}
	for name, act := range powerActions(o.Driver) {
		ctx, cancel := context.WithCancel(context.Background())
		timer := time.AfterFunc(20*time.Millisecond, cancel)
		returned := make(chan struct{})
		go func() {
			defer close(returned)
			_, err := act(ctx, again(o.Call, NewJournal()))
			// A call that was done before the cancellation is as good.
			if err != nil {
				assert.Equal(t, drivers.Retry, drivers.ClassOf(err).Disposition(), "%s: %v", name, err)
			}
		}()
		<-ctx.Done()
		select {
		case <-returned:
		case <-time.After(time.Second):
			t.Errorf("%s did not return within a second of its context", name)
			<-returned
		}
		timer.Stop()
	}
}

func wrongPassword(t *testing.T, o OOBTarget) {
	const secret = "Wr0ng-horse-batt"
	node := *o.Call.Node
	node.OOB.Credential = design.Secret(secret)
	o.Call.Node = &node
	before := 0
	if o.Logins != nil {
		before = o.Logins()
	}
	_, err := o.Driver.PowerCycleNode(within(t), o.Call)
	e := requireClass(t, drivers.AuthFailed, err)
	assert.NotContains(t, e.Error(), secret)
	assert.NotContains(t, e.Err.Error(), secret)
	assert.NotEmpty(t, e.Advice)
	assert.Equal(t, "node "+node.Name, e.Subject)
	if o.Logins != nil {
		assert.Equal(t, before+1, o.Logins(), "a refused password is not tried again")
	}
}

func noAddress(t *testing.T, o OOBTarget) {
	node := *o.Call.Node
	node.Addresses, node.OOB.LibvirtURI = nil, "" // whichever of them leads to its controller
	o.Call.Node = &node
	_, err := o.Driver.InterrogateOob(within(t), o.Call)
	requireClass(t, drivers.InvalidDesign, err)
}

func silent(t *testing.T, o OOBTarget) {
	if o.Silence == nil {
		t.Skip("the counterpart can't be silenced")
	}
	limit := o.SilentWithin
	if limit == 0 {
		limit = 10 * time.Second
	}
	o.Silence()
	start := time.Now()
	_, err := o.Driver.InterrogateOob(within(t), o.Call)
	e := requireClass(t, drivers.Unreachable, err)
	assert.Less(t, time.Since(start), limit)
	assert.Contains(t, e.Error(), o.Call.Node.BMCAddress())
	assert.NotEmpty(t, e.Advice)
}
