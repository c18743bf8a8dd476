package bmc

import (
	"encoding/hex"
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

// UUID returns a system UUID in lower case with dashes; "" for what is none, such as all zeros or all ones.
func UUID(text string) string {
	digits := strings.ToLower(strings.ReplaceAll(strings.Trim(strings.TrimSpace(text), "{}"), "-", ""))
	if raw, err := hex.DecodeString(digits); err != nil || len(raw) != 16 {
		return ""
	}
	if strings.Trim(digits, "0") == "" || strings.Trim(digits, "f") == "" {
		return ""
	}
	return digits[:8] + "-" + digits[8:12] + "-" + digits[12:16] + "-" + digits[16:20] + "-" + digits[20:]
}

// SameUUID compares UUIDs in whatever byte order they were written; what is no UUID is the same as nothing.
func SameUUID(a, b string) bool {
	a, b = UUID(a), UUID(b)
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

// SameMachine returns a Fault of class Conflict when serial number or UUID read from the BMC are not those recorded.
// Where one side does not know one of them, it says nothing about it.
func SameMachine(known, seen build.Identity) error {
	if a, b := Serial(known.Serial), Serial(seen.Serial); a != "" && b != "" && !strings.EqualFold(a, b) {
		return otherMachine("serial number", b, a)
	}
	if a, b := UUID(known.UUID), UUID(seen.UUID); a != "" && b != "" && !SameUUID(a, b) {
		return otherMachine("UUID", b, a)
	}
	return nil
}

func otherMachine(what, seen, known string) *Fault {
	return Failf(drivers.Conflict,
		"check which machine answers at this BMC address; when it was replaced on purpose, clear the identity recorded for the node",
		"identify the machine: the BMC reports %s %s, but the node was recorded with %s", what, seen, known)
}

// Learn records an identity at first sight: it fills what is not known yet and replaces nothing. Different MACs are joined,
// since BMC and operating system see different sets.
func Learn(known, seen build.Identity) build.Identity {
	fill := func(to *string, from string) {
		if *to == "" {
			*to = from
		}
	}
	fill(&known.Serial, Serial(seen.Serial))
	fill(&known.UUID, UUID(seen.UUID))
	fill(&known.Manufacturer, strings.TrimSpace(seen.Manufacturer))
	fill(&known.Model, strings.TrimSpace(seen.Model))
	fill(&known.BMCAddress, seen.BMCAddress)
	macs := slices.Clone(known.MACs)
	for _, m := range seen.MACs {
		if m = MAC(m); m != "" && !slices.Contains(macs, m) {
			macs = append(macs, m)
		}
	}
	slices.Sort(macs)
	known.MACs = macs
	return known
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
