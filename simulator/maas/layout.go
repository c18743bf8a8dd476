package maas

import (
	"cmp"
	"net/http"
	"strconv"
	"strings"
)

// layouts is in the order in which a real region lists them.
var layouts = []string{"custom", "vmfs7", "blank", "vmfs6", "bcache", "lvm", "flat"}

const (
	efiSize      = 512 * mebibyte
	bootOfBcache = 1024 * mebibyte
)

// setStorageLayout is op=set_storage_layout: every partition and volume group is removed first.
func (s *Server) setStorageLayout(c *call, m *machine) error {
	if m.status != statusReady {
		return refuse(http.StatusConflict, "Cannot change the storage layout on a machine that is not Ready.")
	}
	layout := c.get("storage_layout")
	switch {
	case layout == "":
		return badField("storage_layout", fieldRequired)
	case !contains(layouts, layout):
		return badField("storage_layout", "'%s' is not a valid storage_layout.  It should be one of: %s.", layout, quotedList(layouts))
	case layout == "custom":
		return refuse(http.StatusBadRequest, "Failed to configure storage layout 'custom': No custom storage layout configuration found")
	case layout == "vmfs6" || layout == "vmfs7":
		return refuse(http.StatusNotImplemented, "Not simulated: POST %s op=set_storage_layout %s", c.request.URL.Path, layout)
	}
	var v invalid
	root := m.boot()
	if x := strings.TrimSpace(c.get("root_device")); x != "" {
		root = nil
		ids := []string{}
		for _, d := range m.disks {
			if d.kind == devicePhysical {
				ids = append(ids, strconv.Itoa(d.id))
				if strconv.Itoa(d.id) == x {
					root = d
				}
			}
		}
		if root == nil {
			v.add("root_device", "'%s' is not a valid root_device.  It should be one of: %s.", x, quotedList(ids))
		}
	}
	if root == nil && len(v.fields) == 0 {
		return refuse(http.StatusBadRequest, "Failed to configure storage layout '%s': No boot disk has been configured.", layout)
	}
	sizes := map[string]int64{}
	for _, f := range []string{"boot_size", "root_size", "lv_size"} {
		if x := strings.TrimSpace(c.get(f)); x != "" {
			of := int64(0)
			if root != nil {
				of = root.size
			}
			n, ok := layoutSize(x, of)
			if !ok {
				v.add(f, invalidValue)
			}
			sizes[f] = n
		}
	}
	if err := v.err(); err != nil {
		return err
	}
	if room := root.size - m.overhead() - efiSize; sizes["boot_size"]+sizes["root_size"] > room {
		return badField("boot_size", "Size is too large. Maximum size is %d.", room)
	}
	names := layoutNames{group: c.get("vg_name"), volume: c.get("lv_name"), mode: c.get("cache_mode")}
	if layout == "bcache" {
		if names.cache = m.cacheDevice(c.get("cache_device"), root); names.cache == nil {
			return refuse(http.StatusBadRequest, "Failed to configure storage layout 'bcache': Node doesn't have an available cache device to setup bcache.")
		}
	}
	s.applyLayout(m, layout, root, sizes, names)
	return nil
}

// layoutSize reads bytes or a percentage; units are refused.
func layoutSize(x string, of int64) (int64, bool) {
	if p, ok := strings.CutSuffix(x, "%"); ok {
		n, ok := parseNumber(p)
		return int64(float64(of) * n / 100), ok && n >= 0 && n <= 100
	}
	n, err := strconv.ParseInt(x, 10, 64)
	return n, err == nil && n >= 0
}

// clearStorage leaves bare disks.
func (m *machine) clearStorage() {
	m.groups, m.arrays, m.caches, m.special = nil, nil, nil, nil
	var kept []*blockDevice
	for _, d := range m.disks {
		if d.kind == devicePhysical {
			d.table, d.partitions, d.fs, d.member = "", nil, nil, nil
			kept = append(kept, d)
		}
	}
	m.disks = kept
}

// layoutNames are the names and devices that a layout was asked for; zero values take the defaults.
type layoutNames struct {
	group, volume string
	cache         *blockDevice
	mode          string
}

