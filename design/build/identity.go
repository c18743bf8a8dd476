package build

import (
	"slices"
	"strings"
)

// Learn returns the identity with what was seen of the machine added. It is how an identity is recorded at first sight:
// what is known is never replaced, whatever was seen. MACs are kept in lower case, and those of a sight that has one in
// common with the record join it; a sight that has none may be of another machine, and adds nothing. BMC and bootstrapper
// see different NICs of one machine, so that each has a first sight.
func (i Identity) Learn(seen Identity) Identity {
	for _, f := range []struct {
		known *string
		seen  string
	}{
		{&i.Serial, strings.TrimSpace(seen.Serial)}, {&i.UUID, UUID(seen.UUID)},
		{&i.Manufacturer, seen.Manufacturer}, {&i.Model, seen.Model}, {&i.BMCAddress, seen.BMCAddress},
	} {
		if *f.known == "" {
			*f.known = f.seen
		}
	}
	i.BMCMACs = joinMACs(i.BMCMACs, seen.BMCMACs)
	i.ProvisionerMACs = joinMACs(i.ProvisionerMACs, seen.ProvisionerMACs)
	i.MACs = sortMACs(slices.Concat(joinMACs(i.MACs, seen.MACs), i.BMCMACs, i.ProvisionerMACs))
	return i
}

// joinMACs are the known ones, and those that were seen where none is known or one is among them.
func joinMACs(known, seen []string) []string {
	known, seen = lowerMACs(known), lowerMACs(seen)
	if len(known) == 0 || slices.ContainsFunc(seen, func(m string) bool { return slices.Contains(known, m) }) {
		known = append(known, seen...)
	}
	return sortMACs(known)
}

func sortMACs(macs []string) []string {
	slices.Sort(macs)
	return slices.Compact(macs)
}

func lowerMACs(macs []string) []string {
	var out []string
	for _, m := range macs {
		if m = strings.ToLower(strings.TrimSpace(m)); m != "" {
			out = append(out, m)
		}
	}
	return out
}
