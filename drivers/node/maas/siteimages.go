package maas

import (
	"context"
	"net/http"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/canonical/gomaasclient/entity"

	"drydock/drivers"
)

// platform is an image with a kernel; the kernel may be "".
type platform struct{ image, kernel string }

func (p platform) String() string {
	if p.kernel == "" {
		return p.image
	}
	return p.image + " with kernel " + p.kernel
}

// platforms are those of the nodes of a call, each once, sorted.
func platforms(call drivers.SiteCall) []platform {
	seen := map[platform]bool{}
	var out []platform
	for _, n := range call.Nodes {
		if n == nil || n.Platform.Image == "" {
			continue
		}
		p := platform{series(n.Platform.Image), n.Platform.Kernel}
		if !seen[p] {
			seen[p] = true
			out = append(out, p)
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].String() < out[j].String() })
	return out
}

// images is what boot-resources/ lists.
type images []entity.BootResource

func (s *session) images() (images, error) {
	list, err := s.gmc.BootResources.Get(&entity.BootResourcesReadParams{})
	if err != nil {
		return nil, s.fail(err, "list images")
	}
	return list, nil
}

func (im images) hasImage(name string) bool {
	return slices.ContainsFunc(im, func(r entity.BootResource) bool { return r.Name == name })
}

// has reports whether image and kernel are there. A kernel is one of the sub-architectures of an image.
func (im images) has(p platform) bool {
	for _, r := range im {
		if r.Name != p.image {
			continue
		}
		_, sub, _ := strings.Cut(r.Architecture, "/")
		if p.kernel == "" || sub == p.kernel || slices.Contains(strings.Split(r.Subarches, ","), p.kernel) {
			return true
		}
		if r.Type == "Uploaded" {
			return true // brings its own kernel
		}
	}
	return false
}

func (im images) missing(ps []platform) []platform {
	var out []platform
	for _, p := range ps {
		if !im.has(p) {
			out = append(out, p)
		}
	}
	return out
}

func texts(ps []platform) string {
	var out []string
	for _, p := range ps {
		out = append(out, p.String())
	}
	return strings.Join(out, ", ")
}

// CreateBootMedia makes the images and kernels of the nodes' platforms available: it selects what is not selected
// (boot-sources/{id}/selections/), starts an import (boot-resources/?op=import) and ends when the images are there and synced to
// the rack controllers.
func (d *Driver) CreateBootMedia(ctx context.Context, call drivers.SiteCall) (drivers.Report, error) {
	s, err := d.siteSession(ctx, drivers.CreateBootMedia, call)
	if err != nil {
		return drivers.Report{}, err
	}
	have, err := s.images()
	if err != nil {
		return drivers.Report{}, err
	}
	_, noted, err := call.Journal.Noted(s, noteImport)
	if err != nil {
		return drivers.Report{}, s.journalError(err)
	}
	wanted := platforms(call)
	missing := have.missing(wanted)
	if len(missing) > 0 {
		return drivers.Report{}, s.importImages(call, missing)
	}
	if err := s.synced(); err != nil {
		return drivers.Report{}, err
	}
	if noted {
		return drivers.Report{Outcome: drivers.Changed, Messages: []string{"Images were imported; MAAS has: " + texts(wanted) + "."}}, nil
	}
	return drivers.Report{Outcome: drivers.Already, Messages: []string{"MAAS has the images of all platforms: " + orNothing(texts(wanted)) + "."}}, nil
}

// importImages selects the missing images, starts one import per task, and waits for it.
func (s *session) importImages(call drivers.SiteCall, missing []platform) error {
	running, err := s.gmc.BootResources.IsImporting()
	if err != nil {
		return s.fail(err, "ask whether an import runs")
	}
	if running {
		return s.waiting("MAAS imports images; still missing: %s", texts(missing))
	}
	text, noted, err := call.Journal.Noted(s, noteImport)
	if err != nil {
		return s.journalError(err)
	}
	if noted {
		since, err := time.Parse(time.RFC3339, text)
		// An import shows only a while after it was asked for, and the images of one that has ended a while after that.
		if err == nil && s.d.now().Sub(since) < 2*time.Minute+2*s.d.cfg.PollInterval {
			return s.waiting("MAAS begins to import images; still missing: %s", texts(missing))
		}
		return s.errorf(drivers.NotFound, "Look at the images page of MAAS for what its sources offer and why an import failed.", "the import has ended and MAAS still lacks %s", texts(missing))
	}
	if err := s.selectImages(missing); err != nil {
		return err
	}
	if err := call.Journal.Note(s, noteImport, s.d.now().UTC().Format(time.RFC3339)); err != nil {
		return s.journalError(err)
	}
	// Importing twice is harmless: MAAS runs one import at a time.
	if err := s.gmc.BootResources.Import(); err != nil {
		return s.fail(err, "start the import of images")
	}
	return s.waiting("MAAS was asked to import %s", texts(missing))
}

func (s *session) selectImages(missing []platform) error {
	sources, err := s.gmc.BootSources.Get()
	if err != nil {
		return s.fail(err, "list boot sources")
	}
	if len(sources) == 0 {
		return s.errorf(drivers.Conflict, "Add a boot source at MAAS.", "select images: MAAS has no boot source")
	}
	selected := map[string]bool{}
	for _, src := range sources {
		list, err := s.gmc.BootSourceSelections.Get(src.ID)
		if err != nil {
			return s.fail(err, "list the selections of boot source %d", src.ID)
		}
		for _, sel := range list {
			selected[sel.OS+"/"+sel.Release] = true
		}
	}
	for _, p := range missing {
		if selected[p.image] {
			continue
		}
		system, release, _ := strings.Cut(p.image, "/")
		if system == "custom" {
			return s.errorf(drivers.NotFound, "Upload the image to MAAS.", "image %s is a custom image, and MAAS does not have it", release)
		}
		var refused error
		for _, src := range sources {
			_, refused = s.gmc.BootSourceSelections.Create(src.ID, &entity.BootSourceSelectionParams{OS: system, Release: release, Arches: []string{"amd64"}, Subarches: []string{"*"}, Labels: []string{"*"}})
			if refused == nil || !isAnswer(refused, http.StatusBadRequest) {
				break
			}
		}
		if refused != nil {
			return s.fail(refused, "select image %s for import", p.image)
		}
		selected[p.image] = true
	}
	return nil
}

// synced waits until every connected rack controller has the images (rackcontrollers/{id}/?op=list_boot_images, which
// gomaasclient does not have).
func (s *session) synced() error {
	var racks []machine
	if err := s.get("rackcontrollers/", "", nil, &racks); err != nil {
		return s.fail(err, "list rack controllers")
	}
	for i := range racks {
		var state struct {
			Connected bool   `json:"connected"`
			Status    string `json:"status"`
		}
		err := s.get("rackcontrollers/"+racks[i].SystemID+"/", "list_boot_images", nil, &state)
		if isAnswer(err, http.StatusBadRequest, http.StatusNotFound, http.StatusMethodNotAllowed) {
			continue // later versions keep images at the regions and have no such list
		}
		if err != nil {
			return s.fail(err, "ask rack controller %s for its images", &racks[i])
		}
		if state.Connected && (state.Status == "syncing" || state.Status == "region-importing" || state.Status == "out-of-sync") {
			return s.waiting("rack controller %s is %s", &racks[i], state.Status)
		}
	}
	return nil
}
