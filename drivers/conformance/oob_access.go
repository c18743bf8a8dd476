package conformance

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/design"
	"drydock/design/build"
	"drydock/drivers"
)

func otherMachine(t *testing.T, o OOBTarget) {
	o.SetPower(true)
	rep, err := o.Driver.InterrogateOob(within(t), o.Call)
	require.NoError(t, err)
	if rep.Build.Identity.UUID == "" {
		o.skip(t, "another machine (no UUID is told)")
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

// otherNICs has nothing else on record: a machine may tell neither serial number nor UUID.
func otherNICs(t *testing.T, o OOBTarget) {
	o.SetPower(true)
	rep, err := o.Driver.InterrogateOob(within(t), o.Call)
	require.NoError(t, err)
	own := rep.Build.Identity.MACs
	if len(own) == 0 {
		o.skip(t, "other NICs (no MACs are told)")
	}
	o.Call.Build = *rep.Build
	o.Call.Build.Identity = build.Identity{MACs: []string{"0a:0b:0c:0d:0e:01", "0a:0b:0c:0d:0e:02"}}
	starts := o.Starts()
	for name, act := range powerActions(o.Driver) {
		_, err = act(within(t), o.Call)
		requireClass(t, drivers.Conflict, err)
		assert.True(t, o.Power(), name)
		assert.Equal(t, starts, o.Starts(), name)
	}
	// A NIC that was replaced leaves another, and is no other machine.
	o.Call.Build.Identity = build.Identity{MACs: append([]string{"0a:0b:0c:0d:0e:01"}, own[1:]...)}
	if len(own) == 1 {
		o.Call.Build.Identity.MACs = append(o.Call.Build.Identity.MACs, own...)
	}
	rep, err = o.Driver.PowerOnNode(within(t), again(o.Call, NewJournal()))
	require.NoError(t, err)
	assert.Equal(t, drivers.Already, rep.Outcome)
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
	acts := powerActions(o.Driver)
	acts[drivers.InterrogateOob], acts[drivers.SetNodeBoot] = o.Driver.InterrogateOob, o.Driver.SetNodeBoot
	o.Call.Boot = drivers.BootTarget{Device: drivers.BootPXE, Once: true}
	for name, act := range acts {
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

// cancelledWithin cancels at the note that comes ahead of the command, when the session is open.
func cancelledWithin(t *testing.T, o OOBTarget) {
	o.SetPower(true)
	starts := o.Starts()
	ctx, cancel := context.WithCancel(within(t))
	defer cancel()
	var at time.Time
	j := NewJournal()
	j.OnNote(func(string, string) error { at = time.Now(); cancel(); return nil })
	_, err := o.Driver.PowerCycleNode(ctx, again(o.Call, j))
	require.Error(t, err)
	assert.Less(t, time.Since(at), time.Second)
	assert.Equal(t, drivers.Retry, drivers.ClassOf(err).Disposition(), err.Error())
	assert.LessOrEqual(t, o.Starts(), starts+1)
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
	if o.Logins == nil {
		o.lacks("count of logins")
		return
	}
	assert.Equal(t, before+1, o.Logins(), "a refused password is not tried again")
	_, err = o.Driver.PowerOnNode(within(t), again(o.Call, NewJournal()))
	requireClass(t, drivers.AuthFailed, err)
	assert.Equal(t, before+1, o.Logins(), "nor by another action")
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
		o.skip(t, "silence")
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
