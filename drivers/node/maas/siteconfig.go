package maas

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/canonical/gomaasclient/entity"

	"drydock/design"
	"drydock/drivers"
)

// minMajor and minMinor are the oldest MAAS that the driver works with, 3.3, and newestMinor is the newest that it knows: 3.7.
const minMajor, minMinor, newestMinor = 3, 3, 7

// clockTolerance is from where on ValidateNodeServices warns of clocks that differ.
const clockTolerance = 30 * time.Second

// ValidateNodeServices checks that MAAS answers (version/), is 3.3 or later, that our key is that of an administrator
// (users/?op=whoami), that the clocks agree (its Date header), that a rack controller is connected (rackcontrollers/) and that the images of the nodes are there
// (boot-resources/). A missing image is a message, or NotFound where the call requires images.
func (d *Driver) ValidateNodeServices(ctx context.Context, call drivers.SiteCall) (drivers.Report, error) {
	s, err := d.siteSession(ctx, drivers.ValidateNodeServices, call)
	if err != nil {
		return drivers.Report{}, err
	}
	// The user first: the version is told to anybody, so that it says nothing of the key.
	name, admin, err := s.user()
	if err != nil {
		return drivers.Report{}, err
	}
	if !admin {
		return drivers.Report{}, s.errorf(drivers.AuthFailed, "Make the user an administrator at MAAS, or use the key of one.", "user %s of the API key is no administrator of MAAS", name)
	}
	version, err := s.gmc.Version.Get()
	if err != nil {
		return drivers.Report{}, s.fail(err, "read the version of MAAS")
	}
	if !atLeast(version.Version, minMajor, minMinor) {
		return drivers.Report{}, s.errorf(drivers.NotSupported, "Upgrade MAAS.", "MAAS is version %s, and %d.%d or later is needed", version.Version, minMajor, minMinor)
	}
	said := []string{fmt.Sprintf("MAAS %s at %s answers, and user %s administers it.", version.Version, d.base.Host, name)}
	if atLeast(version.Version, minMajor, newestMinor+1) {
		said = append(said, drivers.Warning(fmt.Sprintf("MAAS %s is newer than what the driver was made for, which is up to %d.%d.", version.Version, minMajor, newestMinor)))
	}
	if ahead := time.Duration(d.wire.ahead.Load()) * time.Second; ahead.Abs() >= clockTolerance {
		said = append(said, drivers.Warning(fmt.Sprintf("the clock of MAAS is %s ahead of this host's; it refuses requests that are more than five minutes old, so set both right.", ahead)))
	}
	racks, err := s.racksUp()
	if err != nil {
		return drivers.Report{}, err
	}
	said = append(said, racks...)
	have, err := s.images()
	if err != nil {
		return drivers.Report{}, err
	}
	if missing := have.missing(platforms(call)); len(missing) > 0 {
		if call.RequireImages {
			return drivers.Report{}, s.errorf(drivers.NotFound, "Run PrepareSite, which imports images, or correct platform.image and platform.kernel.", "MAAS does not have the images of these platforms: %s", texts(missing))
		}
		said = append(said, "MAAS does not have the images of these platforms: "+texts(missing)+".")
	}
	return drivers.Report{Outcome: drivers.Already, Messages: said}, nil
}

// atLeast compares versions such as 3.4.10, 3.5~beta1 or 3.6.0-rc1.
func atLeast(version string, major, minor int) bool {
	parts := strings.SplitN(version, ".", 3)
	if len(parts) < 2 {
		return false
	}
	digits := func(s string) int {
		end := 0
		for end < len(s) && s[end] >= '0' && s[end] <= '9' {
			end++
		}
		n, err := strconv.Atoi(s[:end])
		if err != nil {
			return -1
		}
		return n
	}
	a, b := digits(parts[0]), digits(parts[1])
	return a > major || a == major && b >= minor
}

