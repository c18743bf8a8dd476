package validate

import (
	"fmt"

	"drydock/design"
)

// Images and kernels can only be compared with a live bootstrapper; that is done when the site is prepared.
var platformSelection = Rule{
	Code: "DD3001", Slug: "platform-selection", Title: "Platform Selection", Level: design.LevelError,
	Hint:  "name an image such as jammy and a kernel such as ga-22.04 in the platform",
	check: checkPlatformSelection,
}

func checkPlatformSelection(r *run) {
	for _, node := range r.nodes {
		if node.Platform.Image == "" {
			r.found(r.of(node, "platform"), "no image is given")
		}
		if node.Platform.Kernel == "" {
			r.found(r.of(node, "platform"), "no kernel is given")
		}
	}
	r.messages = append(r.messages, design.Message{
		Code: r.rule.Code, Rule: r.rule.Slug, Level: design.LevelInfo,
		Text: fmt.Sprintf("%d nodes have their images and kernels named; whether the bootstrapper has them was not checked", len(r.nodes)),
		Hint: "verify the site to compare with a live bootstrapper",
	})
}
