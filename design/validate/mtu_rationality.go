package validate

import "drydock/design"

var mtuRationality = Rule{
	Code: "DD2003", Slug: "mtu-rationality", Title: "MTU Rationality", Level: design.LevelError,
	Why:   "frames larger than the link carries are dropped without a word",
	Hint:  "an MTU is 1280 to 65536, and that of a network at most that of its link",
	check: checkMTURationality,
}

// Smallest MTU that IPv6 works with, and the largest of any link.
const (
	smallestMTU = 1280
	largestMTU  = 65536
)

func checkMTURationality(r *run) {
	rational := func(mtu int) bool { return mtu >= smallestMTU && mtu <= largestMTU }
	for _, l := range r.site.Links {
		if !rational(l.MTU) {
			r.found(r.at(design.KindNetworkLink, l.Name, "mtu"), "the MTU is %d and must be %d to %d", l.MTU, smallestMTU, largestMTU)
		}
	}
	for _, n := range r.site.Networks {
		place := r.at(design.KindNetwork, n.Name, "mtu")
		switch written := r.docs.Exists(design.KindNetwork, n.Name, "mtu"); {
		case !written:
			continue
		case !rational(n.MTU):
			r.found(place, "the MTU is %d and must be %d to %d", n.MTU, smallestMTU, largestMTU)
			continue
		}
		for _, l := range r.site.Links {
			if carries(l, n.Name) && n.MTU > l.MTU {
				r.found(place, "the MTU is %d and must be at most %d, that of its link %s", n.MTU, l.MTU, l.Name)
			}
		}
	}
}
