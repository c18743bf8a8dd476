package validate

import "drydock/design"

var controllerConfiguration = Rule{
	Code: "DD4001", Slug: "oob-configuration", Title: "Valid IPMI Configuration", Level: design.LevelError,
	Hint:  "types ipmi and redfish need account, credential and network in oob, and a static address of the node on that network",
	check: checkControllerConfiguration,
}

// Redfish needs the same as IPMI. The original rule looked at IPMI only, and let a Redfish design fail at its first action.
func checkControllerConfiguration(r *run) {
	for _, node := range r.nodes {
		switch node.OOB.Type {
		case design.OOBIPMI, design.OOBRedfish:
			controller(r, node)
		case "":
			r.warn(r.of(node, "oob"), "no oob.type is given, so power can't be controlled out of band")
		}
	}
}

func controller(r *run, node subject) {
	oob := node.OOB
	for _, need := range []struct {
		key string
		has bool
	}{{"account", oob.Account != ""}, {"credential", oob.Credential != ""}, {"network", oob.Network != ""}} {
		if !need.has {
			r.found(r.of(node, "oob"), "oob of type %s has no %s", oob.Type, need.key)
		}
	}
	if oob.Network != "" && node.BMCAddress() == "" {
		r.found(r.of(node, "addressing"), "the node has no static address on its out-of-band network %s", oob.Network)
	}
}
