package redfish

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"time"

	"drydock/drivers/oob/bmc"
)

// trust makes HTTP clients that accept the certificates of the configuration only.
type trust struct {
	*bmc.Trust
	connect time.Duration
}

func newTrust(c Config) (*trust, error) {
	if c.Scheme != "https" && c.Scheme != "http" {
		return nil, fmt.Errorf("configure redfish: scheme %q is neither https nor http", c.Scheme)
	}
	t, err := bmc.NewTrust(c.CAFile, c.Fingerprints, c.Insecure)
	if err != nil {
		return nil, fmt.Errorf("configure redfish: %w", err)
	}
	return &trust{t, c.ConnectTimeout}, nil
}

// client makes the HTTP client for one BMC. There is no proxy: credentials of BMCs are sent to BMCs. HTTP/2 stays off, as
// BMCs gain nothing by it and some break.
func (t *trust) client(endpoint bmc.Endpoint) *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			DialContext:         (&net.Dialer{Timeout: t.connect}).DialContext,
			TLSClientConfig:     t.TLS(endpoint),
			TLSHandshakeTimeout: t.connect,
			MaxIdleConns:        2,
			IdleConnTimeout:     time.Minute,
			TLSNextProto:        map[string]func(string, *tls.Conn) http.RoundTripper{},
		},
		// A redirect to another host would carry the session's token there.
		CheckRedirect: func(next *http.Request, before []*http.Request) error {
			if next.URL.Host != before[0].URL.Host || next.URL.Scheme != before[0].URL.Scheme || len(before) > 3 {
				return http.ErrUseLastResponse
			}
			return nil
		},
	}
}
