package maas

import (
	"bytes"
	"math/rand"
	"net/http"
	"strconv"
	"time"
)

// Faults are how a region under load or in trouble behaves. Shares are of all signed requests, from 0 to 1; which requests
// they hit depends on the seed of the options and on the order of the requests. Faults of machines are not here: lost power,
// failed scripts and machines that hang are faults of the world, and a rack that is gone is SetRackConnected.
type Faults struct {
	// Latency is added to every request, and up to Jitter more by chance; PerMachine to every list, for each machine on
	// it. All are wall time.
	Latency, Jitter, PerMachine time.Duration
	// Weight is the least size of a machine's body in bytes: what is missing is filled up with blanks.
	Weight int
	// Conflicts are answered 409 with Retry-After, as when parallel writes can't be serialised; nothing is done.
	Conflicts float64
	// Internals are answered 500, and nothing is done.
	Internals float64
	// Unavailables are answered 503 with Retry-After, and nothing is done.
	Unavailables float64
	// Timeouts are answered 504 by a proxy that has lost patience, and the region does what was asked.
	Timeouts float64
}

// Failure is an answer that a test puts in place of the region's own.
type Failure struct {
	Status int
	// RetryAfter, in seconds, is sent where it is not 0.
	RetryAfter int
	// Done says that the region does what was asked nevertheless.
	Done bool
}

// faultState is guarded by the lock of the server.
type faultState struct {
	Faults
	random *rand.Rand
	next   map[string][]Failure // by operation, as Calls names them
	frozen map[string]bool      // host names
}

// SetFaults replaces the faults of the options.
func (s *Server) SetFaults(f Faults) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults.Faults = f
}

// FailNext makes the next requests of an operation fail, one for each failure. Operations are named as by Calls, such as
// "POST machines/{system_id}/ deploy".
func (s *Server) FailNext(operation string, failures ...Failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults.next[operation] = append(s.faults.next[operation], failures...)
}

// Freeze makes the region deaf to what a machine reports, or hear it again: its state then stays what it is, until the
// region itself times out.
func (s *Server) Freeze(hostname string, deaf bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults.frozen[hostname] = deaf
}

// strike decides whether a request fails.
func (s *Server) strike(operation string) (Failure, bool) {
	f := &s.faults
	if list := f.next[operation]; len(list) > 0 {
		f.next[operation] = list[1:]
		return list[0], true
	}
	for _, kind := range []struct {
		share float64
		Failure
	}{
		{f.Conflicts, Failure{Status: http.StatusConflict, RetryAfter: 5}},
		{f.Internals, Failure{Status: http.StatusInternalServerError}},
		{f.Unavailables, Failure{Status: http.StatusServiceUnavailable, RetryAfter: 10}},
		{f.Timeouts, Failure{Status: http.StatusGatewayTimeout, Done: true}},
	} {
		if kind.share > 0 && f.random.Float64() < kind.share {
			return kind.Failure, true
		}
	}
	return Failure{}, false
}

// failureTexts are what regions, and the proxies in front of them, say.
var failureTexts = map[int]string{
	http.StatusConflict:            "Conflict error. Try your request again, as it will most likely succeed.",
	http.StatusInternalServerError: "could not serialize access due to concurrent update",
	http.StatusServiceUnavailable:  "Unable to connect to any rack controller; no connections available.",
	http.StatusGatewayTimeout:      "<html><body><h1>504 Gateway Time-out</h1></body></html>",
}

func (f Failure) fault() *fault {
	a := refuse(f.Status, "%s", failureTexts[f.Status])
	if f.RetryAfter > 0 {
		a.header = map[string]string{"Retry-After": strconv.Itoa(f.RetryAfter)}
	}
	return a
}

// burden makes an answer about machines as heavy and as slow as it is told to be.
func (s *Server) burden(a *reply, v any) {
	machines := 0
	switch v := v.(type) {
	case []obj:
		if len(v) > 0 && v[0]["system_id"] != nil && v[0]["interface_set"] != nil {
			machines = len(v)
		}
		a.delay = time.Duration(machines) * s.faults.PerMachine
	case obj:
		if v["interface_set"] != nil {
			machines = 1
		}
	}
	if lacks := machines*s.faults.Weight - len(a.body); lacks > 0 {
		a.body = append(a.body, bytes.Repeat([]byte(" "), lacks)...)
	}
	a.delay += s.faults.Latency
	if s.faults.Jitter > 0 {
		a.delay += time.Duration(s.faults.random.Int63n(int64(s.faults.Jitter)))
	}
}
