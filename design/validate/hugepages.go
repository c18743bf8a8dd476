package validate

import "drydock/design"

var hugepages = Rule{
	Code: "DD1008", Slug: "hugepages", Title: "Hugepages", Level: design.LevelError, Profiles: true,
	Why:   "the kernel takes the number of pages for those of the size in front of it",
	Hint:  "set both hugepagesz and hugepages, or neither",
	check: checkHugepages,
}

func checkHugepages(r *run) {
	for _, node := range r.nodes {
		has := func(key string) bool { return r.docs.Exists(node.kind, node.Name, "platform", "kernel_params", key) }
		for _, pair := range [][2]string{{"hugepages", "hugepagesz"}, {"hugepagesz", "hugepages"}} {
			if has(pair[0]) && !has(pair[1]) {
				r.found(r.of(node, "platform", "kernel_params", pair[0]), "kernel parameter %s is set without %s", pair[0], pair[1])
			}
		}
	}
}
