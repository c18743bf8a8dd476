package maas

import (
	"net/http"
	"strings"
)

// onDevice makes a handler on a block device; outside of the given states it is refused in the words given.
func (s *Server) onDevice(refusal string, states []status, f func(*call, *machine, *blockDevice) (any, error)) handler {
	return func(c *call) (any, error) {
		m, err := c.node()
		if err != nil {
			return nil, err
		}
		d := m.deviceByID(c.idVar("id"))
		if d == nil {
			return nil, notFound("BlockDevice")
		}
		if states != nil && !m.status.in(states...) {
			return nil, refuse(http.StatusConflict, "%s", refusal)
		}
		a, err := f(c, m, d)
		if a == nil && err == nil {
			return s.deviceBody(m, d), nil
		}
		return a, err
	}
}

func (s *Server) routeDevices(t *router) {
	const all, one = "nodes/{system_id}/blockdevices/", "nodes/{system_id}/blockdevices/{id}/"
	const notFree = "because the machine is not Ready or Allocated."
	t.on(all, "GET", "", users, func(c *call) (any, error) {
		m, err := c.node()
		if err != nil {
			return nil, err
		}
		list, _, _ := s.deviceBodies(m)
		for _, b := range list {
			delete(b, "firmware_version") // this list is the one place that does not show it
		}
		return list, nil
	})
	t.on(all, "POST", "", admins, s.createDevice)
	t.on(one, "GET", "", users, s.onDevice("", nil, func(*call, *machine, *blockDevice) (any, error) { return nil, nil }))
	t.on(one, "PUT", "", users, s.onDevice("Cannot update block device because the machine is not Ready.",
		[]status{statusReady}, s.updateDevice))
	t.on(one, "DELETE", "", admins, s.onDevice("Cannot delete block device because the machine is not Ready.",
		[]status{statusReady}, s.deleteDevice))
	t.on(one, "POST", "format", users, s.onDevice("Cannot format block device "+notFree, canFormat,
		func(c *call, m *machine, d *blockDevice) (any, error) {
			if len(d.partitions) > 0 {
				return nil, refuse(http.StatusBadRequest, "Cannot format block device because it has been partitioned.")
			}
			if d.member != nil {
				return nil, refuse(http.StatusBadRequest, "Cannot format a block device that has a filesystem type of %s.", d.fs.kind)
			}
			fs, err := s.formatFields(c)
			if err == nil {
				d.fs, d.table = fs, ""
			}
			return nil, err
		}))
	t.on(one, "POST", "unformat", users, s.onDevice("Cannot unformat block device "+notFree, canFormat,
		func(c *call, m *machine, d *blockDevice) (any, error) {
			if d.member != nil {
				return nil, refuse(http.StatusBadRequest, "Cannot unformat a block device that has a filesystem type of %s.", d.fs.kind)
			}
			if d.fs == nil {
				return nil, refuse(http.StatusBadRequest, "Block device is not formatted.")
			}
			d.fs = nil
			return nil, nil
		}))
	t.on(one, "POST", "mount", users, s.onDevice("Cannot mount block device "+notFree, canFormat,
		func(c *call, m *machine, d *blockDevice) (any, error) { return nil, mountFields(c, m, d.fs) }))
	t.on(one, "POST", "unmount", users, s.onDevice("Cannot unmount block device "+notFree, canFormat,
		func(c *call, m *machine, d *blockDevice) (any, error) { return nil, d.fs.unmount("Block device") }))
	t.on(one, "POST", "set_boot_disk", admins, s.onDevice("Cannot set as boot disk because the machine is not Ready.",
		[]status{statusReady}, func(c *call, m *machine, d *blockDevice) (any, error) {
			if d.kind != devicePhysical {
				return nil, refuse(http.StatusBadRequest, "Cannot set a %s block device as the boot disk.", d.kind)
			}
			m.bootDisk = d
			return textReply(http.StatusOK, typeBareText, "OK"), nil
		}))
	t.on(one, "POST", "add_tag", admins, s.onDevice("", nil, func(c *call, _ *machine, d *blockDevice) (any, error) {
		if tag := c.get("tag"); tag != "" && !contains(d.tags, tag) {
			d.tags = append(d.tags, tag)
		}
		return nil, nil
	}))
	t.on(one, "POST", "remove_tag", admins, s.onDevice("", nil, func(c *call, _ *machine, d *blockDevice) (any, error) {
		d.tags = without(d.tags, c.get("tag"))
		return nil, nil
	}))
	const datastores = "nodes/{system_id}/vmfs-datastores/"
	t.on(datastores, "GET", "", users, func(c *call) (any, error) {
		if _, err := c.node(); err != nil {
			return nil, err
		}
		return []obj{}, nil
	})
	t.missing(datastores, "POST", "")
}

