package bmclib

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"

	"drydock/drivers/oob/bmc"
)

// transport is a plain *http.Transport, since bmclib clones it; left alone, bmclib accepts every certificate. There is no
// proxy, no connection is kept, and every connection is made by dial.
func transport(t *bmc.Trust, endpoint bmc.Endpoint, dial func(context.Context, string, string) (net.Conn, error)) *http.Transport {
	return &http.Transport{
		DialContext: dial, TLSClientConfig: t.TLS(endpoint), DisableKeepAlives: true,
		TLSNextProto: map[string]func(string, *tls.Conn) http.RoundTripper{},
	}
}
