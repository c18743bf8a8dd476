package validate

import (
	"slices"

	"drydock/design"
)

var bootActionAssets = Rule{
	Code: "DD4003", Slug: "bootaction-assets", Title: "Assets of boot actions", Level: design.LevelError,
	Why:   "an asset without content or target can be written nowhere",
	Hint:  "a file or unit needs a path, and data or a location; a template needs utf8_decode before it",
	check: checkBootActionAssets,
}

func checkBootActionAssets(r *run) {
	for _, b := range r.site.BootActions {
		if len(b.Assets) == 0 {
			r.warn(r.at(design.KindBootAction, b.Name), "the boot action has no assets")
		}
		for i, a := range b.Assets {
			place := r.at(design.KindBootAction, b.Name, "assets", i)
			if a.Type != design.AssetPackages {
				if a.Path == "" {
					r.found(place, "an asset of type %s has no path", a.Type)
				}
				if a.Location == "" && !r.docs.Exists(design.KindBootAction, b.Name, "assets", i, "data") {
					r.found(place, "an asset of type %s has neither data nor a location", a.Type)
				}
			}
			template, decode := slices.Index(a.DataPipeline, "template"), slices.Index(a.DataPipeline, "utf8_decode")
			if template >= 0 && (decode < 0 || decode > template) {
				r.warn(r.at(design.KindBootAction, b.Name, "assets", i, "data_pipeline", template), "the template is given bytes, not text")
			}
		}
	}
}
