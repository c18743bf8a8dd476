package render

import (
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"strconv"

	"drydock/design"
)

// addSite adds all of a site but its nodes.
func addSite(view *siteView, site *design.Site) {
	region := viewRegion(site.Region)
	view.Region = &region
	for _, rack := range site.Racks {
		view.Racks = append(view.Racks, viewRack(rack))
	}
	for _, link := range site.Links {
		view.NetworkLinks = append(view.NetworkLinks, viewLink(link))
	}
	for _, network := range site.Networks {
		view.Networks = append(view.Networks, viewNetwork(network))
	}
	for _, profile := range site.HardwareProfiles {
		view.HardwareProfiles = append(view.HardwareProfiles, viewHardware(profile))
	}
	for _, action := range site.BootActions {
		view.BootActions = append(view.BootActions, viewBootAction(action))
	}
}

func viewRegion(r design.Region) regionView {
	view := regionView{Name: r.Name, AuthorizedKeys: r.AuthorizedKeys, RemoveUnlisted: r.RemoveUnlisted}
	for _, t := range r.TagDefinitions {
		view.TagDefinitions = append(view.TagDefinitions, tagDefinitionView{Tag: t.Tag, DefinitionType: t.Type, Definition: t.Definition})
	}
	view.Repositories = make(map[string]repositoryView, len(r.Repositories))
	for _, repo := range r.Repositories {
		view.Repositories[repo.Name] = repositoryView{
			RepoType: repo.Type, URL: cleanURL(repo.URL), Distributions: repo.Distributions, Subrepos: repo.Subrepos,
			Components: repo.Components, Arches: repo.Arches, GPGKey: repo.GPGKey, Options: cleanParameters(repo.Options),
		}
	}
	return view
}

func viewRack(r design.Rack) rackView {
	view := rackView{Name: r.Name, Location: r.Location, LocalNetworks: r.LocalNetworks, Labels: r.Labels}
	view.TORSwitches = make(map[string]switchView, len(r.Switches))
	for name, s := range r.Switches {
		view.TORSwitches[name] = switchView{ManagementIP: s.ManagementIP, APIURI: cleanURL(s.APIURI)}
	}
	return view
}

func viewLink(l *design.NetworkLink) linkView {
	view := linkView{
		Name: l.Name, MTU: l.MTU, LinkSpeed: l.LinkSpeed, AllowedNetworks: l.AllowedNetworks, Labels: l.Labels,
		Bonding: bondingView{
			Mode: l.Bonding.Mode, Hash: l.Bonding.Hash, PeerRate: l.Bonding.PeerRate,
			MonRate: l.Bonding.MonRate, UpDelay: l.Bonding.UpDelay, DownDelay: l.Bonding.DownDelay,
		},
		Trunking: trunkingView{Mode: "disabled", DefaultNetwork: l.DefaultNetwork},
	}
	if view.Bonding.Mode == "" {
		view.Bonding.Mode = design.BondDisabled
	}
	if l.Trunked {
		view.Trunking.Mode = "802.1q"
	}
	return view
}

func viewNetwork(n *design.Network) networkView {
	view := networkView{
		Name: n.Name, CIDR: prefixText(n.CIDR), MTU: n.MTU, RouteDomain: n.RouteDomain, Labels: n.Labels,
		DNS: dnsView{Domain: n.DNSDomain, Servers: n.DNSServers},
	}
	// The documents have the VLAN as text, and none where the network is untagged.
	if n.VLAN != 0 {
		view.VLAN = strconv.Itoa(n.VLAN)
	}
	for _, r := range n.Ranges {
		view.Ranges = append(view.Ranges, rangeView{Type: r.Type, Start: addrText(r.Start), End: addrText(r.End)})
	}
	for _, r := range n.Routes {
		view.Routes = append(view.Routes, routeView{
			Subnet: prefixText(r.Subnet), Gateway: addrText(r.Gateway), Metric: r.Metric, RouteDomain: r.RouteDomain,
		})
	}
	if n.DHCPRelay != nil {
		view.DHCPRelay = &dhcpRelayView{SelfIP: n.DHCPRelay.SelfIP, UpstreamTarget: n.DHCPRelay.UpstreamTarget}
	}
	return view
}

func viewHardware(h *design.HardwareProfile) hardwareView {
	view := hardwareView{
		Name: h.Name, Vendor: h.Vendor, Generation: h.Generation, HWVersion: h.HWVersion, BIOSVersion: h.BIOSVersion,
		BootMode: h.BootMode, BootstrapProtocol: h.BootstrapProtocol, PXEInterface: h.PXEInterface, CPUSets: h.CPUSets,
		DeviceAliases: make(map[string]aliasView, len(h.Aliases)), HugePages: make(map[string]hugePagesView, len(h.HugePages)),
	}
	for _, a := range h.Aliases {
		view.DeviceAliases[a.Name] = aliasView{BusType: a.BusType, DevType: a.DevType, Address: a.Address}
	}
	for name, p := range h.HugePages {
		view.HugePages[name] = hugePagesView{Size: p.Size, Count: p.Count}
	}
	return view
}

func viewBootAction(a *design.BootAction) bootActionView {
	view := bootActionView{Name: a.Name, Signaling: a.Signaling, Assets: []assetView{}}
	if a.Filter != nil {
		filter := nodeFilterView{FilterSetType: a.Filter.SetType, FilterSet: []filterTermView{}}
		for _, t := range a.Filter.Set {
			filter.FilterSet = append(filter.FilterSet, filterTermView{
				FilterType: t.Type, NodeNames: t.NodeNames, NodeTags: t.NodeTags, NodeLabels: t.NodeLabels,
				RackNames: t.RackNames, RackLabels: t.RackLabels,
			})
		}
		view.NodeFilter = &filter
	}
	for _, asset := range a.Assets {
		v := assetView{
			Type: asset.Type, Path: asset.Path, Permissions: asset.Permissions, Packages: asset.Packages,
			Location: cleanURL(asset.Location), LocationPipeline: asset.LocationPipeline, DataPipeline: asset.DataPipeline,
		}
		if asset.Data != "" {
			sum := sha256.Sum256([]byte(asset.Data))
			v.DataBytes, v.DataSHA256 = len(asset.Data), hex.EncodeToString(sum[:])
		}
		view.Assets = append(view.Assets, v)
	}
	return view
}

func addrText(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}

func prefixText(p netip.Prefix) string {
	if !p.IsValid() {
		return ""
	}
	return p.String()
}
