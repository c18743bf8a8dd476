package maas

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"drydock/design"
	"drydock/drivers"
)

// ApplyNodeStorage makes the machine's storage that of the design. The disks are found by identity before anything changes;
// a layout that is equal is not touched. Where something differs, the layout is blanked (op=set_storage_layout) and built
// from the ground, so that a run that was cut off half-way leaves nothing behind for the next. It ends when what it reads
// back equals the design. MAAS allows it while the machine is Ready; in other states an equal layout is Already and another
// one a Conflict.
func (d *Driver) ApplyNodeStorage(ctx context.Context, call drivers.NodeCall) (drivers.Report, error) {
	s, err := d.nodeSession(ctx, drivers.ApplyNodeStorage, call)
	if err != nil {
		return drivers.Report{}, err
	}
	m, err := s.present(call)
	if err != nil {
		return drivers.Report{}, err
	}
	if err := s.refuseForeign(m); err != nil {
		return drivers.Report{}, err
	}
	w, err := s.wantedLayout(call, m)
	if err != nil {
		return drivers.Report{}, err
	}
	if w == nil {
		return s.report(call, m, drivers.Already, "The design says nothing of storage: machine "+m.String()+" keeps the layout that MAAS gave it.")
	}
	groups, err := s.volumeGroups(m)
	if err != nil {
		return drivers.Report{}, err
	}
	differs := diskDiff(m, groups, w)
	if len(differs) == 0 {
		return s.report(call, m, drivers.Already, "The storage layout of machine "+m.String()+" is as designed.")
	}
	if m.Locked {
		return drivers.Report{}, s.locked(m)
	}
	if m.Status != stReady {
		return drivers.Report{}, s.errorf(drivers.Conflict, "Destroy or release the node first: MAAS changes storage only while a machine is Ready.",
			"machine %s is %s, and its storage differs from the design: %s", m, m.StatusName, strings.Join(differs, "; "))
	}
	// The layout is what the next deployment wipes.
	if err := s.prove(call, m); err != nil {
		return drivers.Report{}, err
	}
	if w, err = s.build(call, m, w); err != nil {
		return drivers.Report{}, err
	}
	if m, err = s.machineByID(m.SystemID); err != nil {
		return drivers.Report{}, err
	}
	if m == nil {
		return drivers.Report{}, s.errorf(drivers.NotFound, "Run IdentifyNode.", "the machine was deleted at MAAS while its storage was configured")
	}
	if groups, err = s.volumeGroups(m); err != nil {
		return drivers.Report{}, err
	}
	w.refresh(m)
	if left := diskDiff(m, groups, w); len(left) > 0 {
		return drivers.Report{}, s.errorf(drivers.Conflict, "Compare the machine's storage page at MAAS with the design; somebody else may be changing it.",
			"configure the storage of machine %s: MAAS took all requests, but this still differs: %s", m, strings.Join(left, "; "))
	}
	said := []string{"The storage layout of machine " + m.String() + " was built anew, as it differed: " + strings.Join(differs, "; ") + "."}
	return s.report(call, m, drivers.Changed, said...)
}

// refresh points the wanted disks at the machine's body of now; sizes stay as planned.
func (w *wantedStorage) refresh(m *machine) {
	for i := range w.disks {
		for j := range m.Disks {
			if m.Disks[j].ID == w.disks[i].disk.ID {
				w.disks[i].disk = &m.Disks[j]
			}
		}
	}
}

func (s *session) volumeGroups(m *machine) ([]volumeGroup, error) {
	var out []volumeGroup
	if err := s.get("nodes/"+m.SystemID+"/volume-groups/", "", nil, &out); err != nil {
		return nil, s.fail(err, "list volume groups of machine %s", m)
	}
	return out, nil
}

// build makes the layout on the blanked machine. It returns the layout with the sizes that the blank disks allow.
func (s *session) build(call drivers.NodeCall, m *machine, w *wantedStorage) (*wantedStorage, error) {
	// Not in gomaasclient. The layout is only a plan at MAAS until the machine is deployed: nothing is lost here.
	if _, err := s.actOn(m.SystemID, "set_storage_layout", form("storage_layout", "blank")); err != nil {
		return nil, s.fail(err, "blank the storage layout of machine %s", m)
	}
	for _, d := range w.disks {
		if !d.boot {
			continue
		}
		// Before the partitions: a boot disk gets room for the boot loader in front of them.
		if err := s.gmc.BlockDevice.SetBootDisk(m.SystemID, d.disk.ID); err != nil {
			return nil, s.fail(err, "make disk %s the boot disk of machine %s", d.disk.Name, m)
		}
	}
	// How much room a disk has is only exact now.
	m, err := s.machineByID(m.SystemID)
	if err != nil {
		return nil, err
	}
	if m == nil {
		return nil, s.errorf(drivers.NotFound, "Run IdentifyNode.", "the machine was deleted at MAAS while its storage was configured")
	}
	if w, err = s.wantedLayout(call, m); err != nil {
		return nil, err
	}
	members := map[string]url.Values{}
	for _, d := range w.disks {
		if d.group != "" {
			add(members, d.group, "block_devices", d.disk.ID)
		}
		for _, p := range d.parts {
			id, err := s.makePartition(m, d, p)
			if err != nil {
				return nil, err
			}
			if p.group != "" {
				add(members, p.group, "partitions", id)
			}
		}
	}
	for _, g := range w.groups {
		if err := s.makeGroup(m, g, members[g.Name]); err != nil {
			return nil, err
		}
	}
	return w, nil
}

