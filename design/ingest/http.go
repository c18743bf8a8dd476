package ingest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"drydock/design"
)

// tokenHeader carries a Keystone token.
const tokenHeader = "X-Auth-Token"

// maxRedirects bounds how often a server may point elsewhere.
const maxRedirects = 10

// address reads an http or https reference. In <service>+http the part before the + only says that the service takes a token.
func (r Reader) address(ctx context.Context, scheme, rest, ref string) ([]design.Source, error) {
	shown := display(ref)
	service, transport, hasService := strings.Cut(scheme, "+")
	if !hasService {
		transport = service
	}
	if transport != "http" && transport != "https" {
		return nil, &Error{Ref: shown, Kind: Malformed, Err: fmt.Errorf("the scheme %q is not known", scheme),
			Advice: "use a path, file, http, https, deckhand+http, deckhand+https or design"}
	}
	u, err := url.Parse(transport + "://" + rest)
	if err != nil || u.Hostname() == "" {
		return nil, &Error{Ref: shown, Kind: Malformed, Err: errors.New("this is not a web address"), Advice: "check the host name and escape special characters"}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, &Error{Ref: shown, Kind: Malformed, Err: errors.New("this is not a web address"), Advice: "check the reference"}
	}
	request.Header.Set("Accept", "application/x-yaml, application/yaml, text/yaml, */*;q=0.1")
	if hasService && r.Token != nil {
		if token := r.Token(); token != "" {
			request.Header.Set(tokenHeader, token)
		}
	}
	response, err := r.client(u.Host).Do(request)
	if err != nil {
		return nil, &Error{Ref: shown, Kind: Unreachable, Err: harmless(err), Advice: "check that the host name resolves and the service answers from here"}
	}
	defer response.Body.Close()
	if failed := statusError(shown, response.StatusCode, hasService); failed != nil {
		return nil, failed
	}
	data, err := r.all(response.Body, shown)
	if err != nil {
		return nil, err
	}
	return []design.Source{{Name: shown, Data: data}}, nil
}

// client follows redirects, but takes the token along only to the host that it is for: net/http drops its own credentials
// on the way to another host, and does not know that this header is one.
func (r Reader) client(host string) *http.Client {
	base := r.HTTP
	if base == nil {
		base = http.DefaultClient
	}
	c := *base
	c.CheckRedirect = func(request *http.Request, via []*http.Request) error {
		if len(via) >= maxRedirects {
			return fmt.Errorf("there are more than %d redirects", maxRedirects)
		}
		if request.URL.Host != host || via[0].URL.Scheme == "https" && request.URL.Scheme != "https" {
			request.Header.Del(tokenHeader)
		}
		if base.CheckRedirect != nil {
			return base.CheckRedirect(request, via)
		}
		return nil
	}
	return &c
}

func statusError(shown string, status int, hasService bool) *Error {
	cause := fmt.Errorf("the answer is %d %s", status, strings.ToLower(http.StatusText(status)))
	switch {
	case status == http.StatusOK:
		return nil
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		advice := "check the credentials in the address; a service that takes a token needs a scheme such as deckhand+http"
		if hasService {
			advice = "check the token and what it is allowed to read"
		}
		return &Error{Ref: shown, Kind: Denied, Err: cause, Advice: advice}
	case status == http.StatusNotFound || status == http.StatusGone:
		return &Error{Ref: shown, Kind: NotFound, Err: cause, Advice: "check the path of the address"}
	case status == http.StatusRequestEntityTooLarge:
		return &Error{Ref: shown, Kind: TooLarge, Err: cause, Advice: "ask for a smaller design"}
	case status == http.StatusTooManyRequests || status == http.StatusRequestTimeout || status >= 500:
		return &Error{Ref: shown, Kind: Unreachable, Err: cause, Advice: "look at the service, then try again"}
	}
	return &Error{Ref: shown, Kind: Malformed, Err: cause, Advice: "check the address; a design comes with status 200"}
}
