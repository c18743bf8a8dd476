package redfish_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/design/build"
	"drydock/drivers"
	"drydock/drivers/oob/redfish"
)

func TestPasswordGoesToTheLoginOnlyWhereThereAreSessions(t *testing.T) {
	t.Run("a service that takes tokens only is given no password", func(t *testing.T) {
		s := newService(t)
		s.tokensOnly = true
		call := callFor(s)
		call.Boot = drivers.BootTarget{Device: drivers.BootPXE, Once: true}
		d := driverFor(t, s)
		_, err := d.SetNodeBoot(short(t), call)
		require.NoError(t, err)
		_, err = d.PowerCycleNode(short(t), call)
		require.NoError(t, err)
		assert.Zero(t, s.basics)
	})
	t.Run("a session that breaks with all other sessions does not lead to Basic", func(t *testing.T) {
		s := newService(t)
		s.dropSessions, s.forgetsAll = 1, true
		_, err := driverFor(t, s).InterrogateOob(short(t), callFor(s))
		requireFault(t, drivers.Busy, "dropped it and gives no other that lasts", err)
		assert.Zero(t, s.basics)
	})
}

func TestASessionThatIsLostToSomebodyElseIsBusyAndNoWrongPassword(t *testing.T) {
	s := newService(t)
	s.dropSessions, s.stolen, s.sessionLimit = 1, true, 1
	_, err := driverFor(t, s).InterrogateOob(short(t), callFor(s))
	requireFault(t, drivers.Busy, "maximum number of user sessions", err)
	assert.Equal(t, 2, s.logins)
}

func TestETagsAsTheFieldHasThem(t *testing.T) {
	for name, tags := range map[string]string{
		"weak tags that are wanted without their mark": "stripped",
		"empty tags, which are ignored":                "empty",
	} {
		t.Run(name, func(t *testing.T) {
			s := newService(t)
			s.etags = tags
			call := callFor(s)
			call.Boot = drivers.BootTarget{Device: drivers.BootPXE, Once: true}
			_, err := driverFor(t, s).SetNodeBoot(short(t), call)
			require.NoError(t, err)
			assert.Equal(t, "Pxe", s.machines[0].target)
		})
	}
	t.Run("an action goes without a tag, which some refuse", func(t *testing.T) {
		s := newService(t)
		_, err := driverFor(t, s).PowerOnNode(short(t), callFor(s))
		require.NoError(t, err)
		assert.Equal(t, []string{""}, s.postTags)
	})
	t.Run("an action that wants a tag is sent again with it", func(t *testing.T) {
		s := newService(t)
		s.etags, s.postWantsTag = "weak", true
		_, err := driverFor(t, s).PowerOnNode(short(t), callFor(s))
		require.NoError(t, err)
		assert.Equal(t, []string{"", `W/"0"`}, s.postTags)
		assert.Equal(t, 1, s.starts())
	})
}

