package maas

import (
	"net/http"
	"strconv"
	"strings"
)

// volumeGroup is an LVM volume group.
type volumeGroup struct {
	id   int
	name string
	uuid string
}

func (g *volumeGroup) use(*filesystem) string { return "LVM volume for " + g.name }
func (g *volumeGroup) noun() string           { return "volume group" }

// extents is the usable size of a physical volume: whole extents, less one for metadata.
func extents(size int64) int64 { return max(0, roundDown(size)-alignment) }

func (m *machine) groupSize(g *volumeGroup) (size, used int64) {
	for _, d := range m.disks {
		if d.member == g {
			size += extents(d.size)
		}
		if d.group == g {
			used += d.size
		}
		for _, p := range d.partitions {
			if p.member == g {
				size += extents(p.size)
			}
		}
	}
	return size, used
}

func (s *Server) groupBody(m *machine, g *volumeGroup) obj {
	size, used := m.groupSize(g)
	devices, volumes := []obj{}, []obj{}
	for _, d := range m.disks {
		if d.member == g {
			devices = append(devices, s.deviceBody(m, d))
		}
		if d.group == g {
			volumes = append(volumes, s.deviceBody(m, d))
		}
	}
	for _, d := range m.disks {
		for _, p := range d.partitions {
			if p.member == g {
				devices = append(devices, m.partitionBody(p))
			}
		}
	}
	return obj{"id": g.id, "name": g.name, "uuid": g.uuid, "system_id": m.systemID, "size": size, "human_size": human(size),
		"used_size": used, "human_used_size": human(used), "available_size": size - used,
		"human_available_size": human(size - used), "devices": devices, "logical_volumes": volumes,
		"resource_uri": text("%snodes/%s/volume-group/%d/", apiRoot, m.systemID, g.id)}
}

func (s *Server) routeGroups(t *router) {
	const all = "nodes/{system_id}/volume-groups/"
	t.on(all, "GET", "", users, func(c *call) (any, error) {
		m, err := c.node()
		if err != nil {
			return nil, err
		}
		return listOf(m.groups, func(g *volumeGroup) obj { return s.groupBody(m, g) }), nil
	})
	t.on(all, "POST", "", admins, func(c *call) (any, error) {
		m, err := c.node()
		if err != nil {
			return nil, err
		}
		if m.status != statusReady {
			return nil, refuse(http.StatusConflict, "Cannot create volume group because the machine is not Ready.")
		}
		return s.createGroup(c, m)
	})
	for _, one := range []string{"nodes/{system_id}/volume-group/{id}/", "nodes/{system_id}/volume-groups/{id}/"} {
		t.on(one, "GET", "", users, s.onGroup("", func(*call, *machine, *volumeGroup) (any, error) { return nil, nil }))
		t.on(one, "PUT", "", admins, s.onGroup("update", s.updateGroup))
		t.on(one, "DELETE", "", admins, s.onGroup("delete", func(_ *call, m *machine, g *volumeGroup) (any, error) {
			if _, used := m.groupSize(g); used > 0 {
				return nil, refuse(http.StatusBadRequest, "This volume group has logical volumes; it cannot be deleted.")
			}
			m.dropGroup(g)
			return noContent(), nil
		}))
		t.on(one, "POST", "create_logical_volume", admins, s.onGroup("create logical volume on", s.createVolume))
		t.on(one, "POST", "delete_logical_volume", admins, s.onGroup("delete logical volume on", func(c *call, m *machine, g *volumeGroup) (any, error) {
			if c.get("id") == "" {
				return nil, refuse(http.StatusBadRequest, "No provided id!")
			}
			// An unknown id is a success too, as at a real region.
			for _, d := range m.disks {
				if d.group == g && strconv.Itoa(d.id) == c.get("id") {
					m.disks = remove(m.disks, d)
				}
			}
			return noContent(), nil
		}))
	}
}

func (s *Server) onGroup(verb string, f func(*call, *machine, *volumeGroup) (any, error)) handler {
	return func(c *call) (any, error) {
		m, err := c.node()
		if err != nil {
			return nil, err
		}
		for _, g := range m.groups {
			if g.id != c.idVar("id") {
				continue
			}
			if verb != "" && m.status != statusReady {
				return nil, refuse(http.StatusConflict, "Cannot %s volume group because the machine is not Ready.", verb)
			}
			a, err := f(c, m, g)
			if a == nil && err == nil {
				return s.groupBody(m, g), nil
			}
			return a, err
		}
		return nil, notFound("VolumeGroup")
	}
}

