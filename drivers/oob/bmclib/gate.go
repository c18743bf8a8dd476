package bmclib

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
)

// gate is the way of all requests of one session. It sees logins: after one that was refused it lets no other through, and it
// remembers the Redfish sessions that a provider forgets to delete.
type gate struct {
	http.RoundTripper
	plain bool // the service takes passwords in plain form only, and is not shown the other form

	mu       sync.Mutex
	failed   int   // requests without an answer, or that the service failed at
	lost     error // why the last request had no answer; nil when it had one
	refused  bool
	entered  bool
	sessions map[string]string // URLs of those open, with their tokens
}

// digest is the scheme of requests that carry their own proof of the password, as those to Intel AMT do.
const digest = "Digest "

// proves reports whether a request is a login by itself.
func proves(r *http.Request) bool { return strings.HasPrefix(r.Header.Get("Authorization"), digest) }

// outdated reports whether an answer refuses a proof only because its nonce is too old (RFC 2617, section 3.2.1): the password
// was right then.
func outdated(a *http.Response) bool {
	return strings.Contains(strings.ToLower(strings.ReplaceAll(a.Header.Get("WWW-Authenticate"), `"`, "")), "stale=true")
}

// errRefused stops a provider that would try a refused password in another form.
var errRefused = errors.New("the login was refused, and is not tried in another form")

// RoundTrip sends a request, unless it is a login, or proves the password itself, after a refused one.
func (g *gate) RoundTrip(r *http.Request) (*http.Response, error) {
	login := r.Method == http.MethodPost && (isForm(r) || strings.HasSuffix(path(r), "/api/session") || strings.HasSuffix(path(r), "/Sessions"))
	if login {
		g.mu.Lock()
		refused, encoded := g.refused, g.plain
		g.plain = false
		g.mu.Unlock()
		if refused {
			return nil, errRefused
		}
		if encoded && isForm(r) {
			return &http.Response{StatusCode: http.StatusUnauthorized, Request: r, Header: http.Header{}, Body: http.NoBody}, nil
		}
	}
	if proves(r) && g.wasRefused() {
		return nil, errRefused
	}
	a, err := g.RoundTripper.RoundTrip(r)
	g.mu.Lock()
	g.lost = err
	if err != nil || a.StatusCode >= http.StatusInternalServerError {
		g.failed++
	}
	g.mu.Unlock()
	if err != nil {
		return nil, err
	}
	switch {
	case proves(r):
		g.mu.Lock()
		g.refused = g.refused || a.StatusCode == http.StatusUnauthorized && !outdated(a)
		g.entered = g.entered || a.StatusCode < http.StatusBadRequest
		g.mu.Unlock()
	case login:
		err = g.learn(r, a)
	case r.Method == http.MethodDelete && (a.StatusCode < 300 || a.StatusCode == http.StatusNotFound || a.StatusCode == http.StatusUnauthorized):
		g.mu.Lock()
		delete(g.sessions, r.URL.String())
		g.mu.Unlock()
	}
	return a, err
}

// isForm is the login of the web pages of Supermicro.
func isForm(r *http.Request) bool { return strings.HasSuffix(path(r), "/cgi/login.cgi") }

func path(r *http.Request) string { return strings.TrimSuffix(r.URL.Path, "/") }

// maxPage is how much of the page after a login is looked at.
const maxPage = 1 << 20

// learn remembers what came of a login. Supermicro answers 200 to a refused one, and tells success by where the page leads. An
// answer that asks for patience is no refusal.
func (g *gate) learn(r *http.Request, a *http.Response) error {
	refused := a.StatusCode >= 400 && a.StatusCode < 500 && a.StatusCode != http.StatusTooManyRequests && a.StatusCode != http.StatusNotFound
	if isForm(r) && a.StatusCode == http.StatusOK {
		page, err := io.ReadAll(io.LimitReader(a.Body, maxPage))
		_ = a.Body.Close()
		if err != nil {
			return err
		}
		a.Body = io.NopCloser(bytes.NewReader(page))
		refused = !bytes.Contains(page, []byte("url_name=mainmenu")) && !bytes.Contains(page, []byte("url_name=topmenu"))
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.refused = g.refused || refused
	if refused || a.StatusCode >= 300 {
		return nil
	}
	g.entered = true
	if token := a.Header.Get("X-Auth-Token"); token != "" {
		if place, err := r.URL.Parse(a.Header.Get("Location")); err == nil && place.Path != r.URL.Path {
			if g.sessions == nil {
				g.sessions = map[string]string{}
			}
			g.sessions[place.String()] = token
		}
	}
	return nil
}

// loss is why the last request had no answer: providers tell it as text, some in the words of a refused login.
func (g *gate) loss() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.lost
}

func (g *gate) failures() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.failed
}

func (g *gate) wasRefused() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.refused
}

func (g *gate) wasEntered() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.entered
}

// sweep deletes the Redfish sessions that are still open.
func (g *gate) sweep(ctx context.Context) error {
	g.mu.Lock()
	left := g.sessions
	g.sessions = nil
	g.mu.Unlock()
	for place, token := range left {
		r, err := http.NewRequestWithContext(ctx, http.MethodDelete, place, nil)
		if err != nil {
			return err
		}
		r.Header.Set("X-Auth-Token", token)
		a, err := g.RoundTripper.RoundTrip(r)
		if err != nil {
			return err
		}
		_ = a.Body.Close()
	}
	return nil
}