func TestBootOverridesAsTheFieldHasThem(t *testing.T) {
	for _, c := range []struct {
		name  string
		quirk func(*service)
		says  string
		check func(*testing.T, *service)
	}{
		{"the mode is sent along, since some reset it otherwise", func(s *service) { s.resetsMode = true }, "",
			func(t *testing.T, s *service) { assert.Equal(t, "UEFI", s.machines[0].mode) }},
		{"the mode that the machine has is sent along where the design names none", func(s *service) { s.resetsMode, s.machines[0].mode = true, "UEFI" }, "",
			func(t *testing.T, s *service) { assert.Contains(t, s.bodies[0], `"BootSourceOverrideMode":"UEFI"`) }},
		{"a service that wants the least gets the least", func(s *service) { s.wantLeast = true }, "",
			func(t *testing.T, s *service) { assert.Len(t, s.bodies, 2) }},
		{"Pxe that reads back as a UEFI target is told", func(s *service) { s.uefiTarget = true }, "UEFI target that it chose", nil},
		{"a settings object without boot properties is left alone", func(s *service) { s.settingsBare = true }, "",
			func(t *testing.T, s *service) { assert.Zero(t, s.count("PATCH /redfish/v1/Systems/437XR1138R2/SD")) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newService(t)
			c.quirk(s)
			call := callFor(s)
			if strings.Contains(c.name, "names none") {
				call.Node.HardwareProfile.BootMode = ""
			}
			call.Boot = drivers.BootTarget{Device: drivers.BootPXE, Once: true}
			rep, err := driverFor(t, s).SetNodeBoot(short(t), call)
			require.NoError(t, err)
			assert.Contains(t, words(rep), c.says)
			assert.Equal(t, "Pxe", s.machines[0].target)
			if c.check != nil {
				c.check(t, s)
			}
		})
	}
	t.Run("a service without boot properties is NotSupported, with what a person can do", func(t *testing.T) {
		s := newService(t)
		s.noBoot = true
		call := callFor(s)
		call.Boot = drivers.BootTarget{Device: drivers.BootPXE, Once: true}
		_, err := driverFor(t, s).SetNodeBoot(short(t), call)
		requireFault(t, drivers.NotSupported, "set the boot device at the BMC or in the firmware setup", err)
		assert.Empty(t, s.bodies)
	})
	t.Run("a write whose answer was lost is found done by the next attempt, and not repeated", func(t *testing.T) {
		s := newService(t)
		s.loseBoot = true
		call, d := callFor(s), driverFor(t, s)
		call.Boot = drivers.BootTarget{Device: drivers.BootPXE, Once: true}
		_, err := d.SetNodeBoot(short(t), call)
		requireFault(t, drivers.Unreachable, "broke", err)
		rep, err := d.SetNodeBoot(short(t), call)
		require.NoError(t, err)
		assert.Equal(t, drivers.Already, rep.Outcome)
		assert.Len(t, s.bodies, 1)
	})
	t.Run("an override that a boot has used up is no override", func(t *testing.T) {
		s := newService(t)
		call, d := callFor(s), driverFor(t, s)
		call.Boot = drivers.BootTarget{Device: drivers.BootPXE, Once: true}
		_, err := d.SetNodeBoot(short(t), call)
		require.NoError(t, err)
		_, err = d.PowerCycleNode(short(t), call)
		require.NoError(t, err)
		rep, err := d.InterrogateOob(short(t), call)
		require.NoError(t, err)
		assert.Empty(t, rep.Build.OOB.BootTarget)
	})
}

func TestAnswersThatAreFinalForAWrite(t *testing.T) {
	for status, class := range map[int]drivers.Class{
		400: drivers.NotSupported, 403: drivers.AuthFailed, 404: drivers.NotFound, 405: drivers.NotSupported, 501: drivers.NotSupported,
	} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			s := newService(t)
			final := &refusal{status: status, html: "<html><body>No.</body></html>"}
			s.refusePatch = []*refusal{final, final, final}
			call := callFor(s)
			call.Boot = drivers.BootTarget{Device: drivers.BootPXE, Once: true}
			_, err := driverFor(t, s).SetNodeBoot(short(t), call)
			requireFault(t, class, "No.", err)
			assert.NotEqual(t, drivers.Retry, drivers.ClassOf(err).Disposition())
			assert.LessOrEqual(t, len(s.bodies), 2, "the full form and the least, at most")
		})
	}
}

func TestReadsAreRepeatedAfterPassingFailures(t *testing.T) {
	for name, f := range map[string]*refusal{
		"SYS518, the lifecycle controller is busy": {status: 400, id: "IDRAC.2.8.SYS518", text: "Busy."},
		"ResourceNotReadyRetry":                    {status: 503, id: "Base.1.8.ResourceNotReadyRetry", text: "Not ready."},
		"500 while power moves":                    {status: 500, html: "<h1>oops</h1>"},
		"a connection that is reset":               {lost: true},
	} {
		t.Run(name, func(t *testing.T) {
			s := newService(t)
			s.fail = []*refusal{f}
			_, err := driverFor(t, s).InterrogateOob(short(t), callFor(s))
			require.NoError(t, err)
		})
	}
}

func TestTasksInAllTheirForms(t *testing.T) {
	for name, task := range map[string]string{
		"202 with neither Location nor body":             "empty",
		"202 with a monitor that is gone when asked for": "gone",
		"200 with a task that is completed":              "done",
	} {
		t.Run(name, func(t *testing.T) {
			s := newService(t)
			s.task = task
			_, err := driverFor(t, s).PowerOnNode(short(t), callFor(s))
			require.NoError(t, err)
			assert.Equal(t, []string{"On"}, s.sent())
		})
	}
}

