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
func (h *heir) merge(doc *Document, parent *element) *element {
	b := h.builder(doc.data, parent)
	b.keep("host_profile", "addressing")
	b.scalar("hardware_profile", "primary_network")
	b.with("oob", h.mergeOOB)
	b.with("interfaces", func(c, p *element) *element { return h.keyed(c, p, h.mergeInterface) })
	b.with("storage", h.mergeStorage)
	b.with("platform", h.mergePlatform)
	b.with("metadata", h.mergeMetadata)
	return b.out
}

// mergeOOB merges key by key, but the type is a scalar that can be unset.
func (h *heir) mergeOOB(c, p *element) *element {
	out := h.keyed(c, p, pickChild)
	for i := 0; i+1 < len(out.Content); i += 2 {
		if out.Content[i].Value == "type" && isUnset(out.Content[i+1]) {
			out.Content = slices.Delete(out.Content, i, i+2)
			break
		}
	}
	return out
}

func (h *heir) mergeInterface(c, p *element) *element {
	b := h.builder(c, p)
	b.scalar("device_link")
	b.with("slaves", h.mergeTexts)
	b.with("networks", h.mergeTexts)
	b.with("sriov", h.mergeSRIOV)
	return b.out
}

// mergeSRIOV knows that trustmode and trustedmode are one field: a child that has either hides both of the parent.
func (h *heir) mergeSRIOV(c, p *element) *element {
	out := h.keyed(c, p, pickChild)
	spellings := []string{"trustmode", "trustedmode"}
	mine := func(spelling string) bool { _, v := pair(c, spelling); return !isNull(v) }
	if !slices.ContainsFunc(spellings, mine) {
		return out
	}
	for _, spelling := range spellings {
		k, _ := pair(out, spelling)
		if i := slices.Index(out.Content, k); k != nil && !mine(spelling) {
			out.Content = slices.Delete(out.Content, i, i+2)
		}
	}
	return out
}

func (h *heir) mergeStorage(c, p *element) *element {
	b := h.builder(c, p)
	b.with("physical_devices", func(c, p *element) *element { return h.keyed(c, p, h.mergeDevice) })
	b.with("volume_groups", func(c, p *element) *element { return h.keyed(c, p, h.mergeGroup) })
	return b.out
}

func (h *heir) mergeDevice(c, p *element) *element {
	b := h.builder(c, p)
	b.with("labels", func(c, p *element) *element { return h.keyed(c, p, pickChild) })
	b.scalar("volume_group")
	b.with("partitions", func(c, p *element) *element { return h.named(c, p, h.mergeVolume) })
	return b.out
}

func (h *heir) mergeGroup(c, p *element) *element {
	b := h.builder(c, p)
	b.scalar("vg_uuid")
	b.with("logical_volumes", func(c, p *element) *element { return h.named(c, p, h.mergeVolume) })
	return b.out
}

// mergeVolume merges a partition or a logical volume.
func (h *heir) mergeVolume(c, p *element) *element {
	b := h.builder(c, p)
	b.scalar("name", "size", "bootable", "part_uuid", "lv_uuid", "volume_group")
	b.with("labels", func(c, p *element) *element { return h.keyed(c, p, pickChild) })
	b.with("filesystem", func(c, p *element) *element { return h.keyed(c, p, pickChild) })
	return b.out
}

func (h *heir) mergePlatform(c, p *element) *element {
	b := h.builder(c, p)
	b.scalar("image", "kernel")
	b.with("kernel_params", func(c, p *element) *element { return h.keyed(c, p, pickChild) })
	return b.out
}

func (h *heir) mergeMetadata(c, p *element) *element {
	b := h.builder(c, p)
	b.keep("boot_mac")
	b.scalar("rack")
	b.with("tags", h.mergeTexts)
	b.with("owner_data", func(c, p *element) *element { return h.keyed(c, p, pickChild) })
	return b.out
}

// builder makes a mapping out of those of a child and a parent; both may be nil or of a wrong type.
type builder struct {
	child, parent *element
	out           *element
}

func (h *heir) builder(child, parent *element) *builder {
	return &builder{child, parent, fresh(mappingKind, child, parent)}
}

