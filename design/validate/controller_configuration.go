package validate

import "drydock/design"

var controllerConfiguration = Rule{
	Code: "DD4001", Slug: "oob-configuration", Title: "Valid IPMI Configuration", Level: design.LevelError,
	Why:   "without a reachable controller nobody can switch the power of the machine",
	Hint:  "types ipmi and redfish need account, credential and network in oob, and a static address of the node on that network",
	check: checkControllerConfiguration,
}

// Redfish needs the same as IPMI. The original rule looked at IPMI only, and let a Redfish design fail at its first action.
func checkControllerConfiguration(r *run) {
	noType := r.family(func(s subject) bool { return s.OOB.Type == "" })
	lacking := controllerNeeds(r)
	for _, node := range r.nodes {
		switch node.OOB.Type {
		case design.OOBIPMI, design.OOBRedfish:
			controller(r, node, lacking)
		case "":
			r.warn(noType.place(node, "oob"), "no oob.type is given, so power can't be controlled out of band")
		}
	}
}

// need is a field that out-of-band control over a network does not work without.
type need struct {
	key  string
	none *family
}

func controllerNeeds(r *run) []need {
	return []need{
		{"account", r.family(func(s subject) bool { return s.OOB.Account == "" })},
		{"credential", r.family(func(s subject) bool { return s.OOB.Credential == "" })},
		{"network", r.family(func(s subject) bool { return s.OOB.Network == "" })},
	}
}

func controller(r *run, node subject, needs []need) {
	for _, n := range needs {
		if n.none.lacks(node) {
			r.found(n.none.place(node, "oob"), "oob of type %s has no %s", node.OOB.Type, n.key)
		}
	}
	if network := node.OOB.Network; network != "" && r.site.Network(network) != nil && node.BMCAddress() == "" {
		r.found(r.of(node, "addressing"), "the node has no static address on its out-of-band network %s", network)
	}
}
