package redfish_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/design"
	"drydock/drivers"
	"drydock/drivers/conformance"
	"drydock/drivers/oob/redfish"
)

func (s *service) sent() (resets []string) {
	s.do(func() { resets = append(resets, s.resets...) })
	return resets
}

func (s *service) starts() (n int) {
	s.do(func() { n = s.machines[0].starts })
	return n
}

func requireFault(t *testing.T, class drivers.Class, text string, err error) *drivers.Error {
	t.Helper()
	var e *drivers.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, class, e.Class, err.Error())
	assert.Contains(t, err.Error(), text)
	return e
}

func TestPowerInMotionIsWaitedOut(t *testing.T) {
	for name, state := range map[string]string{"powering on": "PoweringOn", "powering off": "PoweringOff", "not told": "null"} {
		t.Run(name, func(t *testing.T) {
			s := newService(t)
			s.machines[0].state = state
			d := driverFor(t, s)
			done := make(chan error, 1)
			go func() { _, err := d.PowerOnNode(short(t), callFor(s)); done <- err }()
			require.Eventually(t, func() bool { return s.count("GET /redfish/v1/Systems/437XR1138R2") > 3 }, 5*time.Second, time.Millisecond)
			assert.Empty(t, s.sent(), "nothing is sent while power moves")
			s.do(func() { s.machines[0].state = "Off" })
			require.NoError(t, <-done)
			assert.Equal(t, []string{"On"}, s.sent())
		})
	}
}

func TestPowerThatStaysInMotionIsNotReady(t *testing.T) {
	s := newService(t)
	s.machines[0].state = "PoweringOff"
	d := driverFor(t, s, func(c *redfish.Config) { c.PowerTimeout = 50 * time.Millisecond })
	_, err := d.PowerCycleNode(short(t), callFor(s))
	requireFault(t, drivers.NotReady, "in motion", err)
	assert.Empty(t, s.sent())
}

func TestPowerThatIsTakenAndDoesNothingIsNotReady(t *testing.T) {
	s := newService(t)
	s.deaf = true
	d := driverFor(t, s, func(c *redfish.Config) { c.PowerTimeout = 50 * time.Millisecond })
	_, err := d.PowerOnNode(short(t), callFor(s))
	requireFault(t, drivers.NotReady, "not on", err)
}

func TestPausedSystemIsLeftAlone(t *testing.T) {
	s := newService(t)
	s.machines[0].state = "Paused"
	_, err := driverFor(t, s).PowerOffNode(short(t), callFor(s))
	requireFault(t, drivers.Conflict, "paused", err)
	assert.Empty(t, s.sent())
}

func TestPowerOffIsGracefulFirstAndSaysWhichItWas(t *testing.T) {
	for _, c := range []struct {
		name     string
		obeys    bool
		types    []string
		sent     []string
		contains string
	}{
		{"a system that obeys", true, nil, []string{"GracefulShutdown"}, "shut down"},
		{"a system that does not", false, nil, []string{"GracefulShutdown", "ForceOff"}, "did not shut down within"},
		{"a BMC that can't ask", true, []string{"On", "ForceOff"}, []string{"ForceOff"}, "offers no graceful shutdown"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newService(t)
			s.machines[0].state, s.graceful = "On", c.obeys
			if c.types != nil {
				s.resetTypes = c.types
			}
			rep, err := driverFor(t, s).PowerOffNode(short(t), callFor(s))
			require.NoError(t, err)
			assert.Equal(t, c.sent, s.sent())
			assert.Contains(t, strings.Join(rep.Messages, " "), c.contains)
		})
	}
}

func TestShutdownIsAskedForOnceOverAttempts(t *testing.T) {
	s := newService(t)
	s.machines[0].state, s.graceful = "On", false
	call, d := callFor(s), driverFor(t, s)
	ctx, cancel := context.WithCancel(short(t))
	done := make(chan error, 1)
	go func() { _, err := d.PowerOffNode(ctx, call); done <- err }()
	require.Eventually(t, func() bool { return len(s.sent()) == 1 }, 5*time.Second, time.Millisecond)
	cancel()
	require.Error(t, <-done)
	_, err := d.PowerOffNode(short(t), call)
	require.NoError(t, err)
	assert.Equal(t, []string{"GracefulShutdown", "ForceOff"}, s.sent())
}

