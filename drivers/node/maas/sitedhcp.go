package maas

import (
	"fmt"
	"net/netip"
	"net/url"
	"sort"
	"strconv"
	"strings"

	"drydock/design"
	"drydock/drivers"
)

// rangeTypes are MAAS's words for the ranges of the design that it is told of; static ranges are for people.
var rangeTypes = map[string]string{design.RangeDHCP: "dynamic", design.RangeReserved: "reserved"}

// ranges makes the address ranges of the design, and deletes those of an earlier design.
func (t *netTemplate) ranges() error {
	for _, n := range t.networks() {
		sub := t.net.subnet(n.CIDR)
		if sub == nil {
			continue
		}
		wanted := map[string]design.Range{}
		for _, r := range n.Ranges {
			if kind := rangeTypes[r.Type]; kind != "" {
				wanted[rangeKey(kind, r.Start, r.End)] = r
			}
		}
		// Old ones go first: MAAS takes no range that overlaps another.
		for _, have := range t.rngs {
			if have.Subnet.ID != sub.ID {
				continue
			}
			start, errS := netip.ParseAddr(have.Start)
			end, errE := netip.ParseAddr(have.End)
			if errS != nil || errE != nil {
				continue
			}
			key := rangeKey(have.Type, start, end)
			if _, ok := wanted[key]; ok {
				delete(wanted, key)
				continue
			}
			if have.Comment != rangeComment {
				continue
			}
			if err := t.gmc.IPRange.Delete(have.ID); err != nil && !isAnswer(err, 404) {
				return t.fail(err, "delete range %s to %s of network %s", have.Start, have.End, n.Name)
			}
			t.changed("Range %s to %s of an earlier design was deleted from subnet %s.", have.Start, have.End, sub.CIDR)
		}
		for _, key := range keys(wanted) {
			r := wanted[key]
			params := form("type", rangeTypes[r.Type], "start_ip", r.Start.String(), "end_ip", r.End.String(), "subnet", strconv.Itoa(sub.ID), "comment", rangeComment)
			if err := t.post("ipranges/", "", params, nil); err != nil {
				return t.fail(err, "make %s range %s to %s of network %s", rangeTypes[r.Type], r.Start, r.End, n.Name)
			}
			t.changed("The %s range %s to %s was made in subnet %s.", rangeTypes[r.Type], r.Start, r.End, sub.CIDR)
		}
	}
	return nil
}

func rangeKey(kind string, start, end netip.Addr) string {
	return kind + " " + start.String() + " " + end.String()
}

