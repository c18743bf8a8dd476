package diff

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"drydock/design"
)

// machineFacts are what a design says of the machine of a node. Actions are the boot actions that it gets.
func machineFacts(site *design.Site, n *design.Node, actions map[string]string) facts {
	f := facts{}
	f.add(AreaIdentity, "fqdn", n.FQDN())
	f.add(AreaIdentity, "boot_mac", n.BootMAC)
	for _, face := range n.Interfaces {
		if face.Link != nil && !face.Link.NoConfig() { // any other is not configured on the machine
			interfaceFacts(f, site, n, face)
		}
	}
	storageFacts(f, n)
	f.add(AreaPlatform, "image", n.Platform.Image)
	f.add(AreaPlatform, "kernel", n.Platform.Kernel)
	f.add(AreaPlatform, "kernel_params", n.Platform.KernelCommandLine())
	for name, digest := range actions {
		f.add(AreaBootActions, name, digest)
	}
	f.add(AreaTags, "tags", strings.Join(slices.Sorted(slices.Values(n.Tags)), ", "))
	for key, value := range n.OwnerData {
		f.clean(AreaTags, "owner_data."+key, key, value)
	}
	f.add(AreaTags, "rack", n.Rack)
	controlFacts(f, n)
	return f
}

func interfaceFacts(f facts, site *design.Site, n *design.Node, face design.Interface) {
	add := func(field, value string) { f.add(AreaNetwork, face.Name+"."+field, value) }
	var cards []string
	for _, slave := range face.Slaves {
		cards = append(cards, device(n, slave))
	}
	add("cards", strings.Join(cards, ", "))
	add("mtu", strconv.Itoa(face.Link.MTU))
	add("bonding", bonding(face.Link.Bonding))
	if face.SRIOV != nil {
		add("sriov", fmt.Sprintf("%d functions, trusted: %t", face.SRIOV.VFCount, face.SRIOV.TrustMode))
	}
	for _, name := range face.Networks {
		network := site.Network(name)
		if network == nil {
			continue
		}
		on := func(field, value string) { add(name+"."+field, value) }
		vlan := "untagged"
		if name != face.Link.DefaultNetwork && network.VLAN != 0 {
			vlan = strconv.Itoa(network.VLAN)
		}
		on("vlan", vlan)
		if network.MTU != 0 {
			on("mtu", strconv.Itoa(network.MTU))
		}
		on("cidr", network.CIDR.String())
		on("address", address(n, name))
		on("dns", strings.Join(network.DNSServers, ", "))
		if gateway := network.Gateway(); gateway.IsValid() && name == n.PrimaryNetwork {
			on("gateway", gateway.String())
		}
		for _, r := range network.Routes {
			if r.Subnet.IsValid() && r.Subnet.Bits() > 0 {
				on("route "+r.Subnet.String(), fmt.Sprintf("via %s, metric %d", r.Gateway, r.Metric))
			}
		}
	}
}

// device is a network card or disk as the machine has it: its bus address, where an alias says so.
func device(n *design.Node, name string) string {
	if n.HardwareProfile != nil {
		if alias, ok := n.HardwareProfile.Alias(name); ok {
			return alias.BusType + "@" + alias.Address
		}
	}
	return name
}

func bonding(b design.Bonding) string {
	if !b.Enabled() {
		return "none"
	}
	text := b.Mode
	if b.Mode == design.Bond8023AD {
		text += ", hash " + b.Hash + ", peer_rate " + b.PeerRate
	}
	return fmt.Sprintf("%s, mon_rate %d ms, up_delay %d ms, down_delay %d ms", text, b.MonRate, b.UpDelay, b.DownDelay)
}

func address(n *design.Node, network string) string {
	a, ok := n.Address(network)
	switch {
	case !ok:
		return "none"
	case a.DHCP:
		return "dhcp"
	}
	return a.IP.String()
}

func storageFacts(f facts, n *design.Node) {
	for _, d := range n.Storage.Devices {
		f.add(AreaStorage, d.Name+".device", device(n, d.Name))
		f.add(AreaStorage, d.Name+".volume_group", d.VolumeGroup)
		if d.BootDrive() {
			f.add(AreaStorage, d.Name+".bootdrive", "true")
		}
		var order []string
		for _, p := range d.Partitions {
			order = append(order, p.Name)
			at := d.Name + "." + p.Name
			f.add(AreaStorage, at+".size", p.Size.Text)
			f.add(AreaStorage, at+".uuid", p.UUID)
			f.add(AreaStorage, at+".volume_group", p.VolumeGroup)
			f.add(AreaStorage, at+".filesystem", filesystem(p.Filesystem))
			if p.Bootable {
				f.add(AreaStorage, at+".bootable", "true")
			}
		}
		f.add(AreaStorage, d.Name+".partitions", strings.Join(order, ", "))
	}
	for _, g := range n.Storage.VolumeGroups {
		f.add(AreaStorage, g.Name+".uuid", g.UUID)
		var order []string
		for _, v := range g.LogicalVolumes {
			order = append(order, v.Name)
			at := g.Name + "." + v.Name
			f.add(AreaStorage, at+".size", v.Size.Text)
			f.add(AreaStorage, at+".uuid", v.UUID)
			f.add(AreaStorage, at+".filesystem", filesystem(v.Filesystem))
		}
		f.add(AreaStorage, g.Name+".volumes", strings.Join(order, ", "))
	}
}

func filesystem(fs *design.Filesystem) string {
	if fs == nil {
		return ""
	}
	parts := []string{fs.Type}
	for _, p := range []struct{ before, text string }{{"at ", fs.MountPoint}, {"options ", fs.MountOptions}, {"uuid ", fs.UUID}, {"label ", fs.Label}} {
		if p.text != "" {
			parts = append(parts, p.before+p.text)
		}
	}
	return strings.Join(parts, ", ")
}

// controlFacts are how the machine is reached out of band. It holds the credential, so values are compared and not shown.
func controlFacts(f facts, n *design.Node) {
	f.add(AreaOOB, "type", n.OOB.Type)
	f.add(AreaOOB, "account", n.OOB.Account)
	f.add(AreaOOB, "address", n.BMCAddress())
	f.hide(AreaOOB, "credential", n.OOB.Credential.Reveal())
	f.hide(AreaOOB, "libvirt_uri", n.OOB.LibvirtURI)
	for _, key := range slices.Sorted(maps.Keys(n.OOB.Parameters)) {
		f.hide(AreaOOB, key, n.OOB.Parameters[key])
	}
}
