package maas

import (
	"io"
	"log/slog"
	"math/rand"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"drydock/simulator/world"
)

// Options of a simulated region. The zero value is usable.
type Options struct {
	// APIKey of the administrator "admin", consumer:token:secret; "" makes one of 18:18:32 characters from the seed.
	APIKey string
	// Images are the releases synced at start, such as "ubuntu/jammy", for amd64 with ga and hwe kernels;
	// nil means focal, jammy and xenial. An empty, non-nil list is a region without images.
	Images []string
	// RackNetworks are the subnets the rack controller sits on; the region knows them from the start, as a real one does.
	RackNetworks []netip.Prefix
	// RequireDHCP makes the rack answer network boots only on VLANs whose DHCP it serves or relays.
	RequireDHCP bool
	// ImportTime is how long an image import takes, in simulated time; 0 means 5 minutes.
	ImportTime time.Duration
	// Log receives one line per API call and per change of a machine's status; nil means none.
	Log *slog.Logger
	// Seed makes keys, ids and host names repeatable.
	Seed int64
	// Version of MAAS; the zero value is 3.4.10.
	Version Version
	// Faults from the start; SetFaults changes them.
	Faults Faults
}

// Server is the region and its rack. It is an http.Handler for /MAAS/api/2.0/ and safe for concurrent use.
type Server struct {
	world   *world.World
	options Options
	log     *slog.Logger
	router  *router

	// mu guards everything below. Commands to machines are never given while it is held: they are collected in pending
	// and run after the unlock, as a MAAS runs them after its commit.
	mu      sync.Mutex
	pending []func()
	random  *rand.Rand
	closed  bool
	rackUp  bool
	lists   int // unfiltered machine lists served
	calls   map[string]int

	version  Version
	scripts  []*script
	ids      map[string]int
	accounts accounts
	net      network
	machines []*machine
	devices  []*device
	bmcs     map[string]credentials // accounts that enlistment created, by BMC address
	tags     []*tag
	zones    []*zone
	pools    []*pool
	config   map[string]any
	images   images
	repos    []*repository
	faults   faultState
	events   []event
	rackID   string
	regionID string
}

// New makes a region that has just been installed: images synced, no machine known. It takes the place of the
// bootstrapper in the world until Close.
func New(w *world.World, o Options) *Server {
	s := &Server{
		world: w, options: o, log: o.Log, version: o.Version, random: rand.New(rand.NewSource(o.Seed + 1)), rackUp: true,
		calls: map[string]int{}, ids: map[string]int{}, bmcs: map[string]credentials{}, config: defaultConfig(),
	}
	// Its own chance, so that faults do not change the keys and ids of a seed.
	s.faults.seed = o.Seed + 2
	s.setFaults(o.Faults)
	if s.log == nil {
		s.log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	s.rackID, s.regionID = s.newSystemID(), s.newSystemID()
	s.seedAccounts(o.APIKey)
	s.seedNetwork(o.RackNetworks)
	s.seedImages(o.Images)
	s.tags = []*tag{{name: "virtual"}}
	s.zones = []*zone{{id: s.id("zone"), name: "default"}}
	s.pools = []*pool{{id: 0, name: "default", description: "Default pool"}}
	s.seedRepositories()
	s.seedScripts()
	s.router = s.routes()
	w.SetNetboot(s.netboot)
	for _, m := range w.Machines() {
		m.OnSystemBoot(func() { s.locked(func() { s.systemBooted(m) }) })
	}
	s.after(pollInterval, s.pollPower)
	return s
}

// Close detaches the region from the world: network boots get no answer any more and nothing is timed out. Calls still
// answer.
func (s *Server) Close() {
	s.world.SetNetboot(nil)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
}

// APIKey is the administrator's key, consumer:token:secret.
func (s *Server) APIKey() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.accounts.users[0].tokens[0].key()
}

// AddUser makes a further user and returns its API key.
func (s *Server) AddUser(name string, admin bool) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addUser(name, admin).tokens[0].key()
}

// SetRackConnected connects or disconnects the only rack controller. Without it nothing boots and no BMC is reached.
func (s *Server) SetRackConnected(up bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rackUp = up
}

// UnfilteredLists is how many times somebody listed all machines: the call that overloads real regions.
func (s *Server) UnfilteredLists() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lists
}

// Calls is how many requests came per operation, such as "GET machines/" or "POST machines/{system_id}/ deploy".
func (s *Server) Calls() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make(map[string]int, len(s.calls))
	for k, v := range s.calls {
		out[k] = v
	}
	return out
}

// locked runs f with the lock, then the commands that f left.
func (s *Server) locked(f func()) {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return
	}
	f()
	pending := s.take()
	s.mu.Unlock()
	run(pending)
}

func (s *Server) take() []func() {
	pending := s.pending
	s.pending = nil
	return pending
}

func run(pending []func()) {
	for _, f := range pending {
		f()
	}
}

// afterCommit leaves a command for after the unlock.
func (s *Server) afterCommit(f func()) { s.pending = append(s.pending, f) }

// after runs f with the lock once a simulated time has passed. It may be called with the lock held.
func (s *Server) after(d time.Duration, f func()) {
	s.world.After(d, func() { s.locked(f) })
}

// id numbers objects of one kind from 1.
func (s *Server) id(kind string) int {
	s.ids[kind]++
	return s.ids[kind]
}

const idLetters = "abcdefghknprstwxy34678"

// newSystemID makes a node id of six characters that are not mistaken for each other.
func (s *Server) newSystemID() string {
	for {
		id := s.randomText(idLetters, 6)
		if s.machineByID(id) == nil && id != s.rackID && id != s.regionID && s.deviceByID(id) == nil {
			return id
		}
	}
}

func (s *Server) randomText(letters string, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = letters[s.random.Intn(len(letters))]
	}
	return string(b)
}

const keyLetters = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"

// hangUp closes the connection of a request that gets no answer.
func hangUp(w http.ResponseWriter) {
	if h, ok := w.(http.Hijacker); ok {
		if connection, _, err := h.Hijack(); err == nil {
			_ = connection.Close() // what else could be done about it
			return
		}
	}
	panic(http.ErrAbortHandler) // the server's own way of hanging up, where connections carry more than one request
}

// ServeHTTP answers one API request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	c := &call{s: s, request: r}
	answer := s.answer(c)
	if answer.delay > 0 {
		select {
		case <-time.After(answer.delay):
		case <-r.Context().Done():
			return
		}
	}
	if answer.hangUp {
		hangUp(w)
		return
	}
	answer.write(w)
	s.log.Debug("api call", "method", r.Method, "path", r.URL.Path, "op", c.op, "status", answer.status,
		"elapsed", time.Since(start))
}
