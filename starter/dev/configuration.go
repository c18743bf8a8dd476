package dev

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"time"

	"drydock/design"
	"drydock/starter/config"
)

// configuration is what a person would write into the configuration file to reach the simulated site.
func (s *Stack) configuration() config.Config {
	c := config.Default()
	c.State.DSN = design.Secret("sqlite:" + s.data.file(stateDB))
	c.Server.Listen = address(s.options.Ports.REST)
	c.Server.Designs = "/" // whoever reaches this server sits at this machine
	d := &c.Drivers
	d.Addresses = s.simulator.BMCAddresses()
	d.MAAS.URL = s.simulator.MAASURL()
	d.MAAS.APIKey = design.Secret(s.simulator.APIKey())
	d.Redfish.Fingerprints = fingerprints(s.simulator.BMCCertificates())
	// Time runs faster at the simulated site, and so must whoever waits for it.
	d.MAAS.PollInterval = s.scale(d.MAAS.PollInterval, 200*time.Millisecond)
	d.Redfish.PollInterval = s.scale(d.Redfish.PollInterval, 50*time.Millisecond)
	d.IPMI.PollInterval = s.scale(d.IPMI.PollInterval, 50*time.Millisecond)
	return c
}

func (s *Stack) scale(d, least time.Duration) time.Duration {
	return max(least, time.Duration(float64(d)/s.options.Speed))
}

// fingerprints are the SHA-256 sums of certificates, by BMC address. Certificates are PEM; what is none has no fingerprint.
func fingerprints(certificates map[string][]byte) map[string]string {
	prints := map[string]string{}
	for bmc, text := range certificates {
		if block, _ := pem.Decode(text); block != nil {
			sum := sha256.Sum256(block.Bytes)
			prints[bmc] = hex.EncodeToString(sum[:])
		}
	}
	return prints
}
