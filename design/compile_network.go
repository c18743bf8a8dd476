package design

import (
	"net/netip"
	"strconv"
	"strings"
)

// Defaults of the design format.
const (
	defaultMTU       = 1500
	defaultDomain    = "local"
	defaultHash      = "layer3+4"
	defaultPeerRate  = "fast"
	defaultMonRate   = 100
	defaultUpDelay   = 200
	defaultDownDelay = 200
	maxVLAN          = 4094
)

func (c *compiler) readLinks() {
	for _, doc := range c.docs.distinct(KindNetworkLink) {
		d := doc.data
		l := &NetworkLink{
			Name: doc.Name, Bonding: bonding(get(d, "bonding")), MTU: numberOr(get(d, "mtu"), defaultMTU),
			LinkSpeed: textOr(get(d, "linkspeed"), "auto"), Trunked: text(dig(d, "trunking", "mode")) == "802.1q",
			DefaultNetwork: text(dig(d, "trunking", "default_network")), AllowedNetworks: texts(get(d, "allowed_networks")),
			Labels: textMap(get(d, "labels")),
		}
		c.site.Links = append(c.site.Links, l)
		c.links[l.Name] = l
	}
}

func bonding(n *element) Bonding {
	b := Bonding{Mode: textOr(get(n, "mode"), BondDisabled)}
	if !b.Enabled() {
		return b
	}
	b.MonRate = numberOr(get(n, "mon_rate"), defaultMonRate)
	b.UpDelay = numberOr(get(n, "up_delay"), defaultUpDelay)
	b.DownDelay = numberOr(get(n, "down_delay"), defaultDownDelay)
	if b.Mode == Bond8023AD {
		b.Hash = textOr(get(n, "hash"), defaultHash)
		b.PeerRate = textOr(get(n, "peer_rate"), defaultPeerRate)
	}
	return b
}

func (c *compiler) readNetworks() {
	for _, doc := range c.docs.distinct(KindNetwork) {
		n := c.network(doc.data, doc.Name)
		c.site.Networks = append(c.site.Networks, n)
		c.networks[n.Name] = n
	}
	c.routeDomains()
}

func (c *compiler) network(d *element, name string) *Network {
	n := &Network{
		Name: name, CIDR: c.cidr(get(d, "cidr"), badCIDR), VLAN: c.vlan(get(d, "vlan")), MTU: numberOr(get(d, "mtu"), 0),
		DNSDomain: textOr(dig(d, "dns", "domain"), defaultDomain), RouteDomain: text(get(d, "routedomain")),
		Labels: textMap(get(d, "labels")),
	}
	// Servers come separated by commas, blanks, or both.
	n.DNSServers = strings.FieldsFunc(text(dig(d, "dns", "servers")), func(r rune) bool { return r == ',' || r == ' ' || r == '\t' || r == '\n' })
	for _, s := range n.DNSServers {
		if _, err := netip.ParseAddr(s); err != nil {
			c.fault(dig(d, "dns", "servers"), badAddress, "separate addresses with commas", "the DNS server %s is not an IP address", quoted(s))
		}
	}
	for _, r := range items(get(d, "ranges")) {
		n.Ranges = append(n.Ranges, Range{Type: text(get(r, "type")), Start: c.address(get(r, "start")), End: c.address(get(r, "end"))})
	}
	for _, r := range items(get(d, "routes")) {
		n.Routes = append(n.Routes, Route{
			Subnet: c.cidr(get(r, "subnet"), badAddress), Gateway: c.address(get(r, "gateway")),
			Metric: numberOr(get(r, "metric"), 0), RouteDomain: text(get(r, "routedomain")),
		})
	}
	if relay := get(d, "dhcp_relay"); relay != nil {
		n.DHCPRelay = &DHCPRelay{SelfIP: text(get(relay, "self_ip")), UpstreamTarget: text(get(relay, "upstream_target"))}
		c.address(get(relay, "self_ip"))
		c.address(get(relay, "upstream_target"))
	}
	return n
}

// cidr reads a network in CIDR form and reports one that is malformed or has host bits. With host bits the network
// that was most likely meant is returned.
func (c *compiler) cidr(n *element, f finding) netip.Prefix {
	if n == nil || n.Kind != scalarKind {
		return netip.Prefix{}
	}
	p, err := netip.ParsePrefix(n.Value)
	if err != nil {
		c.fault(n, f, "write a network such as 10.1.2.0/24", "%s is %s, which is not a network in CIDR form", n.path(), quoted(n.Value))
		return netip.Prefix{}
	}
	if p != p.Masked() {
		c.fault(n, f, "the network is "+p.Masked().String(), "%s is %s, which has host bits set", n.path(), quoted(n.Value))
	}
	return p.Masked()
}

// vlan reads a tag. A number without quotes is a wrong type, which parsing reported; its value is still of use.
func (c *compiler) vlan(n *element) int {
	if n == nil || n.Kind != scalarKind {
		return 0
	}
	tag, err := strconv.Atoi(n.Value)
	if err != nil || tag < 1 || tag > maxVLAN {
		c.fault(n, badVLAN, "a tag is 1 to 4094; leave vlan out for an untagged network", "%s is %s, which is not a VLAN tag", n.path(), quoted(n.Value))
		return 0
	}
	return tag
}

// routeDomains adds the routes that follow from templates: a network that has a template for a domain reaches every
// other member of the domain through the template's gateway.
func (c *compiler) routeDomains() {
	members := make(map[string][]*Network)
	for _, n := range c.site.Networks {
		if n.RouteDomain != "" && n.CIDR.IsValid() {
			members[n.RouteDomain] = append(members[n.RouteDomain], n)
		}
	}
	for _, n := range c.site.Networks {
		templates := items(get(c.docs.Find(KindNetwork, n.Name).data, "routes"))
		done := make(map[string]bool)
		for i, template := range templates {
			route := n.Routes[i]
			domain := route.RouteDomain
			if domain == "" || get(template, "subnet") != nil || get(template, "gateway") == nil || get(template, "metric") == nil || done[domain] {
				continue
			}
			done[domain] = true // only the first template of a domain counts
			for _, member := range members[domain] {
				// A gateway of one IP version can't route the other.
				if route.Gateway.IsValid() && member.CIDR != n.CIDR && member.CIDR.Addr().Is4() == route.Gateway.Is4() {
					n.Routes = append(n.Routes, Route{Subnet: member.CIDR, Gateway: route.Gateway, Metric: route.Metric, RouteDomain: domain})
				}
			}
		}
	}
}
