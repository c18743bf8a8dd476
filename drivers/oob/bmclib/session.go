package bmclib

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	lib "github.com/bmc-toolbox/bmclib/v2"
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
	timeout  time.Duration
	power    string // as read last

	presenceLimit time.Duration // for an answer outside of a session

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
		Close: func(ctx context.Context, c *conn) {
			if closer, ok := c.provider.(libbmc.Closer); ok {
				_ = c.do(ctx, "log out", closer.Close)
			}
			c.wire.close()
		},
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
	w := &wire{endpoint: endpoint, dialer: net.Dialer{Timeout: d.config.ConnectTimeout}}
	host := endpoint.Host
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	port := strconv.Itoa(endpoint.Port)
	client := lib.NewClient(host, call.Node.OOB.Account, call.Node.OOB.Credential.Reveal(),
		lib.WithHTTPClient(&http.Client{
			Timeout:       d.config.Timeout,
			Transport:     d.trust.transport(endpoint, w.dial),
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}),
		lib.WithIpmitoolPort(port), lib.WithIpmitoolCipherSuite(suite), lib.WithIpmitoolPath(d.config.Ipmitool),
		lib.WithIntelAMTPort(uint32(endpoint.Port)), //nolint:gosec // a port
		lib.WithRedfishUseBasicAuth(d.config.BasicAuth), lib.WithDellRedfishUseBasicAuth(d.config.BasicAuth),
		lib.WithRedfishSystemName(call.Node.OOB.Parameters[SystemParameter]),
	)
	// One provider, named exactly: bmclib's own choice would log in to all of them.
	c := &conn{via: p, endpoint: endpoint, wire: w, timeout: d.config.Timeout, power: build.PowerUnknown,
		presenceLimit: min(d.config.Timeout, 2*time.Second)}
	for _, registered := range client.Registry.Drivers {
		if registered.Name == p.name {
			c.provider = registered.DriverInterface
		}
	}
	opener, ok := c.provider.(libbmc.Opener)
	if !ok {
		return nil, bmc.Failf(drivers.NotSupported, "install what the provider needs on the workers (ipmitool: the program ipmitool)",
			"log in at BMC %s: bmclib has no provider %s here", endpoint, p.name)
	}
	if err := c.do(ctx, "log in as "+call.Node.OOB.Account, opener.Open); err != nil {
		w.close()
		return nil, err
	}
	return c, nil
}

// do runs one operation of the provider within ctx and the time for it. Most providers ignore the context: the connections
// are then cut, and no new ones made, so that the operation ends at once.
func (c *conn) do(ctx context.Context, doing string, operation func(context.Context) error) error {
	own, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	release := c.wire.hold(own)
	defer release()
	done := make(chan error, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil { // seen for answers that lack what a provider takes for granted
				done <- fmt.Errorf("the provider gave up on an answer")
			}
		}()
		// The HTTP client has its own limit: given a deadline, some providers set it for good to what is left of that.
		done <- operation(withoutDeadline{own})
	}()
	err := <-done
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case own.Err() != nil:
		return c.silence(doing, own.Err())
	}
	return c.refusedSession(ctx, c.fault(doing, err), doing)
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
