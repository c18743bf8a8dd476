package conformance

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/design/build"
	"drydock/drivers"
)

func bootOnce(t *testing.T, o OOBTarget) {
	setBoot(t, o, drivers.BootTarget{Device: drivers.BootPXE, Once: true})
}

func bootForGood(t *testing.T, o OOBTarget) {
	setBoot(t, o, drivers.BootTarget{Device: drivers.BootDisk})
}

func setBoot(t *testing.T, o OOBTarget, want drivers.BootTarget) {
	o.Call.Boot = want
	before := o.Boot()
	rep, err := o.Driver.SetNodeBoot(within(t), o.Call)
	require.NoError(t, err)
	if _, lacks := o.Driver.Lacks()[drivers.SetNodeBoot]; lacks {
		assert.Equal(t, drivers.Unsupported, rep.Outcome)
		assert.NotEmpty(t, rep.Messages)
		assert.Equal(t, before, o.Boot(), "what can't be read back is not set")
		return
	}
	assert.Equal(t, drivers.Changed, rep.Outcome)
	got := o.Boot()
	assert.Equal(t, want.Device, got.Device)
	if !keepsDeviceOnly(rep) {
		assert.Equal(t, want, got)
		rep, err = o.Driver.SetNodeBoot(within(t), o.Call)
		require.NoError(t, err)
		if !keepsDeviceOnly(rep) { // or it can't tell a target that waits from one that was used up, and says so
			assert.Equal(t, drivers.Already, rep.Outcome, "%v", rep.Messages)
		}
		assert.Equal(t, want, o.Boot())
	}
	assert.False(t, o.Power(), "setting a boot target moves no power")
}

// keepsDeviceOnly is a BMC that dropped what else was set, where the driver says so: it has to add a message.
func keepsDeviceOnly(rep drivers.Report) bool { return len(rep.Messages) > 1 }

func bootNonsense(t *testing.T, o OOBTarget) {
	before := o.Boot()
	o.Call.Boot = drivers.BootTarget{Device: "floppy"}
	_, err := o.Driver.SetNodeBoot(within(t), o.Call)
	requireClass(t, drivers.InvalidDesign, err)
	assert.Equal(t, before, o.Boot())
}

func interrogate(t *testing.T, o OOBTarget) {
	o.SetPower(true)
	starts, boot := o.Starts(), o.Boot()
	rep, err := o.Driver.InterrogateOob(within(t), o.Call)
	require.NoError(t, err)
	require.NotNil(t, rep.Build)
	assert.Equal(t, drivers.Already, rep.Outcome)
	assert.Equal(t, build.PowerOn, rep.Build.OOB.Power)
	assert.Equal(t, o.Driver.Name(), rep.Build.OOB.Driver)
	assert.Equal(t, o.Call.Node.BMCAddress(), rep.Build.Identity.BMCAddress)
	assert.WithinDuration(t, time.Now(), rep.Build.OOB.ObservedAt, time.Minute)
	assert.Equal(t, starts, o.Starts())
	assert.Equal(t, boot, o.Boot())

	o.SetPower(false)
	o.Call.Build = *rep.Build
	rep, err = o.Driver.InterrogateOob(within(t), o.Call)
	require.NoError(t, err)
	assert.Equal(t, build.PowerOff, rep.Build.OOB.Power)
}

func pxe(t *testing.T, o OOBTarget) {
	starts, boot := o.Starts(), o.Boot()
	rep, err := o.Driver.ConfigNodePxe(within(t), o.Call)
	require.NoError(t, err)
	assert.NotEmpty(t, rep.Messages)
	if _, lacks := o.Driver.Lacks()[drivers.ConfigNodePxe]; lacks {
		assert.Equal(t, drivers.Unsupported, rep.Outcome)
	}
	assert.Equal(t, starts, o.Starts())
	assert.Equal(t, boot, o.Boot())
}
