package design

import (
	"cmp"
	"net"
	"slices"
	"strings"
)

// nodes makes the effective nodes of documents, in their order. Given host profiles it makes the nodes that the profiles
// would make, which serves to check the profiles.
func (c *compiler) nodes(docs []*Document) []*Node {
	if len(docs) == 0 {
		return nil
	}
	out := make([]*Node, len(docs))
	messages := make([]Messages, len(docs))
	inParallel(len(docs), func(from, to int) {
		// What is shared is shared within a part only: looking for it needs no lock then.
		part := *c
		part.shared = newShared()
		for i := from; i < to; i++ {
			part.reporter = reporter{}
			out[i] = part.node(docs[i])
			messages[i] = part.messages
		}
	})
	for _, ms := range messages {
		for _, m := range ms {
			c.add(m)
		}
	}
	return out
}

func (c *compiler) node(doc *Document) *Node {
	d := doc.effective
	metadata, platform := get(d, "metadata"), get(d, "platform")
	n := &Node{
		Name: doc.Name, Domain: defaultDomain,
		Rack: text(get(metadata, "rack")), HostProfile: text(get(d, "host_profile")),
		PrimaryNetwork: text(get(d, "primary_network")),
		OOB:            once(c.shared.oob, get(d, "oob"), doc, oob),
		Interfaces:     once(c.shared.interfaces, get(d, "interfaces"), doc, c.interfaces),
		Storage:        once(c.shared.storage, get(d, "storage"), doc, c.storage),
		Tags:           once(c.shared.texts, get(metadata, "tags"), doc, texts),
		OwnerData:      once(c.shared.maps, get(metadata, "owner_data"), doc, textMap),
	}
	if network := c.networks[n.PrimaryNetwork]; network != nil {
		n.Domain = network.DNSDomain
	}
	n.HardwareProfile = c.hardwareOf(d)
	n.Platform = Platform{
		Image: text(get(platform, "image")), Kernel: text(get(platform, "kernel")),
		KernelParams: once(c.shared.kernelParams(n.HardwareProfile), get(platform, "kernel_params"), doc, func(params *element) []string {
			return c.kernelParams(params, n.HardwareProfile)
		}),
	}
	if doc.Kind == KindBaremetalNode {
		n.BootMAC = c.mac(get(metadata, "boot_mac"))
		n.Addresses = c.addresses(get(d, "addressing"))
	}
	return n
}

// hardwareOf finds the hardware profile.
func (c *compiler) hardwareOf(d *element) *HardwareProfile {
	ref := get(d, "hardware_profile")
	if text(ref) == "" {
		return nil
	}
	h := c.hardware[ref.Value]
	if h == nil {
		c.fault(ref, noHardware, suggest(ref.Value, c.docs.names(KindHardwareProfile)), "hardware profile %s is not in the design", quoted(ref.Value))
	}
	return h
}

func oob(n *element) OOB {
	out := OOB{
		Type: text(get(n, "type")), Account: text(get(n, "account")), Credential: Secret(text(get(n, "credential"))),
		Network: text(get(n, "network")), LibvirtURI: text(get(n, "libvirt_uri")),
	}
	for key, value := range pairs(n) {
		switch key.Value {
		case "type", "account", "credential", "network", "libvirt_uri":
			continue
		}
		if out.Parameters == nil {
			out.Parameters = make(map[string]string)
		}
		out.Parameters[key.Value] = text(value)
	}
	return out
}

func (c *compiler) interfaces(n *element) []Interface {
	var out []Interface
	for name, d := range pairs(n) {
		i := Interface{
			Name: name.Value, LinkName: text(get(d, "device_link")),
			Slaves: texts(get(d, "slaves")), Networks: texts(get(d, "networks")),
		}
		if i.LinkName != "" {
			i.Link = c.links[i.LinkName]
		}
		if s := get(d, "sriov"); s != nil {
			// The format's schema says trustmode, its original reader looked for trustedmode.
			trust := cmp.Or(get(s, "trustmode"), get(s, "trustedmode"))
			i.SRIOV = &SRIOV{VFCount: numberOr(get(s, "vf_count"), 0), TrustMode: flagOr(trust, false)}
		}
		out = append(out, i)
	}
	slices.SortStableFunc(out, func(a, b Interface) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

func (c *compiler) storage(n *element) Storage {
	var out Storage
	for name, d := range pairs(get(n, "physical_devices")) {
		device := Device{Name: name.Value, Labels: textMap(get(d, "labels")), VolumeGroup: text(get(d, "volume_group"))}
		for _, p := range items(get(d, "partitions")) {
			device.Partitions = append(device.Partitions, Partition{
				Name: text(get(p, "name")), Size: c.size(p), Bootable: flagOr(get(p, "bootable"), false),
				UUID: text(get(p, "part_uuid")), VolumeGroup: text(get(p, "volume_group")), Filesystem: filesystem(get(p, "filesystem")),
			})
		}
		out.Devices = append(out.Devices, device)
	}
	for name, g := range pairs(get(n, "volume_groups")) {
		group := VolumeGroup{Name: name.Value, UUID: text(get(g, "vg_uuid"))}
		for _, v := range items(get(g, "logical_volumes")) {
			group.LogicalVolumes = append(group.LogicalVolumes, LogicalVolume{
				Name: text(get(v, "name")), Size: c.size(v), UUID: text(get(v, "lv_uuid")), Filesystem: filesystem(get(v, "filesystem")),
			})
		}
		out.VolumeGroups = append(out.VolumeGroups, group)
	}
	slices.SortStableFunc(out.Devices, func(a, b Device) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortStableFunc(out.VolumeGroups, func(a, b VolumeGroup) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// size reads the size of a partition or volume. It may come from a parent, so only the effective entry can lack it.
func (c *compiler) size(volume *element) Size {
	n := get(volume, "size")
	if n == nil {
		c.fault(volume, missing, "give it a size such as 20g, 30% or >10g", "%s.size is missing", volume.path())
		return Size{}
	}
	if n.Kind != scalarKind {
		return Size{}
	}
	s, err := ParseSize(n.Value)
	if err != nil {
		c.fault(n, badSize, "write an amount such as 20g, 30% or >10g", "%s: %s", n.path(), err)
		return Size{Text: n.Value}
	}
	return s
}

func filesystem(n *element) *Filesystem {
	if n == nil || n.Kind != mappingKind {
		return nil
	}
	return &Filesystem{
		MountPoint: text(get(n, "mountpoint")), Type: textOr(get(n, "fstype"), "ext4"),
		MountOptions: textOr(get(n, "mount_options"), "defaults"), UUID: text(get(n, "fs_uuid")), Label: text(get(n, "fs_label")),
	}
}

func (c *compiler) addresses(n *element) []Address {
	var out []Address
	for _, entry := range items(n) {
		a := Address{Network: text(get(entry, "network"))}
		switch value := get(entry, "address"); {
		case value == nil || value.Kind != scalarKind:
			continue
		case strings.EqualFold(value.Value, "dhcp"):
			a.DHCP = true
		default:
			if a.IP = c.address(value); !a.IP.IsValid() {
				continue // neither DHCP nor static: there is nothing to configure
			}
		}
		out = append(out, a)
	}
	return out
}

func (c *compiler) mac(n *element) string {
	if text(n) == "" {
		return ""
	}
	m, err := net.ParseMAC(n.Value)
	if err != nil || len(m) != 6 {
		c.fault(n, badMAC, "write six pairs such as 52:54:00:12:34:56", "%s is %s, which is not a MAC address", n.path(), quoted(n.Value))
		return ""
	}
	return m.String()
}