func TestResetsThatAreRefusedForNow(t *testing.T) {
	busy := &refusal{status: 400, id: "iLO.2.14.InvalidOperationForSystemState", text: "The state forbids it."}
	t.Run("on is tried again until the state allows it", func(t *testing.T) {
		s := newService(t)
		s.refuseReset = []*refusal{busy, {status: 409}}
		_, err := driverFor(t, s).PowerOnNode(short(t), callFor(s))
		require.NoError(t, err)
		assert.Equal(t, []string{"On", "On", "On"}, s.sent())
		assert.Equal(t, 1, s.starts())
	})
	t.Run("a cycle comes back as busy and may be sent by the next attempt", func(t *testing.T) {
		s := newService(t)
		s.machines[0].state = "On"
		s.refuseReset = []*refusal{busy}
		call, d := callFor(s), driverFor(t, s)
		_, err := d.PowerCycleNode(short(t), call)
		requireFault(t, drivers.Busy, "The state forbids it.", err)
		_, err = d.PowerCycleNode(short(t), call)
		require.NoError(t, err)
		assert.Equal(t, 1, s.starts())
	})
}

func TestCycleWithAnUnclearAnswer(t *testing.T) {
	unclear := &refusal{status: 500, html: "<html>Internal error</html>"}
	t.Run("is not sent again on doubt, and says so", func(t *testing.T) {
		s := newService(t)
		s.machines[0].state = "On"
		s.refuseReset = []*refusal{unclear}
		call, d := callFor(s), driverFor(t, s)
		_, err := d.PowerCycleNode(short(t), call)
		requireFault(t, drivers.Internal, "Internal error", err)
		rep, err := d.PowerCycleNode(short(t), call)
		require.NoError(t, err)
		assert.Equal(t, drivers.Changed, rep.Outcome)
		assert.Contains(t, rep.Messages[0], "to be safe")
		assert.Equal(t, []string{"ForceRestart"}, s.sent())
	})
	t.Run("is sent again when the override still waits and the reset time is the old one", func(t *testing.T) {
		s := newService(t)
		s.machines[0].state, s.machines[0].target, s.machines[0].enabled = "On", "Pxe", "Once"
		s.refuseReset = []*refusal{unclear}
		call, d := callFor(s), driverFor(t, s)
		_, err := d.PowerCycleNode(short(t), call)
		require.Error(t, err)
		_, err = d.PowerCycleNode(short(t), call)
		require.NoError(t, err)
		assert.Equal(t, 1, s.starts())
	})
	t.Run("is not sent again when the override was used up", func(t *testing.T) {
		s := newService(t)
		s.machines[0].state, s.machines[0].target, s.machines[0].enabled = "On", "Pxe", "Once"
		s.loseAnswer, s.noResetTime = true, true
		call, d := callFor(s), driverFor(t, s)
		_, err := d.PowerCycleNode(short(t), call)
		requireFault(t, drivers.Unreachable, "broke", err)
		rep, err := d.PowerCycleNode(short(t), call)
		require.NoError(t, err)
		assert.Contains(t, rep.Messages[0], "shows that the machine was restarted")
		assert.Equal(t, 1, s.starts())
	})
}

// TestCycleByHalvesIsFinished kills the first attempt between off and on.
func TestCycleByHalvesIsFinished(t *testing.T) {
	s := newService(t)
	s.machines[0].state, s.resetTypes = "On", []string{"On", "ForceOff"}
	call, d := callFor(s), driverFor(t, s)
	ctx, cancel := context.WithCancel(short(t))
	j := conformance.NewJournal()
	j.OnNote(func(_, text string) error {
		if strings.Contains(text, "accepted") {
			cancel()
		}
		return nil
	})
	call.Journal = j
	_, err := d.PowerCycleNode(ctx, call)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, []string{"ForceOff"}, s.sent())

	call.Journal = j.Fork()
	rep, err := d.PowerCycleNode(short(t), call)
	require.NoError(t, err)
	assert.Contains(t, rep.Messages[0], "found off")
	assert.Equal(t, []string{"ForceOff", "On"}, s.sent())
}

func TestTaskThatFailsIsAFailure(t *testing.T) {
	s := newService(t)
	s.task, s.tasks = "exception", 1
	_, err := driverFor(t, s).PowerOnNode(short(t), callFor(s))
	requireFault(t, drivers.Internal, "The power supply failed.", err)
}

