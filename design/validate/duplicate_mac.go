package validate

import "drydock/design"

var duplicateMAC = Rule{
	Code: "DD2019", Slug: "duplicate-boot-mac", Title: "Boot MAC addresses", Level: design.LevelError,
	Why:  "the boot MAC is how a machine is recognised; two nodes with one would be one machine",
	Hint: "each machine has a boot_mac of its own; two nodes with one would be one machine",
	check: func(r *run) {
		owner := make(map[string]string)
		for _, node := range r.nodes {
			if node.BootMAC == "" {
				continue
			}
			if first, taken := owner[node.BootMAC]; taken {
				r.found(r.of(node, "metadata", "boot_mac"), "%s is also the boot MAC of node %s", node.BootMAC, first)
				continue
			}
			owner[node.BootMAC] = node.Name
		}
	},
}
