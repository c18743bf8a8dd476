package maas

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"
)

const (
	// eventPage is how many events one read asks for; MAAS refuses more than 1000.
	eventPage = 500
	// maxEventPages bounds how far one look follows a region that made more events than that since the last one.
	maxEventPages = 4
	// watchBatch is how many machines one list of bodies asks for at most: its query stays below 2 kB, which every proxy
	// takes.
	watchBatch = 100
	// bodyEvery is which look reads bodies instead of events, in case an event was lost.
	bodyEvery = 4
	// staleAfter is after how many intervals a body is due to be read again, and slowest how far the interval stretches.
	staleAfter, slowest = 8, 8
)

// midway are titles of events that only tell how far an operation is. Every other title means that the machine itself has
// to be looked at.
var midway = map[string]bool{
	"Commissioning": true, "Testing": true, "Running test": true, "Deploying": true, "Image Deployed": true, "Releasing": true,
	"Performing PXE boot": true, "Loading ephemeral": true, "Gathering information": true, "Configuring storage": true,
	"Configuring OS": true, "Installing OS": true, "Rebooting": true, "Disks erased": true,
}

// watch is what the driver knows of machines that wait, for all of them together: one read per interval of the events that
// the region has made since the last one (some 300 bytes each), whatever the number of machines, instead of a body of 25 kB
// per machine. What it holds only ever serves to go on waiting; whatever is decided is decided on a fresh read.
type watch struct {
	gate chan struct{} // one looks, the others wait for the result

	mu     sync.Mutex
	poll   time.Duration // the configured interval
	pace   time.Duration // the interval as it is now
	at     time.Time     // of the last look
	looks  int
	cursor int // the newest event that was read; 0 before the first look
	asked  map[string]time.Time
	seen   map[string]sighting
}

// sighting is the state of a machine in a body that was read at a cursor, and what its events told since.
type sighting struct {
	at       time.Time
	status   int
	name     string // of the status
	progress string
	tests    int // that have begun, of which events tell
	// doubted until then: an event told more than progress, and the state may follow it a moment later.
	doubted time.Time
}

func newWatch(poll time.Duration) *watch {
	return &watch{gate: make(chan struct{}, 1), poll: poll, pace: poll, asked: map[string]time.Time{}, seen: map[string]sighting{}}
}

// interval is how long to wait between two looks: the configured one, longer where the region is slow to answer.
func (w *watch) interval() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.pace
}

// mark is where the events stand; a body that is read after it may be kept with it.
func (w *watch) mark() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.cursor
}

// keep remembers bodies that were read since a mark. Where events were read meanwhile they may tell more than the bodies.
func (w *watch) keep(since int, now time.Time, list ...machine) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if since == 0 || since != w.cursor {
		return
	}
	for i := range list {
		m := &list[i]
		was := w.seen[m.SystemID]
		w.seen[m.SystemID] = sighting{at: now, status: m.Status, name: m.StatusName, progress: m.progress(), tests: was.tests, doubted: was.doubted}
	}
}

