package validate

import (
	"regexp"
	"strings"

	"drydock/design"
)

var hostnameValidity = Rule{
	Code: "DD3003", Slug: "hostname-validity", Title: "Hostname Validity", Level: design.LevelError,
	Why:   "the name of a node becomes its host name, and has to be one in DNS",
	Hint:  "names of nodes and domains have labels of up to 63 letters, digits and hyphens, 255 characters in all",
	check: checkHostnameValidity,
}

const longestName = 255

var label = regexp.MustCompile(`(?i)^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

func checkHostnameValidity(r *run) {
	for _, node := range r.nodes {
		if len(node.FQDN()) > longestName {
			r.found(r.of(node), "the full name has %d characters and may have %d", len(node.FQDN()), longestName)
		}
		if !label.MatchString(node.Name) {
			r.found(r.of(node), "%q is not a host name", node.Name)
		}
	}
	for _, n := range r.site.Networks {
		for _, l := range strings.Split(n.DNSDomain, ".") {
			if !label.MatchString(l) {
				r.found(r.at(design.KindNetwork, n.Name, "dns", "domain"), "%q of the domain is not a DNS label", l)
				break
			}
		}
	}
}
