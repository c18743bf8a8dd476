package validate

import (
	"strings"

	"drydock/design"
)

var siteContent = Rule{
	Code: "DD1020", Slug: "site-content", Title: "Content of the site", Level: design.LevelWarning,
	Why:   "a site has one name, one set of keys and repositories, and something to deploy",
	Hint:  "a design has one Region and at least one BaremetalNode",
	check: checkSiteContent,
}

func checkSiteContent(r *run) {
	regions := r.docs.OfKind(design.KindRegion)
	if len(regions) == 0 {
		r.siteWide(design.LevelWarning, "the design has no Region")
	}
	for _, doc := range regions[:max(0, len(regions)-1)] {
		r.found(r.at(design.KindRegion, doc.Name), "there are %d Regions, and the last one read, %s, wins; lost from this one: %s",
			len(regions), regions[len(regions)-1].Name, strings.Join(contentOf(r, doc.Name), ", "))
	}
	if len(r.site.Nodes) == 0 {
		r.siteWide(design.LevelWarning, "the design has no nodes")
	}
}

// contentOf names what a Region gives to its site.
func contentOf(r *run, region string) []string {
	lost := []string{"the site's name"}
	for _, key := range []string{"authorized_keys", "repositories", "tag_definitions"} {
		if r.docs.Exists(design.KindRegion, region, key) {
			lost = append(lost, key)
		}
	}
	return lost
}
