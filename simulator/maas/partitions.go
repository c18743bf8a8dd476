package maas

import (
	"net/http"
	"strings"
)

func (s *Server) newPartition(d *blockDevice, size int64) *partition {
	p := &partition{id: s.id("partition"), uuid: s.newUUID(), size: size, device: d}
	d.table = "GPT"
	d.partitions = append(d.partitions, p)
	return p
}

func (s *Server) routePartitions(t *router) {
	const all = "nodes/{system_id}/blockdevices/{id}/partitions/"
	const one = "nodes/{system_id}/blockdevices/{id}/partition/{part}" // no trailing slash
	const notFree = "because the node is not Ready or Allocated."
	t.on(all, "GET", "", users, s.onDevice("", nil, func(_ *call, m *machine, d *blockDevice) (any, error) {
		return listOf(d.partitions, m.partitionBody), nil
	}))
	t.on(all, "POST", "", users, s.onDevice("Cannot create partition because the node is not Ready.", []status{statusReady}, s.createPartition))
	t.on(one, "GET", "", users, s.onPartition("", nil, func(*call, *machine, *partition) (any, error) { return nil, nil }))
	t.on(one, "DELETE", "", users, s.onPartition("Cannot delete block device because the node is not Ready.", []status{statusReady},
		func(_ *call, m *machine, p *partition) (any, error) {
			if p.member != nil {
				return nil, refuse(http.StatusBadRequest, "Cannot delete partition because its part of a %s.", p.member.noun())
			}
			p.device.partitions = remove(p.device.partitions, p)
			if len(p.device.partitions) == 0 {
				p.device.table = ""
			}
			return noContent(), nil
		}))
	t.on(one, "POST", "format", users, s.onPartition("Cannot format partition "+notFree, canFormat,
		func(c *call, _ *machine, p *partition) (any, error) {
			if p.member != nil {
				return nil, refuse(http.StatusBadRequest, "Cannot format a partition that has a filesystem type of %s.", p.fs.kind)
			}
			fs, err := s.formatFields(c)
			if err == nil {
				p.fs = fs
			}
			return nil, err
		}))
	t.on(one, "POST", "unformat", users, s.onPartition("Cannot unformat partition "+notFree, canFormat,
		func(_ *call, _ *machine, p *partition) (any, error) {
			if p.member != nil {
				return nil, refuse(http.StatusBadRequest, "Cannot unformat a partition that has a filesystem type of %s.", p.fs.kind)
			}
			if p.fs == nil {
				return nil, refuse(http.StatusBadRequest, "Partition is not formatted.")
			}
			p.fs = nil
			return nil, nil
		}))
	t.on(one, "POST", "mount", users, s.onPartition("Cannot mount partition "+notFree, canFormat,
		func(c *call, m *machine, p *partition) (any, error) { return nil, mountFields(c, m, p.fs) }))
	t.on(one, "POST", "unmount", users, s.onPartition("Cannot unmount partition "+notFree, canFormat,
		func(_ *call, _ *machine, p *partition) (any, error) { return nil, p.fs.unmount("Partition") }))
	t.on(one, "POST", "add_tag", admins, s.onPartition("", nil, func(c *call, _ *machine, p *partition) (any, error) {
		if tag := c.get("tag"); tag != "" && !contains(p.tags, tag) {
			p.tags = append(p.tags, tag)
		}
		return nil, nil
	}))
	t.on(one, "POST", "remove_tag", admins, s.onPartition("", nil, func(c *call, _ *machine, p *partition) (any, error) {
		p.tags = without(p.tags, c.get("tag"))
		return nil, nil
	}))
}

func (s *Server) onPartition(refusal string, states []status, f func(*call, *machine, *partition) (any, error)) handler {
	return s.onDevice("", nil, func(c *call, m *machine, d *blockDevice) (any, error) {
		p := m.partitionByID(c.idVar("part"))
		if p == nil || p.device != d {
			return textReply(http.StatusNotFound, typeBareText, ""), nil
		}
		if states != nil && !m.status.in(states...) {
			return nil, refuse(http.StatusConflict, "%s", refusal)
		}
		a, err := f(c, m, p)
		if a == nil && err == nil {
			return m.partitionBody(p), nil
		}
		return a, err
	})
}

// createPartition takes a size in bytes or with a unit, rounded down to the alignment; none means the rest of the disk.
func (s *Server) createPartition(c *call, m *machine, d *blockDevice) (any, error) {
	free := m.available(d)
	size := free
	given := strings.TrimSpace(c.get("size"))
	if given != "" {
		n, ok := parseSize(given)
		switch {
		case !ok:
			return nil, badField("size", invalidValue)
		case n < alignment:
			return nil, badField("size", "Ensure this value is greater than or equal to %d.", alignment)
		case n > d.size:
			return nil, badField("size", "Ensure this value is less than or equal to %d.", d.size)
		}
		size = roundDown(n)
	}
	switch {
	case d.fs != nil || d.member != nil:
		return nil, badField(fieldAll, "Cannot partition a block device that is in use.")
	case given == "" && free < alignment:
		return nil, badModel("size", "Ensure this value is greater than or equal to %d.", alignment)
	case size > free:
		return nil, badField("size", "Partition cannot be saved; not enough free space on the block device.")
	}
	p := s.newPartition(d, size)
	p.bootable = c.flag("bootable")
	if uuid := strings.TrimSpace(c.get("uuid")); uuid != "" {
		p.uuid = uuid
	}
	return m.partitionBody(p), nil
}
