package redfish

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"drydock/design"
	"drydock/drivers"
	"drydock/drivers/oob/bmc"
)

// login is the account of a BMC. The secret is revealed only where a request is made of it.
type login struct {
	account string
	secret  design.Secret
}

// serviceRoot is what is used of /redfish/v1/ (DSP0268 ServiceRoot). It is the one resource that needs no login.
type serviceRoot struct {
	Systems        link
	Managers       link
	Registries     link
	SessionService link
	Links          struct{ Sessions link }
}

// link refers to another resource.
type link struct {
	ID string `json:"@odata.id"`
}

const rootPath = "/redfish/v1/"

// access opens and closes Redfish sessions for a call.
func (d *Driver) access(endpoint bmc.Endpoint, call drivers.NodeCall) bmc.Access[*conn] {
	return bmc.Access[*conn]{
		Protocol: Name, Endpoint: endpoint, Account: call.Node.OOB.Account, Credential: call.Node.OOB.Credential,
		Design: bmc.DesignOf(call), Limit: 2*d.config.Timeout + 3*d.config.ConnectTimeout,
		Open: func(ctx context.Context, pace *bmc.Pace) (*conn, error) {
			c := &conn{
				pace:     pace,
				gap:      d.config.Gap,
				endpoint: endpoint,
				base:     d.config.Scheme + "://" + endpoint.HostPort(),
				http:     d.trust.client(endpoint),
				limit:    d.config.ConnectTimeout,
				timeout:  d.config.Timeout,
				poll:     d.config.PollInterval,
				login:    login{call.Node.OOB.Account, call.Node.OOB.Credential},
			}
			err := c.open(ctx)
			if err != nil {
				c.http.CloseIdleConnections()
			}
			return c, err
		},
		Close: func(ctx context.Context, c *conn) { c.logOut(ctx) },
	}
}

// open reads the root and logs in. A BMC that lives says its first word soon, since the root costs it nothing: one that
// takes connections and is silent is known in the time of one that takes none. What comes after may take long.
func (c *conn) open(ctx context.Context) error {
	_, err := c.get(ctx, rootPath, &c.root)
	c.limit = c.timeout
	var f *bmc.Fault
	if errors.As(err, &f) && f.Class == drivers.AuthFailed {
		// The root should need no login. Where it does, the places of sessions and systems are the usual ones.
		c.root.Links.Sessions.ID = rootPath + "SessionService/Sessions"
		err = nil
	}
	if err != nil {
		return err
	}
	if c.root.Systems.ID == "" {
		c.root.Systems.ID = rootPath + "Systems"
	}
	return c.logIn(ctx)
}

// logIn makes one attempt with the account. Basic is used only where the service says that it has no sessions.
func (c *conn) logIn(ctx context.Context) error {
	if c.login.account == "" {
		return bmc.Failf(drivers.InvalidDesign, "give the node's oob section an account and a credential", "log in at BMC %s: the design has no account", c.endpoint)
	}
	sessions := c.root.Links.Sessions.ID
	if sessions == "" && c.root.SessionService.ID != "" {
		sessions = rootPath + "SessionService/Sessions"
	}
	if sessions == "" {
		c.basic = true
		return nil
	}
	a, err := c.send(ctx, http.MethodPost, sessions, map[string]string{
		"UserName": c.login.account, "Password": c.login.secret.Reveal(),
	}, "")
	if err != nil {
		return err
	}
	switch a.status {
	case http.StatusOK, http.StatusCreated, http.StatusNoContent, http.StatusAccepted:
	case http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotImplemented:
		c.basic = true
		return nil
	default:
		f := c.refusal("log in as "+c.login.account, a)
		f.Login = f.Class == drivers.AuthFailed
		switch ids := messageIDs(a); {
		case f.Class == drivers.Busy || hasMessage(ids, "SessionLimitExceeded", "CreateLimitReachedForResource"):
			f.Class = drivers.Busy
			f.Advice = "the BMC has no free session or is busy: end sessions that other tools left open, or wait for them to expire"
			if f.After == 0 {
				f.After = time.Minute
			}
		case a.status == http.StatusBadRequest:
			// Some services answer wrong credentials with 400; trying again could lock the account either way.
			f.Class, f.Login, f.Advice = drivers.AuthFailed, true, "check account and password of the BMC in the design"
		}
		return f
	}
	c.token = a.header.Get("X-Auth-Token")
	c.session = a.header.Get("Location")
	if c.session == "" {
		var made link
		if json.Unmarshal(a.body, &made) == nil {
			c.session = made.ID
		}
	}
	c.basic = c.token == "" // a service that gives no token can't want one
	return nil
}

// logOut deletes the session. BMCs have few and keep them for half an hour, so a DELETE that broke is made once more.
func (c *conn) logOut(ctx context.Context) {
	defer c.http.CloseIdleConnections()
	if c.session == "" {
		return
	}
	for range 2 {
		a, err := c.send(ctx, http.MethodDelete, c.session, nil, "")
		if err == nil && (a.status < 300 || a.status == http.StatusNotFound || a.status == http.StatusUnauthorized) {
			return
		}
		if bmc.Sleep(ctx, c.poll/2) != nil {
			return
		}
	}
}
