package bmc

import (
	"context"
	"errors"
	"time"

	"drydock/design"
	"drydock/drivers"
)

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

// grace is how long a caller whose context ended waits for the session to be closed; the closing itself goes on after it.
const grace = 500 * time.Millisecond

// awaitClose waits for the closing, but no more than the grace after the end of ctx.
func awaitClose(ctx context.Context, closed <-chan struct{}) {
	select {
	case <-closed:
		return
	case <-ctx.Done():
	}
	t := time.NewTimer(grace)
	defer t.Stop()
	select {
	case <-closed:
	case <-t.C:
	}
}

// Sleep waits for d or for the end of ctx, whose error it then returns.
func Sleep(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
