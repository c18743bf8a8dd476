package validate

import (
	"slices"
	"strings"

	"drydock/design"
)

var bondRationality = Rule{
	Code: "DD1006", Slug: "bond-rationality", Title: "Network Bond Rationality", Level: design.LevelError,
	Hint:  "hash and peer_rate are for 802.3ad, the other parameters for bonds only; delays are at least mon_rate",
	check: checkBondRationality,
}

func checkBondRationality(r *run) {
	for _, l := range r.site.Links {
		written := func(key string) bool { return r.docs.Exists(design.KindNetworkLink, l.Name, "bonding", key) }
		place := func(key string) design.Place { return r.at(design.KindNetworkLink, l.Name, "bonding", key) }
		b := l.Bonding
		switch b.Mode {
		case design.BondDisabled:
			for _, key := range []string{"hash", "peer_rate", "mon_rate", "up_delay", "down_delay"} {
				if written(key) {
					r.found(place(key), "bonding is disabled, but %s is set", key)
				}
			}
		case design.Bond8023AD:
			if !slices.Contains([]string{"layer2", "layer2+3", "layer3+4"}, b.Hash) {
				r.warn(place("hash"), "hash %q is none of layer2, layer2+3 and layer3+4", b.Hash)
			}
			if b.PeerRate != "fast" && b.PeerRate != "slow" {
				r.found(place("peer_rate"), "peer_rate %q is neither fast nor slow", b.PeerRate)
			}
			if b.UpDelay < b.MonRate {
				r.found(place("up_delay"), "up_delay is %d ms, less than the mon_rate of %d ms", b.UpDelay, b.MonRate)
			}
			if b.DownDelay < b.MonRate {
				r.found(place("down_delay"), "down_delay is %d ms, less than the mon_rate of %d ms", b.DownDelay, b.MonRate)
			}
		default:
			for _, key := range []string{"hash", "peer_rate"} {
				if written(key) {
					r.found(place(key), "%s is for 802.3ad, but the mode is %s", key, b.Mode)
				}
			}
		}
		for _, key := range []string{"mon_rate", "up_delay", "down_delay"} {
			if strings.HasPrefix(r.docs.Written(design.KindNetworkLink, l.Name, "bonding", key), "-") {
				r.found(place(key), "%s is negative", key)
			}
		}
	}
}
