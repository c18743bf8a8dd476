package world

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"

	"drydock/design"
)

// factory makes machines that fit a design. What is printed on a part depends on the seed, the node's name and the part
// only, so that a node added to the design changes no other machine.
type factory struct {
	site  *design.Site
	seed  int64
	macs  map[string]bool // taken, in the whole site
	ports map[string]int  // last port taken, by switch
}

func newFactory(site *design.Site, seed int64) *factory {
	f := &factory{site: site, seed: seed, macs: map[string]bool{}, ports: map[string]int{}}
	for _, n := range site.Nodes {
		if n.BootMAC != "" {
			f.macs[n.BootMAC] = true
		}
	}
	return f
}

func (f *factory) machine(node *design.Node) Hardware {
	profile := node.HardwareProfile
	if profile == nil {
		profile = &design.HardwareProfile{}
	}
	h := Hardware{
		Name:         node.Name,
		Serial:       f.letters("serial", node.Name, 11),
		UUID:         f.uuid(node.Name),
		Manufacturer: or(profile.Vendor, "Generic"),
		Model:        or(strings.TrimSpace("Server "+profile.Generation+" "+profile.HWVersion), "Server"),
		BIOSVersion:  or(profile.BIOSVersion, "1.0.0"),
		BootMode:     or(profile.BootMode, "uefi"),
		CPUs:         cores(profile),
		MemoryMiB:    memory(profile),
		Arch:         "amd64",
		Rack:         node.Rack,
		BMC: BMC{
			Type:       node.OOB.Type,
			Address:    node.BMCAddress(),
			MAC:        f.mac(node.Name, "bmc"),
			Account:    node.OOB.Account,
			Credential: node.OOB.Credential,
		},
	}
	h.NICs, h.PXENIC = f.nics(node)
	h.Disks = f.disks(node)
	return h
}

// digest is the source of everything that is arbitrary but repeatable.
func (f *factory) digest(parts ...string) [sha256.Size]byte {
	return sha256.Sum256([]byte(strconv.FormatInt(f.seed, 10) + "\x00" + strings.Join(parts, "\x00")))
}

func (f *factory) number(parts ...string) uint64 {
	d := f.digest(parts...)
	return binary.BigEndian.Uint64(d[:8])
}

// letters makes a serial number out of letters that people can tell apart.
func (f *factory) letters(purpose, name string, n int) string {
	const alphabet = "0123456789BCDFGHJKLMNPQRSTVWXYZ"
	d := f.digest(purpose, name)
	out := make([]byte, n)
	for i := range out {
		out[i] = alphabet[int(d[i])%len(alphabet)]
	}
	return string(out)
}

func (f *factory) uuid(name string) string {
	d := f.digest("uuid", name)
	d[6] = d[6]&0x0f | 0x40 // version 4
	d[8] = d[8]&0x3f | 0x80 // variant of RFC 9562
	return fmt.Sprintf("%x-%x-%x-%x-%x", d[0:4], d[4:6], d[6:8], d[8:10], d[10:16])
}

// mac makes a MAC that nothing else at the site has.
func (f *factory) mac(name, part string) string {
	for try := 0; ; try++ {
		d := f.digest("mac", name, part, strconv.Itoa(try))
		mac := fmt.Sprintf("3c:ec:ef:%02x:%02x:%02x", d[0], d[1], d[2])
		if !f.macs[mac] {
			f.macs[mac] = true
			return mac
		}
	}
}

// cores is enough for the CPU sets of the profile.
func cores(p *design.HardwareProfile) int {
	last := 15
	for _, set := range p.CPUSets {
		for _, part := range strings.FieldsFunc(set, func(r rune) bool { return r < '0' || r > '9' }) {
			if n, err := strconv.Atoi(part); err == nil && n > last && n < 1024 {
				last = n
			}
		}
	}
	return (last/16 + 1) * 16
}

// memory is enough for the largest set of huge pages of the profile, and as much again.
func memory(p *design.HardwareProfile) int {
	need := 64 << 10
	for _, h := range p.HugePages {
		page := 0
		if n, err := strconv.Atoi(strings.TrimRight(h.Size, "kKmMgGiIbB")); err == nil {
			page = n
			if strings.ContainsAny(h.Size, "gG") {
				page <<= 10
			}
		}
		if n := page * h.Count * 2; n > need && n < 1<<30 {
			need = n
		}
	}
	size := 64 << 10
	for size < need {
		size *= 2
	}
	return size
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
