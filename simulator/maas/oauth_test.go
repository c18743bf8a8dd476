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
