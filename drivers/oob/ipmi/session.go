package ipmi

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/bougou/go-ipmi/pkg/client"
	"github.com/bougou/go-ipmi/pkg/rmcpplus"
	"github.com/bougou/go-ipmi/pkg/types"

	"drydock/design"
	"drydock/drivers"
	"drydock/drivers/oob/bmc"
)

// maxPassword is the longest IPMI 2.0 password, in bytes.
const maxPassword = 20

// conn is an open session at one BMC.
type conn struct {
	client   *client.Client
	endpoint bmc.Endpoint
	timeout  time.Duration
	retries  int
	gap      time.Duration
	pace     *bmc.Pace
	power    string // as read last
}

// access opens and closes IPMI sessions for a call.
func (d *Driver) access(endpoint bmc.Endpoint, call drivers.NodeCall) bmc.Access[*conn] {
	perSuite := d.config.Timeout * time.Duration(4*(d.config.Retries+1))
	return bmc.Access[*conn]{
		Protocol: Name, Endpoint: endpoint, Account: call.Node.OOB.Account, Credential: call.Node.OOB.Credential,
		Design: bmc.DesignOf(call), Limit: perSuite*time.Duration(len(d.suites)) + time.Second,
		Open: func(ctx context.Context, pace *bmc.Pace) (*conn, error) { return d.open(ctx, endpoint, call, pace) },
		// A BMC that was restarted is silent to the sessions from before. One datagram finds it out.
		Alive: func(ctx context.Context, c *conn) error {
			c.client.WithRetry(0)
			defer c.client.WithRetry(c.retries)
			_, err := c.status(ctx)
			return err
		},
		Close: func(ctx context.Context, c *conn) {
			// The BMC is told; one that does not hear it drops the session by its own timer.
			c.client.WithRetry(min(c.retries, 1))
			_ = c.client.Close(ctx)
		},
	}
}

// open tries the cipher suites in turn. Only a BMC that refuses a suite, or is silent to it, is asked for the next one: a
// refused account is not tried with another.
func (d *Driver) open(ctx context.Context, endpoint bmc.Endpoint, call drivers.NodeCall, pace *bmc.Pace) (*conn, error) {
	privilege := d.privilege
	if word := call.Node.OOB.Parameters[PrivilegeParameter]; word != "" {
		own, err := level(word)
		if err != nil {
			return nil, bmc.Failf(drivers.InvalidDesign, "correct "+PrivilegeParameter+" in the node's oob section", "log in at BMC %s: %w", endpoint, err)
		}
		privilege = own
	}
	var last error
	retries := d.config.Retries
	for _, suite := range d.suitesFor(endpoint.HostPort()) {
		c, err := d.attempt(ctx, endpoint, call, suite, privilege, retries)
		if err == nil {
			c.pace = pace
			d.remember(endpoint.HostPort(), suite)
			return c, nil
		}
		if last == nil || !isSilence(err) {
			last = err
		}
		switch {
		case errors.Is(err, errSuite):
		case isSilence(err):
			// Some BMCs do not answer at all to a suite that they don't have. A dead one has had its retries.
			retries = 0
		default:
			return nil, err
		}
	}
	return nil, last
}

// password is the credential of the design as IPMI knows it. A BMC that takes a longer one for its other interfaces keeps
// the first 20 bytes of it for IPMI, and there is nothing else that it could compare.
func password(call drivers.NodeCall) design.Secret {
	whole := call.Node.OOB.Credential
	return whole[:min(len(whole), maxPassword)]
}

// attempt opens a session with one suite on a socket of its own, so that no late answer to an earlier try is taken for one
// to this.
func (d *Driver) attempt(ctx context.Context, endpoint bmc.Endpoint, call drivers.NodeCall, suite types.CipherSuiteID,
	privilege types.PrivilegeLevel, retries int) (*conn, error) {
	host := endpoint.Host
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	client, err := client.NewClient(host, endpoint.Port, call.Node.OOB.Account, password(call).Reveal())
	if err != nil {
		return nil, bmc.Failf(drivers.InvalidDesign, "correct the account in the node's oob section", "log in at BMC %s: %w", endpoint, err)
	}
	client.WithCipherSuiteID(suite).WithMaxPrivilegeLevel(privilege).WithTimeout(d.config.Timeout).WithRetry(retries)
	c := &conn{client: client, endpoint: endpoint, timeout: d.config.Timeout, retries: d.config.Retries, gap: d.config.Gap}

	// The steps of the handshake are made one by one: the client's own Connect gives their failures as text only, asks for
	// suites by a command that many BMCs lack, and starts a keep-alive that a short session does not need.
	doing := "open a session"
	begun, err := client.OpenSession(ctx)
	if err == nil {
		// From here on the answer is about the account.
		doing = "log in as " + call.Node.OOB.Account
		if _, err = client.RAKPMessage1(ctx); err == nil {
			_, err = client.RAKPMessage3(ctx)
		}
		if err != nil {
			c.abandon(ctx, begun.ManagedSystemSessionID)
		}
	}
	if err != nil {
		c.drop()
		return nil, c.handshakeFault(doing, suite, err)
	}
	if _, err := client.SetSessionPrivilegeLevel(ctx, privilege); err != nil {
		_ = client.Close(ctx)
		f := c.fault("take the privilege level "+privilege.String(), err)
		if code, ok := completion(err); ok && (code == 0x80 || code == 0x81 || code == types.CodeInsufficientPrivilege) {
			f.Class = drivers.AuthFailed
			f.Advice = "set " + PrivilegeParameter + " in the node's oob section to the level that the account has"
		}
		return nil, f
	}
	client.WithRetry(d.config.Retries)
	return c, nil
}

// abandon tells the BMC that a handshake has failed, by a RAKP message 3 with that status (IPMI 2.0, 13.22), so that it
// frees the slot instead of holding it until its timer ends. Nothing depends on an answer, and few BMCs give one.
func (c *conn) abandon(ctx context.Context, session uint32) {
	own, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	c.client.WithRetry(0)
	_ = c.client.Exchange(own, &rmcpplus.RAKPMessage3{
		RmcpStatusCode: types.RmcpStatusCodeInvalidIntegrityCheckValue, ManagedSystemSessionID: session,
	}, &rmcpplus.RAKPMessage4{})
}

// drop gives the socket back without talking to a BMC at which no session was opened.
func (c *conn) drop() {
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	_ = c.client.Close(ended)
}

// do sends one command that may be repeated.
func (c *conn) do(ctx context.Context, doing string, command func(context.Context) error) error {
	if err := c.pace.Wait(ctx, c.gap); err != nil {
		return err
	}
	err := command(ctx)
	c.pace.Done()
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return c.fault(doing, err)
	}
	return nil
}

// once sends one command in one datagram, and waits for the answer as long as it would with repetitions.
func (c *conn) once(ctx context.Context, doing string, command func(context.Context) error) error {
	c.client.WithRetry(0).WithTimeout(c.timeout * time.Duration(c.retries+1))
	defer func() { c.client.WithRetry(c.retries).WithTimeout(c.timeout) }()
	return c.do(ctx, doing, command)
}