func TestServiceThatIsOccupied(t *testing.T) {
	t.Run("503 with a long Retry-After is handed on", func(t *testing.T) {
		s := newService(t)
		s.fail = []*refusal{{status: 503, id: "Base.1.8.ServiceTemporarilyUnavailable", text: "Later.", retryAfter: "17"}}
		_, err := driverFor(t, s).InterrogateOob(short(t), callFor(s))
		e := requireFault(t, drivers.Busy, "Later.", err)
		assert.Equal(t, 17*time.Second, e.After)
	})
	t.Run("Retry-After may be a date", func(t *testing.T) {
		s := newService(t)
		s.fail = []*refusal{{status: 503, retryAfter: time.Now().Add(time.Minute).UTC().Format(http.TimeFormat)}}
		_, err := driverFor(t, s).InterrogateOob(short(t), callFor(s))
		assert.InDelta(t, time.Minute, requireFault(t, drivers.Busy, "503", err).After, float64(5*time.Second))
	})
	t.Run("short failures of a GET are tried again", func(t *testing.T) {
		s := newService(t)
		s.fail = []*refusal{{status: 500, html: "<h1>oops</h1>"}, {status: 503}}
		_, err := driverFor(t, s).InterrogateOob(short(t), callFor(s))
		require.NoError(t, err)
	})
	t.Run("429 is RateLimited", func(t *testing.T) {
		s := newService(t)
		s.fail = []*refusal{{status: 429, retryAfter: "3"}}
		_, err := driverFor(t, s).InterrogateOob(short(t), callFor(s))
		assert.Equal(t, 3*time.Second, requireFault(t, drivers.RateLimited, "429", err).After)
	})
	t.Run("a full session table is Busy and opens nothing more", func(t *testing.T) {
		s := newService(t)
		s.sessionLimit, s.sessions = 1, map[string]bool{"of-somebody-else": true}
		_, err := driverFor(t, s).PowerOnNode(short(t), callFor(s))
		e := requireFault(t, drivers.Busy, "maximum number of user sessions", err)
		assert.Positive(t, e.After)
		assert.Equal(t, 1, s.logins)
		assert.Zero(t, s.count("GET /redfish/v1/Systems"), "there is no fall back to Basic")
	})
}

func TestSessionsThatBreak(t *testing.T) {
	t.Run("one that is dropped in mid-use is replaced once", func(t *testing.T) {
		s := newService(t)
		s.dropSessions = 1
		_, err := driverFor(t, s).InterrogateOob(short(t), callFor(s))
		require.NoError(t, err)
		assert.Equal(t, 2, s.logins)
	})
	t.Run("a second drop fails the action", func(t *testing.T) {
		s := newService(t)
		s.dropSessions = 2
		_, err := driverFor(t, s).InterrogateOob(short(t), callFor(s))
		requireFault(t, drivers.Busy, "", err)
		assert.Equal(t, 2, s.logins)
		assert.Zero(t, s.open())
	})
}

func TestRefusedCredentialsWithStatus400AreAuthFailedToo(t *testing.T) {
	s := newService(t)
	s.authOverload = true
	call := callFor(s)
	call.Node.OOB.Credential = design.Secret("another-pass")
	_, err := driverFor(t, s).PowerOnNode(short(t), call)
	e := requireFault(t, drivers.AuthFailed, "[redacted]", err)
	assert.NotContains(t, e.Error(), "another-pass")
	assert.Equal(t, 1, s.logins)
}

func TestARefusedPasswordIsSentOnce(t *testing.T) {
	for name, quirk := range map[string]func(*service){
		"to a service with sessions":          func(*service) {},
		"to a service without sessions":       func(s *service) { s.noSessions = true },
		"to a service that answers it by 400": func(s *service) { s.authOverload = true },
	} {
		t.Run(name, func(t *testing.T) {
			s := newService(t)
			quirk(s)
			d, call := driverFor(t, s), callFor(s)
			call.Node.OOB.Credential = "wr0ng-password"
			_, err := d.InterrogateOob(short(t), call)
			require.Equal(t, drivers.AuthFailed, drivers.ClassOf(err), "%v", err)
			sent := s.count("")
			for range 3 {
				_, err = d.PowerCycleNode(short(t), call)
				require.Equal(t, drivers.AuthFailed, drivers.ClassOf(err), "%v", err)
				assert.ErrorContains(t, err, "nothing has been sent to it since")
				assert.NotContains(t, err.Error(), "wr0ng-password")
			}
			assert.Equal(t, 1, s.logins)
			assert.Equal(t, sent, s.count(""), "not even a request")

			call.Node.OOB.Credential = design.Secret(s.password)
			_, err = d.InterrogateOob(short(t), call)
			require.NoError(t, err, "the right password is let through at once")
			require.NoError(t, d.Close())
		})
	}
}

