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

// NodeTarget is a driver and a counterpart of its protocol with one machine that is off and that the counterpart does not
// know. Functions that are nil stand for what the counterpart can't do; the tests that need them are skipped.
type NodeTarget struct {
	Driver drivers.Node
	Site   drivers.SiteCall
	// Call names the node. The suite gives journals and the build model.
	Call drivers.NodeCall
	// Secrets are in no error and no message: the key of the driver, the credential of the BMC.
	Secrets []string

	// Start boots the machine from the network, as the OOB driver would, so that it enlists.
	Start func()
	// Writes is how many requests that ask for a change reached the counterpart.
	Writes func() int
	// Done is what the machine went through.
	Done func() NodeDone
	// LoseAnswer makes the counterpart do the n-th write from now, from 1, without its answer arriving. It returns whether
	// that has happened.
	LoseAnswer func(n int) (happened func() bool)
	// Fail makes the next commissioning or installation fail, or no longer.
	Fail func(fail bool)
	// Lock locks the machine as a person would, and Take takes it for another user, whose name it returns.
	Lock func()
	Take func() (owner string)
	// ChangeBMC makes the counterpart control the machine through another BMC.
	ChangeBMC func()
	// Silence makes the counterpart take requests and answer nothing any more.
	Silence func()
}

// NodeDone counts what was done to a machine.
type NodeDone struct{ Commissions, Deploys, Erases int }

// Node runs the contract of the node family. newTarget makes a fresh target for each test.
func Node(t *testing.T, newTarget func(t *testing.T) NodeTarget) {
	t.Helper()
	for _, c := range []struct {
		name string
		test func(*testing.T, *nodeRun)
	}{
		{"the site is prepared once, and the second run writes nothing", siteTwice},
		{"a machine that is not there is absent, waited for and not destroyed", notThere},
		{"each action from enlistment to destruction changes once, and is Already without a write in a new task", wholeLife},
		{"looking changes nothing", looking},
		{"an operation whose answer is lost is not begun again", answersLost},
		{"what can't be noted is not begun", unnoted},
		{"what failed in this task is not repeated by it, and is by the next", failedOnce},
		{"a locked machine is refused and not touched", lockedMachine},
		{"a machine that somebody else holds is refused with the name of its owner", takenMachine},
		{"a machine behind another BMC than the designed one is neither deployed nor destroyed", otherBMC},
		{"a machine with another system UUID than the recorded one is neither deployed nor destroyed", otherUUID},
		{"a cancelled context ends every action within a second", cancelledNode},
		{"a call without node or site is an error", emptyCall},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := &nodeRun{NodeTarget: newTarget(t), t: t}
			c.test(t, n)
		})
	}
}

// nodeRun is one test of the suite at work.
type nodeRun struct {
	NodeTarget
	t *testing.T
}

type nodeStep struct {
	name string
	act  action
}

// life is the way of a node, each step once.
func (n *nodeRun) life() []nodeStep {
	d := n.Driver
	return []nodeStep{
		{"IdentifyNode", d.IdentifyNode}, {"ConfigureHardware", d.ConfigureHardware}, {"ApplyNodeNetworking", d.ApplyNodeNetworking},
		{"ApplyNodeStorage", d.ApplyNodeStorage}, {"ApplyNodePlatform", d.ApplyNodePlatform}, {"DeployNode", d.DeployNode}, {"DestroyNode", d.DestroyNode},
	}
}

// reach prepares the site, starts the machine and does all steps ahead of the named one.
func (n *nodeRun) reach(step string) {
	n.t.Helper()
	for _, act := range n.siteActions() {
		_, err := n.finishSite(act)
		require.NoError(n.t, err)
	}
	n.Start()
	for _, s := range n.life() {
		if s.name == step {
			return
		}
		rep, err := n.finish(s.act, NewJournal())
		require.NoError(n.t, err, s.name)
		require.Equal(n.t, drivers.Changed, rep.Outcome, "%s: %v", s.name, rep.Messages)
	}
}

