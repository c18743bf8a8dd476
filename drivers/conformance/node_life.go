package conformance

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/design/build"
	"drydock/drivers"
)

func siteTwice(t *testing.T, n *nodeRun) {
	for name, act := range n.siteActions() {
		_, err := n.finishSite(act)
		require.NoError(t, err, name)
	}
	writes := n.Writes()
	for name, act := range n.siteActions() {
		rep, err := n.finishSite(act)
		require.NoError(t, err, name)
		assert.Equal(t, drivers.Already, rep.Outcome, "%s: %v", name, rep.Messages)
	}
	call := n.Site
	call.Journal = NewJournal()
	rep, err := n.Driver.ValidateNodeServices(within(t), call)
	require.NoError(t, err)
	assert.NotEmpty(t, rep.Messages)
	assert.Equal(t, writes, n.Writes())
}

func notThere(t *testing.T, n *nodeRun) {
	assert.Equal(t, build.StatusAbsent, n.observe().Provisioner.Status)
	_, err := n.look(n.Driver.IdentifyNode, NewJournal())
	requireClass(t, drivers.NotReady, err)
	rep, err := n.look(n.Driver.DestroyNode, NewJournal())
	require.NoError(t, err)
	assert.Equal(t, drivers.Already, rep.Outcome)
	for _, name := range []string{"ConfigureHardware", "ApplyNodeNetworking", "ApplyNodeStorage", "ApplyNodePlatform", "DeployNode"} {
		n.refused(n.step(name), drivers.NotFound)
	}
	assert.Zero(t, n.Writes())
}

func wholeLife(t *testing.T, n *nodeRun) {
	n.reach("IdentifyNode")
	for _, s := range n.life() {
		rep, err := n.finish(s.act, NewJournal())
		require.NoError(t, err, s.name)
		require.Equal(t, drivers.Changed, rep.Outcome, "%s: %v", s.name, rep.Messages)
		require.NotEmpty(t, rep.Messages, "%s says what it changed", s.name)
		writes := n.Writes()
		rep, err = n.finish(s.act, NewJournal())
		require.NoError(t, err, s.name)
		assert.Equal(t, drivers.Already, rep.Outcome, "%s: %v", s.name, rep.Messages)
		assert.Equal(t, writes, n.Writes(), "%s wrote in its second run", s.name)
	}
	assert.Equal(t, NodeDone{Commissions: 1, Deploys: 1, Erases: 1}, n.Done())
}

func looking(t *testing.T, n *nodeRun) {
	n.reach("DeployNode")
	writes, done := n.Writes(), n.Done()
	b := n.observe()
	assert.Equal(t, build.StatusReady, b.Provisioner.Status)
	assert.Equal(t, n.Driver.Name(), b.Provisioner.Driver)
	assert.False(t, b.Provisioner.Ours)
	assert.WithinDuration(t, time.Now(), b.Provisioner.ObservedAt, time.Minute)
	rep, err := n.look(n.Driver.InterrogateNode, NewJournal())
	require.NoError(t, err)
	require.NotNil(t, rep.Build)
	assert.Equal(t, drivers.Already, rep.Outcome)
	assert.NotEmpty(t, rep.Build.NICs)
	assert.NotEmpty(t, rep.Build.Disks)
	for _, e := range rep.Evidence {
		n.quiet(e.Data)
	}
	assert.Equal(t, writes, n.Writes())
	assert.Equal(t, done, n.Done())
	_, err = n.finish(n.Driver.DeployNode, NewJournal())
	require.NoError(t, err)
	b = n.observe()
	assert.Equal(t, build.StatusDeployed, b.Provisioner.Status)
	assert.True(t, b.Provisioner.Ours)
}

// begins are the steps that begin what must not happen twice.
var begins = []string{"ConfigureHardware", "DeployNode", "DestroyNode"}

