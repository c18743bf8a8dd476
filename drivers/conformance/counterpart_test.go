package conformance_test

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/stretchr/testify/require"

	"drydock/design"
	"drydock/drivers"
	"drydock/drivers/conformance"
	"drydock/drivers/oob/bmclib"
	"drydock/drivers/oob/ipmi/ipmitest"
	simbmc "drydock/simulator/bmc"
	"drydock/simulator/bmc/redfish"
	"drydock/simulator/world"
	"drydock/simulator/world/worldtest"
)

// Counterparts.
const (
	simulatedIPMI    = "simulator, IPMI"
	simulatedRedfish = "simulator, Redfish"
	ipmiSim          = "OpenIPMI ipmi_sim"
	reference        = "go-ipmi's BMC"
	pyghmi           = "pyghmi, as VirtualBMC"
	libvirtd         = "libvirtd, test driver"
)

const pyghmiModule = "pyghmi"

var counterparts = []string{simulatedIPMI, simulatedRedfish, ipmiSim, reference, pyghmi, libvirtd}

// cell is a driver against a counterpart: a target for the suite, or the reason why there is none.
type cell struct {
	driver, counterpart string
	target              func(*testing.T) conformance.OOBTarget
	needs               string // the program that the counterpart is
}

const anotherProtocol = "speaks another protocol"

// TestEveryDriverAgainstEveryCounterpart runs the contract of the family for every driver against every counterpart that
// can play it, and prints which passed. The simulator shares no code with drivers; the others were not written here.
func TestEveryDriverAgainstEveryCounterpart(t *testing.T) {
	cells := []cell{
		{driver: "ipmi", counterpart: simulatedIPMI, target: onSite(worldtest.IPMI, ipmiDriver, redfish.Quirks{})},
		{driver: "ipmi", counterpart: ipmiSim, needs: "ipmi_sim", target: ipmiOnSim},
		{driver: "ipmi", counterpart: reference, target: ipmiOnReference},
		{driver: "ipmi", counterpart: pyghmi, needs: pyghmiModule, target: ipmiOnPyghmi},
		{driver: "bmclib, ipmitool", counterpart: simulatedIPMI, needs: "ipmitool", target: ipmitoolOnSite},
		{driver: "bmclib, ipmitool", counterpart: ipmiSim, needs: "ipmi_sim", target: ipmitoolOnSim},
		{driver: "bmclib, ipmitool", counterpart: reference, needs: "ipmitool", target: ipmitoolOnReference},
		{driver: "bmclib, gofish", counterpart: simulatedRedfish, target: onSite(worldtest.Redfish, gofishDriver, redfish.Quirks{})},
		{driver: "libvirt", counterpart: libvirtd, needs: "libvirtd", target: libvirtOnTestDriver},
	}
	for _, p := range personalities {
		cells = append(cells, cell{driver: "redfish", counterpart: simulatedRedfish + p.name, target: onSite(worldtest.Redfish, redfishDriver, p.quirks)})
	}
	var mu sync.Mutex
	results := map[string]string{}
	t.Run("all", func(t *testing.T) { // ends when all that run side by side have
		for _, c := range cells {
			t.Run(c.driver+" against "+c.counterpart, func(t *testing.T) {
				t.Parallel()
				var unplayed []string
				t.Cleanup(func() {
					mu.Lock()
					defer mu.Unlock()
					results[c.key()] = c.result(t, unplayed)
				})
				if c.needs == pyghmiModule {
					ipmitest.Python(t)
				} else if c.needs != "" {
					conformance.Program(t, c.needs)
				}
				unplayed = conformance.OOB(t, c.target)
			})
		}
	})
	t.Log("\n" + table(cells, results))
}

func (c cell) key() string { return c.driver + "\t" + c.counterpart }

func (c cell) result(t *testing.T, unplayed []string) string {
	switch {
	case t.Failed():
		return "FAILED"
	case t.Skipped():
		return "not run: " + c.needs + " is not installed"
	}
	if len(unplayed) > 0 {
		return "passed; not played: " + strings.Join(unplayed, ", ")
	}
	return "passed"
}

