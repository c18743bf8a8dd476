package maas

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/canonical/gomaasclient/client"

	"drydock/drivers"
)

// session is one action at work: the client bound to its context, and what its errors are about.
type session struct {
	context.Context
	d       *Driver
	action  drivers.Action
	subject string
	// gmc is gomaasclient. It serves where it neither lacks a call nor loses a value; the rest goes through call.
	gmc  *client.Client
	http *http.Client
	hide []string
	// proven is the machine that this action has found to be allocated to us.
	proven string
	// powers are the power parameters that this action has read, by system id; they hold credentials.
	powers map[string]map[string]any
}

// session starts an action. The secrets given besides are kept out of every text that MAAS returns.
func (d *Driver) session(ctx context.Context, action drivers.Action, subject string, secrets ...string) (*session, error) {
	b := &bound{wire: d.wire, ctx: ctx, hide: secrets}
	// The transport signs, so gomaasclient gets a placeholder for the key: what it does not know it can't tell.
	gmc, err := client.GetClientWithTransport(strings.TrimSuffix(d.base.String(), "/api/2.0/"), "drydock:drydock:drydock", "2.0", b)
	if err != nil {
		return nil, &drivers.Error{Class: drivers.Internal, Action: action, Subject: subject, Err: errors.New("make MAAS client")}
	}
	return &session{
		Context: ctx, d: d, action: action, subject: subject, gmc: gmc,
		http: &http.Client{Transport: b}, hide: append(secrets, d.wire.creds.secret),
	}, nil
}

func (d *Driver) nodeSession(ctx context.Context, action drivers.Action, call drivers.NodeCall) (*session, error) {
	if call.Node == nil || call.Site == nil {
		return nil, drivers.NodeError(drivers.InvalidDesign, action, call, "", "the call names no node or no site")
	}
	return d.session(ctx, action, "node "+call.Node.Name, call.Node.OOB.Credential.Reveal())
}

func (d *Driver) siteSession(ctx context.Context, action drivers.Action, call drivers.SiteCall) (*session, error) {
	if call.Site == nil {
		return nil, drivers.SiteError(drivers.InvalidDesign, action, call, "", "the call names no site")
	}
	return d.session(ctx, action, "site "+call.Site.Name)
}

// fail gives an error of a request its class, and says what was done when it happened.
func (s *session) fail(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	var done *drivers.Error
	if errors.As(err, &done) {
		return err
	}
	class, advice, after := classify(err)
	// The chain of net/url and gomaasclient repeats the request; what MAAS said is inside it.
	var a *answerError
	var silence *silenceError
	cause := err
	if errors.As(err, &a) {
		cause = a
	} else if errors.As(err, &silence) {
		cause = silence
	}
	return &drivers.Error{
		Class: class, Action: s.action, Subject: s.subject, Advice: advice, After: after,
		Err: fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), cause),
	}
}

// errorf makes an error of the action.
func (s *session) errorf(class drivers.Class, advice, format string, args ...any) error {
	return &drivers.Error{Class: class, Action: s.action, Subject: s.subject, Advice: advice, Err: fmt.Errorf(format, args...)}
}

// waiting says that nothing is wrong and when to look again.
func (s *session) waiting(format string, args ...any) error {
	return &drivers.Error{
		Class: drivers.NotReady, Action: s.action, Subject: s.subject, After: s.d.watch.interval(),
		Progress: s.clean(fmt.Sprintf(format, args...)),
	}
}

// clean keeps secrets out of a text that MAAS returned.
func (s *session) clean(text string) string {
	for _, secret := range s.hide {
		text = hide(text, secret)
	}
	return text
}

// call is the raw layer: one request over the same transport as gomaasclient's, for calls that it lacks and values that it
// loses (false, 0 and "" of optional parameters; null; fields of a PUT that were not meant). path is relative to the API
// and already escaped, op may be empty, params are the query of a GET and the form of everything else. A nil out drops the answer;
// a *[]byte gets it as it is.
func (s *session) call(method, path, op string, params url.Values, out any) error {
	u := *s.d.base
	u.Path += path
	query := url.Values{}
	var body io.Reader
	if method == http.MethodGet {
		for k, v := range params {
			query[k] = v
		}
	} else {
		body = strings.NewReader(params.Encode())
	}
	if op != "" {
		query.Set("op", op)
	}
	u.RawQuery = query.Encode()
	req, err := http.NewRequestWithContext(s, method, u.String(), body)
	if err != nil {
		return fmt.Errorf("make request: %w", err)
	}
	if body != nil {
		// Forms are the contract; JSON is accepted by some calls and then loses lists.
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := s.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if raw, ok := out.(*[]byte); ok {
		*raw = data
		return nil
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(data, out); err != nil {
		return fmt.Errorf("decode the answer to %s %s op=%q: %w", method, path, op, err)
	}
	return nil
}

func (s *session) get(path, op string, params url.Values, out any) error {
	return s.call(http.MethodGet, path, op, params, out)
}

func (s *session) post(path, op string, form url.Values, out any) error {
	return s.call(http.MethodPost, path, op, form, out)
}

func (s *session) put(path string, form url.Values, out any) error {
	return s.call(http.MethodPut, path, "", form, out)
}

var idPattern = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// validID guards paths: an id is opaque, but it comes from stored state and must not lead to another resource.
func validID(id string) bool { return idPattern.MatchString(id) }

// form makes url.Values of pairs.
func form(pairs ...string) url.Values {
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return v
}
