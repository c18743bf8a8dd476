package redfish

import (
	"context"
	"strings"
)

// attribute is what an attribute registry says of a BIOS attribute (DSP0268 AttributeRegistry).
type attribute struct {
	ReadOnly bool
	Values   []string // of an enumeration; nil: any
}

// attributes reads the registry that the Bios resource names; nil where the service does not have it. A registry of another
// name is none: the names and values of one machine say nothing about another.
func (b *bios) attributes(ctx context.Context) (map[string]attribute, error) {
	if b.known != nil || b.registry == "" {
		return b.known, nil
	}
	place, err := b.registryFile(ctx)
	if err != nil || place == "" {
		return nil, err
	}
	var in struct {
		RegistryEntries struct {
			Attributes []struct {
				AttributeName       string
				ReadOnly, Immutable bool
				Type                string
				Value               []struct{ ValueName string }
			}
		}
	}
	if _, err := b.system.get(ctx, place, &in); err != nil {
		if isNotFound(err) {
			return nil, nil
		}
		return nil, err
	}
	b.known = map[string]attribute{}
	for _, a := range in.RegistryEntries.Attributes {
		one := attribute{ReadOnly: a.ReadOnly || a.Immutable}
		for _, v := range a.Value {
			one.Values = append(one.Values, v.ValueName)
		}
		b.known[a.AttributeName] = one
	}
	return b.known, nil
}

// registryFile finds where the registry is kept: in the MessageRegistryFile of its name, in English where it is offered.
// Versions are left out of the comparison, since makers write them differently at either end (.v1_0_0, .1.0.0).
func (b *bios) registryFile(ctx context.Context) (string, error) {
	stem := func(name string) string {
		s, _, _ := strings.Cut(name, ".")
		return strings.ToLower(s)
	}
	files, err := b.system.members(ctx, b.system.root.registries())
	if err != nil {
		return "", unlessMissing(err)
	}
	for _, uri := range files {
		if stem(id(uri)) != stem(b.registry) {
			continue
		}
		var file struct {
			Location []struct{ Language, Uri string }
		}
		if _, err := b.system.get(ctx, uri, &file); err != nil {
			return "", unlessMissing(err)
		}
		place := ""
		for _, l := range file.Location {
			if place == "" || strings.HasPrefix(strings.ToLower(l.Language), "en") {
				place = l.Uri
			}
		}
		return place, nil
	}
	return "", nil
}

func (r serviceRoot) registries() string {
	if r.Registries.ID == "" {
		return rootPath + "Registries"
	}
	return r.Registries.ID
}
