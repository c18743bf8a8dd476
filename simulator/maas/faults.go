package maas

import (
	"bytes"
	"math/rand"
	"net/http"
	"strconv"
	"time"
)

// Faults are how a region under load or in trouble behaves from its start; a Rule says more, and can be given at any time.
// Shares are of all signed requests, from 0 to 1; which requests they hit depends on the seed of the options and on the order
// of the requests.
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

// rules are what the faults are made of.
func (f Faults) rules() (out []Rule) {
	if f.Latency+f.Jitter+f.PerMachine > 0 {
		out = append(out, Rule{Kind: Latency, Delay: f.Latency, Jitter: f.Jitter, PerMachine: f.PerMachine})
	}
	for _, x := range []Rule{{Kind: Conflict, Share: f.Conflicts}, {Kind: Internal, Share: f.Internals},
		{Kind: Unavailable, Share: f.Unavailables}, {Kind: Timeout, Share: f.Timeouts}} {
		if x.Share > 0 {
			out = append(out, x)
		}
	}
	return out
}

// Failure is an answer in place of the region's own.
type Failure struct {
	Status int // 0: the connection is closed without an answer
	// RetryAfter, in seconds, is sent where it is not 0.
	RetryAfter int
	// Done says that the region does what was asked nevertheless.
	Done bool
	// Later is how long after the answer it does it.
	Later time.Duration
}

// faultState is guarded by the lock of the server.
type faultState struct {
	weight int
	rules  []*rule
	last   int // id of a rule
	seed   int64
}

// SetFaults replaces the faults of the options.
func (s *Server) SetFaults(f Faults) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.setFaults(f)
}

func (s *Server) setFaults(f Faults) {
	s.drop(func(r *rule) bool { return r.initial })
	s.faults.weight = f.Weight
	for _, x := range f.rules() {
		s.add(x).initial = true
	}
}

// FailNext makes the next requests of an operation fail, one for each failure. Operations are named as by Calls, such as
// "POST machines/{system_id}/ deploy".
func (s *Server) FailNext(operation string, failures ...Failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range failures {
		s.add(Rule{Kind: kindOf(f), Requests: operation, Count: 1}).failure = f
	}
}

// Freeze makes the region deaf to what a machine reports, or hear it again: its state then stays what it is, until the
// region itself times out.
func (s *Server) Freeze(hostname string, deaf bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop(func(r *rule) bool { return r.Kind == Stuck && r.Machine == hostname })
	if deaf {
		s.add(Rule{Kind: Stuck, Machine: hostname})
	}
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
	a.hangUp = f.Status == 0
	if f.RetryAfter > 0 {
		a.header = map[string]string{"Retry-After": strconv.Itoa(f.RetryAfter)}
	}
	return a
}

// fail answers a request in place of the region, and lets the region do what it was asked where the failure says so.
func (s *Server) fail(f Failure, op operation, c *call) error {
	switch {
	case f.Done && f.Later > 0:
		time.AfterFunc(f.Later, func() { s.goOn(op, c) })
	case f.Done:
		// What is refused takes no time: nobody loses patience then.
		if _, err := op.handle(c); err != nil && f.Status != 0 {
			return err
		}
	}
	return f.fault()
}

// goOn does what was asked after nobody listens any more.
func (s *Server) goOn(op operation, c *call) {
	s.locked(func() {
		defer func() {
			if r := recover(); r != nil {
				s.log.Error("operation failed", "method", c.request.Method, "path", c.request.URL.Path, "op", c.op, "reason", r)
			}
		}()
		_, _ = op.handle(c)
	})
}

// burden makes an answer about machines as heavy and as slow as it is told to be.
func (s *Server) burden(c *call, a *reply, v any) {
	machines, listed := 0, 0
	switch v := v.(type) {
	case []obj:
		if len(v) > 0 && v[0]["system_id"] != nil && v[0]["interface_set"] != nil {
			machines, listed = len(v), len(v)
		}
	case obj:
		if v["interface_set"] != nil {
			machines = 1
		}
	}
	if lacks := machines*s.faults.weight - len(a.body); lacks > 0 {
		a.body = append(a.body, bytes.Repeat([]byte(" "), lacks)...)
	}
	a.delay = c.delay + time.Duration(listed)*c.perMachine
}

func newSource(seed int64) *rand.Rand { return rand.New(rand.NewSource(seed)) }
