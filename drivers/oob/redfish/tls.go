package redfish

import (
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
	"time"

	"drydock/drivers"
	"drydock/drivers/oob/bmc"
)

// trust decides which certificates are accepted.
type trust struct {
	roots    *x509.CertPool // nil: those of the system
	pins     map[string]string
	insecure bool
	connect  time.Duration
}

func newTrust(c Config) (*trust, error) {
	if c.Scheme != "https" && c.Scheme != "http" {
		return nil, fmt.Errorf("configure redfish: scheme %q is neither https nor http", c.Scheme)
	}
	t := &trust{insecure: c.Insecure, connect: c.ConnectTimeout, pins: map[string]string{}}
	for address, print := range c.Fingerprints {
		plain := strings.ToLower(strings.ReplaceAll(strings.TrimSpace(print), ":", ""))
		if raw, err := hex.DecodeString(plain); err != nil || len(raw) != sha256.Size {
			return nil, fmt.Errorf("configure redfish: the fingerprint of %s is no SHA-256 in hexadecimal", address)
		}
		t.pins[address] = plain
	}
	if c.CAFile == "" {
		return t, nil
	}
	pem, err := os.ReadFile(c.CAFile)
	if err != nil {
		return nil, fmt.Errorf("configure redfish: read CA file: %w", err)
	}
	if t.roots, err = x509.SystemCertPool(); err != nil {
		t.roots = x509.NewCertPool()
	}
	if !t.roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("configure redfish: CA file %s holds no certificate", c.CAFile)
	}
	return t, nil
}

// errPin is the certificate of a pinned BMC that is not the pinned one.
type errPin struct{ got string }

func (e errPin) Error() string {
	return "its certificate has the SHA-256 fingerprint " + e.got + ", which is not the configured one"
}

// client makes the HTTP client for one BMC. There is no proxy: credentials of BMCs are sent to BMCs. HTTP/2 stays off, as
// BMCs gain nothing by it and some break.
func (t *trust) client(endpoint bmc.Endpoint) *http.Client {
	config := &tls.Config{RootCAs: t.roots, InsecureSkipVerify: t.insecure, MinVersion: tls.VersionTLS12}
	if pin, ok := t.pins[endpoint.Address]; ok {
		config.InsecureSkipVerify = true // the pin below takes the place of the chain
		config.VerifyConnection = func(state tls.ConnectionState) error {
			sum := sha256.Sum256(state.PeerCertificates[0].Raw)
			if got := hex.EncodeToString(sum[:]); got != pin {
				return errPin{got}
			}
			return nil
		}
	}
	return &http.Client{
		Transport: &http.Transport{
			DialContext:         (&net.Dialer{Timeout: t.connect}).DialContext,
			TLSClientConfig:     config,
			TLSHandshakeTimeout: 2 * t.connect,
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

// untrusted makes a failure to verify a certificate into a Fault; nil when err is something else.
func untrusted(endpoint bmc.Endpoint, err error) error {
	var pin errPin
	if errors.As(err, &pin) {
		return bmc.Failf(drivers.Conflict, "check that it is the right BMC; when its certificate was renewed, configure the new fingerprint",
			"connect to BMC %s: %w", endpoint, pin)
	}
	var verify *tls.CertificateVerificationError
	if !errors.As(err, &verify) {
		return nil
	}
	got := ""
	if len(verify.UnverifiedCertificates) > 0 {
		sum := sha256.Sum256(verify.UnverifiedCertificates[0].Raw)
		got = " (SHA-256 fingerprint " + hex.EncodeToString(sum[:]) + ")"
	}
	return bmc.Failf(drivers.Conflict,
		"configure the CA that signed it, or, once compared with the BMC's own, its fingerprint",
		"connect to BMC %s: its certificate%s is not trusted: %w", endpoint, got, verify.Err)
}
