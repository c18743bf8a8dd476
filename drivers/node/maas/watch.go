package maas

import (
	"net/url"
	"slices"
	"time"
)

// watchBatch is how many machines one status read asks for at most; it keeps the query string short.
const watchBatch = 50

// watch shares the status reads of nodes that wait: one filtered list serves all that asked lately, instead of one request
// per node and interval. What it holds may be half an interval old, so it only ever serves to go on waiting; whatever is
// decided is decided on a fresh read.
type watch struct {
	gate  chan struct{} // one reads, the others wait for the result
	asked map[string]time.Time
	seen  map[string]sighting
}

type sighting struct {
	at       time.Time
	status   int
	progress string
}

// busy reports whether an operation that was begun is still in one of the states, from a shared read. In doubt it says no.
func (s *session) busy(a attempt, states ...int) (progress string, still bool) {
	if !a.noted || !a.begun || !validID(a.machine) {
		return "", false
	}
	w := &s.d.watch
	select {
	case w.gate <- struct{}{}:
		defer func() { <-w.gate }()
	case <-s.Done():
		return "", false
	}
	now := s.d.now()
	w.asked[a.machine] = now
	got, ok := w.seen[a.machine]
	if !ok || now.Sub(got.at) >= s.d.cfg.PollInterval/2 {
		s.look(w, a.machine, now)
		if got, ok = w.seen[a.machine]; !ok {
			return "", false
		}
	}
	return got.progress, slices.Contains(states, got.status)
}

// look reads the machine and as many others as were asked for lately.
func (s *session) look(w *watch, id string, now time.Time) {
	ids := []string{id}
	for other, at := range w.asked {
		switch {
		case now.Sub(at) > 4*s.d.cfg.PollInterval:
			delete(w.asked, other)
			delete(w.seen, other)
		case other != id && len(ids) < watchBatch && now.Sub(w.seen[other].at) >= s.d.cfg.PollInterval/2:
			ids = append(ids, other)
		}
	}
	for _, each := range ids {
		delete(w.seen, each)
	}
	list, err := s.machines(url.Values{"id": ids})
	if err != nil {
		return // the fresh read that follows tells what is wrong
	}
	for i := range list {
		w.seen[list[i].SystemID] = sighting{at: now, status: list[i].Status, progress: list[i].progress()}
	}
}
