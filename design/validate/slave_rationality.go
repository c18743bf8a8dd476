package validate

import "drydock/design"

var slaveRationality = Rule{
	Code: "DD1024", Slug: "slave-rationality", Title: "Slaves of interfaces", Level: design.LevelError, Profiles: true,
	Why:   "a network card can be part of one configured interface only",
	Hint:  "an interface on a link with bonding has one or more slaves, any other exactly one, and no slave is shared",
	check: checkSlaveRationality,
}

func checkSlaveRationality(r *run) {
	for _, node := range r.nodes {
		owner := make(map[string]string)
		for _, face := range node.Interfaces {
			if face.Link == nil || face.Link.NoConfig() {
				// Not configured, so it takes no card away: many sites boot from a card that becomes part of a bond.
				continue
			}
			path := []any{"interfaces", face.Name}
			for i, slave := range face.Slaves {
				if first, taken := owner[slave]; taken {
					if labelledNoConfig(r, node, face.Name) || labelledNoConfig(r, node, first) {
						continue
					}
					r.found(r.of(node, append(path, "slaves", i)...), "slave %s of interface %s is also a slave of %s", slave, face.Name, first)
					continue
				}
				owner[slave] = face.Name
			}
			switch bonded := face.Link.Bonding.Enabled(); {
			case len(face.Slaves) == 0:
				r.found(r.of(node, path...), "interface %s has no slaves and needs at least one", face.Name)
			case !bonded && len(face.Slaves) > 1:
				r.found(r.of(node, append(path, "slaves")...), "interface %s has %d slaves, but its link %s has no bonding and takes one", face.Name, len(face.Slaves), face.LinkName)
			}
		}
	}
}

// labelledNoConfig reports whether the interface itself has the label. The applied model leaves labels of interfaces out,
// because nothing but this exception looks at them.
func labelledNoConfig(r *run, node subject, face string) bool {
	p, _ := r.docs.Trace(node.kind, node.Name, "interfaces", face, "labels", "noconfig")
	return len(p.Chain) > 0 && !p.Chain[0].Removes
}
