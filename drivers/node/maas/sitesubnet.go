package maas

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"drydock/design"
	"drydock/drivers"
)

// vlan makes a VLAN of a fabric, or sets what differs. gomaasclient would turn DHCP off with every update.
func (t *netTemplate) vlan(f *fabric, vid int, name string, mtu int) error {
	where := fmt.Sprintf("VLAN %d of fabric %s", vid, f.Name)
	v := f.vlan(vid)
	if v == nil {
		params := form("vid", strconv.Itoa(vid), "name", name)
		if mtu > 0 {
			params.Set("mtu", strconv.Itoa(mtu))
		}
		var made vlan
		if err := t.post(fmt.Sprintf("fabrics/%d/vlans/", f.ID), "", params, &made); err != nil {
			return t.fail(err, "make %s", where)
		}
		f.VLANs = append(f.VLANs, made)
		t.changed("%s was made for network %s.", where, name)
		return nil
	}
	change, what := url.Values{}, []string(nil)
	if mtu > 0 && v.MTU != mtu {
		change.Set("mtu", strconv.Itoa(mtu))
		what = append(what, fmt.Sprintf("MTU %d instead of %d", mtu, v.MTU))
	}
	if name != "" && v.Name != name {
		change.Set("name", name)
		what = append(what, "name "+name+" instead of "+v.Name)
	}
	if len(change) == 0 {
		return nil
	}
	if err := t.put(fmt.Sprintf("vlans/%d/", v.ID), change, v); err != nil {
		return t.fail(err, "change %s", where)
	}
	t.changed("%s was changed: %s.", strings.ToUpper(where[:1])+where[1:], strings.Join(what, ", "))
	return nil
}

// vlanOf is the VLAN of a network at MAAS.
func (t *netTemplate) vlanOf(l *design.NetworkLink, n *design.Network) *vlan {
	if f := t.net.fabric(fabricName(l.Name)); f != nil {
		return f.vlan(n.VLAN)
	}
	return nil
}

func (t *netTemplate) subnets() error {
	for _, l := range t.links() {
		for _, n := range t.networksOf(l) {
			v := t.vlanOf(l, n)
			if v == nil {
				return t.errorf(drivers.Internal, "Run the task again.", "make the subnet of network %s: its VLAN is not there", n.Name)
			}
			if err := t.subnet(n, v); err != nil {
				return err
			}
		}
	}
	return nil
}

// subnet makes the subnet of a network, or sets what differs and nothing else: gomaasclient would reset all flags.
func (t *netTemplate) subnet(n *design.Network, v *vlan) error {
	gateway := ""
	if g := n.Gateway(); g.IsValid() {
		gateway = g.String()
	}
	have := t.net.subnet(n.CIDR)
	if have == nil {
		params := form("cidr", n.CIDR.String(), "name", n.Name, "vlan", strconv.Itoa(v.ID))
		if gateway != "" {
			params.Set("gateway_ip", gateway)
		}
		if len(n.DNSServers) > 0 {
			params.Set("dns_servers", strings.Join(n.DNSServers, ","))
		}
		var made subnet
		if err := t.post("subnets/", "", params, &made); err != nil {
			return t.fail(err, "make subnet %s of network %s", n.CIDR, n.Name)
		}
		t.net.subnets = append(t.net.subnets, made)
		t.changed("Subnet %s was made for network %s.", n.CIDR, n.Name)
		return nil
	}
	change, what := url.Values{}, []string(nil)
	differs := func(key, value, old string) {
		change.Set(key, value)
		what = append(what, fmt.Sprintf("%s %s instead of %s", key, value, orNothing(old)))
	}
	if have.VLAN.ID != v.ID {
		change.Set("vlan", strconv.Itoa(v.ID))
		what = append(what, fmt.Sprintf("VLAN %d of fabric %s instead of %d of %s", v.VID, v.Fabric, have.VLAN.VID, have.VLAN.Fabric))
	}
	if have.Name != n.Name {
		differs("name", n.Name, have.Name)
	}
	if gateway != "" && !sameAddr(have.Gateway, gateway) {
		differs("gateway_ip", gateway, have.Gateway)
	}
	if len(n.DNSServers) > 0 && !slices.Equal(have.DNS, n.DNSServers) {
		differs("dns_servers", strings.Join(n.DNSServers, ","), strings.Join(have.DNS, ","))
	}
	if len(change) == 0 {
		return nil
	}
	if err := t.put(fmt.Sprintf("subnets/%d/", have.ID), change, have); err != nil {
		return t.fail(err, "change subnet %s of network %s", n.CIDR, n.Name)
	}
	t.changed("Subnet %s was changed: %s.", n.CIDR, strings.Join(what, ", "))
	return nil
}

func sameAddr(a, b string) bool {
	x, errX := netip.ParseAddr(a)
	y, errY := netip.ParseAddr(b)
	return errX == nil && errY == nil && x == y
}
