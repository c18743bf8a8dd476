package libvirt

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	lib "github.com/digitalocean/go-libvirt"

	"drydock/design/build"
	"drydock/drivers"
	"drydock/drivers/oob/bmc"
)

// conn is an open connection to a hypervisor, with the domain of one node.
type conn struct {
	rpc     *lib.Libvirt
	raw     net.Conn
	at      uri
	timeout time.Duration
	domain  lib.Domain
	power   string // as read last
}

// ready is a dialer for a connection that is there already.
type ready struct{ net.Conn }

func (r ready) Dial() (net.Conn, error) { return r.Conn, nil }

func (d *Driver) access(call drivers.NodeCall) (bmc.Access[*conn], error) {
	u, err := d.uriOf(call.Node)
	if err != nil {
		return bmc.Access[*conn]{}, err
	}
	return bmc.Access[*conn]{
		Protocol: Name, Design: bmc.DesignOf(call), Account: call.Node.OOB.Account, Credential: call.Node.OOB.Credential,
		// A hypervisor takes many connections; what comes one at a time is what is done to one domain.
		Endpoint: bmc.Endpoint{Address: "domain " + call.Node.Name + " of " + u.String(), Host: u.host, Port: u.port},
		Limit:    d.config.Timeout + d.config.ConnectTimeout,
		Open: func(ctx context.Context, _ *bmc.Pace) (*conn, error) {
			raw, err := d.dial(ctx, u, call.Node.OOB)
			if err != nil {
				return nil, err
			}
			c := &conn{rpc: lib.NewWithDialer(ready{raw}), raw: raw, at: u, timeout: d.config.Timeout}
			err = c.do(ctx, "open "+u.driver, func() error { return c.rpc.ConnectToURI(lib.ConnectURI(u.driver)) })
			if err != nil {
				_ = raw.Close()
				return nil, err
			}
			return c, nil
		},
		Alive: func(ctx context.Context, c *conn) error {
			return c.do(ctx, "see whether the connection lives", func() error { _, err := c.rpc.ConnectGetLibVersion(); return err })
		},
		Close: func(ctx context.Context, c *conn) {
			_ = c.do(ctx, "close the connection", c.rpc.Disconnect)
			_ = c.raw.Close()
		},
	}, nil
}

// do makes one call within ctx and the time for it; the client knows no deadlines, so the connection is cut at the end of it.
func (c *conn) do(ctx context.Context, doing string, call func() error) error {
	own, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- call() }()
	var err error
	select {
	case err = <-done:
	case <-own.Done():
		_ = c.raw.Close()
		<-done // the client gives up on a call whose connection is gone
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return unreachable(c.at, doing+", without an answer,", own.Err())
	}
	if err != nil {
		return c.fault(doing, err)
	}
	return nil
}

// fault makes the failure of a call into a Fault. An answer of libvirt is a refusal where its code rules out that the call
// was carried out.
func (c *conn) fault(doing string, err error) *bmc.Fault {
	var answered lib.Error
	if !errors.As(err, &answered) {
		return unreachable(c.at, doing, err)
	}
	f := bmc.Failf(drivers.Internal, "", "%s: %s answered: %s", doing, c.at, answered.Message)
	switch lib.ErrorNumber(answered.Code) {
	case lib.ErrNoDomain:
		f.Class, f.Refused = drivers.NotFound, true
		f.Advice = "define a domain with the name of the node at the hypervisor"
	case lib.ErrOperationInvalid: // not in the present state, which may be another in a moment
		f.Class, f.Refused = drivers.Busy, true
	case lib.ErrNoSupport, lib.ErrConfigUnsupported, lib.ErrArgumentUnsupported:
		f.Class, f.Refused = drivers.NotSupported, true
	case lib.ErrAuthFailed, lib.ErrAuthUnavailable, lib.ErrAuthCancelled, lib.ErrAccessDenied:
		f.Class, f.Refused = drivers.AuthFailed, true
		f.Advice = "let the account use libvirt at the hypervisor (group libvirt), or use qemu+ssh: logins within libvirt (SASL) are not spoken"
	}
	return f
}

