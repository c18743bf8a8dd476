package ipmi

import (
	"context"
	"errors"
	"time"

	"github.com/bougou/go-ipmi/pkg/client"
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
	suite    types.CipherSuiteID
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
		c, err := d.logIn(ctx, endpoint, call, suite, privilege, retries)
		if err == nil {
			c.pace = pace
			d.remember(endpoint.HostPort(), c.suite)
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

// logIn opens a session with one suite. A login that the network has torn is begun anew, with more patience each time; one
// that the BMC has refused is not.
func (d *Driver) logIn(ctx context.Context, endpoint bmc.Endpoint, call drivers.NodeCall, suite types.CipherSuiteID,
	privilege types.PrivilegeLevel, retries int) (c *conn, err error) {
	for patience := range retries + 1 {
		c, err = d.attempt(ctx, endpoint, call, suite, privilege, retries, time.Duration(patience+1)*d.config.Timeout)
		if !errors.Is(err, errTorn) || ctx.Err() != nil {
			break
		}
	}
	return c, err
}

// attempt makes one login on a socket of its own, so that no late answer to an earlier one is taken for one to this. RAKP
// message 1 goes out once: a BMC makes a new random number for each that comes, and the console can't know which one counts.
//
// The steps of the handshake are made one by one: the client's own Connect gives their failures as text only, asks for suites
// by a command that many BMCs lack, and starts a keep-alive that a short session does not need.
func (d *Driver) attempt(ctx context.Context, endpoint bmc.Endpoint, call drivers.NodeCall, suite types.CipherSuiteID,
	privilege types.PrivilegeLevel, retries int, patience time.Duration) (*conn, error) {
	account := call.Node.OOB.Account
	client, err := client.NewClient(endpoint.Host, endpoint.Port, account, password(call).Reveal())
	if err != nil {
		return nil, bmc.Failf(drivers.InvalidDesign, "correct the account in the node's oob section", "log in at BMC %s: %w", endpoint, err)
	}
	l := &link{endpoint: endpoint, connect: d.config.Timeout, keys: exchange{password: password(call)}}
	client.WithUDPProxy(l).WithCipherSuiteID(suite).WithMaxPrivilegeLevel(privilege).WithTimeout(d.config.Timeout).WithRetry(retries)
	c := &conn{client: client, endpoint: endpoint, timeout: d.config.Timeout, retries: d.config.Retries, gap: d.config.Gap}

	begun, err := client.OpenSession(ctx)
	if err != nil {
		c.drop()
		return nil, c.handshakeFault(openDoing, suite, err)
	}
	// pyghmi opens with suite 3 whatever is asked for. A BMC, or somebody in its place, must not talk us into one that is not
	// configured. It is left without a word: a RAKP message 3 ahead of a RAKP message 1 ends pyghmi.
	c.suite = d.suiteOf(begun.AuthAlg, begun.IntegrityAlg, begun.CryptAlg)
	if c.suite == 0 {
		c.drop()
		return nil, c.otherSuite(suite)
	}
	l.use(c.suite)
	// From here on the answers are about the account.
	doing := "log in as " + account
	client.WithTimeout(patience).WithRetry(0)
	if _, err := client.RAKPMessage1(ctx); err != nil {
		f := c.handshakeFault(doing, suite, err)
		if !isSilence(f) { // pyghmi is silent to an account that it does not know, and is ended by a word after that
			l.abandon(begun.ManagedSystemSessionID, parting(f))
		}
		c.drop()
		return nil, f
	}
	// The BMC has shown that it knows the password: what goes wrong now is not the password.
	client.WithRetry(1)
	if _, err := client.RAKPMessage3(ctx); err != nil {
		f := c.provenFault(doing, suite, err)
		l.abandon(begun.ManagedSystemSessionID, parting(f))
		c.drop()
		return nil, f
	}
	client.WithTimeout(d.config.Timeout).WithRetry(d.config.Retries)
	if _, err := client.SetSessionPrivilegeLevel(ctx, privilege); err != nil {
		f := c.fault("take the privilege level "+privilege.String(), err)
		if code, ok := completion(err); ok && (code == 0x80 || code == 0x81 || code == types.CodeInsufficientPrivilege) {
			f.Class = drivers.AuthFailed
			f.Advice = "set " + PrivilegeParameter + " in the node's oob section to the level that the account has"
		}
		if isSilence(f) { // the session may not be open at the BMC, which link can't know
			l.abandon(begun.ManagedSystemSessionID, parting(f))
			f = torn(f)
		}
		client.WithRetry(0)
		_ = client.Close(ctx)
		return nil, f
	}
	return c, nil
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