func answersLost(t *testing.T, n *nodeRun) {
	if n.LoseAnswer == nil {
		t.Skip("the counterpart can't lose an answer")
	}
	n.reach("ConfigureHardware")
	for _, name := range begins {
		for w := 1; ; w++ {
			require.Less(t, w, 50, "%s writes without an end", name)
			before := n.Done()
			happened := n.LoseAnswer(w)
			rep, err := n.finish(n.step(name).act, NewJournal())
			require.NoError(t, err, "%s, write %d", name, w)
			after := n.Done()
			assert.LessOrEqual(t, after.Commissions, before.Commissions+1, "%s, write %d", name, w)
			assert.LessOrEqual(t, after.Deploys, before.Deploys+1, "%s, write %d", name, w)
			assert.LessOrEqual(t, after.Erases, before.Erases+1, "%s, write %d", name, w)
			if !happened() {
				break
			}
			assert.Equal(t, drivers.Changed, rep.Outcome, "%s, write %d", name, w)
			if name == "DeployNode" { // its beginning has to be reached again; a machine is commissioned and released only once
				_, err = n.finish(n.Driver.DestroyNode, NewJournal())
				require.NoError(t, err)
				continue
			}
			break
		}
	}
}

func unnoted(t *testing.T, n *nodeRun) {
	n.reach("ConfigureHardware")
	for _, name := range begins {
		j := NewJournal()
		j.OnNote(func(string, string) error { return errors.New("the journal is gone") })
		done := n.Done()
		_, err := n.step(name).act(within(t), withJournal(n.Call, j))
		require.ErrorContains(t, err, "the journal is gone", name)
		assert.Equal(t, done, n.Done(), name)
		for s := range n.lifeFrom(name) {
			_, err := n.finish(s.act, NewJournal())
			require.NoError(t, err, s.name)
		}
	}
}

// lifeFrom yields the steps from one that begins something to the next of that kind.
func (n *nodeRun) lifeFrom(name string) func(yield func(nodeStep) bool) {
	return func(yield func(nodeStep) bool) {
		on := false
		for _, s := range n.life() {
			begin := s.name == "ConfigureHardware" || s.name == "DeployNode" || s.name == "DestroyNode"
			if begin && on {
				return
			}
			on = on || s.name == name
			if on && !yield(s) {
				return
			}
		}
	}
}

func withJournal(call drivers.NodeCall, j drivers.Journal) drivers.NodeCall {
	call.Journal = j
	return call
}

func failedOnce(t *testing.T, n *nodeRun) {
	if n.Fail == nil {
		t.Skip("the counterpart can't make a machine fail")
	}
	n.reach("ConfigureHardware")
	for _, name := range []string{"ConfigureHardware", "DeployNode"} {
		act := n.step(name).act
		n.Fail(true)
		j := NewJournal()
		_, err := n.finish(act, j)
		e := requireClass(t, drivers.HardwareFault, err)
		require.NotEmpty(t, e.Advice, name)
		done := n.Done()
		_, err = n.finish(act, j.Fork())
		requireClass(t, drivers.HardwareFault, err)
		assert.Equal(t, done, n.Done(), "%s was repeated by its own task", name)
		n.Fail(false)
		for s := range n.lifeFrom(name) {
			_, err := n.finish(s.act, NewJournal())
			require.NoError(t, err, s.name)
		}
		assert.NotEqual(t, done, n.Done(), "%s is repeated by the next task", name)
	}
}

func cancelledNode(t *testing.T, n *nodeRun) {
	n.reach("DeployNode")
	if n.Silence != nil {
		n.Silence() // so that the call is under way when it is cancelled
	}
	for _, s := range n.life() {
		ctx, cancel := context.WithCancel(context.Background())
		timer := time.AfterFunc(20*time.Millisecond, cancel)
		returned := make(chan error, 1)
		go func() {
			_, err := s.act(ctx, withJournal(n.Call, NewJournal()))
			returned <- err
		}()
		<-ctx.Done()
		select {
		case err := <-returned:
			if n.Silence != nil {
				require.Error(t, err, s.name)
				assert.Equal(t, drivers.Retry, drivers.ClassOf(err).Disposition(), "%s: %v", s.name, err)
				n.quiet(err.Error())
			}
		case <-time.After(time.Second):
			t.Errorf("%s did not return within a second of its context", s.name)
			<-returned
		}
		timer.Stop()
	}
}
