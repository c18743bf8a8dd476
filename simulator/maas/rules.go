package maas

import (
	"errors"
	"fmt"
	"math/rand"
	"net/http"
	"slices"
	"strings"
	"time"

	"drydock/simulator/world"
)

// Kind is what goes wrong by a rule.
type Kind string

// Kinds. Those up to DropAfter befall requests, the others machines, and RackLost the region as a whole.
const (
	Conflict     Kind = "conflict"      // 409 with Retry-After, and nothing is done
	Internal     Kind = "internal"      // 500, and nothing is done
	Unavailable  Kind = "unavailable"   // 503 with Retry-After, and nothing is done
	Timeout      Kind = "timeout"       // 504 of a proxy, while the region does what was asked: at once, or Delay later
	Latency      Kind = "latency"       // the answer takes Delay longer, PerMachine for each machine on a list, and up to Jitter
	DropBefore   Kind = "drop-before"   // the connection is closed, and nothing is done
	DropAfter    Kind = "drop-after"    // it is done, and the connection closed without an answer
	Stuck        Kind = "stuck"         // the region does not hear what a machine reports: its state stays what it is
	ScriptFailed Kind = "script-failed" // a script fails, in commissioning or testing
	PowerLost    Kind = "power-lost"    // a machine loses its power as soon as an environment runs on it
	RackLost     Kind = "rack-lost"     // no rack controller is connected: nothing boots and no BMC is reached
)

var allKinds = []Kind{Conflict, Internal, Unavailable, Timeout, Latency, DropBefore, DropAfter, Stuck, ScriptFailed, PowerLost, RackLost}

// Rule is a fault that is given to a running region, until it is cleared or has struck as often as it may. The zero values
// of its fields bound nothing.
type Rule struct {
	Kind Kind
	// Requests is which operations it befalls, named as by Calls, with * for any text: "POST machines/{system_id}/ *".
	Requests string
	// Machine is the only one that it befalls, by its name in the design or its host name.
	Machine string
	// During is the only environment in which it befalls machines: commission, test, install or erase.
	During world.EnvironmentKind
	// Script is the one that fails, by name; the empty one is whichever reads the hardware, or all tests.
	Script string
	// Share of what it could befall, from 0 to 1; 0 is all. Which ones follows from Seed, and their order.
	Share float64
	Seed  int64
	// Count is how often it strikes.
	Count int
	// RetryAfter of 409 and 503, in seconds; 0 is that of a real region.
	RetryAfter int
	// Delay, PerMachine and Jitter are wall time.
	Delay, PerMachine, Jitter time.Duration
}

// Fault is a rule as the region keeps it.
type Fault struct {
	Rule
	ID     int
	Struck int // how often so far
}

type rule struct {
	Fault
	failure Failure
	random  *rand.Rand
	initial bool // of the options
}

// AddFault makes a fault begin. An error says what makes no sense about it.
func (s *Server) AddFault(x Rule) (Fault, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.check(x); err != nil {
		return Fault{}, fmt.Errorf("add fault %q: %w", x.Kind, err)
	}
	return s.add(x).Fault, nil
}

// Faults are those that have begun and were not cleared, oldest first: those that have struck often enough among them.
func (s *Server) Faults() []Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Fault, 0, len(s.faults.rules))
	for _, r := range s.faults.rules {
		out = append(out, r.Fault)
	}
	return out
}

// ClearFault makes a fault end; false: there is none of that id.
func (s *Server) ClearFault(id int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.drop(func(r *rule) bool { return r.ID == id })
}

// ClearFaults makes all faults end.
func (s *Server) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop(func(*rule) bool { return true })
}

// check refuses what a rule says in vain.
func (s *Server) check(x Rule) error {
	if !slices.Contains(allKinds, x.Kind) {
		return fmt.Errorf("no such kind: there are %v", allKinds)
	}
	onMachines := x.Kind.onMachines()
	waits := x.Kind == Latency || x.Kind == Timeout
	for _, c := range []struct {
		wrong bool
		why   string
	}{
		{x.Share < 0 || x.Share > 1, "share is from 0 to 1"},
		{x.Count < 0 || x.RetryAfter < 0 || x.Delay < 0 || x.PerMachine < 0 || x.Jitter < 0, "nothing can be negative"},
		{x.Requests != "" && (onMachines || x.Kind == RackLost), "it befalls no requests"},
		{x.Machine != "" && x.Kind == RackLost, "it befalls no machine"},
		{x.During != "" && !onMachines, "it has nothing to do with environments"},
		{x.During != "" && !slices.Contains(environments, x.During), fmt.Sprintf("during is one of %v", environments)},
		{x.Script != "" && x.Kind != ScriptFailed, "it has nothing to do with scripts"},
		{x.Kind == RackLost && (x.Share > 0 || x.Count > 0), "it lasts until it is cleared"},
		{x.RetryAfter > 0 && x.Kind != Conflict && x.Kind != Unavailable, "retry_after is of conflict and unavailable"},
		{x.Delay > 0 && !waits, "delay is of latency and timeout"},
		{x.PerMachine+x.Jitter > 0 && x.Kind != Latency, "per_machine and jitter are of latency"},
		{x.Kind == Latency && x.Delay+x.PerMachine+x.Jitter == 0, "it takes no time: give delay, per_machine or jitter"},
	} {
		if c.wrong {
			return errors.New(c.why)
		}
	}
	if _, ok := s.world.Machine(x.Machine); x.Machine != "" && !ok && !s.hostTaken(x.Machine, nil) {
		return fmt.Errorf("no machine %q", x.Machine)
	}
	return nil
}

