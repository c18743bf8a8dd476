package redfish

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"drydock/drivers"
	"drydock/drivers/oob/bmc"
)

// SetNodeBoot patches BootSourceOverrideTarget, Enabled (Once or Continuous) and, where the hardware profile has a boot
// mode and the service offers it, Mode of the ComputerSystem or of its settings object, and reads them back.
func (d *Driver) SetNodeBoot(ctx context.Context, call drivers.NodeCall) (drivers.Report, error) {
	return d.withSystem(ctx, drivers.SetNodeBoot, call, func(ctx context.Context, s *system) (drivers.Report, error) {
		place, err := s.bootPlace(ctx)
		if err != nil {
			return drivers.Report{}, err
		}
		want, err := place.want(ctx, call)
		if err != nil {
			return drivers.Report{}, err
		}
		name := fmt.Sprintf("%s, %s", want.target, strings.ToLower(want.enabled))
		if want.fits(place.boot) {
			return report(drivers.Already, "The boot override is "+name+" already."), nil
		}
		place, err = place.set(ctx, want)
		if err != nil {
			return drivers.Report{}, err
		}
		note, err := place.readBack(ctx, want, d.config.ReadBackTimeout)
		if err != nil {
			return drivers.Report{}, err
		}
		b := learned(call)
		b.OOB.BootTarget, b.OOB.BootMode = bootState(place.boot)
		if want.modeComes {
			note = strings.TrimSpace(note + " The boot mode changes to " + want.mode + " with the next reset.")
		}
		out := report(drivers.Changed, "The boot override was set to "+name+" and read back.", note)
		out.Build = &b
		return out, nil
	})
}

func report(outcome drivers.Outcome, messages ...string) drivers.Report {
	return drivers.Report{Outcome: outcome, Messages: slices.DeleteFunc(messages, func(m string) bool { return m == "" })}
}

// bootPlace is the resource that takes boot overrides: the system, or its settings object.
type bootPlace struct {
	system *system
	uri    string
	etag   string
	boot   *bootSettings
}

// bootPlace finds where the service keeps its overrides. The system comes first; some list them in the settings object only.
func (s *system) bootPlace(ctx context.Context) (*bootPlace, error) {
	if b := s.body.Boot; b != nil && (b.Target != nil || b.Enabled != nil) { // no override set: the target may be left out
		return &bootPlace{system: s, uri: s.uri, etag: s.etag, boot: s.body.Boot}, nil
	}
	p, err := s.settingsPlace(ctx)
	if err != nil {
		return nil, err
	}
	if p == nil || p.boot == nil || p.boot.Target == nil {
		return nil, bmc.Failf(drivers.NotSupported, "set the boot device at the BMC or in the firmware setup, then skip this step",
			"read the boot override: BMC %s offers none", s.endpoint)
	}
	return p, nil
}

// settingsPlace is the settings object (@Redfish.Settings); nil when the system has none.
func (s *system) settingsPlace(ctx context.Context) (*bootPlace, error) {
	if s.body.Settings.Object.ID == "" {
		return nil, nil
	}
	p := &bootPlace{system: s, uri: path(s.body.Settings.Object.ID)}
	if err := p.read(ctx); err != nil {
		return nil, err
	}
	return p, nil
}

func (p *bootPlace) read(ctx context.Context) error {
	if p.uri == p.system.uri {
		err := p.system.read(ctx)
		p.etag, p.boot = p.system.etag, p.system.body.Boot
		return err
	}
	var body struct{ Boot *bootSettings }
	a, err := p.system.get(ctx, p.uri, &body)
	if err != nil {
		return err
	}
	p.etag, p.boot = a.etag(), body.Boot
	return nil
}

// forms are the bodies to try, from the full one to the least that says what is wanted: services refuse properties that
// they can't write, and some reset a mode that is not sent along.
func (p *bootPlace) forms(w override) []map[string]any {
	base := map[string]string{"BootSourceOverrideTarget": w.target, "BootSourceOverrideEnabled": w.enabled}
	mode := w.mode
	if mode == "" {
		mode = text(p.boot.Mode)
	}
	var out []map[string]any
	if mode != "" {
		out = append(out, map[string]any{"Boot": map[string]string{
			"BootSourceOverrideTarget": w.target, "BootSourceOverrideEnabled": w.enabled, "BootSourceOverrideMode": mode,
		}})
	}
	return append(out, map[string]any{"Boot": base})
}

// set writes the override and returns the place that took it.
func (p *bootPlace) set(ctx context.Context, w override) (*bootPlace, error) {
	err := p.write(ctx, w)
	var f *bmc.Fault
	if !errors.As(err, &f) || p.uri != p.system.uri || !f.Refused || f.Class != drivers.NotSupported {
		return p, err
	}
	// The system takes no such change now or not at all; its settings object does, where there is one (AMI: /SD).
	settings, lookup := p.system.settingsPlace(ctx)
	if lookup != nil || settings == nil {
		return p, err
	}
	if settings.boot == nil {
		settings.boot = p.boot
	}
	return settings, settings.write(ctx, w)
}

// write tries the forms in turn. Only an answer that a form is wrong leads to the next.
func (p *bootPlace) write(ctx context.Context, w override) error {
	var last error
	for _, form := range p.forms(w) {
		a, err := p.system.patch(ctx, p.uri, p.etag, form, func(ctx context.Context) (string, error) {
			err := p.read(ctx)
			return p.etag, err
		})
		if err != nil {
			return err
		}
		if a.status < 300 {
			return p.system.follow(ctx, "set the boot override", a)
		}
		f := p.system.refusal("set the boot override", a)
		if a.status != http.StatusBadRequest || f.Class != drivers.NotSupported {
			return f
		}
		last = f
	}
	return last
}

// readBack reads until the override is shown as set: an answer of 200 does not mean that it was stored, nor that it is
// shown at once.
func (p *bootPlace) readBack(ctx context.Context, w override, limit time.Duration) (note string, err error) {
	end := time.Now().Add(limit)
	for {
		if err := p.read(ctx); err != nil {
			return "", err
		}
		if note, ok := w.tolerates(p.boot); ok {
			return note, nil
		}
		if time.Now().After(end) {
			break
		}
		if err := bmc.Sleep(ctx, p.system.poll); err != nil {
			return "", err
		}
	}
	var b bootSettings
	if p.boot != nil {
		b = *p.boot
	}
	if w.mode != "" && text(b.Target) == w.target && text(b.Enabled) == w.enabled {
		return "", bmc.Failf(drivers.Conflict, "set the boot mode in the firmware setup, or correct the hardware profile",
			"set the boot override: BMC %s keeps the mode %s, and the hardware profile wants %s", p.system.endpoint, text(b.Mode), w.mode)
	}
	return "", bmc.Failf(drivers.Internal, "", "set the boot override: BMC %s took %s %s and reads back %s %s",
		p.system.endpoint, w.target, w.enabled, text(b.Target), text(b.Enabled))
}
