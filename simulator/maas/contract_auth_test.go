package maas_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/stretchr/testify/require"
)

// badCredentials say how the calls of auth-errors were signed, by their notes.
var badCredentials = map[string]func(p url.Values, secret string){
	"unknown consumer key":                    func(p url.Values, _ string) { p.Set("oauth_consumer_key", "bad") },
	"unknown token key":                       func(p url.Values, _ string) { p.Set("oauth_token", "bad") },
	"wrong secret":                            func(p url.Values, _ string) { p.Set("oauth_signature", "&bad") },
	"signature without the leading ampersand": func(p url.Values, secret string) { p.Set("oauth_signature", secret) },
	"timestamp one hour old":                  func(p url.Values, _ string) { p.Set("oauth_timestamp", stamp(-time.Hour)) },
	"timestamp one hour ahead (accepted)":     func(p url.Values, _ string) { p.Set("oauth_timestamp", stamp(time.Hour)) },
	"nonce first use":                         func(p url.Values, _ string) { p.Set("oauth_nonce", "fixed") },
	"same nonce again":                        func(p url.Values, _ string) { p.Set("oauth_nonce", "fixed") },
	"no nonce":                                func(p url.Values, _ string) { p.Del("oauth_nonce") },
	"no oauth_version":                        func(p url.Values, _ string) { p.Del("oauth_version") },
	"unsupported signature method":            func(p url.Values, _ string) { p.Set("oauth_signature_method", "HMAC-SHA256") },
	"not OAuth":                               func(p url.Values, _ string) { clear(p) },
}

func stamp(d time.Duration) string { return fmt.Sprint(time.Now().Add(d).Unix()) }

// compareRefusal replays a call whose credentials are wrong, or strange.
func (r *replay) compareRefusal(x exchange) {
	spoil := badCredentials[x.Note]
	require.NotNil(r.t, spoil, "nothing says how the call %q was signed", x.Note)
	parts := strings.Split(r.key, ":")
	p := url.Values{"oauth_consumer_key": {parts[0]}, "oauth_token": {parts[1]}, "oauth_signature_method": {"PLAINTEXT"},
		"oauth_signature": {"&" + parts[2]}, "oauth_timestamp": {stamp(0)}, "oauth_nonce": {fmt.Sprintf("n%d", nonce.Add(1))}, "oauth_version": {"1.0"}}
	spoil(p, parts[2])
	var fields []string
	for k := range p {
		fields = append(fields, fmt.Sprintf(`%s="%s"`, k, url.QueryEscape(p.Get(k))))
	}
	q, err := http.NewRequest(x.Method, r.url+"/api/2.0/"+x.Path+"?"+r.values(x, x.Query).Encode(), nil)
	require.NoError(r.t, err)
	q.Header.Set("Authorization", "OAuth "+strings.Join(fields, ", "))
	if len(fields) == 0 {
		q.Header.Set("Authorization", "Basic eDp5")
	}
	a := r.send(q)
	if text, ok := x.Body.(string); ok {
		// What differs from call to call: the secret that a region tells, nonces, and times.
		text = strings.Replace(text, "<redacted>", parts[2], 1)
		text = recordedNonce.ReplaceAllString(text, "fixed")
		x.Body, a.text = recordedTimes.ReplaceAllString(text, "given then and now now"), recordedTimes.ReplaceAllString(a.text, "given then and now now")
	}
	r.compare("", x, x.Path, a)
}

var (
	recordedNonce = regexp.MustCompile(`fixednonce\d+`)
	recordedTimes = regexp.MustCompile(`given \d{10} and now \d{10}`)
)
