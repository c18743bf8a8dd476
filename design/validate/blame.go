package validate

import "drydock/design"

// family tells a fault of a node from one of the profiles that it shares with others. What every node of a profile lacks is
// lacking in the profile: it is said once, there, and not once per node.
type family struct {
	run   *run
	lacks func(subject) bool
	below map[string][]subject // nodes by host profile, however far up; made at the first fault
	all   map[string]bool      // whether every node of the profile lacks it
}

func (r *run) family(lacks func(subject) bool) *family { return &family{run: r, lacks: lacks} }

// place is where a fault of a subject belongs: in the highest host profile of which all nodes, two at least, lack the
// same, or else in the subject itself.
func (f *family) place(s subject, path ...any) design.Place {
	kind, name := s.kind, s.Name
	if kind == design.KindBaremetalNode {
		f.gather()
		for _, profile := range f.run.profiles(s) {
			if !f.allLack(profile) {
				break
			}
			if len(f.below[profile]) > 1 {
				kind, name = design.KindHostProfile, profile
			}
		}
	}
	return f.run.docs.Locate(kind, name, path...)
}

func (f *family) gather() {
	if f.below != nil {
		return
	}
	f.below, f.all = make(map[string][]subject), make(map[string]bool)
	for _, s := range f.run.nodes {
		if s.kind != design.KindBaremetalNode {
			continue
		}
		for _, profile := range f.run.profiles(s) {
			f.below[profile] = append(f.below[profile], s)
		}
	}
}

func (f *family) allLack(profile string) bool {
	if known, done := f.all[profile]; done {
		return known
	}
	all := true
	for _, s := range f.below[profile] {
		all = all && f.lacks(s)
	}
	f.all[profile] = all
	return all
}

// profiles are the host profiles above a subject, the nearest first. A circle, which is reported where profiles are
// resolved, ends the list.
func (r *run) profiles(s subject) []string {
	var out []string
	seen := make(map[string]bool)
	for name := s.HostProfile; name != "" && !seen[name] && r.docs.Find(design.KindHostProfile, name) != nil; {
		seen[name] = true
		out = append(out, name)
		name = r.docs.Written(design.KindHostProfile, name, "host_profile")
	}
	return out
}
