package maas

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"sort"
	"strings"

	"github.com/canonical/gomaasclient/entity"

	"drydock/drivers"
)

const (
	// tagComment marks the tags that we made: only those are ever taken off a machine or deleted.
	tagComment = "made by drydock"
	// designKey and ownKeys are annotations of ours: the digest of the design, and which keys came from designs.
	designKey = "drydock_design"
	ownKeys   = "drydock_keys"
)

var tagPattern = regexp.MustCompile(`^[A-Za-z0-9_.-]+$`)

// kernelTag is the name of the tag that carries the kernel parameters of one node. It stays on the machine through releases,
// so that every later deployment sees it.
func kernelTag(node string) string { return node + "__kernel_params" }

// ApplyNodePlatform makes the machine's tags those of the design (tags/, op=update_nodes), keeps its kernel parameters as
// kernel_opts of a tag of its own, sets min_hwe_kernel where the design asks for an hwe kernel, and, as soon as the machine
// has an owner, its annotations (op=set_workload_annotations). Tags that others made are left alone.
func (d *Driver) ApplyNodePlatform(ctx context.Context, call drivers.NodeCall) (drivers.Report, error) {
	s, err := d.nodeSession(ctx, drivers.ApplyNodePlatform, call)
	if err != nil {
		return drivers.Report{}, err
	}
	m, err := s.present(call)
	if err != nil {
		return drivers.Report{}, err
	}
	ours, err := s.ours(m)
	if err != nil {
		return drivers.Report{}, err
	}
	if m.held() && !ours {
		return drivers.Report{}, s.foreign(m)
	}
	said, err := s.applyTags(call, m)
	if err != nil {
		return drivers.Report{}, err
	}
	// A ga kernel is what the image brings anyway; as a lower bound it would keep the machine from being commissioned with
	// an older release.
	if k := call.Node.Platform.Kernel; strings.HasPrefix(k, "hwe-") && m.MinHWEKernel != k {
		if m.Locked {
			return drivers.Report{}, s.locked(m)
		}
		if err := s.put("machines/"+m.SystemID+"/", form("min_hwe_kernel", k), nil); err != nil {
			return drivers.Report{}, s.fail(err, "set min_hwe_kernel of machine %s", m)
		}
		said = append(said, "The minimal kernel became "+k+".")
	}
	if ours {
		more, err := s.annotate(call, m)
		if err != nil {
			return drivers.Report{}, err
		}
		said = append(said, more...)
	}
	if len(said) == 0 {
		return s.report(call, m, drivers.Already, "Tags, kernel parameters and annotations are as designed.")
	}
	if m, err = s.machineByID(m.SystemID); err != nil {
		return drivers.Report{}, err
	}
	if m == nil {
		return drivers.Report{}, s.errorf(drivers.NotFound, "Run IdentifyNode.", "the machine was deleted at MAAS meanwhile")
	}
	for _, tag := range call.Node.Tags {
		if !slices.Contains(m.TagNames, tag) {
			return drivers.Report{}, s.errorf(drivers.Conflict, "A tag of this name with a definition decides itself which machines have it: rename one of them.", "tag %s was put on machine %s and is not there", tag, m)
		}
	}
	return s.report(call, m, drivers.Changed, said...)
}

// applyTags puts the designed tags on the machine and takes off those that we made for an earlier design.
func (s *session) applyTags(call drivers.NodeCall, m *machine) ([]string, error) {
	own := kernelTag(call.Node.Name)
	wanted := slices.Clone(call.Node.Tags)
	opts := call.Node.Platform.KernelCommandLine()
	if opts != "" {
		wanted = append(wanted, own)
	}
	for _, tag := range wanted {
		if !tagPattern.MatchString(tag) {
			return nil, s.errorf(drivers.InvalidDesign, "Use letters, digits, dots, dashes and underscores in tags.", "MAAS takes no tag %q", tag)
		}
	}
	var said []string
	for _, name := range wanted {
		params := &entity.TagParams{Name: name, Comment: tagComment}
		if name == own {
			params.KernelOpts = opts
			have, err := s.tag(own)
			if err != nil {
				return nil, err
			}
			if have != nil && have.KernelOpts != opts {
				if _, err := s.gmc.Tag.Update(name, params); err != nil {
					return nil, s.fail(err, "set the kernel parameters of tag %s", name)
				}
				said = append(said, "The kernel parameters became: "+opts)
			}
		}
		if slices.Contains(m.TagNames, name) {
			continue
		}
		err := s.gmc.Tag.AddMachines(name, []string{m.SystemID})
		if isAnswer(err, http.StatusNotFound) {
			if _, err := s.gmc.Tags.Create(params); err != nil && !isDuplicate(err) {
				return nil, s.fail(err, "make tag %s", name)
			}
			said = append(said, "Tag "+name+" was made.")
			err = s.gmc.Tag.AddMachines(name, []string{m.SystemID})
		}
		if err != nil {
			return nil, s.fail(err, "put tag %s on machine %s", name, m)
		}
		said = append(said, "Tag "+name+" was put on the machine.")
	}
	removed, err := s.removeTags(m, wanted, own)
	return append(said, removed...), err
}

