// Package ipmitest runs IPMI BMCs for tests, none of which was written here: OpenIPMI's ipmi_sim and go-ipmi's reference BMC,
// with a machine behind them that the test sees, and a network between that loses, delays and doubles datagrams.
//
// It listens on the loopback only.
package ipmitest

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"drydock/design"
	"drydock/drivers"
	"drydock/drivers/conformance"
	"drydock/drivers/oob/ipmi"
)

// What the design says of the BMC of a test, and the account that all BMCs of this package have.
const (
	BMCAddress = "10.0.9.8"
	Account    = "admin"
	Password   = "s3cret-of-bmc"
)

// Call is a call for the node whose BMC is at BMCAddress, with a credential and a journal of its own.
func Call(credential string) drivers.NodeCall {
	node := &design.Node{
		Name: "n8", HardwareProfile: &design.HardwareProfile{Name: "hw", BootMode: "uefi"},
		OOB:       design.OOB{Type: "ipmi", Account: Account, Credential: design.Secret(credential), Network: "oob", Parameters: map[string]string{}},
		Addresses: []design.Address{{Network: "oob", IP: netip.MustParseAddr(BMCAddress)}},
	}
	return drivers.NodeCall{Site: &design.Site{Name: "harbor", Nodes: []*design.Node{node}}, Node: node, Journal: conformance.NewJournal()}
}

// Driver is the ipmi driver in a hurry, for the BMC that listens at an address. It is closed at the end of the test.
func Driver(t *testing.T, address string, change ...func(*ipmi.Config)) *ipmi.Driver {
	t.Helper()
	config := ipmi.Config{
		Addresses: map[string]string{BMCAddress: address}, Timeout: 200 * time.Millisecond, Retries: 2, Gap: time.Millisecond,
		PollInterval: 5 * time.Millisecond, PowerTimeout: 2 * time.Second, GracefulTimeout: 100 * time.Millisecond, SettleTimeout: 60 * time.Millisecond,
	}
	for _, c := range change {
		c(&config)
	}
	d, err := ipmi.New(config)
	require.NoError(t, err)
	t.Cleanup(func() { _ = d.Close() })
	return d
}
