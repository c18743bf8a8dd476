package maas

import (
	"crypto/sha256"
	"fmt"
	"sort"
	"strings"
	"time"
)

// images is what the region has synced, and from where.
type images struct {
	resources []*bootResource
	sources   []*bootSource
	importing bool
	epoch     int
}

type bootResource struct {
	id       int
	name     string // ubuntu/jammy
	arch     string // amd64/ga-22.04
	subarchs string
	used     any // last_deployed
}

type bootSource struct {
	id            int
	url           string
	keyring, data string
	created       time.Time
	selections    []*selection
	nextSelection int
	hasIndex      bool // the index was fetched: before, nothing can be selected
}

type selection struct {
	id                       int
	os, release              string
	arches, subarches, label []string
}

// releaseVersions are the Ubuntu releases that the image source offers.
var releaseVersions = map[string]string{"xenial": "16.04", "bionic": "18.04", "focal": "20.04", "jammy": "22.04", "noble": "24.04"}

const imageSourceURL = "http://images.maas.io/ephemeral-v3/stable/"

func (s *Server) seedImages(names []string) {
	if names == nil {
		names = []string{"ubuntu/focal", "ubuntu/jammy", "ubuntu/xenial"}
	}
	src := &bootSource{id: s.id("bootsource"), url: imageSourceURL,
		keyring: "/usr/share/keyrings/ubuntu-cloudimage-keyring.gpg", created: time.Now(), hasIndex: true}
	s.images.sources = []*bootSource{src}
	for _, n := range names {
		os, release, ok := strings.Cut(n, "/")
		if !ok {
			os, release = "ubuntu", n
		}
		src.add(os, release, []string{"amd64"}, []string{"*"}, []string{"*"})
		s.sync(os + "/" + release)
	}
	// A region whose default release has no image would refuse to commission: the first image that is there takes its place.
	if !s.imageSynced("ubuntu/focal") && len(s.images.resources) > 0 {
		_, release, _ := strings.Cut(s.images.resources[0].name, "/")
		s.config["commissioning_distro_series"], s.config["default_distro_series"] = release, release
	}
}

func (src *bootSource) add(os, release string, arches, subarches, labels []string) *selection {
	src.nextSelection++
	x := &selection{id: src.nextSelection, os: os, release: release, arches: arches, subarches: subarches, label: labels}
	src.selections = append(src.selections, x)
	return x
}

// sync makes an image available with its ga and hwe kernels.
func (s *Server) sync(name string) {
	if s.imageSynced(name) {
		return
	}
	_, release, _ := strings.Cut(name, "/")
	version := releaseVersions[release]
	if version == "" {
		version = "22.04"
	}
	for _, kind := range []string{"ga", "hwe"} {
		s.images.resources = append(s.images.resources, &bootResource{id: s.id("bootresource"), name: name,
			arch: text("amd64/%s-%s", kind, version), subarchs: text("generic,hwe-p,hwe-q,hwe-r,hwe-s,hwe-t,hwe-u,hwe-v,hwe-w,ga-%s,hwe-%s", version, version)})
	}
}

func (s *Server) imageSynced(name string) bool {
	for _, r := range s.images.resources {
		if r.name == name {
			return true
		}
	}
	return false
}

func (s *Server) imageUsed(name string) {
	for _, r := range s.images.resources {
		if r.name == name {
			r.used = modelTime(time.Now())
		}
	}
}

func (s *Server) releases() []string {
	seen := map[string]bool{}
	var out []string
	for _, r := range s.images.resources {
		if !seen[r.name] {
			seen[r.name] = true
			out = append(out, r.name)
		}
	}
	sort.Strings(out)
	return out
}

func (s *Server) series() []string {
	var out []string
	for _, r := range s.releases() {
		if release, ok := strings.CutPrefix(r, "ubuntu/"); ok {
			out = append(out, release)
		}
	}
	return out
}

func (s *Server) architectures() []string {
	if len(s.images.resources) == 0 {
		return nil
	}
	return []string{"amd64/generic"}
}

