package redfish

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"drydock/drivers"
	"drydock/drivers/oob/bmc"
)

// bios is the Bios resource of a system: the attributes in force, and those that wait for the next reset.
type bios struct {
	system   *system
	uri      string
	settings settings
	registry string         // id of the attribute registry
	now      map[string]any // in force
	next     map[string]any // as the settings object shows them: all of them, or only those that will change
	known    map[string]attribute
}

// bios reads the Bios resource; nil where there is none, or one without attributes.
func (s *system) bios(ctx context.Context) (*bios, error) {
	if s.body.Bios.ID == "" {
		return nil, nil
	}
	b := &bios{system: s, uri: path(s.body.Bios.ID)}
	err := b.read(ctx)
	if isNotFound(err) || err == nil && len(b.now) == 0 {
		return nil, nil
	}
	return b, err
}

func (b *bios) read(ctx context.Context) error {
	var in struct {
		Attributes        map[string]any
		AttributeRegistry string
		Settings          settings `json:"@Redfish.Settings"`
	}
	if _, err := b.system.get(ctx, b.uri, &in); err != nil {
		return err
	}
	b.now, b.registry, b.settings, b.next = in.Attributes, in.AttributeRegistry, in.Settings, nil
	if b.settings.Object.ID == "" {
		return nil
	}
	var pending struct{ Attributes map[string]any }
	_, err := b.system.get(ctx, b.settings.Object.ID, &pending)
	b.next = pending.Attributes
	return unlessMissing(err)
}

// value is what an attribute will be after the next reset.
func (b *bios) value(name string) any {
	if v, ok := b.next[name]; ok && v != nil {
		return v
	}
	return b.now[name]
}

func (b *bios) is(name, want string) bool { return fmt.Sprint(b.value(name)) == want }

// waits reports whether the value of an attribute is not in force yet.
func (b *bios) waits(name, want string) bool { return fmt.Sprint(b.now[name]) != want }

// set writes attributes and reads the pending ones back: an answer of success says neither that all were stored nor that
// the right value was. It writes only what differs, and nothing at all where a registry forbids one of them: one bad
// attribute fails all of a request at some services, and a part of it at others.
func (b *bios) set(ctx context.Context, want map[string]string) (changed bool, err error) {
	body := map[string]any{}
	var names []string
	for name, value := range want {
		if b.is(name, value) {
			continue
		}
		if err := b.allows(ctx, name, value); err != nil {
			return false, err
		}
		body[name], names = value, append(names, name)
	}
	if len(body) == 0 {
		return false, nil
	}
	slices.Sort(names)
	doing := "set the BIOS attributes " + strings.Join(names, ", ")
	if err := b.system.change(ctx, doing, b.uri, b.settings, map[string]any{"Attributes": body}); err != nil {
		return false, err
	}
	if err := b.read(ctx); err != nil {
		return false, err
	}
	var lost []string
	for _, name := range names {
		if !b.is(name, want[name]) {
			lost = append(lost, fmt.Sprintf("%s was to be %s and reads back %v", name, want[name], b.value(name)))
		}
	}
	if len(lost) > 0 {
		return false, bmc.Failf(drivers.Internal, "", "%s: BMC %s took the request and did not store it: %s", doing, b.system.endpoint, strings.Join(lost, "; "))
	}
	return true, nil
}

// allows looks into the registry, where there is one, before an attribute is written.
func (b *bios) allows(ctx context.Context, name, value string) error {
	known, err := b.attributes(ctx)
	if err != nil || known == nil {
		return err
	}
	a, ok := known[name]
	const advice = "set it in the firmware setup"
	switch {
	case !ok:
		return bmc.Failf(drivers.NotSupported, advice, "set the BIOS attribute %s: the attribute registry of BMC %s does not have it", name, b.system.endpoint)
	case a.ReadOnly:
		return bmc.Failf(drivers.NotSupported, advice, "set the BIOS attribute %s: it is read-only at BMC %s", name, b.system.endpoint)
	case len(a.Values) > 0 && !slices.Contains(a.Values, value):
		return bmc.Failf(drivers.NotSupported, advice, "set the BIOS attribute %s: it can be %s, and not %s", name, strings.Join(a.Values, ", "), value)
	}
	return nil
}

// isUnsupported reports whether a service can't do what was asked, for good.
func isUnsupported(err error) bool {
	var f *bmc.Fault
	return errors.As(err, &f) && (f.Class == drivers.NotSupported || f.Class == drivers.NotFound)
}
