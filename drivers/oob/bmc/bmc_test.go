package bmc_test

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/design"
	"drydock/design/build"
	"drydock/drivers"
	"drydock/drivers/oob/bmc"
)

func TestEndpoints(t *testing.T) {
	node := func(ip string) *design.Node {
		return &design.Node{OOB: design.OOB{Network: "oob"}, Addresses: []design.Address{{Network: "oob", IP: netip.MustParseAddr(ip)}}}
	}
	e := bmc.Endpoints{Port: 443, Addresses: map[string]string{"10.0.0.1": "127.0.0.1:8443", "10.0.0.2": "bastion", "10.0.0.3": "x:y"}}
	for _, c := range []struct {
		name string
		node *design.Node
		want string // host:port; "" for an error
	}{
		{"an address of the table is reached where the table says", node("10.0.0.1"), "127.0.0.1:8443"},
		{"a host without a port is reached on the usual one", node("10.0.0.2"), "bastion:443"},
		{"an address that is not in the table is reached as it stands", node("10.0.0.9"), "10.0.0.9:443"},
		{"an IPv6 address gets its brackets", node("fd00::9"), "[fd00::9]:443"},
		{"a port that is none is an error", node("10.0.0.3"), ""},
		{"a node without an address is an error", &design.Node{OOB: design.OOB{Network: "oob"}}, ""},
		{"no node is an error", nil, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := e.Of(c.node)
			if c.want == "" {
				var f *bmc.Fault
				require.ErrorAs(t, err, &f)
				assert.Equal(t, drivers.InvalidDesign, f.Class)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, c.want, got.HostPort())
		})
	}
}

func TestIdentityIsComparedWhereBothSidesKnowIt(t *testing.T) {
	const uuid = "a1b2c3d4-0000-4000-8000-0242ac110002"
	for _, c := range []struct {
		name        string
		known, seen build.Identity
		same        bool
	}{
		{"nothing known", build.Identity{}, build.Identity{Serial: "A", UUID: uuid}, true},
		{"the same serial number in another case", build.Identity{Serial: "sn1"}, build.Identity{Serial: " SN1 "}, true},
		{"another serial number", build.Identity{Serial: "SN1"}, build.Identity{Serial: "SN2"}, false},
		{"another serial number with the same UUID", build.Identity{Serial: "SN1", UUID: uuid}, build.Identity{Serial: "SN2", UUID: uuid}, false},
		{"a serial number that was never set", build.Identity{Serial: "SN1"}, build.Identity{Serial: "To be filled by O.E.M."}, true},
		{"the same UUID without dashes", build.Identity{UUID: uuid}, build.Identity{UUID: "A1B2C3D40000400080000242AC110002"}, true},
		{"the same UUID with the first fields turned", build.Identity{UUID: uuid}, build.Identity{UUID: "d4c3b2a1-0000-0040-8000-0242ac110002"}, true},
		{"another UUID", build.Identity{UUID: uuid}, build.Identity{UUID: "a1b2c3d4-0000-4000-8000-0242ac110003"}, false},
		{"none of the MACs on record", build.Identity{MACs: []string{"aa:bb:cc:00:00:01", "aa:bb:cc:00:00:02"}}, build.Identity{MACs: []string{"aa:bb:cc:00:00:03"}}, false},
		{"none of the MACs on record, with the same serial number", build.Identity{Serial: "SN1", MACs: []string{"aa:bb:cc:00:00:01"}},
			build.Identity{Serial: "SN1", MACs: []string{"aa:bb:cc:00:00:03"}}, false},
		{"one of the MACs on record in another form", build.Identity{MACs: []string{"aa:bb:cc:00:00:01", "aa:bb:cc:00:00:02"}},
			build.Identity{MACs: []string{"AA-BB-CC-00-00-02", "aa:bb:cc:00:00:03"}}, true},
		{"no MAC told", build.Identity{MACs: []string{"aa:bb:cc:00:00:01"}}, build.Identity{MACs: []string{"00:00:00:00:00:00"}}, true},
		{"no MAC in common, and nothing else known", build.Identity{MACs: []string{"aa:bb:cc:00:00:01"}}, build.Identity{MACs: []string{"aa:bb:cc:00:00:02"}}, false},
		{"no MAC in common with the same UUID, which boards share", build.Identity{UUID: uuid, MACs: []string{"aa:bb:cc:00:00:01"}},
			build.Identity{UUID: uuid, MACs: []string{"aa:bb:cc:00:00:02"}}, false},
		{"no MAC in common with what others told, where serial number and UUID are the same",
			build.Identity{Serial: "SN1", UUID: uuid, MACs: []string{"aa:bb:cc:00:00:01"}},
			build.Identity{Serial: "SN1", UUID: uuid, MACs: []string{"aa:bb:cc:00:00:02"}}, true},
		{"no MAC in common with what the BMC told, where serial number and UUID are the same",
			build.Identity{Serial: "SN1", UUID: uuid, MACs: []string{"aa:bb:cc:00:00:01"}, BMCMACs: []string{"aa:bb:cc:00:00:01"}},
			build.Identity{Serial: "SN1", UUID: uuid, MACs: []string{"aa:bb:cc:00:00:02"}}, false},
		{"a UUID of zeros", build.Identity{UUID: uuid}, build.Identity{UUID: "00000000-0000-0000-0000-000000000000"}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := bmc.SameMachine(c.known, c.seen)
			if c.same {
				require.NoError(t, err)
				return
			}
			var f *bmc.Fault
			require.ErrorAs(t, err, &f)
			assert.Equal(t, drivers.Conflict, f.Class)
		})
	}
}

