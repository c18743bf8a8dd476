package design

import (
	"cmp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// The merge rules of the design format: a scalar of the child wins, and "!" or -1 unsets it; mappings merge key by key and
// "!key" removes; lists of text keep the child's members first and "!member" cancels; lists with names merge the entries of
// one name field by field and "!name" removes. A removal also has to go where there is nothing to inherit, so a document
// without a parent is merged with an empty one.

// merge lays a document over its effective parent, which may be nil.
func (l *lineage) merge(doc *Document, parent *yaml.Node) *yaml.Node {
	b := l.builder(doc.data, parent)
	b.keep("host_profile", "addressing")
	b.scalar("hardware_profile", "primary_network")
	b.with("oob", l.mergeOOB)
	b.with("interfaces", func(c, p *yaml.Node) *yaml.Node { return l.keyed(c, p, l.mergeInterface) })
	b.with("storage", l.mergeStorage)
	b.with("platform", l.mergePlatform)
	b.with("metadata", l.mergeMetadata)
	return b.out
}

// mergeOOB merges key by key, but the type is a scalar that can be unset.
func (l *lineage) mergeOOB(c, p *yaml.Node) *yaml.Node {
	out := l.keyed(c, p, pickChild)
	for i := 0; i+1 < len(out.Content); i += 2 {
		if out.Content[i].Value == "type" && isUnset(out.Content[i+1]) {
			out.Content = slices.Delete(out.Content, i, i+2)
			break
		}
	}
	return out
}

func (l *lineage) mergeInterface(c, p *yaml.Node) *yaml.Node {
	b := l.builder(c, p)
	b.scalar("device_link")
	b.with("slaves", l.mergeTexts)
	b.with("networks", l.mergeTexts)
	b.with("sriov", func(c, p *yaml.Node) *yaml.Node { return l.keyed(c, p, pickChild) })
	return b.out
}

func (l *lineage) mergeStorage(c, p *yaml.Node) *yaml.Node {
	b := l.builder(c, p)
	b.with("physical_devices", func(c, p *yaml.Node) *yaml.Node { return l.keyed(c, p, l.mergeDevice) })
	b.with("volume_groups", func(c, p *yaml.Node) *yaml.Node { return l.keyed(c, p, l.mergeGroup) })
	return b.out
}

func (l *lineage) mergeDevice(c, p *yaml.Node) *yaml.Node {
	b := l.builder(c, p)
	b.with("labels", func(c, p *yaml.Node) *yaml.Node { return l.keyed(c, p, pickChild) })
	b.scalar("volume_group")
	b.with("partitions", func(c, p *yaml.Node) *yaml.Node { return l.named(c, p, l.mergeVolume) })
	return b.out
}

func (l *lineage) mergeGroup(c, p *yaml.Node) *yaml.Node {
	b := l.builder(c, p)
	b.scalar("vg_uuid")
	b.with("logical_volumes", func(c, p *yaml.Node) *yaml.Node { return l.named(c, p, l.mergeVolume) })
	return b.out
}

// mergeVolume merges a partition or a logical volume.
func (l *lineage) mergeVolume(c, p *yaml.Node) *yaml.Node {
	b := l.builder(c, p)
	b.scalar("name", "size", "bootable", "part_uuid", "lv_uuid", "volume_group")
	b.with("labels", func(c, p *yaml.Node) *yaml.Node { return l.keyed(c, p, pickChild) })
	b.with("filesystem", func(c, p *yaml.Node) *yaml.Node { return l.keyed(c, p, pickChild) })
	return b.out
}

func (l *lineage) mergePlatform(c, p *yaml.Node) *yaml.Node {
	b := l.builder(c, p)
	b.scalar("image", "kernel")
	b.with("kernel_params", func(c, p *yaml.Node) *yaml.Node { return l.keyed(c, p, pickChild) })
	return b.out
}

func (l *lineage) mergeMetadata(c, p *yaml.Node) *yaml.Node {
	b := l.builder(c, p)
	b.keep("boot_mac")
	b.scalar("rack")
	b.with("tags", l.mergeTexts)
	b.with("owner_data", func(c, p *yaml.Node) *yaml.Node { return l.keyed(c, p, pickChild) })
	return b.out
}

// builder makes a mapping out of those of a child and a parent; both may be nil or of a wrong type.
type builder struct {
	l             *lineage
	child, parent *yaml.Node
	out           *yaml.Node
}

func (l *lineage) builder(child, parent *yaml.Node) *builder {
	return &builder{l, child, parent, l.fresh(yaml.MappingNode, child, parent)}
}

// fresh is an empty collection that stands where the child's stands, or else the parent's.
func (l *lineage) fresh(kind yaml.Kind, child, parent *yaml.Node) *yaml.Node {
	base := cmp.Or(child, parent)
	out := &yaml.Node{Kind: kind}
	if base != nil {
		out.Line, out.Column = base.Line, base.Column
		if o, ok := l.docs.origins[base]; ok {
			l.docs.origins[out] = o
		}
	}
	return out
}

// keep takes fields of the child only.
func (b *builder) keep(fields ...string) {
	for _, f := range fields {
		if k, v := pair(b.child, f); !isNull(v) {
			b.out.Content = append(b.out.Content, k, v)
		}
	}
}

// scalar takes fields of the child, or inherits them.
func (b *builder) scalar(fields ...string) {
	for _, f := range fields {
		k, v := pair(b.child, f)
		if isNull(v) {
			k, v = pair(b.parent, f)
		}
		if !isNull(v) && !isUnset(v) {
			b.out.Content = append(b.out.Content, k, v)
		}
	}
}

// with merges one field in its own way.
func (b *builder) with(field string, merge func(c, p *yaml.Node) *yaml.Node) {
	ck, c := pair(b.child, field)
	pk, p := pair(b.parent, field)
	if isNull(c) {
		c = nil
	}
	if c == nil && p == nil {
		return
	}
	b.out.Content = append(b.out.Content, cmp.Or(ck, pk), merge(c, p))
}

func isUnset(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && (n.Value == "!" || n.Value == "-1")
}

func pickChild(c, p *yaml.Node) *yaml.Node {
	if c != nil {
		return c
	}
	return p
}

// removal splits "!name" into the name and whether it is a removal.
func removal(s string) (string, bool) {
	name, ok := strings.CutPrefix(s, "!")
	return name, ok && name != ""
}

// keyed merges mappings key by key: the parent's order, then what the child adds, by name. Where a document has several
// additions their order is that of the names, because a design has to mean the same in its canonical form.
func (l *lineage) keyed(c, p *yaml.Node, merge func(c, p *yaml.Node) *yaml.Node) *yaml.Node {
	out := l.fresh(yaml.MappingNode, c, p)
	removed := l.removals(c, func(name string) bool { _, v := pair(p, name); return v != nil })
	for k, v := range pairs(p) {
		if removed[k.Value] {
			continue
		}
		ck, cv := pair(c, k.Value)
		if isNull(cv) {
			out.Content = append(out.Content, k, v)
			continue
		}
		out.Content = append(out.Content, ck, merge(cv, v))
	}
	type added struct{ k, v *yaml.Node }
	var additions []added
	seen := make(map[string]bool)
	for k, v := range pairs(c) {
		_, isRemoval := removal(k.Value)
		_, inherited := pair(p, k.Value)
		if isRemoval || seen[k.Value] || inherited != nil && !removed[k.Value] {
			continue
		}
		seen[k.Value] = true
		additions = append(additions, added{k, merge(v, nil)})
	}
	slices.SortStableFunc(additions, func(a, b added) int { return cmp.Compare(a.k.Value, b.k.Value) })
	for _, a := range additions {
		out.Content = append(out.Content, a.k, a.v)
	}
	return out
}

// removals are the names that the keys of a child remove.
func (l *lineage) removals(c *yaml.Node, inherited func(string) bool) map[string]bool {
	removed := make(map[string]bool)
	for k := range pairs(c) {
		if name, ok := removal(k.Value); ok {
			removed[name] = true
			l.checkRemoval(k, name, inherited(name))
		}
	}
	return removed
}

func (l *lineage) checkRemoval(n *yaml.Node, name string, hit bool) {
	if !hit {
		l.at(n, idleRemoval, "check the spelling, or drop it", "%s removes %s, which is not inherited", quoted("!"+name), quoted(name))
	}
}

// mergeTexts merges lists of text: the child's members, then the parent's that are not there yet and not cancelled.
func (l *lineage) mergeTexts(c, p *yaml.Node) *yaml.Node {
	out := l.fresh(yaml.SequenceNode, c, p)
	have := make(map[string]bool)
	inherited := texts(p)
	for _, item := range items(c) {
		if name, ok := removal(text(item)); ok {
			have[name] = true
			l.checkRemoval(item, name, slices.Contains(inherited, name))
		}
	}
	for _, item := range items(c) {
		if _, ok := removal(text(item)); !ok {
			out.Content = append(out.Content, item)
			have[text(item)] = true
		}
	}
	for _, item := range items(p) {
		if !have[text(item)] {
			out.Content = append(out.Content, item)
		}
	}
	return out
}

// named merges lists whose entries have names: the parent's order, then the child's additions in their order.
func (l *lineage) named(c, p *yaml.Node, merge func(c, p *yaml.Node) *yaml.Node) *yaml.Node {
	out := l.fresh(yaml.SequenceNode, c, p)
	byName := make(map[string]*yaml.Node)
	removed := make(map[string]bool)
	for _, item := range items(c) {
		n := get(item, "name")
		if name, ok := removal(text(n)); ok {
			removed[name] = true
			l.checkRemoval(n, name, child(p, Named(name)) != nil)
		} else if byName[text(n)] == nil {
			byName[text(n)] = item
		}
	}
	merged := make(map[*yaml.Node]bool)
	for _, item := range items(p) {
		name := text(get(item, "name"))
		switch over := byName[name]; {
		case removed[name]:
		case over != nil && name != "" && !merged[over]:
			merged[over] = true
			out.Content = append(out.Content, merge(over, item))
		default:
			out.Content = append(out.Content, item)
		}
	}
	for _, item := range items(c) {
		if _, ok := removal(text(get(item, "name"))); !ok && !merged[item] {
			out.Content = append(out.Content, merge(item, nil))
		}
	}
	return out
}
