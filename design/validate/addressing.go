package validate

import (
	"net/netip"
	"strings"

	"drydock/design"
)

// entry is an entry of a node's addressing as its document has it. The applied model leaves malformed ones out, so
// positions are those of the document.
type entry struct {
	network string
	ip      netip.Addr // not valid for DHCP and for what is no address
	dhcp    bool
}

func addressing(r *run, s subject) []entry { return r.known.addressing()[s.Node] }

func readAddressing(docs *design.Documents, s subject) []entry {
	out := make([]entry, 0, len(s.Addresses))
	if !docs.Exists(s.kind, s.Name, "addressing", len(s.Addresses)) {
		// None was left out, so the model has all of them.
		for _, a := range s.Addresses {
			out = append(out, entry{network: a.Network, ip: a.IP, dhcp: a.DHCP})
		}
		return out
	}
	for i := 0; docs.Exists(s.kind, s.Name, "addressing", i); i++ {
		text := docs.Written(s.kind, s.Name, "addressing", i, "address")
		ip, _ := netip.ParseAddr(text)
		out = append(out, entry{
			network: docs.Written(s.kind, s.Name, "addressing", i, "network"),
			ip:      ip.Unmap(), dhcp: strings.EqualFold(text, "dhcp"),
		})
	}
	return out
}
