package worker

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/design"
	"drydock/drivers/oob/bmclib"
	"drydock/drivers/oob/libvirt"
	"drydock/starter/config"
)

func configured(change func(*config.Drivers)) config.Drivers {
	c := config.Default().Drivers
	c.MAAS.URL, c.MAAS.APIKey = "http://maas.example:5240/MAAS", "a:b:c"
	change(&c)
	return c
}

func TestVendorsWaysAreChosenByConfiguration(t *testing.T) {
	c, err := newDrivers(configured(func(d *config.Drivers) {
		d.Bmclib.Provider = "gofish"
		d.Overrides = []config.Override{{Nodes: []string{"n2"}, OOB: bmclib.Name}}
	}), config.Limits{})
	require.NoError(t, err)
	site := &design.Site{Name: "harbor"}
	for name, want := range map[string]struct {
		node   design.Node
		driver string
	}{
		"a node of type libvirt has the libvirt driver":         {design.Node{Name: "n1", OOB: design.OOB{Type: design.OOBLibvirt}}, libvirt.Name},
		"a node that needs its vendor's way has the bmclib one": {design.Node{Name: "n2", OOB: design.OOB{Type: design.OOBRedfish}}, bmclib.Name},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := c.OOB(site, &want.node)
			require.NoError(t, err)
			assert.Equal(t, want.driver, d.Name())
		})
	}
	t.Run("bmclib without a provider is a mistake of the configuration", func(t *testing.T) {
		_, err := newDrivers(configured(func(d *config.Drivers) { d.OOB["redfish"] = bmclib.Name }), config.Limits{})
		require.ErrorContains(t, err, "there is no provider")
	})
}
