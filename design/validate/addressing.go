package validate

import (
	"net/netip"
	"strings"
)

// entry is an entry of a node's addressing as its document has it. The applied model leaves malformed ones out, so
// positions are those of the document.
type entry struct {
	network string
	ip      netip.Addr // not valid for DHCP and for what is no address
	dhcp    bool
}

func addressing(r *run, s subject) []entry {
	var out []entry
	for i := 0; r.docs.Exists(s.kind, s.Name, "addressing", i); i++ {
		text := r.docs.Written(s.kind, s.Name, "addressing", i, "address")
		ip, _ := netip.ParseAddr(text)
		out = append(out, entry{
			network: r.docs.Written(s.kind, s.Name, "addressing", i, "network"),
			ip:      ip.Unmap(), dhcp: strings.EqualFold(text, "dhcp"),
		})
	}
	return out
}
