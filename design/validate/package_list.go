package validate

import (
	"maps"
	"regexp"
	"slices"

	"drydock/design"
)

var packageList = Rule{
	Code: "DD4002", Slug: "package-list", Title: "Bootaction pkg_list Validation", Level: design.LevelError,
	Why:   "the installer stops at a version that is none",
	Hint:  "name packages in data, each with a Debian version such as 1:2.3-4ubuntu1, or null for any",
	check: checkPackageList,
}

// version is a Debian version: epoch, upstream version and revision, of which the last may be missing (native packages).
var version = regexp.MustCompile(`^([0-9]+:)?[a-zA-Z0-9.+~-]+$`)

func checkPackageList(r *run) {
	for _, b := range r.site.BootActions {
		for i, a := range b.Assets {
			if a.Type != design.AssetPackages {
				continue
			}
			if a.Location == "" && len(a.Packages) == 0 {
				r.found(r.at(design.KindBootAction, b.Name, "assets", i), "the list names no packages and has no location")
			}
			for _, name := range slices.Sorted(maps.Keys(a.Packages)) {
				if v := a.Packages[name]; v != "" && !version.MatchString(v) {
					r.found(r.at(design.KindBootAction, b.Name, "assets", i, "data", name), "%q of package %s is not a Debian version", v, name)
				}
			}
		}
	}
}
