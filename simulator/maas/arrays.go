package maas

import (
	"encoding/json"
	"strconv"
)

// array is a RAID, or a bcache: a virtual block device made of other devices and partitions.
type array struct {
	id     int
	name   string
	uuid   string
	level  string    // of a RAID, as raid-1
	mode   string    // of a bcache, as writethrough
	cache  *cacheSet // of a bcache
	device *blockDevice
}

// cacheSet is what bcaches share: one fast device or partition.
type cacheSet struct {
	id   int
	name string
}

const (
	raidMember, raidSpare   = "raid", "raid-spare"
	bcacheBacking, asBcache = "bcache-backing", "bcache-cache"

	superblock = 128 << 10 // what RAID keeps of each member; as measured
)

func (a array) isRAID() bool   { return a.level != "" }
func (a array) isBcache() bool { return a.level == "" }

func (a *array) noun() string {
	if a.isRAID() {
		return "RAID"
	}
	return "Bcache"
}

func (a *array) use(f *filesystem) string {
	switch f.kind {
	case raidMember:
		return text("Active %s device for %s", a.level, a.name)
	case raidSpare:
		return text("Spare %s device for %s", a.level, a.name)
	}
	return "Backing device for " + a.name
}

func (x *cacheSet) noun() string           { return "cache set" }
func (x *cacheSet) use(*filesystem) string { return "Cache device for " + x.name }

// raidLevels are how many active members each level needs, and how much of them it gives: in members, less those lost.
var raidLevels = map[string]struct {
	least, lost int
	mirrored    bool
	spares      string
}{
	"raid-0":  {2, 0, false, "no"},
	"raid-1":  {2, 0, true, "any number of"},
	"raid-5":  {3, 1, false, "any number of"},
	"raid-6":  {4, 2, false, "any number of"},
	"raid-10": {3, 0, false, "any number of"},
}

// raidSize is the size of an array of members of which the smallest has the given size, in bytes.
func raidSize(level string, members int, smallest int64) int64 {
	one := smallest - superblock
	switch l := raidLevels[level]; {
	case l.mirrored:
		return one
	case level == "raid-10":
		return one * int64(members) / 2
	default:
		return one * int64(members-l.lost)
	}
}

// parts are the devices and partitions with the membership and a filesystem of the kind, as the API shows them.
func (s *Server) parts(m *machine, of membership, kind string) []obj {
	out := []obj{}
	for _, d := range m.disks {
		if d.member == of && d.fs.kind == kind {
			out = append(out, s.deviceBody(m, d))
		}
		for _, p := range d.partitions {
			if p.member == of && p.fs.kind == kind {
				out = append(out, m.partitionBody(p))
			}
		}
	}
	return out
}

// leave makes what was a part of something free.
func (m *machine) leave(of membership) {
	for _, d := range m.disks {
		if d.member == of {
			d.member, d.fs = nil, nil
		}
		for _, p := range d.partitions {
			if p.member == of {
				p.member, p.fs = nil, nil
			}
		}
	}
}

func (s *Server) newArray(m *machine, a *array, size int64, blockSize int) {
	if a.uuid == "" {
		a.uuid = s.newUUID()
	}
	a.device = &blockDevice{id: s.id("device"), kind: deviceVirtual, size: size, blockSize: blockSize, uuid: s.newUUID(), array: a}
	m.arrays, m.disks = append(m.arrays, a), append(m.disks, a.device)
}

func (m *machine) dropArray(a *array) {
	m.leave(a)
	m.arrays, m.disks = remove(m.arrays, a), remove(m.disks, a.device)
}

// arrayBody is a RAID or a bcache. A region of this age shows the size of a RAID 10 as a float, on which clients break.
func (s *Server) arrayBody(m *machine, a *array) obj {
	b := obj{"id": a.id, "uuid": a.uuid, "name": a.name, "system_id": m.systemID, "human_size": human(a.device.size), "size": a.device.size,
		"virtual_device": s.deviceBody(m, a.device)}
	if a.isRAID() {
		b["level"], b["devices"], b["spare_devices"] = a.level, s.parts(m, a, raidMember), s.parts(m, a, raidSpare)
		b["resource_uri"] = text("%snodes/%s/raid/%d/", apiRoot, m.systemID, a.id)
		if a.level == "raid-10" {
			b["size"] = json.Number(strconv.FormatInt(a.device.size, 10) + ".0")
		}
		return b
	}
	b["cache_mode"], b["cache_set"], b["backing_device"] = a.mode, s.cacheBody(m, a.cache), nil
	for _, part := range s.parts(m, a, bcacheBacking) {
		b["backing_device"] = part
	}
	b["resource_uri"] = text("%snodes/%s/bcache/%d/", apiRoot, m.systemID, a.id)
	return b
}

func (s *Server) cacheBody(m *machine, x *cacheSet) obj {
	b := obj{"id": x.id, "name": x.name, "system_id": m.systemID, "cache_device": nil,
		"resource_uri": text("%snodes/%s/bcache-cache-set/%d/", apiRoot, m.systemID, x.id)}
	for _, part := range s.parts(m, x, asBcache) {
		b["cache_device"] = part
	}
	return b
}

// incomplete is how the body of a machine names what has an address of its own.
func (m *machine) incomplete(id int) obj {
	return obj{"system_id": m.systemID, "id": id, "__incomplete__": true}
}

func (m *machine) incompleteArrays(which func(array) bool) []obj {
	out := []obj{}
	for _, a := range m.arrays {
		if which(*a) {
			out = append(out, m.incomplete(a.id))
		}
	}
	return out
}
