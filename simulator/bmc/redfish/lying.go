package redfish

import (
	"sync"
	"time"

	"drydock/simulator/world"
)

// lying is the power as a service with the quirk LyingPower shows it.
type lying struct {
	mu    sync.Mutex
	until time.Time
	shows world.PowerState
}

// begin has a command just been taken: for a time the state before it is shown.
func (l *lying) begin(before world.PowerState, span time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.until, l.shows = time.Now().Add(span), before
}

// power is the state that the service shows.
func (s *Service) power() world.PowerState {
	s.lying.mu.Lock()
	defer s.lying.mu.Unlock()
	if time.Now().Before(s.lying.until) {
		return s.lying.shows
	}
	return s.machine.Power()
}
