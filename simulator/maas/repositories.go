package maas

import "strings"

// repository is a package repository for deployed machines.
type repository struct {
	id                            int
	name, url, key                string
	distributions, components     []string
	pockets, disabled, arches     []string
	enabled, noSources, isDefault bool
}

var repositoryArches = []string{"amd64", "arm64", "armhf", "i386", "ppc64el", "s390x"}

func (s *Server) seedRepositories() {
	s.repos = []*repository{
		{id: s.id("repository"), name: "main_archive", url: "http://archive.ubuntu.com/ubuntu", arches: []string{"amd64", "i386"},
			enabled: true, noSources: true, isDefault: true},
		{id: s.id("repository"), name: "ports_archive", url: "http://ports.ubuntu.com/ubuntu-ports",
			arches: []string{"armhf", "arm64", "ppc64el", "s390x"}, enabled: true, noSources: true, isDefault: true},
	}
}

func (r *repository) body() obj {
	return obj{"name": r.name, "url": r.url, "distributions": orEmpty(r.distributions), "disabled_pockets": orEmpty(r.pockets),
		"disabled_components": orEmpty(r.disabled), "disable_sources": r.noSources, "components": orEmpty(r.components),
		"arches": orEmpty(r.arches), "key": r.key, "enabled": r.enabled, "id": r.id,
		"resource_uri": text("%spackage-repositories/%d/", apiRoot, r.id)}
}

func (s *Server) editRepository(c *call, target *repository, create bool) error {
	var v invalid
	draft := *target
	if create {
		c.required(&v, "name", "url")
	}
	if name := strings.TrimSpace(c.get("name")); name != "" {
		for _, x := range s.repos {
			if x != target && x.name == name {
				v.add("name", "Package repository with this Name already exists.")
			}
		}
		draft.name = name
	}
	c.textOf("url", &draft.url)
	if draft.url != "" {
		if !strings.HasPrefix(draft.url, "ppa:") && isURL(draft.url) != "" {
			v.add("url", "Enter a valid repository URL.")
		}
	}
	c.textOf("key", &draft.key)
	for field, into := range map[string]*[]string{"distributions": &draft.distributions, "components": &draft.components,
		"disabled_pockets": &draft.pockets, "disabled_components": &draft.disabled, "arches": &draft.arches} {
		if c.has(field) {
			*into = c.words(field)
		}
	}
	for _, a := range draft.arches {
		if !contains(repositoryArches, a) {
			v.add("arches", "'%s' is not a valid architecture. Known architectures: %s", a, strings.Join(repositoryArches, ", "))
		}
	}
	if draft.isDefault && len(draft.distributions) > 0 {
		v.add(fieldAll, "Default repositories may not have custom distributions.")
	}
	if !draft.isDefault && len(draft.disabled) > 0 {
		v.add(fieldAll, "Custom repositories may not have disabled components.")
	}
	c.flagOf("enabled", &draft.enabled)
	c.flagOf("disable_sources", &draft.noSources)
	if draft.isDefault && !draft.enabled {
		v.add(fieldAll, "Default repositories may not be disabled.")
	}
	if err := v.err(); err != nil {
		return err
	}
	*target = draft
	return nil
}

func (s *Server) routeRepositories(t *router) {
	const all, one = "package-repositories/", "package-repositories/{id}/"
	t.on(all, "GET", "", users, func(*call) (any, error) { return listOf(s.repos, (*repository).body), nil })
	t.on(all, "POST", "", admins, func(c *call) (any, error) {
		r := &repository{enabled: true}
		if err := s.editRepository(c, r, true); err != nil {
			return nil, err
		}
		if len(r.arches) == 0 {
			r.arches = []string{"amd64", "i386"}
		}
		r.id = s.id("repository")
		s.repos = append(s.repos, r)
		return r.body(), nil
	})
	find := func(f func(*call, *repository) (any, error)) handler {
		return func(c *call) (any, error) {
			for _, r := range s.repos {
				if r.id == c.idVar("id") || r.name == c.vars["id"] {
					return f(c, r)
				}
			}
			return nil, notFound("PackageRepository")
		}
	}
	t.on(one, "GET", "", users, find(func(_ *call, r *repository) (any, error) { return r.body(), nil }))
	t.on(one, "PUT", "", admins, find(func(c *call, r *repository) (any, error) {
		if err := s.editRepository(c, r, false); err != nil {
			return nil, err
		}
		return r.body(), nil
	}))
	t.on(one, "DELETE", "", admins, find(func(_ *call, r *repository) (any, error) {
		if r.isDefault {
			return nil, refuse(400, "Cannot delete default Ubuntu archives.")
		}
		s.repos = remove(s.repos, r)
		return noContent(), nil
	}))
}
