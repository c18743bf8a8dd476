package maas

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/canonical/gomaasclient/entity"

	"drydock/drivers"
)

// config reads a setting of the region (maas/?op=get_config), whose answer is a bare JSON value.
func (s *session) config(name string) (string, error) {
	raw, err := s.gmc.MAASServer.Get(name)
	if err != nil {
		return "", s.fail(err, "read setting %s", name)
	}
	text := strings.TrimSpace(string(raw))
	if text == "null" {
		return "", nil
	}
	return strings.Trim(text, `"`), nil
}

func (s *session) setConfig(name, value string) error {
	if err := s.gmc.MAASServer.Post(name, value); err != nil {
		return s.fail(err, "set setting %s to %s", name, value)
	}
	return nil
}

// PrepareHardwareConfig makes ready what commissioning needs: an image that MAAS can commission with
// (commissioning_distro_series), a minimal kernel that this image has (default_min_hwe_kernel), the scripts (scripts/) of the
// configured directory, and the tags that MAAS computes from hardware data (tags/ with a definition). A configured commissioning
// or testing script that MAAS does not have is NotFound, naming those that it has.
func (d *Driver) PrepareHardwareConfig(ctx context.Context, call drivers.SiteCall) (drivers.Report, error) {
	s, err := d.siteSession(ctx, drivers.PrepareHardwareConfig, call)
	if err != nil {
		return drivers.Report{}, err
	}
	have, err := s.images()
	if err != nil {
		return drivers.Report{}, err
	}
	said, err := s.commissioningImage(have, platforms(call))
	if err != nil {
		return drivers.Report{}, err
	}
	uploaded, err := s.uploadScripts()
	if err != nil {
		return drivers.Report{}, err
	}
	warnings, err := s.checkScripts()
	if err != nil {
		return drivers.Report{}, err
	}
	tags, err := s.definedTags(call)
	if err != nil {
		return drivers.Report{}, err
	}
	if said = slices.Concat(said, uploaded, tags); len(said) == 0 {
		return drivers.Report{Outcome: drivers.Already, Messages: append([]string{"MAAS can commission: its image, kernel, scripts and tags are as they have to be."}, warnings...)}, nil
	}
	return drivers.Report{Outcome: drivers.Changed, Messages: append(said, warnings...)}, nil
}

func (s *session) commissioningImage(have images, wanted []platform) ([]string, error) {
	series, err := s.config("commissioning_distro_series")
	if err != nil {
		return nil, err
	}
	var said []string
	if !have.hasImage("ubuntu/" + series) {
		next := ""
		for _, p := range wanted {
			if name, ok := strings.CutPrefix(p.image, "ubuntu/"); ok && have.hasImage(p.image) && name > next {
				next = name // the newest by name, as releases are named by the alphabet
			}
		}
		if next == "" {
			return nil, s.errorf(drivers.NotFound, "Run CreateBootMedia first, or import an Ubuntu image at MAAS.", "choose an image to commission with: MAAS has neither ubuntu/%s nor an image of the design", series)
		}
		if err := s.setConfig("commissioning_distro_series", next); err != nil {
			return nil, err
		}
		said = append(said, fmt.Sprintf("Machines are commissioned with %s instead of %s, which MAAS does not have.", next, orNothing(series)))
		series = next
	}
	kernel, err := s.config("default_min_hwe_kernel")
	if err != nil {
		return nil, err
	}
	if kernel != "" && !have.has(platform{"ubuntu/" + series, kernel}) {
		if err := s.setConfig("default_min_hwe_kernel", ""); err != nil {
			return nil, err
		}
		said = append(said, fmt.Sprintf("The default minimal kernel %s was unset, as image %s does not have it.", kernel, series))
	}
	return said, nil
}

// definedTags makes the tags that the region document defines by XPath.
func (s *session) definedTags(call drivers.SiteCall) ([]string, error) {
	if len(call.Site.Region.TagDefinitions) == 0 {
		return nil, nil
	}
	list, err := s.gmc.Tags.Get()
	if err != nil {
		return nil, s.fail(err, "list tags")
	}
	var said []string
	for _, def := range call.Site.Region.TagDefinitions {
		params := &entity.TagParams{Name: def.Tag, Definition: def.Definition, Comment: tagComment}
		i := slices.IndexFunc(list, func(t entity.Tag) bool { return t.Name == def.Tag })
		switch {
		case i < 0:
			if _, err := s.gmc.Tags.Create(params); err != nil && !isDuplicate(err) {
				return nil, s.fail(err, "make tag %s", def.Tag)
			}
			said = append(said, "Tag "+def.Tag+" was made with its definition.")
		case list[i].Definition != def.Definition:
			if _, err := s.gmc.Tag.Update(def.Tag, params); err != nil {
				return nil, s.fail(err, "set the definition of tag %s", def.Tag)
			}
			said = append(said, "The definition of tag "+def.Tag+" was changed.")
		}
	}
	return said, nil
}
