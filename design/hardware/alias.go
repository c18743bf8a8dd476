// Package hardware says which device of a machine a design means by an alias. It is pure, knows no driver, and refuses
// patterns that are no regular expressions.
package hardware

import (
	"fmt"
	"regexp"
	"strings"

	"drydock/design"
)

// At returns whether a device, by its class and bus address as lshw spells them ("network", "pci@0000:41:00.0"), is at the
// address of an alias. An address with the prefix "regexp:" is a pattern that the PCI address of a network device has to
// match from its start; several may, and the first one is meant.
func At(a design.Alias) (func(class, bus string) bool, error) {
	pattern, isPattern := strings.CutPrefix(a.Address, "regexp:")
	if !isPattern {
		want := a.BusType + "@" + a.Address
		return func(_, bus string) bool { return strings.EqualFold(bus, want) }, nil
	}
	re, err := regexp.Compile("^(?:" + pattern + ")")
	if err != nil {
		return nil, fmt.Errorf("the address of device alias %s is no regular expression: %w", a.Name, err)
	}
	return func(class, bus string) bool {
		address, isPCI := strings.CutPrefix(bus, "pci@")
		return isPCI && class == "network" && re.MatchString(address)
	}, nil
}
