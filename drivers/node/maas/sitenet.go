package maas

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/canonical/gomaasclient/entity"

	"drydock/design"
	"drydock/drivers"
)

// rangeComment marks the address ranges that we made: only those are ever deleted.
const rangeComment = "made by drydock"

// routeFabric is the fabric of subnets that MAAS has to know only because a static route leads there.
const routeFabric = "drydock-routes"

var notFabric = regexp.MustCompile(`[^A-Za-z0-9 -]`)

// fabricName is the link's name as MAAS takes it for a fabric.
func fabricName(link string) string { return notFabric.ReplaceAllString(link, "-") }

// CreateNetworkTemplate makes MAAS's network model that of the design: one fabric per link, VLANs with MTU, subnets with
// gateway and name servers, a space per route domain, dynamic and reserved ranges, DHCP or its relay, static routes, and
// domains. It adopts what MAAS discovered: a subnet is found by its CIDR, and a fabric that has the untagged subnet of a link
// gets the link's name. Each collection is read once, and only what differs is written. Links labelled noconfig are left out.
func (d *Driver) CreateNetworkTemplate(ctx context.Context, call drivers.SiteCall) (drivers.Report, error) {
	s, err := d.siteSession(ctx, drivers.CreateNetworkTemplate, call)
	if err != nil {
		return drivers.Report{}, err
	}
	t := &netTemplate{session: s, site: call.Site}
	if err := t.read(); err != nil {
		return drivers.Report{}, err
	}
	for _, step := range []func() error{t.domains, t.fabricsAndVLANs, t.subnets, t.spaces, t.ranges, t.dhcp, t.routes} {
		if err := step(); err != nil {
			return drivers.Report{}, err
		}
	}
	if len(t.said) == 0 {
		return drivers.Report{Outcome: drivers.Already, Messages: append(t.told, "The network model of MAAS is as designed.")}, nil
	}
	return drivers.Report{Outcome: drivers.Changed, Messages: append(t.said, t.told...)}, nil
}

// netTemplate is one run over the network model.
type netTemplate struct {
	*session
	site  *design.Site
	net   *networks
	doms  []entity.Domain
	rngs  []ipRange
	paths []route
	racks []machine
	said  []string // what was changed
	told  []string // what else is to be known
}

type ipRange struct {
	ID      int    `json:"id"`
	Type    string `json:"type"`
	Start   string `json:"start_ip"`
	End     string `json:"end_ip"`
	Comment string `json:"comment"`
	Subnet  subnet `json:"subnet"`
}

type route struct {
	ID          int    `json:"id"`
	Source      subnet `json:"source"`
	Destination subnet `json:"destination"`
	Gateway     string `json:"gateway_ip"`
	Metric      int    `json:"metric"`
}

func (t *netTemplate) changed(format string, args ...any) {
	t.said = append(t.said, fmt.Sprintf(format, args...))
}

func (t *netTemplate) read() error {
	var err error
	if t.net, err = t.readNetworks(); err != nil {
		return err
	}
	if err := t.get("ipranges/", "", nil, &t.rngs); err != nil {
		return t.fail(err, "list address ranges")
	}
	if err := t.get("static-routes/", "", nil, &t.paths); err != nil {
		return t.fail(err, "list static routes")
	}
	if t.doms, err = t.gmc.Domains.Get(); err != nil {
		return t.fail(err, "list domains")
	}
	for _, n := range t.networks() {
		if n.DHCPRelay != nil || hasRange(n, design.RangeDHCP) {
			if err := t.get("rackcontrollers/", "", nil, &t.racks); err != nil {
				return t.fail(err, "list rack controllers")
			}
			break
		}
	}
	return nil
}

func hasRange(n *design.Network, kind string) bool {
	return slices.ContainsFunc(n.Ranges, func(r design.Range) bool { return r.Type == kind })
}

// links are those that MAAS is to know.
func (t *netTemplate) links() []*design.NetworkLink {
	var out []*design.NetworkLink
	for _, l := range t.site.Links {
		if !l.NoConfig() {
			out = append(out, l)
		}
	}
	return out
}

// networksOf are the networks of a link that MAAS is to know.
func (t *netTemplate) networksOf(l *design.NetworkLink) []*design.Network {
	var out []*design.Network
	for _, name := range l.AllowedNetworks {
		if n := t.site.Network(name); n != nil && !n.NoConfig() {
			out = append(out, n)
		}
	}
	return out
}

func (t *netTemplate) networks() []*design.Network {
	var out []*design.Network
	for _, l := range t.links() {
		out = append(out, t.networksOf(l)...)
	}
	return out
}

func (t *netTemplate) domains() error {
	seen := map[string]bool{}
	for _, d := range t.doms {
		seen[strings.ToLower(d.Name)] = true
	}
	for _, n := range t.networks() {
		name := strings.ToLower(n.DNSDomain)
		if name == "" || seen[name] {
			continue
		}
		seen[name] = true
		if _, err := t.gmc.Domains.Create(&entity.DomainParams{Name: name, Authoritative: true}); err != nil && !isDuplicate(err) {
			return t.fail(err, "make domain %s", name)
		}
		t.changed("Domain %s was made.", name)
	}
	return nil
}

func (t *netTemplate) fabricsAndVLANs() error {
	for _, l := range t.links() {
		f, err := t.fabric(l)
		if err != nil {
			return err
		}
		if err := t.vlan(f, 0, "", l.MTU); err != nil {
			return err
		}
		for _, n := range t.networksOf(l) {
			if n.VLAN == 0 {
				continue
			}
			mtu := n.MTU
			if mtu == 0 {
				mtu = l.MTU
			}
			if err := t.vlan(f, n.VLAN, n.Name, mtu); err != nil {
				return err
			}
		}
	}
	return nil
}

// fabric finds, adopts or makes the fabric of a link.
func (t *netTemplate) fabric(l *design.NetworkLink) (*fabric, error) {
	name := fabricName(l.Name)
	if f := t.net.fabric(name); f != nil {
		return f, nil
	}
	if f := t.discovered(l); f != nil {
		// Renaming keeps the rack controllers' own interfaces on the fabric; a subnet that is moved to a new one loses them,
		// and with them DHCP.
		old := f.Name
		if err := t.put(fmt.Sprintf("fabrics/%d/", f.ID), form("name", name), nil); err != nil {
			return nil, t.fail(err, "rename fabric %s to %s", old, name)
		}
		f.Name = name
		t.changed("Fabric %s was renamed to %s, as it has the untagged network of that link.", old, name)
		return f, nil
	}
	var made fabric
	if err := t.post("fabrics/", "", form("name", name, "description", rangeComment), &made); err != nil {
		return nil, t.fail(err, "make fabric %s", name)
	}
	t.net.fabrics = append(t.net.fabrics, made)
	t.changed("Fabric %s was made.", name)
	return &t.net.fabrics[len(t.net.fabrics)-1], nil
}

// discovered is the fabric where MAAS saw the untagged network of a link; nil when there is none, or when it is that of
// another link.
func (t *netTemplate) discovered(l *design.NetworkLink) *fabric {
	n := t.site.Network(l.DefaultNetwork)
	if n == nil || n.NoConfig() {
		return nil
	}
	sub := t.net.subnet(n.CIDR)
	if sub == nil || sub.VLAN.VID != 0 {
		return nil
	}
	f := t.net.fabricByID(sub.VLAN.FabricID)
	if f == nil || slices.ContainsFunc(t.site.Links, func(other *design.NetworkLink) bool { return fabricName(other.Name) == f.Name }) {
		return nil
	}
	return f
}
