package maas_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"drydock/simulator/maas"
)

func TestCredentialsAreRefusedInTheWordsOfARealRegion(t *testing.T) {
	r := still(t)
	parts := strings.Split(r.key, ":")
	old := time.Now().Add(-time.Hour).Unix()
	header := func(consumer, token, secret, method, nonce string, at int64) string {
		return fmt.Sprintf(`OAuth oauth_consumer_key="%s", oauth_token="%s", oauth_signature_method="%s", oauth_signature="%s", oauth_timestamp="%d", oauth_nonce="%s"`,
			consumer, token, method, url.QueryEscape("&"+secret), at, nonce)
	}
	now := time.Now().Unix()
	tests := []struct {
		name, authorization string
		status              int
		text                string
	}{
		{"no header is forbidden", "", 401, "Forbidden"},
		{"another scheme is forbidden", "Bearer x", 401, "Forbidden"},
		{"a missing nonce is forbidden", strings.Replace(header(parts[0], parts[1], parts[2], "PLAINTEXT", "", now), `oauth_nonce=""`, "", 1), 401, "Forbidden"},
		{"an unknown consumer is an invalid key", header("bad", "bad", "x", "PLAINTEXT", "a", now), 401, "Authorization Error: Invalid API key."},
		{"an unknown token is named", header(parts[0], "bad", "x", "PLAINTEXT", "b", now), 401, "Authorization Error: 'Invalid access token: bad'"},
		{"a wrong secret is answered with the real one", header(parts[0], parts[1], "x", "PLAINTEXT", "c", now), 401,
			"Authorization Error: 'Invalid signature. Expected signature base string: &" + parts[2] + "'"},
		{"an old timestamp has expired", header(parts[0], parts[1], parts[2], "PLAINTEXT", "d", old), 401, fmt.Sprintf("Authorization Error: 'Expired timestamp: given %d", old)},
		{"a future timestamp is accepted", header(parts[0], parts[1], parts[2], "PLAINTEXT", "e", now+3600), 200, "admin"},
		{"a nonce is good once", header(parts[0], parts[1], parts[2], "PLAINTEXT", "f", now), 200, "admin"},
		{"and not twice", header(parts[0], parts[1], parts[2], "PLAINTEXT", "f", now), 401, "Authorization Error: 'Nonce already used: f'"},
		{"an unknown method is named", header(parts[0], parts[1], parts[2], "HMAC-SHA256", "g", now), 401,
			"Authorization Error: 'Signature method HMAC-SHA256 not supported try one of the following: PLAINTEXT, HMAC-SHA1'"},
	}
	for _, x := range tests {
		t.Run(x.name, func(t *testing.T) {
			q, err := http.NewRequest("GET", r.url+"/api/2.0/users/?op=whoami", nil)
			require.NoError(t, err)
			if x.authorization != "" {
				q.Header.Set("Authorization", x.authorization)
			}
			a := r.send(q)
			require.Equal(t, x.status, a.status, a.text)
			require.Contains(t, a.text, x.text)
			if strings.HasPrefix(x.text, "Authorization Error") {
				require.Equal(t, `OAuth realm="OAuth"`, a.header.Get("WWW-Authenticate"))
			}
		})
	}
}

func TestARequestSignedWithHMACIsAccepted(t *testing.T) {
	r := still(t)
	parts := strings.Split(r.key, ":")
	sign := func(secret string) answer {
		where := r.url + "/api/2.0/machines/"
		p := url.Values{"oauth_consumer_key": {parts[0]}, "oauth_token": {parts[1]}, "oauth_signature_method": {"HMAC-SHA1"},
			"oauth_timestamp": {fmt.Sprint(time.Now().Unix())}, "oauth_nonce": {"h" + secret[:4]}, "oauth_version": {"1.0"}}
		signed := url.Values{"hostname": {"a b"}}
		for k, v := range p {
			signed[k] = v
		}
		escape := func(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }
		base := "GET&" + escape(where) + "&" + escape(strings.ReplaceAll(signed.Encode(), "+", "%20"))
		mac := hmac.New(sha1.New, []byte("&"+secret))
		mac.Write([]byte(base))
		p.Set("oauth_signature", base64.StdEncoding.EncodeToString(mac.Sum(nil)))
		var fields []string
		for k := range p {
			fields = append(fields, fmt.Sprintf(`%s="%s"`, k, escape(p.Get(k))))
		}
		q, err := http.NewRequest("GET", where+"?hostname=a+b", nil)
		require.NoError(t, err)
		q.Header.Set("Authorization", "OAuth "+strings.Join(fields, ", "))
		return r.send(q)
	}
	require.Equal(t, 200, sign(parts[2]).status)
	require.Equal(t, 401, sign("wrong secret").status)
}

func TestAKeyThatIsGivenIsTheKey(t *testing.T) {
	r := newRig(t, maas.Options{APIKey: "consumer:token:secret"})
	require.Equal(t, "consumer:token:secret", r.maas.APIKey())
	require.Equal(t, 200, r.get("users/?op=whoami").status)
}
