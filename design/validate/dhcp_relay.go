package validate

import "drydock/design"

var dhcpRelay = Rule{
	Code: "DD2017", Slug: "dhcp-relay", Title: "DHCP relay", Level: design.LevelError,
	Why:  "requests have to be relayed to somebody",
	Hint: "upstream_target is the address of the DHCP server that requests are relayed to",
	check: func(r *run) {
		for _, n := range r.site.Networks {
			if n.DHCPRelay != nil && n.DHCPRelay.UpstreamTarget == "" {
				r.found(r.at(design.KindNetwork, n.Name, "dhcp_relay"), "dhcp_relay has no upstream_target")
			}
		}
	},
}
