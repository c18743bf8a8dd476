package world_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"drydock/design"
	"drydock/design/validate"
	"drydock/simulator/world"
)

// The site that newcomers start with has to be one that machines can be made for.
func TestEveryDeviceOfTheExampleSiteExists(t *testing.T) {
	const file = "../../deploy/examples/harbor.yaml"
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	loaded := validate.Load(design.Source{Name: file, Data: data})
	require.NotNil(t, loaded.Site)
	w := world.New(loaded.Site, world.Options{Seed: 1})
	t.Cleanup(w.Close)
	require.Len(t, w.Machines(), len(loaded.Site.Nodes))

	for _, node := range loaded.Site.Nodes {
		m, ok := w.Machine(node.Name)
		require.True(t, ok)
		h := m.Hardware()
		pci, buses := map[string]world.NIC{}, map[string]world.Disk{}
		for _, n := range h.NICs {
			pci[n.PCI] = n
		}
		for _, d := range h.Disks {
			buses[d.Bus] = d
		}
		for _, i := range node.Interfaces {
			for _, slave := range i.Slaves {
				alias, ok := node.HardwareProfile.Alias(slave)
				if !ok || strings.HasPrefix(alias.Address, "regexp:") {
					continue
				}
				require.Contains(t, pci, alias.Address, "%s of %s", slave, node.Name)
				require.Equal(t, i.LinkName, pci[alias.Address].Link, "%s of %s", slave, node.Name)
			}
		}
		for _, d := range node.Storage.Devices {
			alias, ok := node.HardwareProfile.Alias(d.Name)
			require.True(t, ok)
			disk := buses[alias.BusType+"@"+alias.Address]
			var bytes int64
			for _, p := range d.Partitions {
				bytes += p.Size.Bytes
			}
			require.Greater(t, disk.SizeBytes, bytes, "%s of %s", d.Name, node.Name)
		}
		boot, ok := h.NIC(h.PXENIC)
		require.True(t, ok)
		ranges := loaded.Site.Network(boot.Network)
		require.NotNil(t, ranges, "%s boots from a network of the design", node.Name)
		require.True(t, hasDHCP(ranges), "%s boots from a network with DHCP", node.Name)
		if node.BootMAC != "" {
			require.Equal(t, node.BootMAC, h.PXENIC)
		}
	}
}

func hasDHCP(n *design.Network) bool {
	for _, r := range n.Ranges {
		if r.Type == design.RangeDHCP {
			return true
		}
	}
	return false
}
