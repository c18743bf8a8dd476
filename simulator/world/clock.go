package world

import (
	"math/rand/v2"
	"sync"
	"time"
)

// Durations are how long machines take, in simulated time; each is varied by up to 10 % with the seed.
type Durations struct {
	PowerOn    time.Duration // from the command to stable power: default 2 s
	PowerOff   time.Duration // from the command to off: default 5 s
	SoftOff    time.Duration // how long a running system takes to shut down: default 15 s
	POST       time.Duration // from power-on to the boot decision: default 60 s
	Boot       time.Duration // loading a system from network or disk: default 30 s
	Enlist     time.Duration // the enlistment environment: default 60 s
	Commission time.Duration // the commissioning scripts: default 180 s
	Test       time.Duration // the testing scripts: default 60 s
	Install    time.Duration // the installer: default 300 s
	Erase      time.Duration // erasing the disks: default 60 s
}

func (d Durations) withDefaults() Durations {
	for _, f := range []struct {
		field   *time.Duration
		seconds int
	}{
		{&d.PowerOn, 2}, {&d.PowerOff, 5}, {&d.SoftOff, 15}, {&d.POST, 60}, {&d.Boot, 30}, {&d.Enlist, 60},
		{&d.Commission, 180}, {&d.Test, 60}, {&d.Install, 300}, {&d.Erase, 60},
	} {
		if *f.field <= 0 {
			*f.field = time.Duration(f.seconds) * time.Second
		}
	}
	return d
}

func (d Durations) of(kind EnvironmentKind) time.Duration {
	switch kind {
	case EnvEnlist:
		return d.Enlist
	case EnvCommission:
		return d.Commission
	case EnvTest:
		return d.Test
	case EnvInstall:
		return d.Install
	case EnvErase:
		return d.Erase
	}
	return 0
}

// clock runs everything that happens later, so that Close can end it all.
type clock struct {
	mu     sync.Mutex
	random *rand.Rand // guarded by mu
	timers map[*time.Timer]struct{}
	closed bool
	busy   sync.WaitGroup // functions being run
}

// Scale converts simulated to wall time, without jitter.
func (w *World) Scale(d time.Duration) time.Duration {
	return time.Duration(float64(d) / w.speed)
}

// After calls f after the simulated duration, varied by up to 10 % with the seed, on a goroutine of its own. It calls
// nothing after cancel or Close; cancel does not wait for an f that is already running.
func (w *World) After(d time.Duration, f func()) (cancel func()) {
	w.clock.mu.Lock()
	factor := jitter(w.clock.random)
	w.clock.mu.Unlock()
	return w.clock.after(w.Scale(time.Duration(float64(d)*factor)), f)
}

func jitter(r *rand.Rand) float64 { return 0.9 + 0.2*r.Float64() }

func (c *clock) after(wall time.Duration, f func()) (cancel func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return func() {}
	}
	var t *time.Timer
	t = time.AfterFunc(wall, func() {
		c.mu.Lock()
		_, due := c.timers[t] // t is set: the lock is held until After has returned
		delete(c.timers, t)
		if !due || c.closed {
			c.mu.Unlock()
			return
		}
		c.busy.Add(1)
		c.mu.Unlock()
		defer c.busy.Done()
		f()
	})
	if c.timers == nil {
		c.timers = map[*time.Timer]struct{}{}
	}
	c.timers[t] = struct{}{}
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		t.Stop()
		delete(c.timers, t)
	}
}

// Close ends time: no timer fires any more, and functions that are being run have returned. It must not be called from
// such a function. Machines can still be read.
func (w *World) Close() {
	c := &w.clock
	c.mu.Lock()
	c.closed = true
	for t := range c.timers {
		t.Stop()
	}
	c.timers = nil
	c.mu.Unlock()
	c.busy.Wait()
}
