package bmc

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"

	"drydock/drivers"
)

// Trust decides which certificates of BMCs are accepted.
type Trust struct {
	roots    *x509.CertPool // nil: those of the system
	pins     map[string]string
	insecure bool
}

// NewTrust makes a Trust in the certificates of the system and of a PEM file ("": none). Fingerprints maps designed BMC
// addresses to the SHA-256 of their certificate in hexadecimal, with or without colons; such a BMC is accepted by it alone.
// Insecure accepts every certificate of the others. A file that can't be read and a fingerprint that is none are errors.
func NewTrust(caFile string, fingerprints map[string]string, insecure bool) (*Trust, error) {
	t := &Trust{insecure: insecure, pins: map[string]string{}}
	for address, print := range fingerprints {
		plain := strings.ToLower(strings.ReplaceAll(strings.TrimSpace(print), ":", ""))
		if raw, err := hex.DecodeString(plain); err != nil || len(raw) != sha256.Size {
			return nil, fmt.Errorf("the fingerprint of %s is no SHA-256 in hexadecimal", address)
		}
		t.pins[address] = plain
	}
	if caFile == "" {
		return t, nil
	}
	pem, err := os.ReadFile(caFile)
	if err != nil {
		return nil, fmt.Errorf("read CA file: %w", err)
	}
	if t.roots, err = x509.SystemCertPool(); err != nil {
		t.roots = x509.NewCertPool()
	}
	if !t.roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("CA file %s holds no certificate", caFile)
	}
	return t, nil
}

// errPin is the certificate of a pinned BMC that is not the pinned one.
type errPin struct{ got string }

func (e errPin) Error() string {
	return "its certificate has the SHA-256 fingerprint " + e.got + ", which is not the configured one"
}

// TLS is the client's side of TLS with one BMC.
func (t *Trust) TLS(endpoint Endpoint) *tls.Config {
	config := &tls.Config{RootCAs: t.roots, InsecureSkipVerify: t.insecure, MinVersion: tls.VersionTLS12}
	if pin, ok := t.pins[endpoint.Address]; ok {
		config.InsecureSkipVerify = true // the pin takes the place of the chain
		config.VerifyConnection = func(state tls.ConnectionState) error {
			if got := printOf(state.PeerCertificates[0]); got != pin {
				return errPin{got}
			}
			return nil
		}
	}
	return config
}

func printOf(c *x509.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	return hex.EncodeToString(sum[:])
}

// Untrusted makes a failure to verify a BMC's certificate into a Fault; nil when err is something else.
func Untrusted(endpoint Endpoint, err error) *Fault {
	var pin errPin
	if errors.As(err, &pin) {
		return Failf(drivers.Conflict, "check that it is the right BMC; when its certificate was renewed, configure the new fingerprint",
			"connect to BMC %s: %w", endpoint, pin)
	}
	var verify *tls.CertificateVerificationError
	if !errors.As(err, &verify) {
		return nil
	}
	got := ""
	if len(verify.UnverifiedCertificates) > 0 {
		got = " (SHA-256 fingerprint " + printOf(verify.UnverifiedCertificates[0]) + ")"
	}
	return Failf(drivers.Conflict, "configure the CA that signed it, or, once compared with the BMC's own, its fingerprint",
		"connect to BMC %s: its certificate%s is not trusted: %w", endpoint, got, verify.Err)
}
