package bmclib

import (
	"context"
	"errors"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	libbmc "github.com/bmc-toolbox/bmclib/v2/bmc"

	"drydock/design/build"
	"drydock/drivers"
	"drydock/drivers/oob/bmc"
)

// conn is an open session of one provider.
type conn struct {
	via      provider
	provider any // implements the interfaces of bmclib for what it can do
	endpoint bmc.Endpoint
	wire     *wire
	gate     *gate
	timeout  time.Duration
	power    string // as read last

	presenceLimit time.Duration // for an answer outside of a session

	left <-chan error // the end of an operation whose caller is gone

	seen  *build.Identity // what the inventory says, read once
	stock *stock
}

func (d *Driver) access(p provider, endpoint bmc.Endpoint, call drivers.NodeCall) bmc.Access[*conn] {
	return bmc.Access[*conn]{
		Protocol: Name + " " + p.name, Endpoint: endpoint, Design: bmc.DesignOf(call),
		Account: call.Node.OOB.Account, Credential: call.Node.OOB.Credential,
		Limit: d.config.Timeout*time.Duration(len(d.config.CipherSuites)) + time.Second,
		Open:  func(ctx context.Context, _ *bmc.Pace) (*conn, error) { return d.open(ctx, p, endpoint, call) },
		Alive: func(ctx context.Context, c *conn) error { _, err := c.Power(ctx); return err },
		Close: func(ctx context.Context, c *conn) { c.end(ctx) },
	}
}

// open logs in through the one provider. For ipmitool it finds the cipher suite: left alone, bmclib repeats every failed
// command with another suite, also one that must not be repeated.
func (d *Driver) open(ctx context.Context, p provider, endpoint bmc.Endpoint, call drivers.NodeCall) (*conn, error) {
	suites := []string{""}
	if p.name == "ipmitool" {
		suites = d.suitesFor(endpoint.HostPort())
	}
	var last error
	for _, suite := range suites {
		c, err := d.attempt(ctx, p, endpoint, call, suite)
		if err == nil {
			if suite != "" {
				d.remember(endpoint.HostPort(), suite)
			}
			return c, nil
		}
		if last = err; !errors.Is(err, errSuite) {
			break
		}
	}
	return nil, last
}

func (d *Driver) attempt(ctx context.Context, p provider, endpoint bmc.Endpoint, call drivers.NodeCall, suite string) (*conn, error) {
	host := endpoint.Host
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	w := &wire{endpoint: endpoint, dialer: net.Dialer{Timeout: d.config.ConnectTimeout}}
	c := &conn{via: p, endpoint: endpoint, wire: w, timeout: d.config.Timeout, power: build.PowerUnknown,
		presenceLimit: min(d.config.Timeout, 2*time.Second),
		gate:          &gate{RoundTripper: transport(d.trust, endpoint, w.dial), plain: call.Node.OOB.Parameters[LoginParameter] == plainLogin}}
	made, err := d.construct(p, host, endpoint, call, suite, c.gate)
	if err != nil {
		return nil, bmc.Failf(drivers.NotSupported, "install what the provider needs on the workers (ipmitool: the program ipmitool)",
			"log in at BMC %s: bmclib has no provider %s here: %w", endpoint, p.name, err)
	}
	c.provider = made
	opener, ok := made.(libbmc.Opener)
	if !ok {
		return nil, c.missing("log in")
	}
	if err := c.do(ctx, "log in as "+call.Node.OOB.Account, opener.Open); err != nil {
		c.end(ctx)
		return nil, err
	}
	return c, nil
}

// end logs out, and waits for an operation that a caller has left behind.
func (c *conn) end(ctx context.Context) {
	if c.left != nil {
		<-c.left // ends by its own time
		c.left = nil
	}
	if closer, ok := c.provider.(libbmc.Closer); ok && (c.via.program || c.gate.wasEntered()) {
		_ = c.do(ctx, "log out", closer.Close)
	}
	// The Supermicro provider leaves its second session when the first does not end well.
	_ = c.do(ctx, "log out", c.gate.sweep)
	c.wire.close()
}

// do runs one operation of the provider within ctx and the time for it. Most providers ignore the context: the connections
// are then cut, and no new ones made, so that the operation ends at once.
func (c *conn) do(ctx context.Context, doing string, operation func(context.Context) error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if c.via.program {
		return c.run(ctx, doing, operation)
	}
	own, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	release := c.wire.hold(own)
	defer release()
	// The HTTP client has its own limit: given a deadline, some providers set it for good to what is left of that.
	err := guarded(withoutDeadline{own}, operation)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case own.Err() != nil:
		return c.silence(doing, own.Err())
	}
	return c.fault(doing, err)
}

// patience is how long a program may take to close its session when its time is over; then it is killed.
const patience = 3 * time.Second

// run is do for a program. It is not cut off when its caller goes, since it could not close its session then: the turn at the
// BMC is not given on before it has ended. When its time is over it is asked to end.
func (c *conn) run(ctx context.Context, doing string, operation func(context.Context) error) error {
	own, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.timeout+patience)
	late := make(chan struct{})
	timer := time.AfterFunc(c.timeout, func() {
		close(late)
		interrupt(c.endpoint.Host, strconv.Itoa(c.endpoint.Port))
	})
	done := make(chan error, 1)
	go func() {
		defer cancel()
		err := guarded(own, operation)
		timer.Stop()
		done <- err
	}()
	select {
	case <-ctx.Done():
		c.left = done
		return ctx.Err()
	case err := <-done:
		if err == nil {
			return nil
		}
		select {
		case <-late:
			return c.silence(doing, context.DeadlineExceeded)
		default:
			return c.refusedSession(ctx, c.fault(doing, err), doing)
		}
	}
}

// guarded runs an operation of a provider, some of which panic on answers that lack what they take for granted.
func guarded(ctx context.Context, operation func(context.Context) error) (err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("the provider gave up on an answer")
		}
	}()
	return operation(ctx)
}

// withoutDeadline ends with its context, but does not tell when.
type withoutDeadline struct{ context.Context }

func (withoutDeadline) Deadline() (time.Time, bool) { return time.Time{}, false }

// wire makes the connections of one session. All go to its BMC, wherever a URL or a redirect points.
type wire struct {
	endpoint bmc.Endpoint
	dialer   net.Dialer

	mu    sync.Mutex
	ctx   context.Context // of the operation that runs
	conns map[net.Conn]struct{}
}

func (w *wire) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	w.mu.Lock()
	operation := w.ctx
	w.mu.Unlock()
	if operation == nil {
		return nil, net.ErrClosed
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(operation, cancel)()
	made, err := w.dialer.DialContext(ctx, "tcp", w.endpoint.HostPort())
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if operation.Err() != nil {
		_ = made.Close()
		return nil, operation.Err()
	}
	if w.conns == nil {
		w.conns = map[net.Conn]struct{}{}
	}
	w.conns[made] = struct{}{}
	return made, nil
}

// hold makes connections live no longer than ctx until it is released.
func (w *wire) hold(ctx context.Context) (release func()) {
	w.mu.Lock()
	w.ctx = ctx
	w.mu.Unlock()
	stop := context.AfterFunc(ctx, w.close)
	return func() {
		stop()
		w.close() // bmclib keeps none alive between operations
		w.mu.Lock()
		w.ctx = nil
		w.mu.Unlock()
	}
}

func (w *wire) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for made := range w.conns {
		_ = made.Close()
	}
	w.conns = nil
}
