package validate

import (
	"slices"
	"strings"

	"drydock/design"
)

var bondRationality = Rule{
	Code: "DD1006", Slug: "bond-rationality", Title: "Network Bond Rationality", Level: design.LevelError,
	Why:   "a bond whose options contradict its mode is refused by the bootstrapper, or flaps",
	Hint:  "hash and peer_rate are for 802.3ad, the other parameters for bonds only; delays are at least mon_rate",
	check: checkBondRationality,
}

var bondHashes = []string{"layer2", "layer2+3", "layer3+4"}

func checkBondRationality(r *run) {
	for _, l := range r.site.Links {
		b := bondOf{run: r, link: l}
		switch {
		case !l.Bonding.Enabled():
			b.noneOf("bonding is disabled (mode %s), but %s is set", "hash", "peer_rate", "mon_rate", "up_delay", "down_delay")
			continue // their values do not matter
		case l.Bonding.Mode == design.Bond8023AD:
			b.lacp()
		default:
			b.noneOf("the mode is %s, but %s, which is for 802.3ad, is set", "hash", "peer_rate")
		}
		b.delays()
	}
}

// bondOf is the bonding of one link under check.
type bondOf struct {
	run  *run
	link *design.NetworkLink
}

func (b bondOf) place(key string) design.Place {
	return b.run.at(design.KindNetworkLink, b.link.Name, "bonding", key)
}

func (b bondOf) noneOf(format string, keys ...string) {
	for _, key := range keys {
		if b.run.docs.Exists(design.KindNetworkLink, b.link.Name, "bonding", key) {
			b.run.found(b.place(key), format, b.link.Bonding.Mode, key)
		}
	}
}

func (b bondOf) lacp() {
	if hash := b.link.Bonding.Hash; !slices.Contains(bondHashes, hash) {
		b.run.warn(b.place("hash"), "hash is %q and must be one of %s", hash, strings.Join(bondHashes, ", "))
	}
	if rate := b.link.Bonding.PeerRate; rate != "fast" && rate != "slow" {
		b.run.found(b.place("peer_rate"), "peer_rate is %q and must be fast or slow", rate)
	}
}

// delays looks at the monitoring of the slaves. It sees them every mon_rate, so a shorter delay can't be kept.
func (b bondOf) delays() {
	negative := false
	for _, key := range []string{"mon_rate", "up_delay", "down_delay"} {
		if written := b.run.docs.Written(design.KindNetworkLink, b.link.Name, "bonding", key); strings.HasPrefix(written, "-") {
			negative = true
			b.run.found(b.place(key), "%s is %s ms and must be 0 or more", key, written)
		}
	}
	if negative {
		return
	}
	for _, delay := range []struct {
		key string
		ms  int
	}{{"up_delay", b.link.Bonding.UpDelay}, {"down_delay", b.link.Bonding.DownDelay}} {
		if rate := b.link.Bonding.MonRate; delay.ms < rate {
			b.run.found(b.place(delay.key), "%s is %d ms and must be at least the mon_rate of %d ms", delay.key, delay.ms, rate)
		}
	}
}
