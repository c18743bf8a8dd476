package render

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"drydock/design"
)

// documents are the effective design as documents again: no host profiles, as every node has all of its values, and no
// route domains, as every network has its routes. With names, only these nodes. They are the parts of the view, edited
// where documents have another form.
func documents(site *design.Site, names []string) ([]*yaml.Node, error) {
	view, err := viewOf(site, names)
	if err != nil {
		return nil, err
	}
	var out []*yaml.Node
	var failed error
	add := func(kind, name string, view any, edit func(data *yaml.Node)) {
		data := &yaml.Node{}
		if err := data.Encode(view); err != nil {
			failed = fmt.Errorf("render %s %s of site %s: %w", kind, name, site.Name, err)
			return
		}
		remove(data, "name", "host_profile")
		if edit != nil {
			edit(data)
		}
		out = append(out, object("schema", text("drydock/"+kind+"/v1"), "metadata", object("name", text(name)), "data", data))
	}
	if view.Region != nil && view.Region.Name != "" {
		add(design.KindRegion, view.Region.Name, view.Region, editRegion)
	}
	for _, r := range view.Racks {
		add(design.KindRack, r.Name, r, nil)
	}
	for _, l := range view.NetworkLinks {
		add(design.KindNetworkLink, l.Name, l, editLink)
	}
	for _, n := range view.Networks {
		add(design.KindNetwork, n.Name, n, editNetwork)
	}
	for _, h := range view.HardwareProfiles {
		add(design.KindHardwareProfile, h.Name, h, nil)
	}
	for _, n := range view.Nodes {
		add(design.KindBaremetalNode, n.Name, n, editNode)
	}
	for i, a := range view.BootActions {
		add(design.KindBootAction, a.Name, a, func(data *yaml.Node) { editBootAction(data, site.BootActions[i]) })
	}
	return out, failed
}

// editRegion puts remove_unlisted among the repositories.
func editRegion(data *yaml.Node) {
	unlisted := remove(data, "remove_unlisted")
	if unlisted == nil || unlisted.Value != "true" {
		return
	}
	repositories := get(data, "repositories")
	if repositories == nil {
		repositories = object()
		set(data, "repositories", repositories)
	}
	repositories.Content = append([]*yaml.Node{text("remove_unlisted"), unlisted}, repositories.Content...)
}

// editLink names the times of a bond that are 0, which would be their default otherwise.
func editLink(data *yaml.Node) {
	bonding := get(data, "bonding")
	if mode := get(bonding, "mode"); mode == nil || mode.Value == design.BondDisabled {
		return
	}
	for _, time := range []string{"mon_rate", "up_delay", "down_delay"} {
		if get(bonding, time) == nil {
			set(bonding, time, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Value: "0"})
		}
	}
}

// editNetwork leaves the routes that are there, also those that a route domain made, and joins the DNS servers.
func editNetwork(data *yaml.Node) {
	remove(data, "routedomain")
	if servers := get(get(data, "dns"), "servers"); servers != nil {
		all := make([]string, len(servers.Content))
		for i, s := range servers.Content {
			all[i] = s.Value
		}
		*servers = *text(strings.Join(all, ","))
	}
	routes := get(data, "routes")
	if routes == nil {
		return
	}
	var seen []string
	routes.Content = slices.DeleteFunc(routes.Content, func(route *yaml.Node) bool {
		remove(route, "routedomain")
		subnet, gateway := get(route, "subnet"), get(route, "gateway")
		if subnet == nil || gateway == nil {
			return true // a template of a route domain
		}
		key := subnet.Value + " " + gateway.Value + " " + get(route, "metric").Value
		known := slices.Contains(seen, key)
		seen = append(seen, key)
		return known
	})
	if len(routes.Content) == 0 {
		remove(data, "routes")
	}
}

// editNode takes the further keys of oob out of their group and makes the kernel parameters a map, in their order.
func editNode(data *yaml.Node) {
	data.HeadComment = remove(data, "fqdn").Value
	oob := get(data, "oob")
	if parameters := remove(oob, "parameters"); parameters != nil {
		oob.Content = append(oob.Content, parameters.Content...)
	}
	params := get(get(data, "platform"), "kernel_params")
	if params == nil {
		return
	}
	table := object()
	for _, p := range params.Content {
		key, value, valued := strings.Cut(p.Value, "=")
		if valued {
			set(table, key, text(value))
		} else {
			set(table, key, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: "true"})
		}
	}
	*params = *table
}

// left is what stands for the contents of an asset.
var left = regexp.MustCompile(`^` + regexp.QuoteMeta(placeholder) + ` [0-9]+ bytes, sha256:[0-9a-f]{64}$`)

// editBootAction gives assets their data back: packages as they are, contents as what stands for them.
func editBootAction(data *yaml.Node, action *design.BootAction) {
	assets := get(data, "assets")
	for i, asset := range assets.Content {
		size, sum := remove(asset, "data_bytes"), remove(asset, "data_sha256")
		packages := remove(asset, "packages")
		switch {
		case packages != nil:
			set(asset, "data", packages)
		case size == nil:
		case left.MatchString(action.Assets[i].Data): // it was left out before
			set(asset, "data", text(action.Assets[i].Data))
		default:
			set(asset, "data", text(fmt.Sprintf("%s %s bytes, sha256:%s", placeholder, size.Value, sum.Value)))
		}
	}
}

func text(s string) *yaml.Node {
	n := &yaml.Node{}
	n.SetString(s)
	return n
}

// object makes a mapping of keys and nodes in turn.
func object(pairs ...any) *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	for i := 0; i+1 < len(pairs); i += 2 {
		set(n, pairs[i].(string), pairs[i+1].(*yaml.Node))
	}
	return n
}

// get finds the value of a key; nil when there is none, or no mapping.
func get(n *yaml.Node, key string) *yaml.Node {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

func set(n *yaml.Node, key string, value *yaml.Node) { n.Content = append(n.Content, text(key), value) }

// remove takes keys out of a mapping, and returns the value of the last that was there.
func remove(n *yaml.Node, keys ...string) *yaml.Node {
	var value *yaml.Node
	for i := 0; n != nil && i+1 < len(n.Content); {
		if !slices.Contains(keys, n.Content[i].Value) {
			i += 2
			continue
		}
		value = n.Content[i+1]
		n.Content = slices.Delete(n.Content, i, i+2)
	}
	return value
}