// look calls an action once. It checks what holds for every call: it does not sit out a wait, it tells no secret, and a
// wait says what for and how long.
func (n *nodeRun) look(act action, j drivers.Journal) (drivers.Report, error) {
	n.t.Helper()
	call := n.Call
	call.Journal = j
	rep, err := act(within(n.t), call)
	for _, m := range rep.Messages {
		n.quiet(m)
	}
	if rep.Build != nil {
		n.Call.Build = *rep.Build
	}
	if err == nil {
		require.NotEmpty(n.t, rep.Outcome)
		return rep, nil
	}
	n.quiet(err.Error())
	var e *drivers.Error
	require.ErrorAs(n.t, err, &e, "every failure of an action is a *drivers.Error")
	if e.Class == drivers.NotReady {
		require.NotEmpty(n.t, e.Progress, "a wait says what it waits for")
		require.Positive(n.t, e.After, "a wait says when to look again")
	} else {
		require.NotEmpty(n.t, e.Error())
	}
	return rep, err
}

func (n *nodeRun) quiet(text string) {
	n.t.Helper()
	for _, s := range n.Secrets {
		require.NotContains(n.t, text, s, "a secret got out")
	}
}

// finish calls an action for as long as it may be called again, as a workflow would.
func (n *nodeRun) finish(act action, j drivers.Journal) (rep drivers.Report, err error) {
	n.t.Helper()
	for range 5000 {
		rep, err = n.look(act, j)
		var e *drivers.Error
		if err == nil || errors.As(err, &e) && e.Class.Disposition() != drivers.Retry {
			return rep, err
		}
		<-time.After(min(max(e.After, time.Millisecond), 50*time.Millisecond)) // the pause that the error asks for
	}
	require.FailNow(n.t, "the action does not end", "%v", err)
	return rep, err
}

// refused calls an action that must refuse, with one of the classes, before it writes anything.
func (n *nodeRun) refused(s nodeStep, classes ...drivers.Class) *drivers.Error {
	n.t.Helper()
	writes, done := n.Writes(), n.Done()
	_, err := n.look(s.act, NewJournal())
	var e *drivers.Error
	require.ErrorAs(n.t, err, &e, s.name)
	require.Contains(n.t, classes, e.Class, "%s: %v", s.name, err)
	require.NotEmpty(n.t, e.Advice, s.name)
	assert.Equal(n.t, writes, n.Writes(), "%s wrote", s.name)
	assert.Equal(n.t, done, n.Done(), s.name)
	return e
}

// step finds a step by its name.
func (n *nodeRun) step(name string) nodeStep {
	n.t.Helper()
	for _, s := range n.life() {
		if s.name == name {
			return s
		}
	}
	require.FailNow(n.t, "no such step", name)
	return nodeStep{}
}

type siteAction = func(context.Context, drivers.SiteCall) (drivers.Report, error)

func (n *nodeRun) siteActions() map[drivers.Action]siteAction {
	d := n.Driver
	all := map[drivers.Action]siteAction{
		drivers.CreateNetworkTemplate: d.CreateNetworkTemplate, drivers.CreateStorageTemplate: d.CreateStorageTemplate, drivers.CreateBootMedia: d.CreateBootMedia,
		drivers.PrepareHardwareConfig: d.PrepareHardwareConfig, drivers.ConfigureUserCredentials: d.ConfigureUserCredentials,
		drivers.ConfigureNodeProvisioner: d.ConfigureNodeProvisioner,
	}
	for a := range d.Lacks() {
		delete(all, a)
	}
	return all
}

func (n *nodeRun) finishSite(act siteAction) (rep drivers.Report, err error) {
	n.t.Helper()
	call := n.Site
	call.Journal = NewJournal()
	for range 5000 {
		rep, err = act(within(n.t), call)
		if err == nil || drivers.ClassOf(err).Disposition() != drivers.Retry {
			return rep, err
		}
		n.quiet(err.Error())
		<-time.After(time.Millisecond)
	}
	return rep, err
}

func (n *nodeRun) observe() build.Node {
	n.t.Helper()
	call := n.Call
	call.Journal = NewJournal()
	b, err := n.Driver.Observe(within(n.t), call)
	require.NoError(n.t, err)
	return b
}