func TestRedirectToAnotherHostIsNotFollowed(t *testing.T) {
	asked := make(chan string, 10)
	thief := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { asked <- r.Header.Get("X-Auth-Token") }))
	defer thief.Close()
	s := newService(t)
	inner := s.Config.Handler
	s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/redfish/v1/Systems" {
			http.Redirect(w, r, thief.URL+r.URL.Path, http.StatusTemporaryRedirect)
			return
		}
		inner.ServeHTTP(w, r)
	})
	_, err := driverFor(t, s, func(c *redfish.Config) { c.Insecure = true }).InterrogateOob(short(t), callFor(s))
	require.Error(t, err)
	assert.Empty(t, asked)
}

func TestBootOverrideForms(t *testing.T) {
	pxeOnce := drivers.BootTarget{Device: drivers.BootPXE, Once: true}
	full := `{"Boot":{"BootSourceOverrideEnabled":"Once","BootSourceOverrideMode":"UEFI","BootSourceOverrideTarget":"Pxe"}}`
	least := `{"Boot":{"BootSourceOverrideEnabled":"Once","BootSourceOverrideTarget":"Pxe"}}`
	for _, c := range []struct {
		name    string
		quirk   func(*service)
		bodies  []string
		class   drivers.Class
		text    string
		message string
	}{
		{name: "the mode goes along when there is one", quirk: func(*service) {}, bodies: []string{full}},
		{name: "without a mode the least goes", quirk: func(s *service) { s.noMode = true }, bodies: []string{least}},
		{name: "a mode that can't be written is left out", quirk: func(s *service) { s.noWritableMode = true }, bodies: []string{full, least}},
		{name: "a changed ETag is read again", quirk: func(s *service) { s.etags, s.refusePatch = "strict", []*refusal{{status: 412}} }, bodies: []string{full, full}},
		{name: "If-Match is left out where it is rejected", quirk: func(s *service) { s.rejectIfMatch = true }, bodies: []string{full, full, full, full}},
		{name: "a system in POST is busy", quirk: func(s *service) {
			s.refusePatch = []*refusal{{status: 400, id: "iLO.2.14.UnableToModifyDuringSystemPOST", text: "In POST."}}
		}, bodies: []string{full}, class: drivers.Busy, text: "In POST."},
		{name: "an override that was not stored is a failure", quirk: func(s *service) { s.forgetBoot = true }, bodies: []string{full}, class: drivers.Internal, text: "reads back None Disabled"},
		{name: "once that reads back as continuous is told", quirk: func(s *service) { s.persistentOnce = true }, bodies: []string{full}, message: "continuous"},
		{name: "a mode that is not offered is a conflict", quirk: func(s *service) { s.modes = []string{"Legacy"} }, class: drivers.Conflict, text: "Legacy only"},
		{name: "a mode that is kept is a conflict", quirk: func(s *service) { s.noWritableMode, s.machines[0].mode = true, "Legacy" },
			bodies: []string{full, least}, class: drivers.Conflict, text: "keeps the mode Legacy"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newService(t)
			c.quirk(s)
			call := callFor(s)
			call.Boot = pxeOnce
			rep, err := driverFor(t, s).SetNodeBoot(short(t), call)
			assert.Equal(t, c.bodies, s.bodies)
			if c.class != "" {
				requireFault(t, c.class, c.text, err)
				return
			}
			require.NoError(t, err)
			assert.Contains(t, strings.Join(rep.Messages, " "), c.message)
			assert.Equal(t, "Pxe", s.machines[0].target)
		})
	}
}

func TestConfigNodePxeIsHonest(t *testing.T) {
	for _, c := range []struct {
		name    string
		quirk   func(*service, *drivers.NodeCall)
		outcome drivers.Outcome
		class   drivers.Class
	}{
		{"the mode fits", func(*service, *drivers.NodeCall) {}, drivers.Already, ""},
		{"the profile has no mode", func(_ *service, c *drivers.NodeCall) { c.Node.HardwareProfile.BootMode = "" }, drivers.Already, ""},
		{"the node has no profile", func(_ *service, c *drivers.NodeCall) { c.Node.HardwareProfile = nil }, drivers.Already, ""},
		{"the service has no mode", func(s *service, _ *drivers.NodeCall) { s.noMode = true }, drivers.Unsupported, ""},
		{"the mode is not offered", func(s *service, _ *drivers.NodeCall) { s.modes, s.machines[0].mode = []string{"Legacy"}, "Legacy" }, "", drivers.Conflict},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newService(t)
			call := callFor(s)
			c.quirk(s, &call)
			rep, err := driverFor(t, s).ConfigNodePxe(short(t), call)
			if c.class != "" {
				requireFault(t, c.class, "boots in Legacy only", err)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, c.outcome, rep.Outcome)
			assert.Empty(t, s.bodies)
		})
	}
}
