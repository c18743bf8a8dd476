package validate

import "drydock/design"

var siteContent = Rule{
	Code: "DD1020", Slug: "site-content", Title: "Content of the site", Level: design.LevelWarning,
	Hint:  "a design has one Region and at least one BaremetalNode",
	check: checkSiteContent,
}

func checkSiteContent(r *run) {
	regions := r.docs.OfKind(design.KindRegion)
	if len(regions) == 0 {
		r.siteWide(design.LevelWarning, "the design has no Region")
	}
	for _, doc := range regions[:max(0, len(regions)-1)] {
		place := r.at(design.KindRegion, doc.Name)
		r.found(place, "there are %d Regions; only the last, %s, counts", len(regions), regions[len(regions)-1].Name)
	}
	if len(r.site.Nodes) == 0 {
		r.siteWide(design.LevelWarning, "the design has no nodes")
	}
}
