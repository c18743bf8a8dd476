package maas

import (
	"net/http"
	"slices"
	"strings"
)

func (s *Server) routeRAIDs(t *router) {
	const all, one = "nodes/{system_id}/raids/", "nodes/{system_id}/raid/{id}/"
	t.on(all, "GET", "", users, s.listArrays(array.isRAID))
	t.on(all, "POST", "", admins, func(c *call) (any, error) {
		m, err := c.node()
		if err != nil {
			return nil, err
		}
		if m.status != statusReady {
			return nil, refuse(http.StatusConflict, "Cannot create RAID because the machine is not Ready.")
		}
		return s.createRAID(c, m)
	})
	s.routeArray(t, one, "RAID", array.isRAID)
}

func (s *Server) listArrays(which func(array) bool) handler {
	return func(c *call) (any, error) {
		m, err := c.node()
		if err != nil {
			return nil, err
		}
		out := []obj{}
		for _, a := range m.arrays {
			if which(*a) {
				out = append(out, s.arrayBody(m, a))
			}
		}
		return out, nil
	}
}

// routeArray is reading, renaming and deleting of one RAID or bcache. Exchanging its parts is not simulated.
func (s *Server) routeArray(t *router, path, noun string, which func(array) bool) {
	on := func(verb string, f func(*call, *machine, *array) (any, error)) handler {
		return func(c *call) (any, error) {
			m, err := c.node()
			if err != nil {
				return nil, err
			}
			for _, a := range m.arrays {
				if a.id != c.idVar("id") || !which(*a) {
					continue
				}
				if verb != "" && m.status != statusReady {
					return nil, refuse(http.StatusConflict, "Cannot %s %s because the machine is not Ready.", verb, noun)
				}
				return f(c, m, a)
			}
			return nil, notFound(noun)
		}
	}
	t.on(path, "GET", "", users, on("", func(_ *call, m *machine, a *array) (any, error) { return s.arrayBody(m, a), nil }))
	t.on(path, "PUT", "", admins, on("update", func(c *call, m *machine, a *array) (any, error) {
		for k := range c.params {
			if k != "name" && k != "uuid" {
				return nil, refuse(http.StatusNotImplemented, "Not simulated: PUT %s %s", c.request.URL.Path, k)
			}
		}
		for field, into := range map[string]*string{"name": &a.name, "uuid": &a.uuid} {
			if v := strings.TrimSpace(c.get(field)); v != "" {
				*into = v
			}
		}
		return s.arrayBody(m, a), nil
	}))
	t.on(path, "DELETE", "", admins, on("delete", func(_ *call, m *machine, a *array) (any, error) {
		m.dropArray(a)
		return noContent(), nil
	}))
}

// createRAID makes an array of devices and partitions. Of each device given it takes a partition as large as the device allows.
func (s *Server) createRAID(c *call, m *machine) (any, error) {
	var v invalid
	c.required(&v, "level")
	level := c.get("level")
	need, known := raidLevels[level]
	if level != "" && !known {
		v.add("level", noSuchChoice, level)
	}
	ds, ps := m.members(c, "block_devices", "partitions", &v)
	spareDs, sparePs := m.members(c, "spare_devices", "spare_partitions", &v)
	active, spares := len(ds)+len(ps), len(spareDs)+len(sparePs)
	if len(v.fields) == 0 && active+spares == 0 {
		v.add(fieldAll, "At least one block device or partition must be added to the array.")
	}
	if err := v.err(); err != nil {
		return nil, err
	}
	if active < need.least || need.spares == "no" && spares > 0 {
		return nil, badModel(fieldAll, "RAID level %s must have at least %d raid devices and %s spares.", strings.TrimPrefix(level, "raid-"),
			need.least, need.spares)
	}
	a := &array{id: s.id("group"), name: strings.TrimSpace(c.get("name")), uuid: strings.TrimSpace(c.get("uuid")), level: level}
	for n := 0; a.name == ""; n++ {
		if name := text("md%d", n); m.deviceByName(name) == nil {
			a.name = name
		}
	}
	take := func(kind string, ds []*blockDevice, ps []*partition) {
		for _, d := range ds {
			ps = append(ps, s.newPartition(d, m.available(d)))
		}
		for _, p := range ps {
			p.fs, p.member = &filesystem{kind: kind, uuid: s.newUUID()}, a
		}
	}
	take(raidMember, ds, ps)
	take(raidSpare, spareDs, sparePs)
	var sizes []int64
	for _, d := range m.disks {
		for _, p := range d.partitions {
			if p.member == a && p.fs.kind == raidMember {
				sizes = append(sizes, p.size)
			}
		}
	}
	s.newArray(m, a, raidSize(level, len(sizes), slices.Min(sizes)), 512)
	return s.arrayBody(m, a), nil
}
