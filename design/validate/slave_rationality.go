package validate

import "drydock/design"

var slaveRationality = Rule{
	Code: "DD1024", Slug: "slave-rationality", Title: "Slaves of interfaces", Level: design.LevelError, Profiles: true,
	Hint:  "an interface on a link with bonding has one or more slaves, any other exactly one, and no slave is shared",
	check: checkSlaveRationality,
}

func checkSlaveRationality(r *run) {
	for _, node := range r.nodes {
		owner := make(map[string]string)
		for _, face := range node.Interfaces {
			path := []any{"interfaces", face.Name}
			for i, slave := range face.Slaves {
				if first, taken := owner[slave]; taken {
					r.found(r.of(node, append(path, "slaves", i)...), "slave %s of interface %s is also a slave of %s", slave, face.Name, first)
					continue
				}
				owner[slave] = face.Name
			}
			if face.Link == nil {
				continue // not configured
			}
			switch bonded := face.Link.Bonding.Enabled(); {
			case len(face.Slaves) == 0:
				r.found(r.of(node, path...), "interface %s has no slaves", face.Name)
			case !bonded && len(face.Slaves) > 1:
				r.found(r.of(node, append(path, "slaves")...), "interface %s has %d slaves, but its link %s has no bonding", face.Name, len(face.Slaves), face.LinkName)
			}
		}
	}
}
