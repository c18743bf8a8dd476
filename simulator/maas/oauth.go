package maas

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"net/url"
	"sort"
	"strconv"
	"strings"
	"time"
)

// timestampThreshold is how old a signed request may be.
const timestampThreshold = 300 * time.Second

// unsigned refuses a request that carries no complete OAuth credentials.
func unsigned() *fault { return &fault{*textReply(http.StatusUnauthorized, typeBareText, "Forbidden")} }

// unauthorized refuses credentials, in the words of the OAuth library that MAAS uses.
func unauthorized(format string, args ...any) *fault {
	f := newFault(http.StatusUnauthorized, "text/html; charset=utf-8", []byte("Authorization Error: "+text(format, args...)))
	f.header = map[string]string{"WWW-Authenticate": `OAuth realm="OAuth"`}
	return f
}

// authenticate finds out who is calling: nil and no error for a caller that shows no (complete) OAuth credentials.
func (s *Server) authenticate(c *call) (*user, error) {
	p := oauthParameters(c)
	for _, need := range []string{"consumer_key", "token", "signature", "signature_method", "timestamp", "nonce"} {
		if p["oauth_"+need] != "" {
			continue
		}
		if len(p) > 0 && s.version.atLeast(5) {
			return nil, refuse(http.StatusBadRequest, "Bad Request: Parameter not found: oauth_%s", need)
		}
		return nil, nil
	}
	var owner *user
	var tok *token
	known := false
	for _, u := range s.accounts.users {
		for _, t := range u.tokens {
			known = known || t.consumer == p["oauth_consumer_key"]
			if t.consumer == p["oauth_consumer_key"] && t.token == p["oauth_token"] {
				owner, tok = u, t
			}
		}
	}
	if !known {
		return nil, unauthorized("Invalid API key.")
	}
	if tok == nil {
		return nil, unauthorized("'Invalid access token: %s'", p["oauth_token"])
	}
	given, err := strconv.ParseInt(p["oauth_timestamp"], 10, 64)
	if err != nil {
		return nil, unauthorized("'Invalid timestamp: %s'", p["oauth_timestamp"])
	}
	if now := time.Now().Unix(); now-given > int64(timestampThreshold/time.Second) {
		return nil, unauthorized("'Expired timestamp: given %d and now %d has a greater difference than threshold 300'", given, now)
	}
	nonce := tok.consumer + "/" + tok.token + "/" + p["oauth_nonce"]
	if s.accounts.nonces.used(nonce, time.Now()) {
		return nil, unauthorized("'Nonce already used: %s'", p["oauth_nonce"])
	}
	var want, base string
	switch method := p["oauth_signature_method"]; method {
	case "PLAINTEXT":
		want = "&" + escapeOAuth(tok.secret)
		base = want
	case "HMAC-SHA1":
		base = signatureBase(c, p)
		mac := hmac.New(sha1.New, []byte("&"+escapeOAuth(tok.secret)))
		mac.Write([]byte(base))
		want = base64.StdEncoding.EncodeToString(mac.Sum(nil))
	default:
		return nil, unauthorized("'Signature method %s not supported try one of the following: PLAINTEXT, HMAC-SHA1'", method)
	}
	if subtle.ConstantTimeCompare([]byte(want), []byte(p["oauth_signature"])) != 1 {
		// A real region tells the secret here, and so does this one: clients have to keep such bodies to themselves.
		return nil, unauthorized("'Invalid signature. Expected signature base string: %s'", base)
	}
	return owner, nil
}

// oauthParameters reads the oauth_ parameters of the header, or else of query and form.
func oauthParameters(c *call) map[string]string {
	out := map[string]string{}
	if rest, ok := strings.CutPrefix(c.request.Header.Get("Authorization"), "OAuth"); ok {
		for _, part := range strings.Split(rest, ",") {
			k, v, ok := strings.Cut(strings.TrimSpace(part), "=")
			if !ok || k == "realm" {
				continue
			}
			v = strings.Trim(v, `"`)
			if plain, err := url.QueryUnescape(strings.ReplaceAll(v, "+", "%2B")); err == nil {
				v = plain
			}
			out[k] = v
		}
		return out
	}
	for _, from := range []url.Values{c.query, c.form} {
		for k := range from {
			if strings.HasPrefix(k, "oauth_") {
				out[k] = from.Get(k)
			}
		}
	}
	return out
}

// signatureBase is the text that HMAC-SHA1 signs: method, URL without query, and all parameters sorted.
func signatureBase(c *call, p map[string]string) string {
	type pair struct{ k, v string }
	var all []pair
	for k, v := range p {
		if k != "oauth_signature" {
			all = append(all, pair{escapeOAuth(k), escapeOAuth(v)})
		}
	}
	add := func(from url.Values) {
		for k, vs := range from {
			if strings.HasPrefix(k, "oauth_") {
				continue
			}
			for _, v := range vs {
				all = append(all, pair{escapeOAuth(k), escapeOAuth(v)})
			}
		}
	}
	add(c.query)
	if strings.HasPrefix(c.request.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		add(c.form)
	}
	sort.Slice(all, func(i, j int) bool {
		if all[i].k != all[j].k {
			return all[i].k < all[j].k
		}
		return all[i].v < all[j].v
	})
	parts := make([]string, len(all))
	for i, x := range all {
		parts[i] = x.k + "=" + x.v
	}
	scheme := "http"
	if c.request.TLS != nil {
		scheme = "https"
	}
	where := scheme + "://" + strings.ToLower(c.request.Host) + c.request.URL.EscapedPath()
	return c.request.Method + "&" + escapeOAuth(where) + "&" + escapeOAuth(strings.Join(parts, "&"))
}

// escapeOAuth is the percent encoding of RFC 5849: everything but unreserved characters.
func escapeOAuth(s string) string {
	return strings.ReplaceAll(url.QueryEscape(s), "+", "%20")
}

// nonces remembers what was seen within the time that a signature can be valid for.
type nonces struct {
	seen  map[string]time.Time
	swept time.Time
}

// used reports whether the nonce was seen before, and remembers it.
func (n *nonces) used(nonce string, now time.Time) bool {
	if n.seen == nil {
		n.seen = map[string]time.Time{}
	}
	if now.Sub(n.swept) > timestampThreshold {
		for k, at := range n.seen {
			// Requests from the future are accepted, so nonces are kept longer than the threshold.
			if now.Sub(at) > 24*time.Hour {
				delete(n.seen, k)
			}
		}
		n.swept = now
	}
	if _, ok := n.seen[nonce]; ok {
		return true
	}
	n.seen[nonce] = now
	return false
}
