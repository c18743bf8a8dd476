package maas

import (
	"math"
	"net/http"
	"regexp"
	"strconv"
	"strings"
)

// filesystem is what a device or partition is formatted with.
type filesystem struct {
	kind    string
	label   any // a string, or null for physical volumes
	uuid    string
	mount   any // mount point; null when not mounted
	options any
}

var formats = []string{"ext2", "ext4", "xfs", "fat32", "vfat", "btrfs", "swap", "zfsroot", "vmfs6"}

var specials = []string{"ramfs", "tmpfs"}

func (f *filesystem) body() obj {
	return obj{"fstype": f.kind, "label": f.label, "uuid": f.uuid, "mount_point": f.mount, "mount_options": f.options}
}

func (f *filesystem) orNull() any {
	if f == nil {
		return nil
	}
	return f.body()
}

func (f *filesystem) usedFor() string {
	if f.mount != nil {
		return text("%s formatted filesystem mounted at %v", f.kind, f.mount)
	}
	return text("Unmounted %s formatted filesystem", f.kind)
}

// formatFields makes a filesystem of fstype, label and uuid. What was there before is dropped, mounted or not.
func (s *Server) formatFields(c *call) (*filesystem, error) {
	kind := strings.TrimSpace(c.get("fstype"))
	if kind == "" {
		return nil, badField("fstype", fieldRequired)
	}
	if !contains(formats, kind) {
		return nil, badField("fstype", noSuchChoice, kind)
	}
	uuid := strings.TrimSpace(c.get("uuid"))
	if uuid == "" {
		uuid = s.newUUID()
	}
	return &filesystem{kind: kind, label: c.get("label"), uuid: uuid}, nil
}

// mountFields mounts a filesystem; mounting again replaces the mount.
func mountFields(c *call, m *machine, f *filesystem) error {
	if f == nil || f.internal() {
		return badField(fieldAll, "Cannot mount an unformatted partition or block device.")
	}
	point := strings.TrimSpace(c.get("mount_point"))
	switch {
	case f.kind == "swap":
		if point != "" && point != "none" {
			return badField("mount_point", "This field must be omitted when the filesystem is not mounted in the tree.")
		}
		point = "none"
	case point == "":
		return badField("mount_point", fieldRequired)
	case !strings.HasPrefix(point, "/"):
		return badField("mount_point", invalidValue)
	}
	if other := m.mountedAt(point); other != nil && other != f && point != "none" {
		return badField("mount_point", "Another filesystem is already mounted at %s.", point)
	}
	f.mount, f.options = point, c.get("mount_options")
	return nil
}

func (m *machine) filesystems() []*filesystem {
	var out []*filesystem
	for _, d := range m.disks {
		if d.fs != nil {
			out = append(out, d.fs)
		}
		for _, p := range d.partitions {
			if p.fs != nil {
				out = append(out, p.fs)
			}
		}
	}
	return append(out, m.special...)
}

func (m *machine) mountedAt(point string) *filesystem {
	for _, f := range m.filesystems() {
		if f.mount == point {
			return f
		}
	}
	return nil
}

func (m *machine) hasRoot() bool { return m.mountedAt("/") != nil }

// internal reports whether a volume group, an array or a cache set has formatted it for itself.
func (f *filesystem) internal() bool {
	return !contains(formats, f.kind) && !contains(specials, f.kind)
}

func (f *filesystem) unmount(noun string) error {
	switch {
	case f == nil:
		return refuse(http.StatusBadRequest, "%s is not formatted.", noun)
	case f.mount == nil:
		return refuse(http.StatusBadRequest, "Filesystem is already unmounted.")
	}
	f.mount, f.options = nil, nil
	return nil
}

func (s *Server) mountSpecial(c *call, m *machine) error {
	if !m.status.in(canFormat...) {
		return refuse(http.StatusConflict, "Cannot mount the filesystem because the machine is not Ready or Allocated.")
	}
	var v invalid
	kind, point := c.get("fstype"), c.get("mount_point")
	switch {
	case kind == "":
		v.add("fstype", fieldRequired)
	case !contains(specials, kind):
		v.add("fstype", noSuchChoice, kind)
	}
	switch {
	case point == "":
		v.add("mount_point", fieldRequired)
	case !strings.HasPrefix(point, "/"):
		v.add("mount_point", invalidValue)
	}
	if err := v.err(); err != nil {
		return err
	}
	f := &filesystem{kind: kind, uuid: s.newUUID(), mount: point, options: c.get("mount_options")}
	if old := m.mountedAt(point); old != nil {
		m.special = remove(m.special, old)
	}
	m.special = append(m.special, f)
	return nil
}

func (s *Server) unmountSpecial(c *call, m *machine) error {
	if !m.status.in(canFormat...) {
		return refuse(http.StatusConflict, "Cannot unmount the filesystem because the machine is not Ready or Allocated.")
	}
	point := c.get("mount_point")
	if point == "" {
		return badField("mount_point", fieldRequired)
	}
	for _, f := range m.special {
		if f.mount == point {
			m.special = remove(m.special, f)
		}
	}
	return nil
}

var sizePattern = regexp.MustCompile(`^([0-9]+(?:\.[0-9]+)?)([KkMmGgTtPpEe]?)$`)

// parseSize reads bytes, or a number with a decimal unit such as 10G.
func parseSize(t string) (int64, bool) {
	m := sizePattern.FindStringSubmatch(strings.TrimSpace(t))
	if m == nil {
		return 0, false
	}
	n, err := strconv.ParseFloat(m[1], 64)
	if err != nil {
		return 0, false
	}
	if m[2] == "" {
		whole, err := strconv.ParseInt(m[1], 10, 64)
		return whole, err == nil
	}
	n *= math.Pow(1000, float64(strings.Index("kmgtpe", strings.ToLower(m[2]))+1))
	return int64(n), n < math.MaxInt64
}

// human is a size for people, in decimal units.
func human(n int64) string {
	if n < 1000 {
		return text("%d bytes", n)
	}
	f := float64(n)
	for _, unit := range []string{"kB", "MB", "GB", "TB", "PB"} {
		if f /= 1000; f < 1000 {
			return text("%.1f %s", f, unit)
		}
	}
	return text("%.1f EB", f/1000)
}
