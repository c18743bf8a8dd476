package maas

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNetworksOfARouteDomainAreInItsSpace(t *testing.T) {
	site := testSite()
	site.Network("mgmt").RouteDomain = "east/1"
	site.Network("storage").RouteDomain = "east/1"
	r := newRegion(t, site, nil)
	s := r.admin("")
	_, err := s.gmc.Spaces.Create("of-a-person")
	require.NoError(t, err)
	report := r.siteTwice(r.driver.CreateNetworkTemplate)
	require.Contains(t, report.Messages, "Space east-1 was made.")

	inSpace := func() map[string]string {
		net, err := s.readNetworks()
		require.NoError(t, err)
		spaces := map[string]string{}
		for _, n := range site.Networks {
			if sub := net.subnet(n.CIDR); sub != nil {
				spaces[n.Name] = net.fabricByID(sub.VLAN.FabricID).vlan(sub.VLAN.VID).Space
			}
		}
		return spaces
	}
	have := inSpace()
	require.Equal(t, "east-1", have["mgmt"])
	require.Equal(t, "east-1", have["storage"])
	require.Equal(t, "undefined", have["pxe"], "a network without a route domain is left where it is")

	site.Network("storage").RouteDomain = "of-a-person"
	report = r.siteTwice(r.driver.CreateNetworkTemplate)
	require.Len(t, report.Messages, 1)
	require.Contains(t, report.Messages[0], "into space of-a-person instead of east-1")
	require.Equal(t, "of-a-person", inSpace()["storage"])

	site.Network("storage").RouteDomain = ""
	r.meter.reset()
	_, err = r.driver.CreateNetworkTemplate(t.Context(), r.siteCall())
	require.NoError(t, err)
	require.Empty(t, r.meter.written(), "where the design says nothing, nothing is taken away")
}
