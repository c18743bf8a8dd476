package bmc

import (
	"context"
	"sync"
	"time"

	"drydock/drivers"
)

// Limits are what a broker holds its callers to. A zero field takes its default.
type Limits struct {
	// Idle is how long a session is kept open that nobody uses: default 3 s; negative: not at all. It is short, since BMCs
	// have few sessions and a worker that is killed can't delete the one it keeps.
	Idle time.Duration
	// CoolDown is how long after a refused login nothing is sent with the same account and password for the same design:
	// default 1 min; negative: every call may try.
	CoolDown time.Duration
}

// Broker stands between callers and BMCs, one for all drivers of a process. For each BMC it lets one caller in at a time,
// keeps at most one session open and hands it from caller to caller, stops at the first refused login, and lets callers
// that wait at the same time share a reading or the news that the BMC is dead. BMCs do not wait for each other.
//
// It is safe for concurrent use. Close deletes the sessions that are kept.
type Broker struct {
	limits Limits

	mu     sync.Mutex
	seats  map[string]*seat
	closed bool
}

// NewBroker makes a broker.
func NewBroker(limits Limits) *Broker {
	if limits.Idle == 0 {
		limits.Idle = 3 * time.Second
	}
	if limits.CoolDown == 0 {
		limits.CoolDown = time.Minute
	}
	return &Broker{limits: limits, seats: map[string]*seat{}}
}

// seat is one BMC. Its users hold the turn or wait for it; users, kept and refusals belong to the broker's lock, the rest to
// the holder of the turn.
type seat struct {
	turn     chan struct{}
	users    int
	kept     *kept
	refusals refusals

	pace     Pace
	outage   outage
	readings map[string]reading
}

// kept is an open session that nobody uses.
type kept struct {
	protocol string
	who      string
	session  any
	close    func()
	timer    *time.Timer
}

// outage is the last failure to reach a BMC: callers that were waiting while it was found out need not find it out again.
type outage struct {
	at  time.Time
	err error
}

// take hands over the session that is kept; nil when there is none.
func (b *Broker) take(s *seat) *kept {
	b.mu.Lock()
	defer b.mu.Unlock()
	k := s.kept
	if k != nil {
		k.timer.Stop()
		s.kept = nil
	}
	return k
}

// expire closes a session that nobody came for in time.
func (b *Broker) expire(key string, k *kept) {
	b.mu.Lock()
	s := b.seats[key]
	if s == nil || s.kept != k {
		b.mu.Unlock()
		return
	}
	s.users++
	b.mu.Unlock()
	s.turn <- struct{}{}
	b.mu.Lock()
	still := s.kept == k // or a caller has taken it while we waited
	if still {
		s.kept = nil
	}
	b.mu.Unlock()
	if still {
		k.close()
	}
	<-s.turn
	b.leave(key, s)
}

// enter waits for the turn at a BMC, or for the end of ctx, whose error it then returns. A login that was refused before is
// refused here, before waiting and after.
func (b *Broker) enter(ctx context.Context, e Endpoint, l login) (*seat, func(), error) {
	key := e.key()
	b.mu.Lock()
	if b.closed {
		b.mu.Unlock()
		return nil, nil, Failf(drivers.Unreachable, "", "reach BMC %s: the driver is being stopped", e)
	}
	s := b.seats[key]
	if s == nil {
		s = &seat{turn: make(chan struct{}, 1), refusals: refusals{}}
		b.seats[key] = s
	}
	s.users++
	err := s.refusals.check(e, l, b.limits.CoolDown)
	b.mu.Unlock()
	if err != nil {
		b.leave(key, s)
		return nil, nil, err
	}
	select {
	case s.turn <- struct{}{}:
	case <-ctx.Done():
		b.leave(key, s)
		return nil, nil, ctx.Err()
	}
	release := func() { <-s.turn; b.leave(key, s) }
	b.mu.Lock()
	err = s.refusals.check(e, l, b.limits.CoolDown)
	b.mu.Unlock()
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		release()
		return nil, nil, err
	}
	return s, release, nil
}

// learn remembers what came of a login.
func (b *Broker) learn(s *seat, l login, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s.refusals.learn(l, err)
}

// leave forgets a BMC of which there is nothing to remember, so that the map does not grow with every BMC ever seen.
func (b *Broker) leave(key string, s *seat) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if s.users--; s.users > 0 {
		return
	}
	s.readings = nil // they are for callers that waited meanwhile
	s.refusals.forget(b.limits.CoolDown)
	if s.kept == nil && len(s.refusals) == 0 {
		delete(b.seats, key)
	}
}

// Waiting is how many callers are at BMCs or wait for their turn.
func (b *Broker) Waiting() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := 0
	for _, s := range b.seats {
		n += s.users
	}
	return n
}

// closeLimit is how long Close waits for callers that still hold a BMC, and for BMCs to delete sessions.
const closeLimit = 10 * time.Second

// Close deletes all sessions that are kept, and lets nobody in any more; the session of a caller that is inside is deleted
// when it leaves. It may be called more than once; an error says at how many BMCs a session may be left.
func (b *Broker) Close() error {
	b.mu.Lock()
	b.closed = true
	seats := make(map[string]*seat, len(b.seats))
	for key, s := range b.seats {
		s.users++
		seats[key] = s
	}
	b.mu.Unlock()

	ctx, cancel := context.WithTimeout(context.Background(), closeLimit)
	defer cancel()
	var all sync.WaitGroup
	left := make(chan string, len(seats))
	for key, s := range seats {
		all.Go(func() {
			defer b.leave(key, s)
			select {
			case s.turn <- struct{}{}:
			case <-ctx.Done():
				left <- key
				return
			}
			defer func() { <-s.turn }()
			if k := b.take(s); k != nil {
				k.close()
			}
		})
	}
	all.Wait()
	if n := len(left); n > 0 {
		return Failf(drivers.Unreachable, "", "close the sessions at BMCs: %d BMCs are still in use after %s", n, closeLimit)
	}
	return nil
}
