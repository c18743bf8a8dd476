package bmc

import (
	"context"
	"time"
)

// grace is how long a caller whose context ended waits for the session to be closed; the closing itself goes on after it.
const grace = 500 * time.Millisecond

// Session is how a protocol opens and closes one.
type Session[T any] struct {
	// Limit bounds opening, and then closing, on their own clocks.
	Limit time.Duration
	Open  func(context.Context) (T, error)
	Close func(context.Context, T)
}

// Use runs use with a session of its own at the BMC named by key, one at a time per key. It returns within a second of the
// end of ctx.
//
// Opening and closing run on contexts that outlive ctx: a login that is cut off half-way leaves a session at the BMC that
// nobody can name any more, so it is brought to its end in the background and its session closed. The turn at the BMC
// passes on only after that.
func Use[T any](ctx context.Context, locks *Locks, key string, s Session[T], use func(context.Context, T) error) error {
	release, err := locks.Lock(ctx, key)
	if err != nil {
		return err
	}
	type opened struct {
		session T
		err     error
	}
	ready := make(chan opened, 1)
	go func() {
		own, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.Limit)
		defer cancel()
		session, err := s.Open(own)
		ready <- opened{session, err}
	}()
	closed := make(chan struct{})
	shut := func(o opened) {
		defer close(closed)
		defer release()
		if o.err != nil {
			return
		}
		own, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.Limit)
		defer cancel()
		s.Close(own, o.session)
	}

	select {
	case <-ctx.Done():
		go func() { shut(<-ready) }()
		awaitClose(ctx, closed)
		return ctx.Err()
	case o := <-ready:
		err := o.err
		if err == nil {
			err = use(ctx, o.session)
		}
		go shut(o)
		awaitClose(ctx, closed)
		return err
	}
}

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
