package bmc

import (
	"context"
	"time"
)

// reading is something that was read from a BMC.
type reading struct {
	finished time.Time
	value    any
}

// Read reads something from a BMC through a session, as Visit does. Callers that ask for the same thing at the same time
// share one reading: one that ended after a caller came is as good as its own, since no other call can have moved the
// machine between. What names the thing; it is shared only among callers with the same account and password. The value is
// shared, so nobody may write to it.
func Read[T, V any](ctx context.Context, b *Broker, a Access[T], what string, read func(context.Context, T) (V, error)) (V, error) {
	key := a.Protocol + "\x00" + what + "\x00" + a.login().who
	var out V
	spared := func(s *seat, arrived time.Time) bool {
		r, ok := s.readings[key]
		if !ok || r.finished.Before(arrived) {
			return false
		}
		out, ok = r.value.(V)
		return ok
	}
	err := visit(ctx, b, a, spared, func(ctx context.Context, s *seat, session T) error {
		value, err := read(ctx, session)
		if err != nil {
			return err
		}
		out = value
		if s.readings == nil {
			s.readings = map[string]reading{}
		}
		s.readings[key] = reading{finished: time.Now(), value: value}
		return nil
	})
	return out, err
}
