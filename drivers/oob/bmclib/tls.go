package bmclib

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"

	"drydock/drivers"
	"drydock/drivers/oob/bmc"
)

// trust decides which certificates are accepted; left alone, bmclib accepts every one.
type trust struct {
	roots    *x509.CertPool // nil: those of the system
	pins     map[string]string
	insecure bool
}

func newTrust(c Config) (*trust, error) {
	t := &trust{insecure: c.Insecure, pins: map[string]string{}}
	for address, print := range c.Fingerprints {
		plain := strings.ToLower(strings.ReplaceAll(strings.TrimSpace(print), ":", ""))
		if raw, err := hex.DecodeString(plain); err != nil || len(raw) != sha256.Size {
			return nil, fmt.Errorf("the fingerprint of %s is no SHA-256 in hexadecimal", address)
		}
		t.pins[address] = plain
	}
	if c.CAFile == "" {
		return t, nil
	}
	pem, err := os.ReadFile(c.CAFile)
	if err != nil {
		return nil, fmt.Errorf("read CA file: %w", err)
	}
	if t.roots, err = x509.SystemCertPool(); err != nil {
		t.roots = x509.NewCertPool()
	}
	if !t.roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("CA file %s holds no certificate", c.CAFile)
	}
	return t, nil
}

var errPin = errors.New("its certificate is not the one with the configured fingerprint")

// transport is a plain *http.Transport, since bmclib clones it. There is no proxy, no connection is kept, and every
// connection is made by dial.
func (t *trust) transport(endpoint bmc.Endpoint, dial func(context.Context, string, string) (net.Conn, error)) *http.Transport {
	config := &tls.Config{RootCAs: t.roots, InsecureSkipVerify: t.insecure, MinVersion: tls.VersionTLS12}
	if pin, ok := t.pins[endpoint.Address]; ok {
		config.InsecureSkipVerify = true // the pin takes the place of the chain
		config.VerifyConnection = func(state tls.ConnectionState) error {
			if sum := sha256.Sum256(state.PeerCertificates[0].Raw); hex.EncodeToString(sum[:]) != pin {
				return errPin
			}
			return nil
		}
	}
	return &http.Transport{
		DialContext: dial, TLSClientConfig: config, DisableKeepAlives: true,
		TLSNextProto: map[string]func(string, *tls.Conn) http.RoundTripper{},
	}
}

// untrusted makes a failure to verify a certificate into a Fault; nil when err is something else.
func (c *conn) untrusted(err error) *bmc.Fault {
	var verify *tls.CertificateVerificationError
	switch {
	case errors.Is(err, errPin):
		return bmc.Failf(drivers.Conflict, "check that it is the right BMC; when its certificate was renewed, configure the new fingerprint",
			"connect to BMC %s: %w", c.endpoint, errPin)
	case errors.As(err, &verify):
		return bmc.Failf(drivers.Conflict, "configure the CA that signed it, or, once compared with the BMC's own, its fingerprint",
			"connect to BMC %s: its certificate is not trusted: %w", c.endpoint, verify.Err)
	}
	return nil
}
