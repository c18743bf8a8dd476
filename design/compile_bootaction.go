package design

func (c *compiler) bootActions() {
	for _, doc := range c.docs.distinct(KindBootAction) {
		b := &BootAction{
			Name: doc.Name, Signaling: flagOr(get(doc.data, "signaling"), true), Filter: nodeFilter(get(doc.data, "node_filter")),
		}
		for _, a := range items(get(doc.data, "assets")) {
			b.Assets = append(b.Assets, c.asset(a))
		}
		c.site.BootActions = append(c.site.BootActions, b)
	}
}

func nodeFilter(n *element) *NodeFilter {
	if n == nil {
		return nil
	}
	f := &NodeFilter{SetType: text(get(n, "filter_set_type"))}
	for _, t := range items(get(n, "filter_set")) {
		f.Set = append(f.Set, FilterTerm{
			Type: text(get(t, "filter_type")), NodeNames: texts(get(t, "node_names")), NodeTags: texts(get(t, "node_tags")),
			NodeLabels: textMap(get(t, "node_labels")), RackNames: texts(get(t, "rack_names")), RackLabels: textMap(get(t, "rack_labels")),
		})
	}
	return f
}

func (c *compiler) asset(n *element) Asset {
	a := Asset{
		Type: text(get(n, "type")), Path: text(get(n, "path")), Permissions: text(get(n, "permissions")),
		Location: text(get(n, "location")), LocationPipeline: texts(get(n, "location_pipeline")), DataPipeline: texts(get(n, "data_pipeline")),
	}
	data := get(n, "data")
	if data == nil {
		return a
	}
	if a.Type != AssetPackages {
		if data.Kind != scalarKind || data.Tag != "!!str" && data.Tag != "!!timestamp" {
			c.fault(data, wrongType, "put the content in quotes, or in a block", "%s is a %s and must be text", data.path(), typeName(data))
		}
		a.Data = text(data)
		return a
	}
	if data.Kind != mappingKind {
		c.fault(data, wrongType, "write a mapping from package to version, or to null", "%s is a %s and must be a mapping of packages", data.path(), typeName(data))
		return a
	}
	a.Packages = make(map[string]string)
	for name, version := range pairs(data) {
		if version.Kind != scalarKind || version.Tag == "!!bool" {
			c.fault(version, wrongType, "", "the version of package %s is a %s and must be text or null", quoted(name.Value), typeName(version))
			continue
		}
		a.Packages[name.Value] = text(version)
	}
	return a
}