// busy reports whether an operation that was begun is still in one of the states, from the shared look. In doubt it says no.
func (s *session) busy(a attempt, states ...int) (progress string, still bool) {
	if !a.noted || !a.begun || !validID(a.machine) {
		return "", false
	}
	w := s.d.watch
	select {
	case w.gate <- struct{}{}:
		defer func() { <-w.gate }()
	case <-s.Done():
		return "", false
	}
	now := s.d.now()
	if w.due(a.machine, now) {
		start := time.Now()
		s.look(w, now)
		w.adapt(time.Since(start))
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	got, ok := w.seen[a.machine]
	if !ok || now.Before(got.doubted) && now.Sub(got.at) >= w.pace {
		return "", false
	}
	return got.progress, slices.Contains(states, got.status)
}

// due notes that a machine waits, and says whether it is time for a look.
func (w *watch) due(id string, now time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked[id] = now
	if !w.at.IsZero() && now.Sub(w.at) < w.pace {
		return false
	}
	if now.Sub(w.at) > 4*w.pace {
		// Nobody has waited for a while: what happened meanwhile is old news.
		w.cursor = 0
		clear(w.seen)
	}
	w.at = now
	w.looks++
	forgotten := func(at time.Time) bool { return now.Sub(at) > 4*w.pace }
	maps.DeleteFunc(w.asked, func(_ string, at time.Time) bool { return forgotten(at) })
	maps.DeleteFunc(w.seen, func(id string, s sighting) bool { return w.asked[id].IsZero() && forgotten(s.at) })
	return true
}

// adapt stretches the interval so that looking takes the region a tenth of its time at most.
func (w *watch) adapt(took time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pace = min(max(w.poll, 10*took), slowest*w.poll)
}

// look makes one status read for all machines that wait. Where it fails, they go on waiting for as long as what is known of
// them is young: a region that is down for a moment is no failure of theirs, and the next fresh read tells of a long one.
func (s *session) look(w *watch, now time.Time) {
	if ids := w.stale(now); len(ids) > 0 {
		list, err := s.machines(url.Values{"id": ids})
		if err != nil || len(list) == len(ids) {
			return
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		there := map[string]bool{}
		for i := range list {
			there[list[i].SystemID] = true
		}
		for _, id := range ids {
			if !there[id] {
				delete(w.seen, id) // the machine is gone
			}
		}
		return
	}
	s.readEvents(w, now)
}

// stale are the machines whose bodies this look reads again, the oldest first; none in most looks.
func (w *watch) stale(now time.Time) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.looks%bodyEvery != 0 {
		return nil
	}
	var ids []string
	for id := range w.asked {
		if got, ok := w.seen[id]; ok && now.Sub(got.at) >= staleAfter*w.pace {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b string) int { return w.seen[a].at.Compare(w.seen[b].at) })
	return ids[:min(len(ids), watchBatch)]
}

// regionEvent is an event of events/?op=query. gomaasclient's parameters can't ask for all machines at once.
type regionEvent struct {
	ID          int    `json:"id"`
	Node        string `json:"node"`
	Type        string `json:"type"`
	Description string `json:"description"`
}

// readEvents reads what happened in the region since the cursor, or sets the cursor.
func (s *session) readEvents(w *watch, now time.Time) {
	since := w.mark()
	if since == 0 {
		if page, err := s.events(form("limit", "1")); err == nil && len(page) > 0 {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.cursor = page[0].ID
		}
		return
	}
	for range maxEventPages {
		page, err := s.events(form("limit", strconv.Itoa(eventPage), "after", strconv.Itoa(since)))
		if err != nil {
			return // the cursor stays, so that nothing is missed
		}
		since = w.take(page, now)
		if len(page) < eventPage {
			return
		}
	}
	// More happened than is worth reading: begin anew with bodies.
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cursor = 0
	clear(w.seen)
}

func (s *session) events(params url.Values) ([]regionEvent, error) {
	var page struct {
		Events []regionEvent `json:"events"`
	}
	err := s.get("events/", "query", params, &page)
	return page.Events, err
}

// take applies events, newest first as MAAS sends them, and returns the new cursor.
func (w *watch) take(page []regionEvent, now time.Time) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, e := range slices.Backward(page) {
		w.cursor = max(w.cursor, e.ID)
		got, ok := w.seen[e.Node]
		if !ok {
			continue
		}
		if midway[e.Type] {
			got.progress = got.name + ": " + e.Type
			if e.Description != "" {
				got.progress += " - " + e.Description
			}
			switch e.Type {
			case "Commissioning", "Testing":
				got.tests = 0
			case "Running test":
				// How many there are is only in the results, which are a read of 4 to 15 kB for each machine.
				got.tests++
				got.progress += fmt.Sprintf(" (test %d)", got.tests)
			}
		} else {
			got.at, got.doubted = time.Time{}, now.Add(4*w.pace)
		}
		w.seen[e.Node] = got
	}
	return w.cursor
}