// racksUp tells which rack controllers work; that none does is an error.
func (s *session) racksUp() ([]string, error) {
	var racks []struct {
		machine
		Services []struct {
			Name   string `json:"name"`
			Status string `json:"status"`
			Info   string `json:"status_info"`
		} `json:"service_set"`
	}
	if err := s.get("rackcontrollers/", "", nil, &racks); err != nil {
		return nil, s.fail(err, "list rack controllers")
	}
	var up, said []string
	for i := range racks {
		r := &racks[i]
		dead := false
		for _, svc := range r.Services {
			if svc.Status == "dead" || svc.Status == "degraded" {
				text := fmt.Sprintf("Service %s of rack controller %s is %s", svc.Name, r.machine.String(), svc.Status)
				if svc.Info != "" {
					text += " (" + svc.Info + ")"
				}
				said = append(said, text+".")
			}
			dead = dead || svc.Name == "rackd" && svc.Status == "dead"
		}
		if !dead {
			up = append(up, r.Hostname)
		}
	}
	if len(up) == 0 {
		return nil, s.errorf(drivers.Unreachable, "Start the rack controllers of MAAS and check their connection to the region.", "none of the %d rack controllers is connected", len(racks))
	}
	sort.Strings(up)
	return append([]string{"Rack controllers connected: " + strings.Join(up, ", ") + "."}, said...), nil
}

// ConfigureUserCredentials gives the SSH keys of the design to our MAAS user (account/prefs/sshkeys/), as MAAS installs the
// keys of the user who deploys. It never removes a key.
func (d *Driver) ConfigureUserCredentials(ctx context.Context, call drivers.SiteCall) (drivers.Report, error) {
	s, err := d.siteSession(ctx, drivers.ConfigureUserCredentials, call)
	if err != nil {
		return drivers.Report{}, err
	}
	have, err := s.gmc.SSHKeys.Get()
	if err != nil {
		return drivers.Report{}, s.fail(err, "list SSH keys")
	}
	known := map[string]bool{}
	for _, k := range have {
		known[keyID(k.Key)] = true
	}
	added := 0
	for _, key := range call.Site.Region.AuthorizedKeys {
		key = strings.TrimSpace(strings.NewReplacer("\r", "", "\n", "").Replace(key))
		if key == "" || known[keyID(key)] {
			continue
		}
		known[keyID(key)] = true
		err := s.post("account/prefs/sshkeys/", "", form("key", key), nil)
		if isAnswer(err, http.StatusBadRequest) && strings.Contains(err.Error(), "already been added") {
			continue
		}
		if err != nil {
			return drivers.Report{}, s.fail(err, "add SSH key %q", shorten(key, 40))
		}
		added++
	}
	if added == 0 {
		return drivers.Report{Outcome: drivers.Already, Messages: []string{"The SSH keys of the design are known to MAAS."}}, nil
	}
	return drivers.Report{Outcome: drivers.Changed, Messages: []string{fmt.Sprintf("SSH keys added: %d.", added)}}, nil
}

// keyID is the key without its comment.
func keyID(key string) string {
	f := strings.Fields(key)
	if len(f) < 2 {
		return strings.TrimSpace(key)
	}
	return f[0] + " " + f[1]
}

// builtin repositories can't be deleted, and are told what to leave out instead of what to take.
var builtin = map[string]bool{"main_archive": true, "ports_archive": true}

