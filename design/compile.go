package design

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
)

// Compile resolves a parsed design into the applied model: inheritance of profiles, route domains, kernel parameters with
// references to the hardware profile, DNS domains. The site is as complete as the design allows even where messages
// are errors, so that checks and people can look at it; with an error it must not be acted upon.
//
// Messages name the document at fault: a mistake in a profile comes once, not per node.
func Compile(docs *Documents) (*Site, Messages) {
	if docs == nil {
		docs, _ = Parse()
	}
	c := newCompiler(docs, &Site{Name: "default"})
	for _, m := range docs.lineage.reporter.messages {
		c.add(m)
	}
	c.region()
	c.racks()
	c.readLinks()
	c.readNetworks()
	c.readHardware()
	c.site.Nodes = c.nodes(docs.distinct(KindBaremetalNode))
	c.nodes(docs.unused())
	c.bootActions()
	c.site.Digest = docs.Digest()
	c.site.index = newSiteIndex(c.site)
	return c.site, c.messages
}

// UnusedProfiles are the host profiles that no node has, each as the node that it would make. Checks of a design look at
// them to warn before somebody uses them.
func UnusedProfiles(docs *Documents, site *Site) []*Node {
	return newCompiler(docs, site).nodes(docs.unused())
}

// unused are the host profiles that no node has, sorted by name.
func (d *Documents) unused() []*Document {
	return slices.DeleteFunc(slices.Clone(d.distinct(KindHostProfile)), func(doc *Document) bool { return !d.Unused(KindHostProfile, doc.Name) })
}

type compiler struct {
	reporter
	docs     *Documents
	site     *Site
	networks map[string]*Network
	links    map[string]*NetworkLink
	hardware map[string]*HardwareProfile
	shared   shared
}

func (c *compiler) fault(n *element, f finding, hint, format string, args ...any) {
	c.at(c.docs, n, f, hint, format, args...)
}

func (c *compiler) region() {
	all := c.docs.OfKind(KindRegion)
	if len(all) == 0 {
		return
	}
	doc := all[len(all)-1]
	r := Region{Name: doc.Name}
	for _, t := range items(get(doc.data, "tag_definitions")) {
		r.TagDefinitions = append(r.TagDefinitions, TagDefinition{
			Tag: text(get(t, "tag")), Type: text(get(t, "definition_type")), Definition: text(get(t, "definition")),
		})
	}
	for _, key := range texts(get(doc.data, "authorized_keys")) {
		// Keys are often written as folded blocks; a key is one line.
		key = strings.TrimSpace(strings.NewReplacer("\n", "", "\r", "").Replace(key))
		r.AuthorizedKeys = append(r.AuthorizedKeys, key)
	}
	repositories := get(doc.data, "repositories")
	r.RemoveUnlisted = flagOr(get(repositories, "remove_unlisted"), false)
	for name, repo := range pairs(repositories) {
		if name.Value == "remove_unlisted" {
			continue
		}
		out := Repository{
			Name: name.Value, Type: text(get(repo, "repo_type")), URL: text(get(repo, "url")),
			Distributions: texts(get(repo, "distributions")), Subrepos: texts(get(repo, "subrepos")),
			Components: texts(get(repo, "components")), Arches: texts(get(repo, "arches")),
			GPGKey: text(get(repo, "gpgkey")), Options: textMap(get(repo, "options")),
		}
		if get(repo, "arches") == nil {
			out.Arches = []string{"amd64"}
		}
		r.Repositories = append(r.Repositories, out)
	}
	slices.SortStableFunc(r.Repositories, func(a, b Repository) int { return cmp.Compare(a.Name, b.Name) })
	c.site.Region, c.site.Name = r, r.Name
}

func (c *compiler) racks() {
	for _, doc := range c.docs.distinct(KindRack) {
		r := Rack{
			Name: doc.Name, Location: textMap(get(doc.data, "location")), Labels: textMap(get(doc.data, "labels")),
			LocalNetworks: texts(get(doc.data, "local_networks")),
		}
		for name, s := range pairs(get(doc.data, "tor_switches")) {
			if r.Switches == nil {
				r.Switches = make(map[string]Switch)
			}
			// The format has two spellings in the field.
			api := cmp.Or(text(get(s, "sdn_api_uri")), text(get(s, "sdn_api_url")))
			r.Switches[name.Value] = Switch{ManagementIP: text(get(s, "mgmt_ip")), APIURI: api}
		}
		c.site.Racks = append(c.site.Racks, r)
	}
}

func (c *compiler) readHardware() {
	for _, doc := range c.docs.distinct(KindHardwareProfile) {
		d := doc.data
		h := &HardwareProfile{
			Name: doc.Name, Vendor: text(get(d, "vendor")), Generation: text(get(d, "generation")),
			HWVersion: text(get(d, "hw_version")), BIOSVersion: text(get(d, "bios_version")),
			BootMode: text(get(d, "boot_mode")), BootstrapProtocol: text(get(d, "bootstrap_protocol")),
			PXEInterface: numberOr(get(d, "pxe_interface"), 0), CPUSets: textMap(get(d, "cpu_sets")),
		}
		for name, a := range pairs(get(d, "device_aliases")) {
			h.Aliases = append(h.Aliases, Alias{
				Name: name.Value, BusType: text(get(a, "bus_type")), DevType: text(get(a, "dev_type")), Address: text(get(a, "address")),
			})
		}
		slices.SortStableFunc(h.Aliases, func(a, b Alias) int { return cmp.Compare(a.Name, b.Name) })
		for name, p := range pairs(get(d, "hugepages")) {
			if h.HugePages == nil {
				h.HugePages = make(map[string]HugePages)
			}
			h.HugePages[name.Value] = HugePages{Size: text(get(p, "size")), Count: numberOr(get(p, "count"), 0)}
		}
		c.site.HardwareProfiles = append(c.site.HardwareProfiles, h)
		c.hardware[h.Name] = h
	}
}

// address reads an IP address and reports a malformed one.
func (c *compiler) address(n *element) netip.Addr {
	if n == nil || n.Kind != scalarKind {
		return netip.Addr{}
	}
	a, err := netip.ParseAddr(n.Value)
	if err != nil || a.Zone() != "" {
		c.fault(n, badAddress, "write an IP address such as 10.1.2.3", "%s is %s, which is not an IP address", n.path(), quoted(n.Value))
		return netip.Addr{}
	}
	return a.Unmap()
}
