package maas

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"drydock/design"
)

// maxBody bounds what is read of one answer: 64 MiB, a list of some thousand machines.
const maxBody = 64 << 20

// oldestTimestamp is how old a request may be at MAAS.
const oldestTimestamp = 300 * time.Second

// credentials are the parts of an API key.
type credentials struct{ consumer, token, secret string }

func parseKey(key design.Secret) (credentials, error) {
	parts := strings.Split(strings.TrimSpace(key.Reveal()), ":")
	if len(parts) != 3 || parts[0] == "" || parts[1] == "" || parts[2] == "" {
		return credentials{}, errors.New("API key is not of the form consumer:token:secret")
	}
	return credentials{parts[0], parts[1], parts[2]}, nil
}

// sign makes an OAuth 1.0a PLAINTEXT header. The nonce is new each time: MAAS refuses one that it has seen.
func (c credentials) sign(now time.Time) (string, error) {
	nonce := make([]byte, 16)
	if _, err := rand.Read(nonce); err != nil {
		return "", fmt.Errorf("make nonce: %w", err)
	}
	// The consumer secret is empty at MAAS, so the signature is an ampersand and the token secret, percent-encoded.
	return fmt.Sprintf(`OAuth realm="", oauth_version="1.0", oauth_signature_method="PLAINTEXT", oauth_consumer_key="%s", `+
		`oauth_token="%s", oauth_signature="%%26%s", oauth_timestamp="%d", oauth_nonce="%s"`,
		url.QueryEscape(c.consumer), url.QueryEscape(c.token), url.QueryEscape(c.secret), now.Unix(), hex.EncodeToString(nonce)), nil
}

// wire is what all requests to the region go through, those of gomaasclient as well as our own.
type wire struct {
	carrier   http.RoundTripper
	telemetry *telemetry
	creds     credentials
	timeout   time.Duration
	address   string
	root      string // path of the API
	now       func() time.Time
	ahead     atomic.Int64 // by how many seconds the region's clock is ahead of ours, as of its last answer
}

// bound is a wire for the calls of one action: it ends with the action's context. gomaasclient takes no context, so each
// action has a client of its own on a transport of this kind.
type bound struct {
	*wire
	ctx  context.Context
	hide []string // secrets that may not come back in an answer's text
}

// RoundTrip sends one request, signed anew, and reads the whole answer within the deadline.
//
// Unlike other transports it returns an error for every status that is not 2xx. That is on purpose: gomaasclient sleeps
// through Retry-After in-line, deaf to the context, and puts bodies into its errors, also that of a 401, in which MAAS
// echoes the token secret. So it must never see such an answer.
func (b *bound) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(b.ctx, b.timeout)
	defer cancel()
	resp, dropped, err := b.attempt(ctx, req, 0)
	var silence *silenceError
	if req.Method == http.MethodGet && errors.As(err, &silence) && dropped() && ctx.Err() == nil {
		// The region had closed the connection that was kept for the next call. To ask once more does no harm where
		// nothing is changed, and saves the action an attempt.
		resp, _, err = b.attempt(ctx, req, 1)
	}
	return resp, err
}

// attempt sends a request once. dropped is whether it went over a connection that had been used before, and not a byte came
// back.
func (b *bound) attempt(ctx context.Context, req *http.Request, resend int) (resp *http.Response, dropped func() bool, err error) {
	op := req.URL.Query().Get("op")
	ctx, call := b.telemetry.begin(ctx, req.Method, strings.TrimPrefix(req.URL.Path, b.root), op, req.ContentLength, resend)
	var status int
	var body []byte
	defer func() { call.end(status, int64(len(body)), err) }()

	var unanswered atomic.Bool // these calls may come from the connection's own goroutine
	dropped = unanswered.Load
	trace := &httptrace.ClientTrace{
		GotConn:              func(c httptrace.GotConnInfo) { unanswered.Store(c.Reused) },
		GotFirstResponseByte: func() { unanswered.Store(false) },
	}
	r := req.Clone(httptrace.WithClientTrace(ctx, trace))
	r.Close = false // gomaasclient asks for one connection per request
	if r.Method == http.MethodGet && r.Body == nil {
		// Without a body net/http would repeat the request by itself where a connection breaks: with the same nonce, which
		// MAAS refuses as a wrong key if the first one arrived.
		r.Body = io.NopCloser(strings.NewReader(""))
	}
	header, err := b.creds.sign(b.now())
	if err != nil {
		return nil, dropped, err
	}
	r.Header.Set("Authorization", header)
	r.Header.Set("Accept", "application/json, */*")
	answer, err := b.carrier.RoundTrip(r)
	if err != nil {
		return nil, dropped, b.noAnswer(req, op, err)
	}
	defer answer.Body.Close()
	status = answer.StatusCode
	if date, err := http.ParseTime(answer.Header.Get("Date")); err == nil {
		b.ahead.Store(int64(date.Sub(b.now()) / time.Second))
	}
	if body, err = io.ReadAll(io.LimitReader(answer.Body, maxBody+1)); err != nil {
		return nil, dropped, b.noAnswer(req, op, err)
	}
	if len(body) > maxBody {
		return nil, dropped, &answerError{method: req.Method, path: req.URL.Path, op: op, status: http.StatusBadGateway, text: "answer is larger than 64 MiB"}
	}
	if status < 200 || status > 299 {
		return nil, dropped, b.refusal(req, op, answer, body)
	}
	answer.Body = io.NopCloser(bytes.NewReader(body))
	return answer, dropped, nil
}

func (b *bound) noAnswer(req *http.Request, op string, err error) error {
	// The context of the action counts first: its end is the reason for whatever the connection says.
	if ended := b.ctx.Err(); ended != nil {
		err = ended
	}
	return &silenceError{address: b.address, method: req.Method, op: op, err: err}
}

func (b *bound) refusal(req *http.Request, op string, resp *http.Response, body []byte) error {
	e := &answerError{method: req.Method, path: req.URL.Path, op: op, status: resp.StatusCode}
	if s, err := strconv.Atoi(strings.TrimSpace(resp.Header.Get("Retry-After"))); err == nil && s >= 0 {
		e.retryAfter, e.retry = time.Duration(s)*time.Second, true
	}
	if resp.StatusCode == http.StatusUnauthorized {
		// Only what kind of refusal it is, never a word of the body, which packages of MAAS word in several ways.
		e.expired = bytes.Contains(body, []byte("Expired timestamp")) || time.Duration(b.ahead.Load())*time.Second >= oldestTimestamp
		return e
	}
	text := string(body)
	for _, secret := range append([]string{b.creds.secret, b.creds.token}, b.hide...) {
		text = hide(text, secret)
	}
	if strings.HasPrefix(strings.TrimSpace(text), "{") {
		_ = json.Unmarshal([]byte(text), &e.fields) // not of that form: the text says it
	}
	e.text = shorten(strings.TrimSpace(text), 600)
	return e
}

// hide replaces a secret in a text, in the spellings in which an answer may echo it.
func hide(text, secret string) string {
	if len(secret) < 3 {
		return text // would make the text unreadable and hide nothing
	}
	for _, s := range []string{secret, url.QueryEscape(secret), url.PathEscape(secret)} {
		text = strings.ReplaceAll(text, s, "[redacted]")
	}
	return text
}

// shorten cuts a text to about n bytes, at a character.
func shorten(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "..."
}
