package bmc

import (
	"context"
	"sync"
)

// Locks lets one caller at a time talk to a BMC. The zero value is ready; it is safe for concurrent use.
type Locks struct {
	mu    sync.Mutex
	seats map[string]*chair
}

// chair is one BMC's turn; users counts holders and waiters, so that the map does not grow with every BMC ever seen.
type chair struct {
	turn  chan struct{}
	users int
}

// Lock waits for the turn at a BMC, or for the end of ctx, whose error it then returns. The release may be called once.
func (l *Locks) Lock(ctx context.Context, key string) (release func(), err error) {
	l.mu.Lock()
	if l.seats == nil {
		l.seats = map[string]*chair{}
	}
	s := l.seats[key]
	if s == nil {
		s = &chair{turn: make(chan struct{}, 1)}
		l.seats[key] = s
	}
	s.users++
	l.mu.Unlock()

	select {
	case s.turn <- struct{}{}:
		return func() { <-s.turn; l.leave(key, s) }, nil
	case <-ctx.Done():
		l.leave(key, s)
		return nil, ctx.Err()
	}
}

func (l *Locks) leave(key string, s *chair) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s.users--; s.users == 0 {
		delete(l.seats, key)
	}
}
