package bmc

import (
	"fmt"
	"net"
	"slices"
	"strings"

	"drydock/design/build"
	"drydock/drivers"
)

// Serial returns a serial number fit to tell machines apart: trimmed, and "" for what boards carry that were never given
// one.
func Serial(text string) string {
	text = strings.TrimSpace(text)
	switch strings.ToLower(strings.Trim(text, ".")) {
	case "", "none", "n/a", "na", "null", "unknown", "not specified", "not available", "default string", "system serial number",
		"to be filled by o.e.m", "0123456789", "1234567890", "empty", "serial":
		return ""
	}
	if strings.Trim(text, "0 -.") == "" {
		return ""
	}
	return text
}

// SameUUID compares UUIDs in whatever byte order they were written; what is no UUID is the same as nothing.
func SameUUID(a, b string) bool {
	a, b = build.UUID(a), build.UUID(b)
	return a != "" && b != "" && build.SameUUID(a, b)
}

// MAC returns a MAC address in lower case with colons; "" for what is none, such as all zeros.
func MAC(text string) string {
	text = strings.TrimSpace(text)
	if len(text) == 12 && !strings.ContainsAny(text, ":-.") {
		text = text[0:4] + "." + text[4:8] + "." + text[8:12]
	}
	hw, err := net.ParseMAC(text)
	if err != nil || len(hw) != 6 || !slices.ContainsFunc(hw, func(b byte) bool { return b != 0 }) {
		return ""
	}
	return hw.String()
}

// SameMachine returns a Fault of class Conflict when serial number or UUID read from the BMC are not those recorded, or when
// none of the MACs is that the BMC told at first. Where one side does not know one of them, it says nothing about it. A BMC
// that never told MACs before is compared with those of others only where serial number and UUID do not prove the machine: it
// may see other NICs. Some other MACs are a NIC that was replaced, which NICChanges tells.
func SameMachine(known, seen build.Identity) error {
	proven := 0
	if a, b := Serial(known.Serial), Serial(seen.Serial); a != "" && b != "" {
		if !strings.EqualFold(a, b) {
			return otherMachine("serial number", b, a)
		}
		proven++
	}
	if a, b := build.UUID(known.UUID), build.UUID(seen.UUID); a != "" && b != "" {
		if !SameUUID(a, b) {
			return otherMachine("UUID", b, a)
		}
		proven++
	}
	recorded := known.BMCMACs
	if len(recorded) == 0 && proven < 2 {
		recorded = known.MACs
	}
	if a, b := macs(build.Identity{MACs: recorded}), macs(seen); len(a) > 0 && len(b) > 0 && len(without(b, a)) == len(b) {
		return otherMachine("the MACs", strings.Join(b, ", "), strings.Join(a, ", "))
	}
	return nil
}

// NICChanges returns a warning when the BMC shows MACs that are not on record, although others are; none otherwise. MACs that
// are on record and not shown are no reason alone: BMCs do not see every NIC that an operating system sees.
func NICChanges(known, seen build.Identity) []string {
	a, b := macs(known), macs(seen)
	unknown, gone := without(b, a), without(a, b)
	if len(a) == 0 || len(unknown) == 0 {
		return nil
	}
	text := "the BMC shows NICs that are not on record: " + strings.Join(unknown, ", ")
	if len(gone) > 0 {
		text += "; it does not show " + strings.Join(gone, ", ") + ", which are: a NIC may have been replaced"
	}
	return []string{drivers.Warning(text)}
}

// macs are the addresses of an identity, sorted, each once.
func macs(id build.Identity) []string {
	var out []string
	for _, m := range id.MACs {
		if m = MAC(m); m != "" {
			out = append(out, m)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func without(list, taken []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(m string) bool { return slices.Contains(taken, m) })
}

func otherMachine(what, seen, known string) *Fault {
	return Failf(drivers.Conflict,
		"check which machine answers at this BMC address; when it was replaced on purpose, forget the recorded one: drydock node forget",
		"identify the machine: the BMC reports %s %s, but the node was recorded with %s", what, seen, known)
}

// Learn records an identity that a BMC told at first sight (build.Identity.Learn), leaving out what is no serial number, UUID
// or MAC.
func Learn(known, seen build.Identity) build.Identity {
	told := macs(seen)
	return known.Learn(build.Identity{
		Serial: Serial(seen.Serial), UUID: build.UUID(seen.UUID), Manufacturer: strings.TrimSpace(seen.Manufacturer),
		Model: strings.TrimSpace(seen.Model), BMCAddress: seen.BMCAddress, MACs: told, BMCMACs: told,
	})
}

// Describe names a machine for a message.
func Describe(id build.Identity) string {
	var parts []string
	for _, p := range []struct{ label, value string }{
		{"", id.Manufacturer}, {"", id.Model}, {"serial number ", id.Serial}, {"UUID ", id.UUID},
	} {
		if p.value != "" {
			parts = append(parts, p.label+p.value)
		}
	}
	if len(parts) == 0 {
		return "a machine that names neither maker nor serial number"
	}
	return fmt.Sprint(strings.Join(parts, ", "))
}