// removeTags takes off the tags that we made for an earlier design.
func (s *session) removeTags(m *machine, wanted []string, own string) (said []string, err error) {
	stale := m.TagNames
	if !slices.Contains(stale, own) {
		stale = append(slices.Clone(stale), own) // made, and not put on the machine before the process died
	}
	for _, name := range stale {
		if slices.Contains(wanted, name) {
			continue
		}
		t, err := s.tag(name)
		if err != nil {
			return said, err
		}
		if t == nil || t.Comment != tagComment || t.Definition != "" {
			continue
		}
		if name == own {
			if err := s.gmc.Tag.Delete(own); err != nil && !isAnswer(err, http.StatusNotFound) {
				return said, s.fail(err, "delete tag %s", own)
			}
			said = append(said, "Tag "+own+" was deleted, as the design has no kernel parameters.")
			continue
		}
		if err := s.gmc.Tag.RemoveMachines(name, []string{m.SystemID}); err != nil {
			return said, s.fail(err, "take tag %s off machine %s", name, m)
		}
		said = append(said, "Tag "+name+" of an earlier design was taken off the machine.")
	}
	return said, nil
}

// tag reads one tag; nil when there is none. The list of all tags is not asked for: it has one for every node.
func (s *session) tag(name string) (*entity.Tag, error) {
	t, err := s.gmc.Tag.Get(name)
	if isAnswer(err, http.StatusNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, s.fail(err, "read tag %s", name)
	}
	return t, nil
}

// isDuplicate reports whether a create failed because somebody else made the object meanwhile.
func isDuplicate(err error) bool {
	return isAnswer(err, http.StatusBadRequest) && strings.Contains(err.Error(), "already exists")
}

// annotate makes the machine's annotations those of the design: its owner data, the digest of the design, and the list of
// keys, by which a later design knows what to remove. Keys that people set are left alone. MAAS drops all of them when the
// machine is released. The machine must have an owner.
func (s *session) annotate(call drivers.NodeCall, m *machine) ([]string, error) {
	want := map[string]string{}
	for k, v := range call.Node.OwnerData {
		if v != "" { // an empty value is how a key is removed
			want[k] = v
		}
	}
	own := keys(want)
	if len(own) > 0 {
		want[ownKeys] = strings.Join(own, ",")
	}
	// On a machine that is deployed, the digest stays that of the design that it was deployed with.
	if call.Site.Digest != "" && m.Status == stAllocated {
		want[designKey] = call.Site.Digest
	}
	change := url.Values{}
	for k, v := range want {
		if m.Annotations[k] != v {
			change.Set(k, v)
		}
	}
	for _, k := range strings.Split(m.Annotations[ownKeys], ",") {
		if _, keep := want[k]; k != "" && !keep && m.Annotations[k] != "" {
			change.Set(k, "")
		}
	}
	if _, keep := want[ownKeys]; !keep && m.Annotations[ownKeys] != "" {
		change.Set(ownKeys, "")
	}
	if len(change) == 0 {
		return nil, nil
	}
	if m.Locked {
		return nil, s.locked(m)
	}
	if _, err := s.actOn(m.SystemID, "set_workload_annotations", change); err != nil {
		return nil, s.fail(err, "set annotations of machine %s", m)
	}
	changed := keys(change)
	sort.Strings(changed)
	return []string{"Annotations were set: " + strings.Join(changed, ", ") + "."}, nil
}
