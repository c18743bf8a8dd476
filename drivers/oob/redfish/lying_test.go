package redfish_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/drivers"
	"drydock/drivers/conformance"
	"drydock/drivers/oob/redfish"
	quirky "drydock/simulator/bmc/redfish"
	"drydock/simulator/world"
)

// TestPowerThatLiesForTenSeconds cycles machines whose BMC goes on to show the power from before for ten seconds of real
// time in all. However long it lies, the machine begins to boot once.
func TestPowerThatLiesForTenSeconds(t *testing.T) {
	t.Parallel()
	const lie = 10 * time.Second
	var all sync.WaitGroup // not parallel tests, of which there are as many at once as processors
	for _, c := range []struct {
		name   string
		quirks quirky.Quirks
		on     bool
		killed bool          // the first attempt ends while the BMC lies
		least  time.Duration // before the cycle may be believed
	}{
		{name: "a machine that is off is turned on", least: lie},
		{name: "a machine that is off is turned on, by two attempts", killed: true, least: lie},
		{name: "a machine that is on is restarted", on: true},
		{name: "a machine that is on is restarted, by two attempts", on: true, killed: true},
		{name: "a machine that has no restart goes off and on, and each is lied about", quirks: quirky.Quirks{OnOffOnly: true, LyingPower: lie / 2}, on: true, least: lie},
	} {
		if c.quirks.LyingPower == 0 {
			c.quirks.LyingPower = lie
		}
		s := newFirmwareSite(t, c.quirks)
		d := s.with(t, func(c *redfish.Config) {
			c.SettleTimeout, c.PowerTimeout, c.PollInterval = 20*time.Second, time.Minute, 100*time.Millisecond
		})
		if c.on {
			require.NoError(t, s.machine.Command(world.OriginPerson, world.CommandOn))
			require.Eventually(t, func() bool { return s.machine.Power() == world.PowerOn && s.machine.Running() == "" }, 5*time.Second, time.Millisecond)
		}
		all.Go(func() {
			before, start := s.machine.Counters(), time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			journal := conformance.NewJournal()
			s.call.Journal = journal
			if c.killed {
				first, kill := context.WithCancel(ctx)
				done := make(chan error, 1)
				go func() { _, err := d.PowerCycleNode(first, s.call); done <- err }()
				assert.Eventually(t, func() bool { return s.machine.Counters() != before }, 5*time.Second, time.Millisecond, c.name)
				kill()
				if err := <-done; err != nil {
					assert.ErrorIs(t, err, context.Canceled, c.name)
				}
				s.call.Journal = journal.Fork()
			}
			rep, err := d.PowerCycleNode(ctx, s.call)
			assert.NoError(t, err, c.name)
			assert.Equal(t, drivers.Changed, rep.Outcome, c.name)
			assert.GreaterOrEqual(t, time.Since(start), c.least, "%s: on is believed when it is shown", c.name)
			assert.Equal(t, world.PowerOn, s.machine.Power(), c.name)
			after := s.machine.Counters()
			assert.Equal(t, 1, after.PowerOns+after.PowerCycles-before.PowerOns-before.PowerCycles, "%s: %+v", c.name, after)
		})
	}
	all.Wait()
}