// has reports whether a failure is libvirt's answer with the code.
func has(err error, code lib.ErrorNumber) bool {
	var answered lib.Error
	return errors.As(err, &answered) && answered.Code == uint32(code)
}

// find looks the domain up by its name, with the id of its present run. A domain that is not defined vanishes when it is
// stopped, and is left alone.
func (c *conn) find(ctx context.Context, name string) error {
	err := c.do(ctx, "find the domain "+name, func() (err error) { c.domain, err = c.rpc.DomainLookupByName(name); return err })
	if err != nil {
		return err
	}
	var defined int32
	err = c.do(ctx, "see whether the domain is defined", func() (err error) { defined, err = c.rpc.DomainIsPersistent(c.domain); return err })
	if err != nil {
		return err
	}
	if defined == 0 {
		return bmc.Failf(drivers.NotSupported, "define the domain at the hypervisor (virsh define)",
			"find the domain %s: it is not defined at %s, and would vanish when it is stopped", name, c.at)
	}
	return nil
}

func (c *conn) uuid() string { return build.UUID(fmt.Sprintf("%x", c.domain.UUID[:])) }

var _ bmc.Machine = (*conn)(nil)

// Power reads the state. A domain that is paused, suspended or crashed within its process is on; one that is being shut down
// is in motion.
func (c *conn) Power(ctx context.Context) (string, error) {
	if err := c.find(ctx, c.domain.Name); err != nil {
		return build.PowerUnknown, err
	}
	var state int32
	err := c.do(ctx, "read the state of the domain", func() (err error) { state, _, err = c.rpc.DomainGetState(c.domain, 0); return err })
	if err != nil {
		return build.PowerUnknown, err
	}
	switch lib.DomainState(state) {
	case lib.DomainRunning, lib.DomainBlocked, lib.DomainPaused, lib.DomainPmsuspended:
		c.power = build.PowerOn
	case lib.DomainShutoff:
		c.power = build.PowerOff
	case lib.DomainCrashed:
		c.power = build.PowerOn
		if c.domain.ID < 0 {
			c.power = build.PowerOff
		}
	default:
		c.power = build.PowerUnknown
	}
	return c.power, nil
}

// Marks reads the id of the domain's run, which is another after every start, and a boot order that was set for one start.
func (c *conn) Marks(ctx context.Context) (bmc.Marks, error) {
	var m bmc.Marks
	if err := c.find(ctx, c.domain.Name); err != nil {
		return m, err
	}
	if c.domain.ID >= 0 {
		m.LastReset = fmt.Sprintf("run %d", c.domain.ID)
	}
	o, err := c.once(ctx)
	if err != nil {
		return m, err
	}
	if o != nil && !o.used(c.domain) {
		m.Once, m.OnceLasts = "until the next start: then "+o.Then, true
	}
	return m, nil
}

// TurnOn starts the domain as it is defined.
func (c *conn) TurnOn(ctx context.Context) error {
	return c.do(ctx, "start the domain", func() error { return c.rpc.DomainCreate(c.domain) })
}

// ShutDown asks the system to shut down.
func (c *conn) ShutDown(ctx context.Context) error {
	return c.do(ctx, "ask the system to shut down", func() error { return c.rpc.DomainShutdown(c.domain) })
}

// TurnOff ends the domain's process.
func (c *conn) TurnOff(ctx context.Context) error {
	return c.do(ctx, "stop the domain", func() error { return c.rpc.DomainDestroy(c.domain) })
}

// Restart is not offered: libvirt's reset keeps the boot order that the domain was started with, so a restart is a stop and
// a start.
func (c *conn) Restart(context.Context) error { return bmc.ErrNoWay }