func TestAReplacedNICIsAWarningAndNoOtherMachine(t *testing.T) {
	known := build.Identity{MACs: []string{"aa:bb:cc:00:00:01", "aa:bb:cc:00:00:02"}}
	for _, c := range []struct {
		name  string
		known build.Identity
		seen  []string
		says  []string // in the warning; none: there is none
	}{
		{"the same", known, []string{"aa:bb:cc:00:00:02", "aa:bb:cc:00:00:01"}, nil},
		{"one is not shown, as BMCs do", known, []string{"aa:bb:cc:00:00:01"}, nil},
		{"one is new", known, []string{"aa:bb:cc:00:00:01", "aa:bb:cc:00:00:02", "aa:bb:cc:00:00:03"}, []string{"not on record: aa:bb:cc:00:00:03"}},
		{"one is in the place of another", known, []string{"aa:bb:cc:00:00:01", "aa:bb:cc:00:00:03"},
			[]string{"not on record: aa:bb:cc:00:00:03", "does not show aa:bb:cc:00:00:02"}},
		{"first sight", build.Identity{}, []string{"aa:bb:cc:00:00:01"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			seen := build.Identity{MACs: c.seen}
			require.NoError(t, bmc.SameMachine(c.known, seen))
			got := bmc.NICChanges(c.known, seen)
			if c.says == nil {
				assert.Empty(t, got)
				return
			}
			require.Len(t, got, 1)
			assert.True(t, drivers.IsWarning(got[0]))
			for _, text := range c.says {
				assert.Contains(t, got[0], text)
			}
		})
	}
}

func TestLearnFillsAndReplacesNothing(t *testing.T) {
	known := build.Identity{Serial: "SN1", MACs: []string{"aa:bb:cc:00:00:02"}}
	seen := build.Identity{Serial: "SN2", Model: "3500RX", MACs: []string{"AA-BB-CC-00-00-01", "aabbcc000002", "00:00:00:00:00:00", "junk"}}
	both := []string{"aa:bb:cc:00:00:01", "aa:bb:cc:00:00:02"}
	assert.Equal(t, build.Identity{Serial: "SN1", Model: "3500RX", MACs: both, BMCMACs: both}, bmc.Learn(known, seen))
	assert.Equal(t, []string{"aa:bb:cc:00:00:02"}, known.MACs, "the record that was passed in stays as it was")
}

func TestFailuresHoldNoSecretAndKeepTheirClass(t *testing.T) {
	call := drivers.NodeCall{Node: &design.Node{Name: "n1", OOB: design.OOB{Account: "root", Credential: "hunter2"}}}
	fault := bmc.Failf(drivers.Busy, "use hunter2", "the BMC says: hunter2 and cm9vdDpodW50ZXIy are wrong")
	fault.After = time.Second
	e := bmc.Failure(drivers.PowerOnNode, call, fault)
	assert.Equal(t, drivers.Busy, e.Class)
	assert.Equal(t, time.Second, e.After)
	assert.Equal(t, "PowerOnNode node n1: the BMC says: [redacted] and [redacted] are wrong: use [redacted]", e.Error())

	ended := bmc.Failure(drivers.PowerOnNode, call, context.Canceled)
	assert.Equal(t, drivers.Unreachable, ended.Class)
	assert.ErrorIs(t, ended, context.Canceled)
}
