package validate

import (
	"net/url"
	"strings"

	"drydock/design"
)

var libvirtConfiguration = Rule{
	Code: "DD4002", Slug: "libvirt-configuration", Title: "Valid Libvirt Configuration", Level: design.LevelError,
	Why:   "a virtual machine is switched over ssh, and recognised by its boot MAC",
	Hint:  "type libvirt needs oob.libvirt_uri with the scheme qemu+ssh, and metadata.boot_mac of the node",
	check: checkLibvirtConfiguration,
}

func checkLibvirtConfiguration(r *run) {
	noURI := r.family(func(s subject) bool { return s.OOB.LibvirtURI == "" })
	for _, node := range r.nodes {
		if node.OOB.Type != design.OOBLibvirt {
			continue
		}
		if noURI.lacks(node) {
			r.found(noURI.place(node, "oob"), "oob of type libvirt has no libvirt_uri")
		} else if u, err := url.Parse(node.OOB.LibvirtURI); err != nil || u.Scheme != "qemu+ssh" {
			r.found(r.of(node, "oob", "libvirt_uri"), "the scheme of libvirt_uri is %q and must be qemu+ssh", schemeOf(node.OOB.LibvirtURI))
		}
		if node.BootMAC == "" {
			r.found(r.of(node), "the node has no metadata.boot_mac")
		}
	}
}

// schemeOf is all of an address that is sure to hold no password.
func schemeOf(uri string) string {
	scheme, _, ok := strings.Cut(uri, "://")
	if !ok {
		return ""
	}
	return scheme
}
