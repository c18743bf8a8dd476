package validate

import "drydock/design"

// Images and kernels can only be compared with a live bootstrapper; that is done when the site is verified and prepared.
var platformSelection = Rule{
	Code: "DD3001", Slug: "platform-selection", Title: "Platform Selection", Level: design.LevelError,
	Why:   "a machine is installed with the image and kernel that are named, and not at all without",
	Hint:  "name an image such as jammy and a kernel such as ga-22.04 in the platform",
	check: checkPlatformSelection,
}

func checkPlatformSelection(r *run) {
	noImage := r.family(func(s subject) bool { return s.Platform.Image == "" })
	noKernel := r.family(func(s subject) bool { return s.Platform.Kernel == "" })
	for _, node := range r.nodes {
		if noImage.lacks(node) {
			r.found(noImage.place(node, "platform"), "no image is given")
		}
		if noKernel.lacks(node) {
			r.found(noKernel.place(node, "platform"), "no kernel is given")
		}
	}
	r.messages = append(r.messages, design.Message{
		Code: r.rule.Code, Rule: r.rule.Slug, Level: design.LevelInfo,
		Text: "whether the images and kernels that nodes name are available was not checked: there is no bootstrapper at hand",
		Hint: "drydock task run verify-site compares them with the bootstrapper",
	})
}