// ConfigureNodeProvisioner makes the package repositories of MAAS those of the design (package-repositories/). Where the
// design says so, repositories that it does not name are deleted, the built-in archives excepted.
func (d *Driver) ConfigureNodeProvisioner(ctx context.Context, call drivers.SiteCall) (drivers.Report, error) {
	s, err := d.siteSession(ctx, drivers.ConfigureNodeProvisioner, call)
	if err != nil {
		return drivers.Report{}, err
	}
	have, err := s.gmc.PackageRepositories.Get()
	if err != nil {
		return drivers.Report{}, s.fail(err, "list package repositories")
	}
	region := call.Site.Region
	var said []string
	for _, want := range region.Repositories {
		if want.Type != "" && want.Type != "apt" {
			return drivers.Report{}, s.errorf(drivers.InvalidDesign, "Give repositories of type apt.", "MAAS takes no repository of type %s (%s)", want.Type, want.Name)
		}
		i := slices.IndexFunc(have, func(r entity.PackageRepository) bool { return r.Name == want.Name })
		var old entity.PackageRepository
		if i >= 0 {
			old = have[i]
		}
		change, what := repositoryChange(want, old, i >= 0)
		if len(change) == 0 {
			continue
		}
		if i < 0 {
			change["name"], change["enabled"] = []string{want.Name}, []string{"true"}
			if err := s.post("package-repositories/", "", change, nil); err != nil {
				return drivers.Report{}, s.fail(err, "make package repository %s", want.Name)
			}
			said = append(said, "Package repository "+want.Name+" was made.")
			continue
		}
		// gomaasclient leaves out empty lists, so that what is to be cleared would stay.
		if err := s.put(fmt.Sprintf("package-repositories/%d/", old.ID), change, nil); err != nil {
			return drivers.Report{}, s.fail(err, "change package repository %s", want.Name)
		}
		said = append(said, "Package repository "+want.Name+" was changed: "+strings.Join(what, ", ")+".")
	}
	for _, r := range have {
		named := slices.ContainsFunc(region.Repositories, func(w design.Repository) bool { return w.Name == r.Name })
		if !region.RemoveUnlisted || named || builtin[r.Name] {
			continue
		}
		if err := s.gmc.PackageRepository.Delete(r.ID); err != nil && !isAnswer(err, http.StatusNotFound) {
			return drivers.Report{}, s.fail(err, "delete package repository %s", r.Name)
		}
		said = append(said, "Package repository "+r.Name+" was deleted, as the design does not list it.")
	}
	if len(said) == 0 {
		return drivers.Report{Outcome: drivers.Already, Messages: []string{"The package repositories are as designed."}}, nil
	}
	return drivers.Report{Outcome: drivers.Changed, Messages: said}, nil
}

// repositoryChange is the form that makes a repository the designed one, and the names of its fields.
func repositoryChange(want design.Repository, old entity.PackageRepository, exists bool) (map[string][]string, []string) {
	change := map[string][]string{}
	list := func(field string, want, have []string) {
		if !sameSet(want, have) {
			change[field] = []string{strings.Join(want, ",")}
		}
	}
	if want.URL != "" && strings.TrimSuffix(want.URL, "/") != strings.TrimSuffix(old.URL, "/") {
		change["url"] = []string{want.URL}
	}
	// A built-in archive has a key of its own, which no design that is silent about it means to take away.
	if key := strings.TrimSpace(want.GPGKey); key != strings.TrimSpace(old.Key) && (key != "" || !builtin[want.Name]) {
		change["key"] = []string{key}
	}
	arches := want.Arches
	if len(arches) == 0 && !exists {
		arches = []string{"amd64"}
	}
	if len(arches) > 0 {
		list("arches", arches, old.Arches)
	}
	if !builtin[want.Name] { // MAAS answers 400: default repositories may not have custom distributions
		list("distributions", want.Distributions, old.Distributions)
	}
	if len(want.Subrepos) > 0 {
		list("disabled_pockets", without([]string{"security", "updates", "backports"}, want.Subrepos), old.DisabledPockets)
	}
	if builtin[want.Name] {
		if len(want.Components) > 0 {
			// main can't be disabled at MAAS; it is listed by every design that lists any.
			list("disabled_components", without([]string{"restricted", "universe", "multiverse"}, want.Components), old.DisabledComponents)
		}
	} else {
		list("components", want.Components, old.Components)
	}
	return change, keys(change)
}

func without(all, some []string) []string {
	var out []string
	for _, x := range all {
		if !slices.Contains(some, x) {
			out = append(out, x)
		}
	}
	return out
}

func sameSet(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}
