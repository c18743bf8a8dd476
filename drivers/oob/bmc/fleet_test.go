package bmc_test

import (
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/drivers"
	"drydock/drivers/oob/redfish"
	"drydock/simulator/world"
)

// measured is what came of interrogating a fleet at once.
type measured struct {
	wall, living  time.Duration // until all were done, and until all the living were
	slowest, dead time.Duration // the slowest of the living, and of the dead
	found, lost   int
	peak, end     int // open sessions, over all BMCs
	heap          uint64
}

// interrogate asks all BMCs of a simulated fleet at once; every tenth is dead.
func interrogate(t testing.TB, n int, connect time.Duration) measured {
	s := simulate(t, fleet(n), fast())
	d, err := redfish.New(redfish.Config{Addresses: s.bmcs.Addresses(), Insecure: true, ConnectTimeout: connect})
	require.NoError(t, err)
	for i, node := range s.site.Nodes {
		s.machine(t, node.Name).SetFault(world.FaultBMCSilent, i%10 == 9)
	}
	sessions := func() (open int) {
		for _, node := range s.site.Nodes {
			open += s.bmcs.Sessions(node.Name)
		}
		return open
	}
	var out measured
	stop, watched := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(watched)
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				out.peak = max(out.peak, sessions())
			}
		}
	}()
	var mu sync.Mutex
	var all sync.WaitGroup
	start := time.Now()
	for i, node := range s.site.Nodes {
		all.Go(func() {
			begun := time.Now()
			_, err := d.InterrogateOob(t.Context(), s.call(node.Name))
			took := time.Since(begun)
			mu.Lock()
			defer mu.Unlock()
			if i%10 == 9 {
				out.lost, out.dead = out.lost+1, max(out.dead, took)
				assert.Equal(t, drivers.Unreachable, drivers.ClassOf(err), "%v", err)
				return
			}
			if assert.NoError(t, err) {
				out.found, out.slowest, out.living = out.found+1, max(out.slowest, took), time.Since(start)
			}
		})
	}
	all.Wait()
	out.wall = time.Since(start)
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	out.heap = m.HeapInuse
	close(stop)
	<-watched
	require.NoError(t, d.Close())
	out.end = sessions()
	return out
}

func TestAFleetWithDeadBMCsIsInterrogatedAtOnce(t *testing.T) {
	m := interrogate(t, 40, time.Second)
	assert.Equal(t, 36, m.found)
	assert.Equal(t, 4, m.lost)
	assert.LessOrEqual(t, m.peak, m.found, "one session per BMC at most")
	assert.Zero(t, m.end, "no session is left")
	assert.Less(t, m.slowest, m.dead, "the living do not wait for the dead")
	assert.LessOrEqual(t, m.living.Seconds(), 1.5*m.slowest.Seconds(), "nor for each other")
	t.Logf("wall %s, slowest living %s, dead known after %s, peak sessions %d, left %d", m.wall, m.slowest, m.dead, m.peak, m.end)
}

// BenchmarkInterrogateFleet interrogates 1,000 simulated BMCs at once, a tenth of them dead. heap-MB includes the simulated
// BMCs themselves.
func BenchmarkInterrogateFleet(b *testing.B) {
	for b.Loop() {
		m := interrogate(b, 1000, 5*time.Second) // the default
		b.ReportMetric(m.wall.Seconds(), "wall-s")
		b.ReportMetric(m.slowest.Seconds(), "slowest-living-s")
		b.ReportMetric(m.living.Seconds()/m.slowest.Seconds(), "living-wall/slowest-living")
		b.ReportMetric(m.wall.Seconds()/max(m.slowest, m.dead).Seconds(), "wall/slowest")
		b.ReportMetric(m.dead.Seconds(), "dead-known-s")
		b.ReportMetric(float64(m.peak), "peak-sessions")
		b.ReportMetric(float64(m.end), "sessions-left")
		b.ReportMetric(float64(m.heap)/(1<<20), "heap-MB")
	}
}
