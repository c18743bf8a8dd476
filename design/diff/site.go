package diff

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strconv"

	"drydock/design"
	"drydock/design/render"
)

// siteFacts are what a design says of what all machines share.
func siteFacts(site *design.Site) facts {
	f := facts{}
	f.add(AreaSite, "name", site.Name)
	f.add(AreaSite, "remove_unlisted", strconv.FormatBool(site.Region.RemoveUnlisted))
	for _, key := range site.Region.AuthorizedKeys {
		f.add(AreaSite, "authorized key "+digest(key), "present")
	}
	for _, t := range site.Region.TagDefinitions {
		f.add(AreaSite, "tag "+t.Tag, t.Definition)
	}
	for _, r := range site.Region.Repositories {
		f.add(AreaSite, "repository "+r.Name, render.Clean("url", r.URL)+" "+digest(r))
	}
	return f
}

// actionsOf are the boot actions of each node by name, each with the digest of what it does there. Their content may be
// secret.
func actionsOf(site *design.Site) map[string]map[string]string {
	out := make(map[string]map[string]string)
	for _, b := range site.BootActions {
		content := digest(struct {
			Signaling bool
			Assets    []design.Asset
		}{b.Signaling, b.Assets})
		for _, n := range b.Filter.Select(site) {
			if out[n.Name] == nil {
				out[n.Name] = make(map[string]string)
			}
			out[n.Name][b.Name] = content
		}
	}
	return out
}

// digest is a short fingerprint of a value, enough to tell two apart.
func digest(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		return "" // text and maps of text can always be marshalled
	}
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:6])
}