// fresh is an empty collection that stands where the child's stands, or else the parent's.
func fresh(kind yaml.Kind, child, parent *element) *element {
	base := cmp.Or(child, parent)
	if base == nil {
		return &element{Kind: kind}
	}
	out := &element{Kind: kind, Line: base.Line, Column: base.Column, doc: base.doc, base: cmp.Or(base.base, base)}
	n := len(base.Content)
	if child != nil && parent != nil {
		n += len(parent.Content)
	}
	out.Content = make([]*element, 0, n)
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
func (b *builder) with(field string, merge func(c, p *element) *element) {
	ck, c := pair(b.child, field)
	pk, p := pair(b.parent, field)
	if isNull(c) {
		c = nil
	}
	switch {
	case c == nil && p == nil:
		return
	case c == nil:
		// The parent's is merged already; whoever inherits it shares it.
		b.out.Content = append(b.out.Content, pk, p)
		return
	}
	b.out.Content = append(b.out.Content, cmp.Or(ck, pk), merge(c, p))
}

func isUnset(n *element) bool {
	return n.Kind == scalarKind && (n.Value == "!" || n.Value == "-1")
}

func pickChild(c, p *element) *element {
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

// lookup finds keys of a mapping. A large one gets an index, so that merging takes time in proportion to its size.
type lookup struct {
	in *element
	at map[string]int
}

// largeMapping is how many keys and values a mapping has before an index is worth it.
const largeMapping = 32

func newLookup(n *element) lookup {
	l := lookup{in: n}
	if n != nil && n.Kind == mappingKind && len(n.Content) > largeMapping {
		l.at = make(map[string]int, len(n.Content)/2)
		for i := len(n.Content) - 2; i >= 0; i -= 2 {
			l.at[n.Content[i].Value] = i // of a key that stands twice the first
		}
	}
	return l
}

func (l lookup) pair(key string) (k, v *element) {
	if l.at == nil {
		return pair(l.in, key)
	}
	if i, ok := l.at[key]; ok {
		return l.in.Content[i], l.in.Content[i+1]
	}
	return nil, nil
}

// keyed merges mappings key by key: the parent's order, then what the child adds, by name. Where a document has several
// additions their order is that of the names, because a design has to mean the same in its canonical form. A key
// with "!" in front, and a key whose value is null, removes what is inherited.
func (h *heir) keyed(c, p *element, merge func(c, p *element) *element) *element {
	out := fresh(mappingKind, c, p)
	children, parents := newLookup(c), newLookup(p)
	removed := h.removals(c, parents)
	for k, v := range pairs(p) {
		if removed[k.Value] {
			continue
		}
		if ck, cv := children.pair(k.Value); cv != nil {
			out.Content = append(out.Content, ck, merge(cv, v))
		} else {
			out.Content = append(out.Content, k, v)
		}
	}
	type added struct{ k, v *element }
	var additions []added
	for k, v := range pairs(c) {
		_, isRemoval := removal(k.Value)
		_, inherited := parents.pair(k.Value)
		first, _ := children.pair(k.Value)
		if isRemoval || isNull(v) || first != k || inherited != nil && !removed[k.Value] {
			continue
		}
		additions = append(additions, added{k, merge(v, nil)})
	}
	slices.SortStableFunc(additions, func(a, b added) int { return cmp.Compare(a.k.Value, b.k.Value) })
	for _, a := range additions {
		out.Content = append(out.Content, a.k, a.v)
	}
	return out
}

// removals are the names that the keys of a child remove.
func (h *heir) removals(c *element, parents lookup) map[string]bool {
	var removed map[string]bool
	for k, v := range pairs(c) {
		name, ok := removal(k.Value)
		if !ok && !isNull(v) {
			continue
		}
		if !ok {
			name = k.Value
		}
		if removed == nil {
			removed = make(map[string]bool)
		}
		removed[name] = true
		_, inherited := parents.pair(name)
		h.checkRemoval(k, name, inherited != nil)
	}
	return removed
}

func (h *heir) checkRemoval(n *element, name string, hit bool) {
	if !hit {
		h.at(n, idleRemoval, "check the spelling, or drop it", "%s removes %s, which is not inherited", quoted(n.Value), quoted(name))
	}
}

// mergeTexts merges lists of text: the child's members, then the parent's that are not there yet and not cancelled.
func (h *heir) mergeTexts(c, p *element) *element {
	out := fresh(listKind, c, p)
	inherited := make(map[string]bool, len(items(p)))
	for _, item := range items(p) {
		inherited[text(item)] = true
	}
	have := make(map[string]bool, len(items(c)))
	for _, item := range items(c) {
		if name, ok := removal(text(item)); ok {
			have[name] = true
			h.checkRemoval(item, name, inherited[name])
			continue
		}
		out.Content = append(out.Content, item)
	}
	for _, item := range out.Content {
		have[text(item)] = true
	}
	for _, item := range items(p) {
		if !have[text(item)] {
			out.Content = append(out.Content, item)
		}
	}
	return out
}

// named merges lists whose entries have names: the parent's order, then the child's additions in their order.
func (h *heir) named(c, p *element, merge func(c, p *element) *element) *element {
	out := fresh(listKind, c, p)
	inherited := make(map[string]bool, len(items(p)))
	for _, item := range items(p) {
		inherited[text(get(item, "name"))] = true
	}
	byName := make(map[string]*element)
	removed := make(map[string]bool)
	for _, item := range items(c) {
		n := get(item, "name")
		if name, ok := removal(text(n)); ok {
			removed[name] = true
			h.checkRemoval(n, name, inherited[name])
		} else if byName[text(n)] == nil {
			byName[text(n)] = item
		}
	}
	merged := make(map[*element]bool)
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
