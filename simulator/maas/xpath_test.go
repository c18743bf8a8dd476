package maas

import (
	"testing"

	"github.com/stretchr/testify/require"

	"drydock/simulator/world"
)

func TestTagDefinitionsAreEvaluatedOnHardware(t *testing.T) {
	lshw := lshwXML("host", world.Hardware{Manufacturer: "Example", Model: "X", CPUs: 16, MemoryMiB: 65536,
		NICs: []world.NIC{{Name: "eno1", MAC: "52:54:00:00:00:01", PCI: "0000:03:00.0", Vendor: "Intel", SpeedMbps: 10000},
			{Name: "eno2", MAC: "52:54:00:00:00:02", PCI: "0000:03:00.1", Vendor: "Intel", SpeedMbps: 10000}}})
	for definition, want := range map[string]bool{
		`//node[@class="system"]/vendor = "Example"`:                          true,
		`//node[@class="system"]/vendor[text()="Other"]`:                      false,
		`//node[@id="memory"]/size[@units="bytes"] > 60000000000`:             true,
		`//node[@id="memory"]/size > 100000000000`:                            false,
		`count(//node[@class="network"]) >= 2 and not(//node[@id="display"])`: true,
		`//node[contains(product, "Xeon") or starts-with(@id, "gpu")]`:        true,
		`//node[@class='network'][2]/logicalname = 'eno2'`:                    true,
		`//setting[@id="threads"]/@value < 8`:                                 false,
		`/list/node/node[@id="core"]//businfo = "pci@0000:03:00.1"`:           true,
		`sum(//node[@class="network"]/size) = 20000000000`:                    true,
		`//businfo[. = "pci@0000:03:00.0"]/../serial`:                         true,
	} {
		x, err := parseXPath(definition)
		require.NoError(t, err, definition)
		require.Equal(t, want, x.matches(lshw), definition)
	}
	for _, bad := range []string{`//node[[`, `//`, `nosuch(1)`, `"open`, `//node[@id=`, `//node/'clock units="Hz"' > 1`, `contains(1)`, `a b`, `#`} {
		_, err := parseXPath(bad)
		require.Error(t, err, bad)
	}
}
