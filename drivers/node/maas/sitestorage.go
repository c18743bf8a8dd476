package maas

import (
	"context"

	"drydock/drivers"
)

// CreateStorageTemplate sets the layout that MAAS gives to every machine that it commissions (default_storage_layout), and
// makes the driver's erase policy that of releases by hand as well (enable_disk_erasing_on_release, disk_erase_with_...),
// unless the policy is to leave erasing to the region.
func (d *Driver) CreateStorageTemplate(ctx context.Context, call drivers.SiteCall) (drivers.Report, error) {
	s, err := d.siteSession(ctx, drivers.CreateStorageTemplate, call)
	if err != nil {
		return drivers.Report{}, err
	}
	want := map[string]string{"default_storage_layout": d.cfg.StorageLayout}
	erase := d.cfg.Erase.params()
	for param, setting := range map[string]string{
		"erase": "enable_disk_erasing_on_release", "secure_erase": "disk_erase_with_secure_erase", "quick_erase": "disk_erase_with_quick_erase",
	} {
		if erase.Has(param) {
			want[setting] = erase.Get(param)
		}
	}
	var said []string
	for _, setting := range keys(want) {
		have, err := s.config(setting)
		if err != nil {
			return drivers.Report{}, err
		}
		if have == want[setting] {
			continue
		}
		if err := s.setConfig(setting, want[setting]); err != nil {
			return drivers.Report{}, err
		}
		said = append(said, "Setting "+setting+" became "+want[setting]+" instead of "+orNothing(have)+".")
	}
	if len(said) == 0 {
		return drivers.Report{Outcome: drivers.Already, Messages: []string{"The default storage layout is " + d.cfg.StorageLayout + ", and the erase policy " + string(d.cfg.Erase) + "."}}, nil
	}
	return drivers.Report{Outcome: drivers.Changed, Messages: said}, nil
}
