package design

// shared holds what was made of the parts of profiles, so that nodes that inherit a part as it is share what it means.
type shared struct {
	oob        map[*element]OOB
	interfaces map[*element][]Interface
	storage    map[*element]Storage
	texts      map[*element][]string
	maps       map[*element]map[string]string
	params     map[*HardwareProfile]map[*element][]string
}

func newShared() shared {
	return shared{
		oob: make(map[*element]OOB), interfaces: make(map[*element][]Interface), storage: make(map[*element]Storage),
		texts: make(map[*element][]string), maps: make(map[*element]map[string]string),
		params: make(map[*HardwareProfile]map[*element][]string),
	}
}

// kernelParams are shared by nodes of one hardware profile, which parameters may refer to.
func (s shared) kernelParams(h *HardwareProfile) map[*element][]string {
	if s.params[h] == nil {
		s.params[h] = make(map[*element][]string)
	}
	return s.params[h]
}

// once makes a value of a part of a document. A part that comes from another document is made once only.
func once[T any](made map[*element]T, part *element, doc *Document, make func(*element) T) T {
	if part == nil || part.doc == doc {
		return make(part)
	}
	if v, ok := made[part]; ok {
		return v
	}
	v := make(part)
	made[part] = v
	return v
}

func newCompiler(docs *Documents, site *Site) *compiler {
	c := &compiler{
		docs: docs, site: site, networks: make(map[string]*Network),
		links: make(map[string]*NetworkLink), hardware: make(map[string]*HardwareProfile),
	}
	for _, n := range site.Networks {
		c.networks[n.Name] = n
	}
	for _, l := range site.Links {
		c.links[l.Name] = l
	}
	for _, h := range site.HardwareProfiles {
		c.hardware[h.Name] = h
	}
	return c
}
