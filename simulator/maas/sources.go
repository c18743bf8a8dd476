package maas

import (
	"net/http"
	"strings"
	"time"
)

func (src *bootSource) body() obj {
	return obj{"id": src.id, "url": src.url, "keyring_filename": src.keyring, "keyring_data": src.data,
		"created": modelTime(src.created), "updated": modelTime(src.created), "resource_uri": text("%sboot-sources/%d/", apiRoot, src.id)}
}

func (x *selection) body(src *bootSource) obj {
	return obj{"id": x.id, "os": x.os, "release": x.release, "arches": x.arches, "subarches": x.subarches, "labels": x.label,
		"boot_source_id": src.id, "resource_uri": text("%sboot-sources/%d/selections/%d/", apiRoot, src.id, x.id)}
}

func (s *Server) editSource(c *call, target *bootSource, create bool) error {
	var v invalid
	draft := *target
	c.textOf("url", &draft.url)
	c.textOf("keyring_filename", &draft.keyring)
	c.textOf("keyring_data", &draft.data)
	switch problem := isURL(draft.url); {
	case draft.url == "":
		v.add("url", fieldRequired)
	case problem != "":
		v.add("url", "%s", problem)
	default:
		for _, x := range s.images.sources {
			if x != target && x.url == draft.url {
				v.add("url", "Boot source with this Url already exists.")
			}
		}
	}
	if draft.keyring == "" && draft.data == "" {
		v.add(fieldAll, "One of keyring_data or keyring_filename must be specified.")
	}
	if err := v.err(); err != nil {
		return err
	}
	*target = draft
	return nil
}

func (s *Server) onSource(f func(*call, *bootSource) (any, error)) handler {
	return func(c *call) (any, error) {
		for _, src := range s.images.sources {
			if src.id == c.idVar("id") {
				return f(c, src)
			}
		}
		return nil, notFound("BootSource")
	}
}

func (s *Server) routeSources(t *router) {
	const all, one = "boot-sources/", "boot-sources/{id}/"
	t.on(all, "GET", "", admins, func(*call) (any, error) { return listOf(s.images.sources, (*bootSource).body), nil })
	t.on(all, "POST", "", admins, func(c *call) (any, error) {
		src := &bootSource{created: time.Now()}
		if err := s.editSource(c, src, true); err != nil {
			return nil, err
		}
		src.id = s.id("bootsource")
		s.images.sources = append(s.images.sources, src)
		return jsonReply(http.StatusCreated, src.body()), nil
	})
	t.on(one, "GET", "", admins, s.onSource(func(_ *call, src *bootSource) (any, error) { return src.body(), nil }))
	t.on(one, "PUT", "", admins, s.onSource(func(c *call, src *bootSource) (any, error) {
		if err := s.editSource(c, src, false); err != nil {
			return nil, err
		}
		return src.body(), nil
	}))
	t.on(one, "DELETE", "", admins, s.onSource(func(_ *call, src *bootSource) (any, error) {
		s.images.sources = remove(s.images.sources, src)
		return noContent(), nil
	}))
	s.routeSelections(t)
}

func (s *Server) editSelection(c *call, src *bootSource, x *selection) error {
	draft := *x
	c.textOf("os", &draft.os)
	c.textOf("release", &draft.release)
	for field, into := range map[string]*[]string{"arches": &draft.arches, "subarches": &draft.subarches, "labels": &draft.label} {
		if c.has(field) {
			*into = c.words(field)
		}
	}
	if !src.hasIndex || draft.os != "ubuntu" || releaseVersions[draft.release] == "" {
		return badField("os", "OS %s with release %s has no available images for download", draft.os, draft.release)
	}
	for _, y := range src.selections {
		if y.id != x.id && y.os == draft.os && y.release == draft.release {
			return badField(fieldAll, "Boot source selection with this Boot source, Os and Release already exists.")
		}
	}
	for _, a := range draft.arches {
		if a != "*" && a != "amd64" && a != "arm64" && a != "armhf" && a != "i386" && a != "ppc64el" && a != "s390x" {
			return badField("arches", "No available images to download for %s", strings.Join(draft.arches, ", "))
		}
	}
	*x = draft
	return nil
}

func (s *Server) routeSelections(t *router) {
	const all, one = "boot-sources/{id}/selections/", "boot-sources/{id}/selections/{selection}/"
	t.on(all, "GET", "", admins, s.onSource(func(_ *call, src *bootSource) (any, error) {
		return listOf(src.selections, func(x *selection) obj { return x.body(src) }), nil
	}))
	t.on(all, "POST", "", admins, s.onSource(func(c *call, src *bootSource) (any, error) {
		x := &selection{arches: []string{"*"}, subarches: []string{"*"}, label: []string{"*"}}
		if err := s.editSelection(c, src, x); err != nil {
			return nil, err
		}
		if auto, _ := s.config["boot_images_auto_import"].(bool); auto {
			defer s.startImport() // a new selection is fetched without being asked
		}
		return src.add(x.os, x.release, x.arches, x.subarches, x.label).body(src), nil
	}))
	find := func(f func(*call, *bootSource, *selection) (any, error)) handler {
		return s.onSource(func(c *call, src *bootSource) (any, error) {
			for _, x := range src.selections {
				if x.id == c.idVar("selection") {
					return f(c, src, x)
				}
			}
			return nil, notFound("BootSourceSelection")
		})
	}
	t.on(one, "GET", "", admins, find(func(_ *call, src *bootSource, x *selection) (any, error) { return x.body(src), nil }))
	t.on(one, "PUT", "", admins, find(func(c *call, src *bootSource, x *selection) (any, error) {
		if err := s.editSelection(c, src, x); err != nil {
			return nil, err
		}
		return x.body(src), nil
	}))
	t.on(one, "DELETE", "", admins, find(func(_ *call, src *bootSource, x *selection) (any, error) {
		src.selections = remove(src.selections, x)
		return noContent(), nil
	}))
}