// table prints a line per driver and counterpart.
func table(cells []cell, results map[string]string) string {
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "driver\tcounterpart\tcontract of the family")
	line := func(driver, counterpart, result string) {
		fmt.Fprintf(w, "%s\t%s\t%s\n", driver, counterpart, result)
	}
	for _, driver := range []string{"redfish", "ipmi", "bmclib, ipmitool", "bmclib, gofish", "libvirt", "manual"} {
		for _, counterpart := range counterparts {
			found := false
			for _, c := range cells {
				if c.driver == driver && strings.HasPrefix(c.counterpart, counterpart) {
					result, ran := results[c.key()]
					if !ran {
						result = "not run"
					}
					line(driver, c.counterpart, result)
					found = true
				}
			}
			if found {
				continue
			}
			reason := anotherProtocol
			if driver == "manual" {
				reason = "a person moves the power; the driver reads and changes nothing"
			}
			line(driver, counterpart, "not applicable: "+reason)
		}
	}
	_ = w.Flush()
	return text.String()
}

// personalities are Redfish services that deviate from the common case, each by what was seen in the field.
var personalities = []struct {
	name   string
	quirks redfish.Quirks
}{
	{"", redfish.Quirks{}},
	{": If-Match required, resets as tasks", redfish.Quirks{RequireIfMatch: true, AsyncReset: true}},
	{": no sessions, no cycle, no mode", redfish.Quirks{NoSessions: true, NoPowerCycle: true, NoMode: true}},
	{": settings object only", redfish.Quirks{SettingsOnly: true}},
	{": locked during POST, another system first", redfish.Quirks{LockedDuringPOST: true, Sibling: true}},
}

// onSite makes a simulated site, and the driver for the BMC of one machine of it.
func onSite(node string, driver func(*testing.T, *simbmc.BMCs) drivers.OOB, quirks redfish.Quirks) func(*testing.T) conformance.OOBTarget {
	return func(t *testing.T) conformance.OOBTarget {
		site := worldtest.Site()
		w := world.New(site, world.Options{Seed: 1, Speed: speed})
		b, err := simbmc.StartWith(w, simbmc.Options{Quirks: func(*world.Machine) redfish.Quirks { return quirks }})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, b.Close()) })
		m, ok := w.Machine(node)
		require.True(t, ok)
		designed := site.Node(node)
		if quirks.Sibling { // then a design has to say which of the systems it means
			designed.OOB.Parameters = map[string]string{"system_id": m.Hardware().Serial}
		}
		return simulated(t, driver(t, b), b, m, drivers.NodeCall{Site: site, Node: designed})
	}
}

func gofishDriver(t *testing.T, b *simbmc.BMCs) drivers.OOB {
	file := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(file, b.Certificates()[worldtest.RedfishBMC], 0o600))
	d, err := bmclib.New(bmclib.Config{
		Addresses: b.Addresses(), Provider: "gofish", CAFile: file, ConnectTimeout: time.Second, Timeout: 2 * time.Second,
		PollInterval: 5 * time.Millisecond, PowerTimeout: 5 * time.Second, GracefulTimeout: 200 * time.Millisecond,
		SettleTimeout: 200 * time.Millisecond, ReadBackTimeout: 100 * time.Millisecond,
	})
	require.NoError(t, err)
	return d
}

func ipmitoolOnSite(t *testing.T) conformance.OOBTarget {
	return lingering(onSite(worldtest.IPMI, func(t *testing.T, b *simbmc.BMCs) drivers.OOB {
		return ipmitoolAt(t, b.Addresses(), 17, 3)
	}, redfish.Quirks{})(t))
}

// nodeAt is a node whose controller is at 127.0.0.1.
func nodeAt(account, credential string) *design.Node {
	node := *worldtest.Site().Node(worldtest.IPMI)
	node.OOB.Account, node.OOB.Credential = account, design.Secret(credential)
	node.Addresses = []design.Address{{Network: node.OOB.Network, IP: netip.MustParseAddr("127.0.0.1")}}
	return &node
}
