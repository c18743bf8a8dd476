package redfish

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"drydock/drivers"
	"drydock/drivers/oob/bmc"
)

// modeAttributes are the names of the BIOS attribute for the firmware's boot mode, in small letters and without the number
// that Supermicro adds: BootMode (Dell, HPE), BootModeSelect (Supermicro, AMI), BootModes_SystemBootMode (Lenovo).
var modeAttributes = []string{"bootmode", "bootmodeselect", "bootmodes_systembootmode", "systembootmode"}

var numbered = regexp.MustCompile(`[_#][0-9a-f]{4}$`)

// modeWords are what makers call the two modes, in small letters and without spaces. Both at once (DUAL) is neither.
var modeWords = map[string]string{
	"uefi": "uefi", "uefimode": "uefi",
	"bios": "bios", "legacy": "bios", "legacybios": "bios", "legacymode": "bios",
}

func modeWord(value any) string {
	return modeWords[strings.ToLower(strings.ReplaceAll(fmt.Sprint(value), " ", ""))]
}

// modeAttribute finds the attribute of the boot mode; "" where there is none, or more than one.
func (b *bios) modeAttribute() string {
	found := ""
	for name := range b.now {
		if !slices.Contains(modeAttributes, numbered.ReplaceAllString(strings.ToLower(name), "")) {
			continue
		}
		if found != "" {
			return ""
		}
		found = name
	}
	return found
}

// setMode sets the mode in which the firmware boots by itself. Redfish has a property for the mode of an override only, so
// this takes the maker's attribute. It is written where the registry says by which word; done is false where the BIOS
// has no attribute that is known for it.
func (b *bios) setMode(ctx context.Context, mode string) (note string, changed, done bool, err error) {
	name := b.modeAttribute()
	if name == "" {
		return "", false, false, nil
	}
	value := fmt.Sprint(b.value(name))
	if modeWord(value) != mode {
		known, err := b.attributes(ctx)
		if err != nil {
			return "", false, false, err
		}
		i := slices.IndexFunc(known[name].Values, func(v string) bool { return modeWord(v) == mode })
		if i < 0 {
			return "", false, false, bmc.Failf(drivers.NotSupported, "", "set the boot mode: the BIOS attribute %s is %s, and BMC %s does not tell how %s is called",
				name, value, b.system.endpoint, mode)
		}
		value = known[name].Values[i]
		if changed, err = b.set(ctx, map[string]string{name: value}); err != nil {
			return "", false, false, err
		}
	}
	when := ""
	if b.waits(name, value) {
		when = ", which takes effect with the next reset"
	}
	verb := "is"
	if changed {
		verb = "was set to"
	}
	return fmt.Sprintf("The BIOS attribute %s %s %s%s.", name, verb, value, when), changed, true, nil
}

// modeComes reports whether the firmware's boot mode will be the given one after the next reset, although it is not shown
// by the boot override yet.
func (s *system) modeComes(ctx context.Context, mode string) (bool, error) {
	b, err := s.bios(ctx)
	if err != nil || b == nil {
		return false, err
	}
	name := b.modeAttribute()
	if name == "" {
		return false, nil
	}
	value := fmt.Sprint(b.value(name))
	return modeWord(value) == mode && b.waits(name, value), nil
}