// cacheDevice is the disk with the id, or without one the smallest SSD besides that of the root filesystem; nil for none.
func (m *machine) cacheDevice(id string, root *blockDevice) (best *blockDevice) {
	for _, d := range m.disks {
		switch {
		case d.kind != devicePhysical || d == root:
		case id != "" && strconv.Itoa(d.id) == id:
			return d
		case id == "" && contains(d.tags, "ssd") && (best == nil || d.size < best.size):
			best = d
		}
	}
	return best
}

func (s *Server) applyLayout(m *machine, layout string, root *blockDevice, sizes map[string]int64, names layoutNames) {
	m.clearStorage()
	if layout == "blank" || root == nil {
		return
	}
	boot := m.boot()
	if boot == nil {
		boot = root
	}
	boot.table = "GPT"
	if m.bootFirm == "uefi" {
		efi := s.newPartition(boot, efiSize)
		efi.bootable = true
		efi.fs = &filesystem{kind: "fat32", label: "efi", uuid: s.newUUID(), mount: "/boot/efi"}
	}
	bootSize := roundDown(sizes["boot_size"])
	if layout == "bcache" && bootSize == 0 {
		bootSize = bootOfBcache // nothing boots from a bcache
	}
	if bootSize > 0 {
		p := s.newPartition(boot, bootSize)
		p.fs = &filesystem{kind: "ext4", label: "boot", uuid: s.newUUID(), mount: "/boot"}
	}
	size := m.available(root)
	if n := roundDown(sizes["root_size"]); n > 0 && n < size {
		size = n
	}
	p := s.newPartition(root, size)
	rootFS := &filesystem{kind: "ext4", label: "root", uuid: s.newUUID(), mount: "/"}
	if layout == "flat" {
		p.fs = rootFS
		return
	}
	if layout == "bcache" {
		cache := s.newCache(m, nil, []*partition{s.newPartition(names.cache, m.available(names.cache))})
		s.newBcache(m, cache, cmp.Or(names.mode, "writethrough"), "", "", nil, []*partition{p}).device.fs = rootFS
		return
	}
	g := &volumeGroup{id: s.id("group"), name: cmp.Or(names.group, "vgroot"), uuid: s.newUUID()}
	m.groups = append(m.groups, g)
	s.join(g, nil, []*partition{p})
	free, _ := m.groupSize(g)
	if n := roundDown(sizes["lv_size"]); n > 0 && n < free {
		free = n
	}
	s.newVolume(m, g, cmp.Or(names.volume, "lvroot"), free, "").fs = rootFS
}

// defaultLayout is what commissioning and restore_storage_configuration end with.
func (s *Server) defaultLayout(m *machine) {
	layout, _ := s.config["default_storage_layout"].(string)
	if layout != "lvm" && layout != "blank" {
		layout = "flat"
	}
	s.applyLayout(m, layout, m.boot(), nil, layoutNames{})
}

func (s *Server) restoreStorage(_ *call, m *machine) error {
	if !m.status.in(canRestore...) {
		return refuse(http.StatusConflict, "Machine must be in a ready or failed testing state to restore storage configuration.")
	}
	if !m.inventory {
		return refuse(http.StatusInternalServerError, "'NoneType' object has no attribute 'stdout'")
	}
	s.defaultLayout(m)
	return nil
}

func (s *Server) restoreNetworking(_ *call, m *machine) error {
	if !m.status.in(canRestore...) {
		return refuse(http.StatusConflict, "Machine must be in a ready or failed testing state to restore networking configuration")
	}
	if !m.inventory {
		return refuse(http.StatusInternalServerError, "'NoneType' object has no attribute 'stdout'")
	}
	if wm, ok := s.physical(m); ok {
		s.discoverNICs(m, wm)
	}
	return nil
}

func (s *Server) restoreAll(c *call, m *machine) error {
	if !m.status.in(canRestore...) {
		return refuse(http.StatusConflict, "Machine must be in a ready or failed testing state to restore default networking and storage configuration.")
	}
	if err := s.restoreNetworking(c, m); err != nil {
		return err
	}
	return s.restoreStorage(c, m)
}
