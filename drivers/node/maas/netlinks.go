package maas

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// unlink takes away addresses that are not wanted on the wanted interfaces, and wanted ones from other interfaces of the
// machine.
func (d *differ) unlink() {
	wantedAt := map[netip.Addr]int{} // address to the interface that is to have it; 0: not there yet
	each(d, func(n *nic, w wantedLink) {
		if w.mode == "static" {
			id := 0
			if n != nil {
				id = n.ID
			}
			wantedAt[w.address] = id
		}
		if n == nil {
			return
		}
		for _, l := range n.Links {
			if l.Mode != "link_up" && !sameLink(l, w) {
				d.dropLink(n, l)
			}
		}
	})
	for i := range d.m.Interfaces {
		n := &d.m.Interfaces[i]
		for _, l := range n.Links {
			ip, err := netip.ParseAddr(l.Address)
			if err != nil {
				continue
			}
			if at, wanted := wantedAt[ip]; wanted && at != n.ID {
				d.dropLink(n, l)
			}
		}
	}
}

func (d *differ) dropLink(n *nic, l link) {
	f := map[string][]string{"id": {strconv.Itoa(l.ID)}}
	for _, s := range d.steps {
		if s.op == "unlink_subnet" && s.path == strconv.Itoa(n.ID)+"/" && slices.Equal(s.form["id"], f["id"]) {
			return
		}
	}
	what := l.Mode
	if l.Address != "" {
		what += " " + l.Address
	}
	d.add(phaseUnlink, "POST", strconv.Itoa(n.ID)+"/", "unlink_subnet", f, "link %s of %s removed", what, n.Name)
}

// each calls f with every wanted link and the interface that it belongs to; nil when there is no such interface yet.
func each(d *differ, f func(*nic, wantedLink)) {
	for _, w := range d.wanted {
		top := d.top(w)
		f(top, w.link)
		for _, v := range w.tagged {
			if top == nil {
				f(nil, v.link)
				continue
			}
			f(d.tagged(top, v), v.link)
		}
	}
}

func sameLink(l link, w wantedLink) bool {
	if l.Mode != w.mode {
		return false
	}
	switch w.mode {
	case "static":
		ip, err := netip.ParseAddr(l.Address)
		return err == nil && ip == w.address && l.Subnet != nil && l.Subnet.ID == w.subnet
	case "dhcp":
		// MAAS keeps a DHCP link without subnet where the interface got its address while it commissioned.
		return l.Subnet != nil && l.Subnet.ID == w.subnet
	}
	return true
}

// links adds what is missing; what is wrong is gone by now.
func (d *differ) links() {
	each(d, func(n *nic, w wantedLink) {
		if n == nil || slices.ContainsFunc(n.Links, func(l link) bool { return sameLink(l, w) }) {
			return
		}
		f := map[string][]string{"mode": {strings.ToUpper(w.mode)}}
		what := w.mode
		if w.subnet != 0 {
			f["subnet"] = []string{strconv.Itoa(w.subnet)}
		}
		if w.mode == "static" {
			f["ip_address"] = []string{w.address.String()}
			what += " " + w.address.String()
		}
		if w.gateway {
			f["default_gateway"] = []string{"true"}
		}
		d.add(phaseLink, "POST", strconv.Itoa(n.ID)+"/", "link_subnet", f, "interface %s linked: %s", n.Name, what)
	})
}

// gateway makes the link of the primary network the default gateway of the machine.
func (d *differ) gateway() {
	each(d, func(n *nic, w wantedLink) {
		if n == nil || !w.gateway {
			return
		}
		have := d.m.DefaultGateways.IPv4.LinkID
		if w.address.Is6() {
			have = d.m.DefaultGateways.IPv6.LinkID
		}
		for _, l := range n.Links {
			if sameLink(l, w) && l.ID != have {
				d.add(phaseGateway, "POST", strconv.Itoa(n.ID)+"/", "set_default_gateway", map[string][]string{"link_id": {strconv.Itoa(l.ID)}}, "default gateway set to that of %s", n.Name)
			}
		}
	})
}
