package hardware_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/design"
	"drydock/design/hardware"
)

func TestAt(t *testing.T) {
	for _, c := range []struct {
		name          string
		alias         design.Alias
		class, bus    string
		meant, refuse bool
	}{
		{"the address as it stands", design.Alias{BusType: "pci", Address: "0000:41:00.0"}, "network", "pci@0000:41:00.0", true, false},
		{"letter case says nothing", design.Alias{BusType: "pci", Address: "0000:AF:00.0"}, "network", "pci@0000:af:00.0", true, false},
		{"any class of device", design.Alias{BusType: "scsi", Address: "2:0.0.0"}, "disk", "scsi@2:0.0.0", true, false},
		{"another address", design.Alias{BusType: "pci", Address: "0000:41:00.0"}, "network", "pci@0000:41:00.1", false, false},
		{"another bus", design.Alias{BusType: "pci", Address: "2:0.0.0"}, "disk", "scsi@2:0.0.0", false, false},
		{"points are points where there is no pattern", design.Alias{BusType: "pci", Address: "0000:41:00.0"}, "network", "pci@0000:41:0000", false, false},
		{"a pattern matches from the start", design.Alias{BusType: "pci", Address: "regexp:0000:4[0-9]"}, "network", "pci@0000:41:00.0", true, false},
		{"and not in the middle", design.Alias{BusType: "pci", Address: "regexp:41:00"}, "network", "pci@0000:41:00.0", false, false},
		{"all alternatives of it", design.Alias{BusType: "pci", Address: "regexp:x|41:00"}, "network", "pci@0000:41:00.0", false, false},
		{"a pattern is for network devices", design.Alias{BusType: "pci", Address: "regexp:0000:4[0-9]"}, "storage", "pci@0000:41:00.0", false, false},
		{"a pattern is for PCI", design.Alias{BusType: "scsi", Address: "regexp:2:"}, "network", "scsi@2:0.0.0", false, false},
		{"no pattern at all", design.Alias{Name: "nic", BusType: "pci", Address: "regexp:0000:(4"}, "network", "pci@0000:41:00.0", false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			at, err := hardware.At(c.alias)
			if c.refuse {
				require.ErrorContains(t, err, "device alias nic is no regular expression")
				return
			}
			require.NoError(t, err)
			assert.Equal(t, c.meant, at(c.class, c.bus))
		})
	}
}
