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
	carrier http.RoundTripper
	creds   credentials
	timeout time.Duration
	address string
	now     func() time.Time
	ahead   atomic.Int64 // by how many seconds the region's clock is ahead of ours, as of its last answer
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
	r := req.Clone(ctx)
	r.Close = false // gomaasclient asks for one connection per request
	header, err := b.creds.sign(b.now())
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", header)
	r.Header.Set("Accept", "application/json, */*")
	op := r.URL.Query().Get("op")
	resp, err := b.carrier.RoundTrip(r)
	if err != nil {
		return nil, b.noAnswer(req, op, err)
	}
	defer resp.Body.Close()
	if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		b.ahead.Store(int64(date.Sub(b.now()) / time.Second))
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	if err != nil {
		return nil, b.noAnswer(req, op, err)
	}
	if len(body) > maxBody {
		return nil, &answerError{method: req.Method, path: req.URL.Path, op: op, status: http.StatusBadGateway, text: "answer is larger than 64 MiB"}
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return nil, b.refusal(req, op, resp, body)
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
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