// members reads devices and partitions that are free to become physical volumes, by the given fields.
func (m *machine) members(c *call, devices, partitions string, v *invalid) (ds []*blockDevice, ps []*partition) {
	for _, x := range c.words(devices) {
		n, err := strconv.Atoi(x)
		d := m.deviceByID(n)
		if err != nil && d == nil {
			d = m.deviceByName(x)
		}
		if d == nil || d.fs != nil || d.member != nil || len(d.partitions) > 0 {
			v.add(devices, noSuchChoice, x)
			continue
		}
		ds = append(ds, d)
	}
	for _, x := range c.words(partitions) {
		n, _ := strconv.Atoi(x)
		p := m.partitionByID(n)
		if p == nil || p.fs != nil || p.member != nil {
			v.add(partitions, noSuchChoice, x)
			continue
		}
		ps = append(ps, p)
	}
	return ds, ps
}

func (s *Server) physicalVolume() *filesystem { return &filesystem{kind: "lvm-pv", uuid: s.newUUID()} }

func (s *Server) join(g *volumeGroup, ds []*blockDevice, ps []*partition) {
	for _, d := range ds {
		d.fs, d.member, d.table = s.physicalVolume(), g, ""
	}
	for _, p := range ps {
		p.fs, p.member = s.physicalVolume(), g
	}
}

// createGroup makes a group. A real region accepts a name that is taken, so this one does too.
func (s *Server) createGroup(c *call, m *machine) (any, error) {
	var v invalid
	c.required(&v, "name")
	ds, ps := m.members(c, "block_devices", "partitions", &v)
	if len(c.words("block_devices"))+len(c.words("partitions")) == 0 {
		v.add(fieldAll, "At least one valid block device or partition is required.")
	}
	if err := v.err(); err != nil {
		return nil, err
	}
	g := &volumeGroup{id: s.id("group"), name: strings.TrimSpace(c.get("name")), uuid: c.get("uuid")}
	if g.uuid == "" {
		g.uuid = s.newUUID()
	}
	s.join(g, ds, ps)
	m.groups = append(m.groups, g)
	return s.groupBody(m, g), nil
}

func (s *Server) updateGroup(c *call, m *machine, g *volumeGroup) (any, error) {
	var v invalid
	ds, ps := m.members(c, "add_block_devices", "add_partitions", &v)
	if err := v.err(); err != nil {
		return nil, err
	}
	if name := strings.TrimSpace(c.get("name")); name != "" {
		g.name = name
	}
	s.join(g, ds, ps)
	for _, d := range m.disks {
		if d.member == g && contains(c.words("remove_block_devices"), strconv.Itoa(d.id)) {
			d.member, d.fs = nil, nil
		}
		for _, p := range d.partitions {
			if p.member == g && contains(c.words("remove_partitions"), strconv.Itoa(p.id)) {
				p.member, p.fs = nil, nil
			}
		}
	}
	return nil, nil
}

func (m *machine) dropGroup(g *volumeGroup) {
	m.groups = remove(m.groups, g)
	for _, d := range append([]*blockDevice(nil), m.disks...) {
		if d.group == g {
			m.disks = remove(m.disks, d)
		}
		if d.member == g {
			d.member, d.fs = nil, nil
		}
		for _, p := range d.partitions {
			if p.member == g {
				p.member, p.fs = nil, nil
			}
		}
	}
}

// createVolume makes a logical volume; without a size it takes all that is left.
func (s *Server) createVolume(c *call, m *machine, g *volumeGroup) (any, error) {
	var v invalid
	c.required(&v, "name")
	size, used := m.groupSize(g)
	free := size - used
	want := free
	if given := strings.TrimSpace(c.get("size")); given != "" {
		n, ok := parseSize(given)
		switch {
		case !ok:
			v.add("size", invalidValue)
		case n > free:
			v.add("size", "Ensure this value is less than or equal to %d.", free)
		case n < alignment:
			v.add("size", "Ensure this value is greater than or equal to %d.", alignment)
		}
		want = roundDown(n)
	} else if free < alignment {
		v.add("size", "Ensure this value is greater than or equal to %d.", alignment)
	}
	if err := v.err(); err != nil {
		return nil, err
	}
	name := strings.TrimPrefix(strings.TrimSpace(c.get("name")), g.name+"-")
	for _, d := range m.disks {
		if d.name() == g.name+"-"+name {
			return nil, badModel(fieldAll, "Block device with this Node config and Name already exists.")
		}
	}
	d := s.newVolume(m, g, name, want, c.get("uuid"))
	// Unlike every other look at a block device this answer is of a bare model, with little in it.
	return obj{"id": d.id, "name": d.name(), "size": d.size, "used_size": m.used(d), "available_size": m.available(d), "uuid": d.uuid,
		"system_id": m.systemID, "resource_uri": text("%snodes/%s/blockdevices/%d/", apiRoot, m.systemID, d.id)}, nil
}

func (s *Server) newVolume(m *machine, g *volumeGroup, name string, size int64, uuid string) *blockDevice {
	if uuid == "" {
		uuid = s.newUUID()
	}
	d := &blockDevice{id: s.id("device"), kind: deviceVirtual, size: size, blockSize: 4096, uuid: uuid, group: g, volume: name}
	m.disks = append(m.disks, d)
	return d
}