// createDevice adds a disk to a record by hand.
func (s *Server) createDevice(c *call) (any, error) {
	m, err := c.node()
	if err != nil {
		return nil, err
	}
	if !m.status.in(statusReady, statusNew) {
		return nil, refuse(http.StatusConflict, "Cannot create block device because the machine is not Ready.")
	}
	var v invalid
	c.required(&v, "name", "size", "block_size")
	if c.get("id_path") == "" && (c.get("model") == "" || c.get("serial") == "") {
		v.add(fieldAll, "serial/model are required if id_path is not provided.")
	}
	size, ok := parseSize(c.get("size"))
	if !ok && c.get("size") != "" {
		v.add("size", invalidValue)
	}
	block, _ := c.number("block_size", &v)
	if m.deviceByName(c.get("name")) != nil {
		v.add(fieldAll, "Block device with this Node config and Name already exists.")
	}
	if err := v.err(); err != nil {
		return nil, err
	}
	d := &blockDevice{id: s.id("device"), title: c.get("name"), kind: devicePhysical, size: size, blockSize: block,
		idPath: c.get("id_path"), model: c.get("model"), serial: c.get("serial")}
	m.disks = append(m.disks, d)
	return s.deviceBody(m, d), nil
}

func (s *Server) updateDevice(c *call, m *machine, d *blockDevice) (any, error) {
	if name := strings.TrimSpace(c.get("name")); name != "" {
		if x := m.deviceByName(name); x != nil && x != d {
			return nil, badField("name", "Block device with this Node config and Name already exists.")
		}
		switch {
		case d.group != nil:
			d.volume = strings.TrimPrefix(name, d.group.name+"-")
		case d.array != nil:
			d.array.name = name
		default:
			d.title = name
		}
	}
	var v invalid
	size, block := d.size, d.blockSize
	if given := c.get("size"); given != "" {
		var ok bool
		if size, ok = parseSize(given); !ok {
			v.add("size", invalidValue)
		} else if size < m.used(d) {
			v.add("size", "Ensure this value is greater than or equal to %d.", m.used(d))
		}
	}
	if n, ok := c.number("block_size", &v); ok {
		block = n
	}
	if err := v.err(); err != nil {
		return nil, err
	}
	// Only administrators describe hardware; others' words about it are not heard.
	if c.user.admin && d.kind == devicePhysical {
		d.size, d.blockSize = size, block
		c.textOf("model", &d.model)
		c.textOf("serial", &d.serial)
		c.textOf("id_path", &d.idPath)
	}
	return nil, nil
}

func (s *Server) deleteDevice(_ *call, m *machine, d *blockDevice) (any, error) {
	if d.member != nil || len(d.partitions) > 0 {
		return nil, refuse(http.StatusBadRequest, "Cannot delete block device because it is in use.")
	}
	if d.array != nil {
		m.dropArray(d.array)
	}
	m.disks = remove(m.disks, d)
	if m.bootDisk == d {
		m.bootDisk = nil
	}
	return noContent(), nil
}

// name of a disk is its own; that of a logical volume follows its group, and that of an array is the array's.
func (d *blockDevice) name() string {
	switch {
	case d.group != nil:
		return d.group.name + "-" + d.volume
	case d.array != nil:
		return d.array.name
	}
	return d.title
}
