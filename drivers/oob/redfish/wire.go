package redfish

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"drydock/drivers"
	"drydock/drivers/oob/bmc"
)

// maxBody bounds what is read of an answer, in bytes.
const maxBody = 8 << 20

// conn is a logged-in connection to one service.
type conn struct {
	endpoint bmc.Endpoint
	base     string // scheme and host
	http     *http.Client
	limit    time.Duration // of one request: the short one until the service has shown that it lives
	timeout  time.Duration // of one request from then on
	poll     time.Duration
	pace     *bmc.Pace
	gap      time.Duration

	login   login
	token   string // of the session
	session string // its resource, to delete
	basic   bool   // the service has no sessions
	renewed bool   // a session that broke in mid-use was replaced once
	root    serviceRoot
}

// answer is what came back, whatever the status.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// etag is the version of the resource, from the header or the body; "" when the service gives none or an empty one.
func (a *answer) etag() string {
	if tag := a.header.Get("ETag"); strings.Trim(tag, `W/"`) != "" {
		return tag
	}
	var in struct {
		ETag string `json:"@odata.etag"`
	}
	if json.Unmarshal(a.body, &in) == nil && strings.Trim(in.ETag, `W/"`) != "" {
		return in.ETag
	}
	return ""
}

// decode reads the body into a value. A property of another type than the schema's is left out, not an error: the rest of
// the resource is as good as before.
func (a *answer) decode(into any) error {
	err := json.Unmarshal(a.body, into)
	var property *json.UnmarshalTypeError
	if errors.As(err, &property) && property.Field != "" {
		return nil
	}
	return err
}

// path makes a link of the service into a path on it: links may be absolute URIs that name a host which we can't reach.
func path(link string) string {
	if u, err := url.Parse(link); err == nil && u.Path != "" {
		return u.RequestURI()
	}
	return link
}

// get reads a resource. It is tried again after the short failures that BMCs have when power moves or when they restart.
func (c *conn) get(ctx context.Context, link string, into any) (*answer, error) {
	const attempts = 3
	for attempt := 1; ; attempt++ {
		a, err := c.authorised(ctx, http.MethodGet, link, nil, "")
		if err == nil && a.status == http.StatusOK {
			if err := a.decode(into); err != nil {
				return nil, bmc.Failf(drivers.Internal, "", "read %s from BMC %s: its answer is no JSON object", path(link), c.endpoint)
			}
			return a, nil
		}
		if err == nil {
			err = c.refusal("read "+path(link), a)
		}
		var f *bmc.Fault
		passing := errors.As(err, &f) && f.After <= c.poll &&
			(errors.Is(err, errBroken) || f.Class == drivers.Busy || f.Class == drivers.Internal && a != nil)
		if !passing || attempt == attempts {
			return nil, err
		}
		if err := bmc.Sleep(ctx, max(c.poll/2, f.After)); err != nil {
			return nil, err
		}
	}
}

// authorised sends a request within the session. A session that the service no longer knows is replaced once: BMCs drop
// them while they restart.
func (c *conn) authorised(ctx context.Context, method, link string, body any, etag string) (*answer, error) {
	a, err := c.send(ctx, method, link, body, etag)
	if err != nil || a.status != http.StatusUnauthorized || c.token == "" {
		return a, err
	}
	if !c.renewed {
		c.renewed = true
		if err := c.renew(ctx); err != nil {
			return nil, err
		}
		a, err = c.send(ctx, method, link, body, etag)
		if err != nil || a.status != http.StatusUnauthorized {
			return a, err
		}
	}
	// The account was taken, so its password is right: it is the service that forgets.
	return nil, c.forgets()
}

// renew logs in anew. Where that fails, the old session stays: a request without any would look like a wrong password. Nor is
// a service that had sessions a moment ago sent the password with every request because it has none now.
func (c *conn) renew(ctx context.Context) error {
	token, session := c.token, c.session
	c.token, c.session = "", ""
	err := c.logIn(ctx)
	if err == nil && c.basic {
		err = c.forgets()
	}
	if err != nil {
		c.token, c.session, c.basic = token, session, false
	}
	return err
}

func (c *conn) forgets() error {
	return bmc.Failf(drivers.Busy, "see whether the BMC restarts again and again, or has too few sessions for its users",
		"keep a session: BMC %s dropped it and gives no other that lasts", c.endpoint)
}

// errBroken marks a connection that was open and broke.
var errBroken = errors.New("the connection broke")

// send makes one request and no other.
func (c *conn) send(ctx context.Context, method, link string, body any, etag string) (*answer, error) {
	var payload io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return nil, bmc.Failf(drivers.Internal, "", "write a request to BMC %s: %w", c.endpoint, err)
		}
		payload = bytes.NewReader(raw)
	}
	if err := c.pace.Wait(ctx, c.gap); err != nil {
		return nil, err
	}
	defer c.pace.Done()
	limited, cancel := context.WithTimeout(ctx, c.limit)
	defer cancel()
	req, err := http.NewRequestWithContext(limited, method, c.base+path(link), payload)
	if err != nil {
		return nil, bmc.Failf(drivers.Internal, "", "write a request to BMC %s: its link is no path", c.endpoint)
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("OData-Version", "4.0")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if etag != "" {
		req.Header.Set("If-Match", etag)
	}
	switch {
	case c.token != "":
		req.Header.Set("X-Auth-Token", c.token)
	case c.basic:
		req.SetBasicAuth(c.login.account, c.login.secret.Reveal())
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, c.lost(ctx, method, link, err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(res.Body, maxBody))
	if err == nil {
		err = limited.Err() // the other end may close a body that was given up as if it were complete
	}
	if err != nil {
		return nil, c.lost(ctx, method, link, err)
	}
	return &answer{status: res.StatusCode, header: res.Header, body: raw}, nil
}

// lost makes a request without an answer into a Fault; the end of the caller's context stays what it is.
func (c *conn) lost(ctx context.Context, method, link string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if fault := bmc.Untrusted(c.endpoint, err); fault != nil {
		return fault
	}
	if isOldTLS(err) {
		return bmc.Failf(drivers.NotSupported, "update the firmware of the BMC, or use the ipmi driver for it",
			"connect to BMC %s: it speaks no TLS 1.2 or later: %w", c.endpoint, err)
	}
	what := strings.ToLower(method) + " " + path(link)
	// The URL error repeats method and address; its cause is what is new.
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	const advice = "check that the BMC has power and network, that its address in the design is right, and that its web service is on"
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return bmc.Failf(drivers.Unreachable, advice, "%s: BMC %s did not answer within %s", what, c.endpoint, c.limit)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), isReset(err):
		return bmc.Failf(drivers.Unreachable, advice, "%s at BMC %s: %w: %w", what, c.endpoint, errBroken, err)
	}
	return bmc.Failf(drivers.Unreachable, advice, "%s: BMC %s can't be reached: %w", what, c.endpoint, err)
}

// isOldTLS reports whether the two sides share no version of TLS: the other side said so in an alert, or this side found out.
// The library has no error values for it.
func isOldTLS(err error) bool {
	return strings.Contains(err.Error(), "tls: protocol version not supported") ||
		strings.Contains(err.Error(), "tls: server selected unsupported protocol version")
}