func add(members map[string]url.Values, group, kind string, id int) {
	if members[group] == nil {
		members[group] = url.Values{}
	}
	members[group].Add(kind, strconv.Itoa(id))
}

func (s *session) makePartition(m *machine, d wantedDisk, p wantedPart) (int, error) {
	what := fmt.Sprintf("partition %s on disk %s of machine %s", p.name, d.disk.Name, m)
	params := url.Values{"bootable": {strconv.FormatBool(p.bootable)}}
	if p.size > 0 {
		params.Set("size", strconv.FormatInt(p.size, 10))
	}
	if p.uuid != "" {
		params.Set("uuid", p.uuid)
	}
	var made partition
	if err := s.post(fmt.Sprintf("nodes/%s/blockdevices/%d/partitions/", m.SystemID, d.disk.ID), "", params, &made); err != nil {
		return 0, s.fail(err, "make %s", what)
	}
	// One partition is addressed without a slash at the end.
	return made.ID, s.makeFilesystem(fmt.Sprintf("nodes/%s/blockdevices/%d/partition/%d", m.SystemID, d.disk.ID, made.ID), p.fs, what)
}

// makeFilesystem formats and mounts. gomaasclient has no label and no UUID for block devices.
func (s *session) makeFilesystem(path string, fs *design.Filesystem, what string) error {
	if fs == nil {
		return nil
	}
	params := url.Values{"fstype": {fsType(fs)}}
	if fs.Label != "" {
		params.Set("label", fs.Label)
	}
	if fs.UUID != "" {
		params.Set("uuid", fs.UUID)
	}
	if err := s.post(path, "format", params, nil); err != nil {
		return s.fail(err, "format %s", what)
	}
	if fs.MountPoint == "" && fs.Type != "swap" {
		return nil
	}
	mount := url.Values{"mount_options": {fs.MountOptions}}
	if fs.Type != "swap" {
		mount.Set("mount_point", fs.MountPoint)
	}
	if err := s.post(path, "mount", mount, nil); err != nil {
		return s.fail(err, "mount %s at %s", what, fs.MountPoint)
	}
	return nil
}

func (s *session) makeGroup(m *machine, g wantedGroup, members url.Values) error {
	params := url.Values{"name": {g.Name}}
	for k, v := range members {
		params[k] = v
	}
	if g.UUID != "" {
		params.Set("uuid", g.UUID)
	}
	var made volumeGroup
	if err := s.post("nodes/"+m.SystemID+"/volume-groups/", "", params, &made); err != nil {
		return s.fail(err, "make volume group %s of machine %s", g.Name, m)
	}
	free := int64(made.Size)
	if free == 0 {
		free = int64(made.Available)
	}
	total := free
	for _, lv := range g.LogicalVolumes {
		what := fmt.Sprintf("logical volume %s of volume group %s of machine %s", lv.Name, g.Name, m)
		n, err := lv.Size.Resolve(total, free)
		if err != nil {
			return s.errorf(drivers.InvalidDesign, "Make the volume smaller, or the group larger.", "make %s: %w", what, err)
		}
		n -= n % extent
		free -= n
		params := url.Values{"name": {lv.Name}, "size": {strconv.FormatInt(n, 10)}}
		if lv.UUID != "" {
			params.Set("uuid", lv.UUID)
		}
		var v disk
		if err := s.post(fmt.Sprintf("nodes/%s/volume-group/%d/", m.SystemID, made.ID), "create_logical_volume", params, &v); err != nil {
			return s.fail(err, "make %s", what)
		}
		if err := s.makeFilesystem(fmt.Sprintf("nodes/%s/blockdevices/%d/", m.SystemID, v.ID), lv.Filesystem, what); err != nil {
			return err
		}
	}
	return nil
}
