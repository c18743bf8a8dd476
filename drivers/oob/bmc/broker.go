package bmc

import (
	"context"
	"errors"
	"sync"
	"time"

	"drydock/design"
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

// Access is how one call reaches a BMC through one protocol.
type Access[T any] struct {
	Protocol   string // such as redfish
	Endpoint   Endpoint
	Account    string
	Credential design.Secret
	Design     string // digest of the design that gave the account; "" when it has none
	// Limit bounds opening, and then closing, on their own clocks.
	Limit time.Duration
	// Open logs in. It paces its requests, and those of the session later on, by the given Pace.
	Open func(context.Context, *Pace) (T, error)
	// Alive says whether a session that was kept is still one; nil: a session finds that out by itself.
	Alive func(context.Context, T) error
	Close func(context.Context, T)
}

// login is what the BMC is asked to let in.
func (a Access[T]) login() login {
	return login{who: fingerprint(a.Account, a.Credential), design: a.Design}
}

// DesignOf is the digest of the design that a call acts by; "" when it has none.
func DesignOf(call drivers.NodeCall) string {
	if call.Site == nil {
		return ""
	}
	return call.Site.Digest
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

// Visit runs use with a session at the BMC, one caller at a time per BMC. It returns within a second of the end of ctx.
//
// Opening and closing run on contexts that outlive ctx: a login that is cut off half-way leaves a session at the BMC that
// nobody can name any more, so it is brought to its end in the background. The turn passes on only after that. A session is
// kept for the next caller unless the use ended in a way that leaves doubt about it.
func Visit[T any](ctx context.Context, b *Broker, a Access[T], use func(context.Context, T) error) error {
	return visit(ctx, b, a, nil, func(ctx context.Context, _ *seat, session T) error { return use(ctx, session) })
}

// visit is Visit; spared, where given, is asked with the turn held whether the caller needs the BMC at all.
func visit[T any](ctx context.Context, b *Broker, a Access[T], spared func(*seat, time.Time) bool, use func(context.Context, *seat, T) error) error {
	arrived := time.Now()
	s, release, err := b.enter(ctx, a.Endpoint, a.login())
	if err != nil {
		return err
	}
	if s.outage.at.After(arrived) {
		release()
		return s.outage.err
	}
	if spared != nil && spared(s, arrived) {
		release()
		return nil
	}
	type opened struct {
		session T
		err     error
	}
	ready := make(chan opened, 1)
	go func() {
		own, cancel := context.WithTimeout(context.WithoutCancel(ctx), a.Limit)
		defer cancel()
		session, err := open(own, b, s, a)
		ready <- opened{session, err}
	}()
	ended := make(chan struct{})
	leave := func(o opened, used error) {
		defer close(ended)
		defer release()
		switch {
		case o.err != nil:
		case sound(used) && keep(b, s, a, o.session):
		default:
			shut(context.WithoutCancel(ctx), a, o.session)
		}
	}

	select {
	case <-ctx.Done():
		go func() { leave(<-ready, nil) }()
		awaitClose(ctx, ended)
		return ctx.Err()
	case o := <-ready:
		err := o.err
		if err == nil {
			err = use(ctx, s, o.session)
			b.learn(s, a.login(), err)
		}
		go leave(o, err)
		awaitClose(ctx, ended)
		return err
	}
}

// open takes the session that is kept for this access, or logs in. It runs with the turn held.
func open[T any](ctx context.Context, b *Broker, s *seat, a Access[T]) (T, error) {
	if k := b.take(s); k != nil {
		if session, ok := k.session.(T); ok && k.protocol == a.Protocol && k.who == a.login().who {
			if a.Alive == nil || a.Alive(ctx, session) == nil {
				return session, nil
			}
		}
		k.close()
	}
	session, err := a.Open(ctx, &s.pace)
	if f := (*Fault)(nil); errors.As(err, &f) {
		switch f.Class {
		case drivers.AuthFailed:
			f.Login = true
			b.learn(s, a.login(), f)
		case drivers.Unreachable:
			s.outage = outage{at: time.Now(), err: err}
		}
	}
	return session, err
}

// sound reports whether a session can be used again after a use that ended so: after answers, also bad ones, but not after
// silence or a call that was cut off.
func sound(err error) bool {
	var f *Fault
	if err == nil {
		return true
	}
	if !errors.As(err, &f) {
		return false
	}
	switch f.Class {
	case drivers.NotReady, drivers.Conflict, drivers.NotSupported, drivers.NotFound, drivers.InvalidDesign:
		return true
	}
	return false
}

// keep leaves a session for the next caller; false when it is not to be kept. It runs with the turn held.
func keep[T any](b *Broker, s *seat, a Access[T], session T) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed || b.limits.Idle < 0 {
		return false
	}
	k := &kept{protocol: a.Protocol, who: a.login().who, session: session, close: func() { shut(context.Background(), a, session) }}
	k.timer = time.AfterFunc(b.limits.Idle, func() { b.expire(a.Endpoint.key(), k) })
	s.kept = k
	return true
}

func shut[T any](ctx context.Context, a Access[T], session T) {
	own, cancel := context.WithTimeout(ctx, a.Limit)
	defer cancel()
	a.Close(own, session)
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
