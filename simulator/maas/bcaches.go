package maas

import (
	"net/http"
	"strconv"
	"strings"
)

var cacheModes = []string{"writeback", "writethrough", "writearound"}

func (s *Server) routeCaches(t *router) {
	const all, one = "nodes/{system_id}/bcache-cache-sets/", "nodes/{system_id}/bcache-cache-set/{id}/"
	ready := func(what string, f func(*call, *machine) (any, error)) handler {
		return func(c *call) (any, error) {
			m, err := c.node()
			if err != nil {
				return nil, err
			}
			if what != "" && m.status != statusReady {
				return nil, refuse(http.StatusConflict, "Cannot %s because the machine is not Ready.", what)
			}
			return f(c, m)
		}
	}
	set := func(f func(*machine, *cacheSet) (any, error)) func(*call, *machine) (any, error) {
		return func(c *call, m *machine) (any, error) {
			for _, x := range m.caches {
				if x.id == c.idVar("id") {
					return f(m, x)
				}
			}
			return nil, notFound("CacheSet")
		}
	}
	t.on(all, "GET", "", users, ready("", func(_ *call, m *machine) (any, error) {
		return listOf(m.caches, func(x *cacheSet) obj { return s.cacheBody(m, x) }), nil
	}))
	t.on(all, "POST", "", admins, ready("create cache set", s.createCache))
	t.on(one, "GET", "", users, ready("", set(func(m *machine, x *cacheSet) (any, error) { return s.cacheBody(m, x), nil })))
	t.on(one, "DELETE", "", admins, ready("delete cache set", set(func(m *machine, x *cacheSet) (any, error) {
		for _, a := range m.arrays {
			if a.cache == x {
				return nil, refuse(http.StatusBadRequest, "Cannot delete cache set; it's currently in use.")
			}
		}
		m.leave(x)
		m.caches = remove(m.caches, x)
		return noContent(), nil
	})))
	t.missing(one, "PUT", "")
	t.on("nodes/{system_id}/bcaches/", "GET", "", users, s.listArrays(array.isBcache))
	t.on("nodes/{system_id}/bcaches/", "POST", "", admins, ready("create Bcache", s.createBcache))
	s.routeArray(t, "nodes/{system_id}/bcache/{id}/", "Bcache", array.isBcache)
}

// part reads the one device or partition that a form names, by the fields kind_device and kind_partition.
func (m *machine) part(c *call, kind string, v *invalid) (ds []*blockDevice, ps []*partition) {
	ds, ps = m.members(c, kind+"_device", kind+"_partition", v)
	switch given := len(c.words(kind+"_device")) + len(c.words(kind+"_partition")); {
	case given == 0:
		v.add(fieldAll, "Either %s_device or %s_partition must be specified.", kind, kind)
	case given > 1:
		v.add(fieldAll, "Cannot set both %s_device and %s_partition.", kind, kind)
	}
	return ds, ps
}

// format makes devices and partitions parts of something.
func (s *Server) format(of membership, kind string, ds []*blockDevice, ps []*partition) (size int64) {
	for _, d := range ds {
		d.fs, d.member, d.table, size = &filesystem{kind: kind, uuid: s.newUUID()}, of, "", d.size
	}
	for _, p := range ps {
		p.fs, p.member, size = &filesystem{kind: kind, uuid: s.newUUID()}, of, p.size
	}
	return size
}

func (s *Server) createCache(c *call, m *machine) (any, error) {
	var v invalid
	ds, ps := m.part(c, "cache", &v)
	if err := v.err(); err != nil {
		return nil, err
	}
	return s.cacheBody(m, s.newCache(m, ds, ps)), nil
}

func (s *Server) newCache(m *machine, ds []*blockDevice, ps []*partition) *cacheSet {
	x := &cacheSet{id: s.id("cache set"), name: text("cache%d", len(m.caches))}
	s.format(x, asBcache, ds, ps)
	m.caches = append(m.caches, x)
	return x
}

func (s *Server) createBcache(c *call, m *machine) (any, error) {
	var v invalid
	c.required(&v, "cache_set", "cache_mode")
	if mode := c.get("cache_mode"); mode != "" && !contains(cacheModes, mode) {
		v.add("cache_mode", noSuchChoice, mode)
	}
	var cache *cacheSet
	for _, x := range m.caches {
		if strconv.Itoa(x.id) == c.get("cache_set") {
			cache = x
		}
	}
	if cache == nil && c.get("cache_set") != "" {
		v.add("cache_set", noSuchChoice, c.get("cache_set"))
	}
	ds, ps := m.part(c, "backing", &v)
	if err := v.err(); err != nil {
		return nil, err
	}
	return s.arrayBody(m, s.newBcache(m, cache, c.get("cache_mode"), strings.TrimSpace(c.get("name")), c.get("uuid"), ds, ps)), nil
}

func (s *Server) newBcache(m *machine, cache *cacheSet, mode, name, uuid string, ds []*blockDevice, ps []*partition) *array {
	a := &array{id: s.id("group"), name: name, uuid: uuid, cache: cache, mode: mode}
	for n := 0; a.name == ""; n++ {
		if name := text("bcache%d", n); m.deviceByName(name) == nil {
			a.name = name
		}
	}
	s.newArray(m, a, s.format(a, bcacheBacking, ds, ps), 512)
	return a
}
