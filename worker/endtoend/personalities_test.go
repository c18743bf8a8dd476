package endtoend

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"drydock/simulator/bmc/redfish"
	"drydock/simulator/world"
	"drydock/workflows"
)

// personalities are Redfish services of one site, each with deviations that were seen together in the field.
var personalities = []redfish.Quirks{
	{SettingsOnly: true},
	{RequireIfMatch: true, AsyncReset: true},
	{MaxSessions: 1},
	{LyingPower: 10 * time.Second, NoPowerCycle: true},
	{LockedDuringPOST: true},
	{NoSessions: true, NoMode: true},
}

// TestPersonalitiesOfAllKindsInOneSite deploys a site whose BMCs are all different, and looks that each machine was started
// once all the same.
func TestPersonalitiesOfAllKindsInOneSite(t *testing.T) {
	given := map[string]redfish.Quirks{} // the services are started one after the other
	s := start(t, options{
		// A lie lasts 10 s of the clock on the wall: at the speed of the test, a machine has to take as long to enlist as one
		// of iron, or it is off again before the lie has ended.
		durations: world.Durations{Enlist: 15 * time.Minute},
		quirks: func(m *world.Machine) redfish.Quirks {
			q := personalities[len(given)%len(personalities)]
			given[m.Name()] = q
			return q
		},
	})
	if !assert.GreaterOrEqual(t, len(given), len(personalities), "the site has a machine for each") {
		return
	}
	task := s.wait(s.submit(workflows.DeploySite, nil).ID)
	requireAll(t, task, "changed", s.names()...)
	s.requireDoneOnce(s.names()...)
	assert.Eventually(t, func() bool {
		for name := range given {
			if s.sim.BMCs.Sessions(name) > 0 {
				return false
			}
		}
		return true
	}, 20*time.Second, 50*time.Millisecond, "no session is left at any of them")
}
