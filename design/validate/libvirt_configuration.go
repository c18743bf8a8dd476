package validate

import (
	"net/url"

	"drydock/design"
)

var libvirtConfiguration = Rule{
	Code: "DD4002", Slug: "libvirt-configuration", Title: "Valid Libvirt Configuration", Level: design.LevelError,
	Hint:  "type libvirt needs oob.libvirt_uri with the scheme qemu+ssh, and metadata.boot_mac of the node",
	check: checkLibvirtConfiguration,
}

func checkLibvirtConfiguration(r *run) {
	for _, node := range r.nodes {
		if node.OOB.Type != design.OOBLibvirt {
			continue
		}
		if node.OOB.LibvirtURI == "" {
			r.found(r.of(node, "oob"), "oob of type libvirt has no libvirt_uri")
		} else if u, err := url.Parse(node.OOB.LibvirtURI); err != nil || u.Scheme != "qemu+ssh" {
			r.found(r.of(node, "oob", "libvirt_uri"), "the scheme of libvirt_uri is not qemu+ssh")
		}
		if node.BootMAC == "" {
			r.found(r.of(node), "the node has no metadata.boot_mac")
		}
	}
}