// dhcp turns DHCP on where a network has a range for it, on the rack controllers that are connected to the VLAN, or relays it.
func (t *netTemplate) dhcp() error {
	for _, l := range t.links() {
		for _, n := range t.networksOf(l) {
			v := t.vlanOf(l, n)
			if v == nil {
				continue
			}
			var err error
			switch {
			case n.DHCPRelay != nil && n.DHCPRelay.UpstreamTarget != "":
				err = t.relay(n, v)
			case hasRange(n, design.RangeDHCP):
				err = t.serve(n, v)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *netTemplate) serve(n *design.Network, v *vlan) error {
	if v.DHCPOn || v.Relay != nil && n.DHCPRelay == nil {
		return nil // on already, or a person relays it
	}
	change := url.Values{"dhcp_on": {"true"}}
	primary := v.PrimaryRack
	if primary == "" {
		connected := t.racksOn(v)
		if len(connected) == 0 && len(t.racks) == 1 {
			connected = []string{t.racks[0].SystemID}
		}
		if len(connected) == 0 {
			return t.errorf(drivers.Conflict, "Connect a rack controller to the network, or give the network a dhcp_relay.",
				"turn DHCP on for network %s: none of the %d rack controllers has an interface on VLAN %d of fabric %s", n.Name, len(t.racks), v.VID, v.Fabric)
		}
		primary = connected[0]
		change.Set("primary_rack", primary)
		if len(connected) > 1 {
			change.Set("secondary_rack", connected[1])
		}
	}
	if err := t.put(fmt.Sprintf("vlans/%d/", v.ID), change, v); err != nil {
		return t.fail(err, "turn DHCP on for network %s", n.Name)
	}
	t.changed("DHCP was turned on for network %s, served by rack controller %s.", n.Name, primary)
	return nil
}

// racksOn are the rack controllers with an interface on a VLAN, sorted, so that every run chooses the same.
func (t *netTemplate) racksOn(v *vlan) []string {
	var out []string
	for _, r := range t.racks {
		for _, i := range r.Interfaces {
			if i.VLAN != nil && i.VLAN.ID == v.ID {
				out = append(out, r.SystemID)
				break
			}
		}
	}
	sort.Strings(out)
	return out
}

// relay points a VLAN to that of the rack controller interface with the upstream address.
func (t *netTemplate) relay(n *design.Network, v *vlan) error {
	target, err := netip.ParseAddr(strings.TrimSpace(n.DHCPRelay.UpstreamTarget))
	if err != nil {
		return t.errorf(drivers.InvalidDesign, "Give the address of a rack controller.", "relay DHCP of network %s: upstream_target %q is no address", n.Name, n.DHCPRelay.UpstreamTarget)
	}
	to := t.rackVLAN(target)
	if to == 0 {
		return t.errorf(drivers.Conflict, "Give the address of a rack controller's interface as upstream_target.", "relay DHCP of network %s: no rack controller has the address %s", n.Name, target)
	}
	if to == v.ID {
		return t.errorf(drivers.InvalidDesign, "Remove the dhcp_relay of the network.", "relay DHCP of network %s: rack controller address %s is on the network's own VLAN", n.Name, target)
	}
	if v.Relay != nil && v.Relay.ID == to && !v.DHCPOn {
		return nil
	}
	if err := t.put(fmt.Sprintf("vlans/%d/", v.ID), form("relay_vlan", strconv.Itoa(to), "dhcp_on", "false"), v); err != nil {
		return t.fail(err, "relay DHCP of network %s", n.Name)
	}
	t.changed("DHCP of network %s is relayed to the VLAN of rack controller address %s.", n.Name, target)
	return nil
}

func (t *netTemplate) rackVLAN(target netip.Addr) int {
	for _, r := range t.racks {
		for _, i := range r.Interfaces {
			for _, l := range i.Links {
				if sameAddr(l.Address, target.String()) && i.VLAN != nil {
					return i.VLAN.ID
				}
			}
		}
	}
	return 0
}

// routes makes the static routes of the design. MAAS knows a destination only as a subnet, so that one is made, unmanaged
// and on a fabric of its own, where the site has none.
func (t *netTemplate) routes() error {
	for _, n := range t.networks() {
		source := t.net.subnet(n.CIDR)
		if source == nil {
			continue
		}
		for _, r := range n.Routes {
			if !r.Subnet.IsValid() || r.Subnet.Bits() == 0 || !r.Gateway.IsValid() {
				continue // the default gateway is the subnet's; templates of route domains are no routes
			}
			destination, err := t.destination(n, r)
			if err != nil {
				return err
			}
			if err := t.route(n, source, destination, r); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *netTemplate) route(n *design.Network, source, destination *subnet, r design.Route) error {
	metric := strconv.Itoa(r.Metric)
	for _, have := range t.paths {
		if have.Source.ID != source.ID || have.Destination.ID != destination.ID || !sameAddr(have.Gateway, r.Gateway.String()) {
			continue
		}
		if have.Metric == r.Metric {
			return nil
		}
		if err := t.put(fmt.Sprintf("static-routes/%d/", have.ID), form("metric", metric), nil); err != nil {
			return t.fail(err, "change the route of network %s to %s", n.Name, r.Subnet)
		}
		t.changed("The route of network %s to %s got metric %s instead of %d.", n.Name, r.Subnet, metric, have.Metric)
		return nil
	}
	// gomaasclient does not send a metric of 0.
	var made route
	if err := t.post("static-routes/", "", form("source", strconv.Itoa(source.ID), "destination", strconv.Itoa(destination.ID), "gateway_ip", r.Gateway.String(), "metric", metric), &made); err != nil {
		return t.fail(err, "make the route of network %s to %s", n.Name, r.Subnet)
	}
	t.paths = append(t.paths, made)
	t.changed("A route of network %s to %s by %s was made.", n.Name, r.Subnet, r.Gateway)
	return nil
}

func (t *netTemplate) destination(n *design.Network, r design.Route) (*subnet, error) {
	if sub := t.net.subnet(r.Subnet); sub != nil {
		return sub, nil
	}
	f := t.net.fabric(routeFabric)
	if f == nil {
		var made fabric
		if err := t.post("fabrics/", "", form("name", routeFabric, "description", "destinations of static routes"), &made); err != nil {
			return nil, t.fail(err, "make fabric %s", routeFabric)
		}
		t.net.fabrics = append(t.net.fabrics, made)
		f = &t.net.fabrics[len(t.net.fabrics)-1]
		t.changed("Fabric %s was made for the destinations of static routes.", routeFabric)
	}
	v := f.vlan(0)
	if v == nil {
		return nil, t.errorf(drivers.Conflict, "Look at the fabric at MAAS.", "make a route of network %s: fabric %s has no untagged VLAN", n.Name, routeFabric)
	}
	var made subnet
	if err := t.post("subnets/", "", form("cidr", r.Subnet.String(), "vlan", strconv.Itoa(v.ID), "managed", "false"), &made); err != nil {
		return nil, t.fail(err, "make subnet %s as the destination of a route of network %s", r.Subnet, n.Name)
	}
	t.net.subnets = append(t.net.subnets, made)
	t.changed("Subnet %s was made, unmanaged, as the destination of a route.", r.Subnet)
	return &t.net.subnets[len(t.net.subnets)-1], nil
}