func TestATaskIsAskedForWhenItsServiceSays(t *testing.T) {
	s := newService(t)
	s.task, s.tasks, s.taskAfter = "location", 1, "1"
	start := time.Now()
	_, err := driverFor(t, s).PowerOnNode(short(t), callFor(s))
	require.NoError(t, err)
	assert.GreaterOrEqual(t, time.Since(start), time.Second)
	assert.Equal(t, 2, s.count("GET /redfish/v1/Tasks/1/Monitor"))
}

func TestPowerWithoutOnAndWithAPowerThatDoesNothing(t *testing.T) {
	t.Run("the power button is pushed where there is nothing else", func(t *testing.T) {
		s := newService(t)
		s.resetTypes = []string{"ForceOff", "PushPowerButton"}
		_, err := driverFor(t, s).PowerOnNode(short(t), callFor(s))
		require.NoError(t, err)
		assert.Equal(t, []string{"PushPowerButton"}, s.sent())
	})
	t.Run("it is not pushed at a machine that is on, which would turn it off", func(t *testing.T) {
		s := newService(t)
		s.resetTypes, s.machines[0].state = []string{"ForceOff", "PushPowerButton"}, "On"
		rep, err := driverFor(t, s).PowerOnNode(short(t), callFor(s))
		require.NoError(t, err)
		assert.Equal(t, drivers.Already, rep.Outcome)
		assert.Empty(t, s.sent())
	})
	t.Run("it is not pushed where On was refused, which may mean that the machine is on", func(t *testing.T) {
		s := newService(t)
		s.resetTypes = []string{"On", "ForceOff", "PushPowerButton"}
		s.refuseReset = []*refusal{{status: 400, text: "No."}}
		_, err := driverFor(t, s).PowerOnNode(short(t), callFor(s))
		requireFault(t, drivers.NotSupported, "any way to turn a system on", err)
		assert.Equal(t, []string{"On"}, s.sent())
	})
	t.Run("a power-on that is taken and does nothing is sent once in an attempt", func(t *testing.T) {
		s := newService(t)
		s.deaf = true
		_, err := driverFor(t, s, func(c *redfish.Config) { c.PowerTimeout = 100 * time.Millisecond }).PowerOnNode(short(t), callFor(s))
		requireFault(t, drivers.NotReady, "took the command", err)
		assert.Equal(t, []string{"On"}, s.sent())
	})
}

func TestDrivesThatAreNotShown(t *testing.T) {
	s := newService(t)
	s.drives = []string{"D1", "D2"}
	call, d := callFor(s), driverFor(t, s)
	s.do(func() { s.machines[0].state = "On" })
	rep, err := d.InterrogateOob(short(t), call)
	require.NoError(t, err)
	require.Len(t, rep.Build.OOB.Drives, 2, "a link that leads nowhere and a count of 24 are not believed")

	s.do(func() { s.machines[0].state = "Off" })
	call.Build = *rep.Build
	rep, err = d.InterrogateOob(short(t), call)
	require.NoError(t, err)
	assert.Equal(t, call.Build.OOB.Drives, rep.Build.OOB.Drives, "that they are not shown does not mean that they are gone")
	assert.Contains(t, words(rep), "no drives while the machine is off")

	posting := newSushy(t, nil)
	posting.docs[posting.path]["PowerState"] = "On"
	posting.docs[posting.path]["BootProgress"] = o{"LastState": "MemoryInitializationStarted"}
	delete(posting.docs[posting.path], "SimpleStorage")
	inPOST := mockCall()
	inPOST.Build.OOB.Drives = call.Build.OOB.Drives
	rep, err = mockDriver(t, posting.mockup).InterrogateOob(short(t), inPOST)
	require.NoError(t, err)
	assert.Equal(t, call.Build.OOB.Drives, rep.Build.OOB.Drives, "nor in POST")

	call.Build = build.Node{}
	rep, err = d.InterrogateOob(short(t), call)
	require.NoError(t, err)
	assert.Empty(t, rep.Build.OOB.Drives)
}