var environments = []world.EnvironmentKind{world.EnvCommission, world.EnvTest, world.EnvInstall, world.EnvErase}

func (k Kind) onMachines() bool { return k == Stuck || k == ScriptFailed || k == PowerLost }

// failure is what a request is answered by a kind of rule.
func (x Rule) failure() Failure {
	f := map[Kind]Failure{
		Conflict:    {Status: http.StatusConflict, RetryAfter: 5},
		Internal:    {Status: http.StatusInternalServerError},
		Unavailable: {Status: http.StatusServiceUnavailable, RetryAfter: 10},
		Timeout:     {Status: http.StatusGatewayTimeout, Done: true, Later: x.Delay},
		DropAfter:   {Done: true},
	}[x.Kind]
	if x.RetryAfter > 0 {
		f.RetryAfter = x.RetryAfter
	}
	return f
}

// kindOf is what a failure looks like from outside.
func kindOf(f Failure) Kind {
	for _, k := range allKinds {
		if x := (Rule{Kind: k}).failure(); x.Status == f.Status && x.Done == f.Done && !k.onMachines() && k != Latency && k != RackLost {
			return k
		}
	}
	return Internal
}

func (s *Server) add(x Rule) *rule {
	s.faults.last++
	seed := x.Seed
	if seed == 0 {
		seed = s.faults.seed + int64(s.faults.last)
	}
	r := &rule{Fault: Fault{Rule: x, ID: s.faults.last}, failure: x.failure(), random: newSource(seed)}
	s.faults.rules = append(s.faults.rules, r)
	if x.Kind == RackLost {
		r.Struck, s.rackUp = 1, false
	}
	return r
}

// drop forgets rules, and reports whether there were any. The rack comes back with the last of those that kept it away.
func (s *Server) drop(gone func(*rule) bool) bool {
	before := len(s.faults.rules)
	lost := s.rackLost()
	s.faults.rules = slices.DeleteFunc(s.faults.rules, gone)
	if lost && !s.rackLost() {
		s.rackUp = true
	}
	return len(s.faults.rules) < before
}

func (s *Server) rackLost() bool {
	return slices.ContainsFunc(s.faults.rules, func(r *rule) bool { return r.Kind == RackLost })
}

// strikes decides whether a rule hits what it could befall, and counts it.
func (r *rule) strikes() bool {
	if r.Count > 0 && r.Struck >= r.Count || r.Share > 0 && r.random.Float64() >= r.Share {
		return false
	}
	r.Struck++
	return true
}

// strike decides whether a request fails, and how long it takes.
func (s *Server) strike(c *call, operation string) (Failure, bool) {
	for _, r := range s.faults.rules {
		if r.Kind.onMachines() || r.Kind == RackLost || !matches(r.Requests, operation) || !s.concerns(r, c) || !r.strikes() {
			continue
		}
		if r.Kind != Latency {
			return r.failure, true
		}
		c.delay += r.Delay
		c.perMachine += r.PerMachine
		if r.Jitter > 0 {
			c.delay += time.Duration(r.random.Int63n(int64(r.Jitter)))
		}
	}
	return Failure{}, false
}

// concerns reports whether a request is about the machine of a rule.
func (s *Server) concerns(r *rule, c *call) bool {
	if r.Machine == "" {
		return true
	}
	m := s.machineByID(c.vars["system_id"])
	return m != nil && s.isNamed(m, r.Machine)
}

// isNamed reports whether a record is of a machine, by its host name or its name in the world.
func (s *Server) isNamed(m *machine, name string) bool {
	wm, ok := s.world.Machine(name)
	return m.hostname == name || ok && m.interfaceByMAC(wm.Hardware().PXENIC) != nil
}

// befalls finds a rule that strikes a machine in an environment; nil: none does.
func (s *Server) befalls(m *machine, kind Kind, during world.EnvironmentKind, also func(*rule) bool) *rule {
	for _, r := range s.faults.rules {
		if r.Kind == kind && (r.Machine == "" || s.isNamed(m, r.Machine)) && (r.During == "" || r.During == during) &&
			(also == nil || also(r)) && r.strikes() {
			return r
		}
	}
	return nil
}

// deaf reports whether what a machine says is not heard.
func (s *Server) deaf(m *machine, during world.EnvironmentKind) bool {
	return s.befalls(m, Stuck, during, nil) != nil
}

// failedScript is the script that a rule lets fail in a run of scripts, and what it says; false: none.
func (s *Server) failedScript(m *machine, set int, during world.EnvironmentKind) (name, why string, failed bool) {
	r := s.befalls(m, ScriptFailed, during, func(r *rule) bool {
		return r.Script == "" || slices.ContainsFunc(m.latest(set).resultsOrNone(), func(x *result) bool { return x.script.name == r.Script })
	})
	if r == nil {
		return "", "", false
	}
	return r.Script, strings.TrimSpace(r.Script + " exited with status 1"), true
}

// matches compares a text with a pattern in which * stands for any text; the empty pattern is any text.
func matches(pattern, x string) bool {
	if pattern == "" {
		return true
	}
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == x
	}
	rest, ok := strings.CutPrefix(x, parts[0])
	for _, p := range parts[1 : len(parts)-1] {
		if ok {
			_, rest, ok = strings.Cut(rest, p)
		}
	}
	return ok && strings.HasSuffix(rest, parts[len(parts)-1])
}