// kernelFor is the kernel that a deployment gets: the one asked for where the image has it, else the default.
func (s *Server) kernelFor(image, wanted, least string) string {
	def := ""
	for _, r := range s.images.resources {
		if r.name != image {
			continue
		}
		kernel := strings.TrimPrefix(r.arch, "amd64/")
		if kernel == wanted || (wanted == "" && kernel == least) {
			return kernel
		}
		if strings.HasPrefix(kernel, "ga-") {
			def = kernel
		}
	}
	return def
}

// canRun reports whether the image names the kernel among those that it can be booted with.
func (s *Server) canRun(image, kernel string) bool {
	for _, r := range s.images.resources {
		if r.name == image && contains(strings.Split(r.subarchs, ","), kernel) {
			return true
		}
	}
	return false
}

func (r *bootResource) body() obj {
	return obj{"id": r.id, "type": "Synced", "name": r.name, "architecture": r.arch, "last_deployed": r.used,
		"platform": "generic", "supported_platforms": "generic", "subarches": r.subarchs,
		"resource_uri": text("%sboot-resources/%d/", apiRoot, r.id)}
}

func (r *bootResource) detail() obj {
	files := obj{}
	for _, kind := range []string{"boot-kernel", "boot-initrd", "squashfs"} {
		sum := fmt.Sprintf("%x", sha256.Sum256([]byte(r.name+r.arch+kind)))
		files[kind] = obj{"filename": kind, "filetype": kind, "sha256": sum, "size": 512, "complete": true}
	}
	b := r.body()
	b["sets"] = obj{"20250601": obj{"version": "20250601", "label": "stable", "size": 1536, "complete": true, "files": files}}
	return b
}

func (s *Server) routeImages(t *router) {
	const all, one = "boot-resources/", "boot-resources/{id}/"
	t.on(all, "GET", "", users, func(c *call) (any, error) {
		kinds := []string{"synced", "generated", "uploaded"}
		if s.version.atLeast(5) {
			kinds = []string{"synced", "uploaded"}
		}
		switch kind := c.get("type"); {
		case kind == "" || kind == "synced":
			return listOf(s.images.resources, (*bootResource).body), nil
		case !contains(kinds, kind):
			return nil, refuse(400, "'%s' is not a valid boot resource type. Available types: [%s]", kind, quotedList(kinds))
		}
		return []obj{}, nil
	})
	t.missing(all, "POST", "")
	t.on(all, "POST", "import", admins, func(*call) (any, error) {
		s.startImport()
		return textReply(200, typeText, "Import of boot resources started"), nil
	})
	t.on(all, "POST", "stop_import", admins, func(*call) (any, error) {
		s.images.importing = false
		s.images.epoch++
		return textReply(200, typeText, "Import of boot resources is being stopped"), nil
	})
	t.on(all, "GET", "is_importing", users, func(*call) (any, error) { return s.images.importing, nil })
	find := func(f func(*bootResource) (any, error)) handler {
		return func(c *call) (any, error) {
			for _, r := range s.images.resources {
				if r.id == c.idVar("id") {
					return f(r)
				}
			}
			return nil, notFound("BootResource")
		}
	}
	t.on(one, "GET", "", users, find(func(r *bootResource) (any, error) { return r.detail(), nil }))
	t.on(one, "DELETE", "", admins, find(func(r *bootResource) (any, error) {
		s.images.resources = remove(s.images.resources, r)
		return noContent(), nil
	}))
	s.routeSources(t)
}

// startImport makes the selected images available after the import time.
func (s *Server) startImport() {
	if s.images.importing {
		return
	}
	s.images.importing = true
	s.images.epoch++
	epoch := s.images.epoch
	duration := s.options.ImportTime
	if duration <= 0 {
		duration = 5 * time.Minute
	}
	s.after(duration, func() {
		if s.images.epoch != epoch {
			return
		}
		s.images.importing = false
		for _, src := range s.images.sources {
			src.hasIndex = true
			for _, x := range src.selections {
				if contains(x.arches, "amd64") || contains(x.arches, "*") {
					s.sync(x.os + "/" + x.release)
				}
			}
		}
	})
}
