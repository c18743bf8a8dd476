package validate

import (
	"slices"

	"drydock/design"
)

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
		Hint: "design validate --site and drydock task run verify-site compare them with the bootstrapper",
	})
}

// Images is what the bootstrapper of the site has.
type Images struct {
	// Missing are platforms of the design whose image or kernel it lacks; those without a Kernel lack the image.
	Missing []design.Platform
	// Available is all that it has, for people.
	Available []string
}

// AtSite adds to a checked design what was found at the bootstrapper of the site: that an image or a kernel is missing
// takes the place of the message that nobody looked.
func (r Result) AtSite(images Images) Result {
	look := &run{rule: platformSelection, docs: r.Documents, site: r.Site, nodes: subjects(design.KindBaremetalNode, r.Site.Nodes)}
	look.rule.Hint = "the bootstrapper has " + listed(images.Available) + "; drydock task run prepare-site imports what its sources offer"
	if len(images.Available) == 0 {
		look.rule.Hint = "the bootstrapper has no images; drydock task run prepare-site imports what its sources offer"
	}
	lacks := func(p design.Platform, kernel string) bool {
		return slices.ContainsFunc(images.Missing, func(m design.Platform) bool { return m.Image == p.Image && m.Kernel == kernel })
	}
	image := look.family(func(s subject) bool { return lacks(s.Platform, "") })
	kernel := look.family(func(s subject) bool { return s.Platform.Kernel != "" && lacks(s.Platform, s.Platform.Kernel) })
	for _, node := range look.nodes {
		if image.lacks(node) {
			look.found(image.place(node, "platform", "image"), "image %q is not at the bootstrapper", node.Platform.Image)
		}
		if kernel.lacks(node) {
			look.found(kernel.place(node, "platform", "kernel"), "kernel %q is not among those of image %s at the bootstrapper",
				node.Platform.Kernel, node.Platform.Image)
		}
	}
	rest := slices.DeleteFunc(slices.Clone(r.Messages), func(m design.Message) bool {
		return m.Rule == platformSelection.Slug && m.Level == design.LevelInfo
	})
	r.Messages = append(rest, look.messages...).Distinct()
	r.Messages.Sort()
	return r
}
