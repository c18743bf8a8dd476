package world

import (
	"fmt"
	"regexp"
	"sort"
	"strconv"
	"strings"

	"drydock/design"
)

// regexpPrefix begins an alias address that is a pattern over PCI addresses.
const regexpPrefix = "regexp:"

var (
	pciAddress = regexp.MustCompile(`^([0-9a-f]{4}):([0-9a-f]{2}):([0-9a-f]{2})\.([0-7])$`)
	gigabits   = regexp.MustCompile(`(?i)(\d+)\s*g`)
	bareNumber = regexp.MustCompile(`^\d+$`)
)

// slot is a NIC that the design needs, before it has a MAC.
type slot struct {
	slave string
	alias design.Alias // zero where the slave is an OS name
	iface *design.Interface
	index int // position among the interface's slaves
	nic   NIC
}

// nics makes a NIC for every slave of the node's interfaces, and says which one boots from the network: a slave of the
// interface on a network with a dhcp range, else the first.
func (f *factory) nics(node *design.Node) (nics []NIC, pxe string) {
	slots := slots(node)
	place(slots, node.HardwareProfile)
	boot := pxeSlot(f.site, slots)
	for i, s := range slots {
		n := &s.nic
		n.MAC = node.BootMAC
		if i != boot || n.MAC == "" {
			n.MAC = f.mac(node.Name, "nic "+s.slave)
		}
		n.SpeedMbps = speed(s)
		n.Vendor, n.Product = "Intel Corporation", "I350 Gigabit Network Connection"
		if n.SpeedMbps > 1000 {
			n.Vendor, n.Product = "Mellanox Technologies", fmt.Sprintf("MT27800 Family [ConnectX-5] %d GbE", n.SpeedMbps/1000)
		}
		n.Network, n.Link = segment(s.iface)
		n.Switch, n.Port = f.port(node.Rack, s)
		nics = append(nics, *n)
	}
	pxe = nics[boot].MAC
	sort.SliceStable(nics, func(i, j int) bool { return nics[i].PCI < nics[j].PCI })
	return nics, pxe
}

// slots lists the slaves, each device once: two aliases of one address are one NIC.
func slots(node *design.Node) []*slot {
	var out []*slot
	seen := map[string]bool{}
	for i := range node.Interfaces {
		iface := &node.Interfaces[i]
		for index, slave := range iface.Slaves {
			alias, _ := node.HardwareProfile.Alias(slave)
			key := strings.ToLower(or(alias.Address, slave))
			if seen[key] {
				continue
			}
			seen[key] = true
			out = append(out, &slot{slave: slave, alias: alias, iface: iface, index: index})
		}
	}
	if len(out) == 0 {
		// Every machine has at least one NIC, whether or not the design says what to do with it.
		out = []*slot{{slave: "eno1"}}
	}
	return out
}

// place puts the NICs into PCI slots: those with an address first, then those that have to match a pattern (at an address
// that no other pattern matches, where there is one), then those with only a name; and names them.
func place(slots []*slot, profile *design.HardwareProfile) {
	used := map[string]bool{}
	take := func(s *slot, address string) {
		s.nic.PCI = address
		used[address] = true
	}
	for _, s := range slots {
		address := strings.ToLower(s.alias.Address)
		if address != "" && !strings.HasPrefix(address, regexpPrefix) {
			take(s, address)
		}
	}
	patterns := patterns(slots)
	for _, s := range slots {
		if pattern, ok := patterns[s]; ok {
			take(s, fitting(pattern, patterns, used))
		}
	}
	names := map[string]bool{}
	for _, s := range slots {
		if s.alias.Address == "" {
			s.nic.Name = s.slave
			names[s.slave] = true
			take(s, addressFor(s.slave, used))
		}
	}
	onboard := 0
	for _, s := range bySlot(slots) {
		if s.nic.Name != "" {
			continue
		}
		name := slotName(s.nic.PCI, used)
		if name == "" {
			for onboard++; names["eno"+strconv.Itoa(onboard)]; onboard++ {
			}
			name = "eno" + strconv.Itoa(onboard)
		}
		for names[name] {
			name += "x" // a name that the design gave to another device
		}
		names[name] = true
		s.nic.Name = name
	}
}

func bySlot(slots []*slot) []*slot {
	out := append([]*slot(nil), slots...)
	sort.SliceStable(out, func(i, j int) bool { return out[i].nic.PCI < out[j].nic.PCI })
	return out
}

// slotName is what the kernel calls the NIC at an address: enp<bus>s<slot>[f<function>], numbers decimal, the function
// only where the device has several. It is "" for buses 0 to 3, whose devices are soldered on and get an index.
func slotName(address string, used map[string]bool) string {
	p := pciAddress.FindStringSubmatch(address)
	if p == nil {
		return ""
	}
	bus, _ := strconv.ParseUint(p[2], 16, 8)
	device, _ := strconv.ParseUint(p[3], 16, 8)
	if bus <= 3 {
		return ""
	}
	name := fmt.Sprintf("enp%ds%d", bus, device)
	several := p[4] != "0"
	for function := 1; function < 8; function++ {
		several = several || used[fmt.Sprintf("%s:%s:%s.%d", p[1], p[2], p[3], function)]
	}
	if several {
		name += "f" + p[4]
	}
	return name
}

var predictable = regexp.MustCompile(`^enp(\d+)s(\d+)(?:f(\d))?(?:np\d+)?$`)

// addressFor finds an address that fits an OS name.
func addressFor(name string, used map[string]bool) string {
	if p := predictable.FindStringSubmatch(name); p != nil {
		bus, _ := strconv.Atoi(p[1])
		device, _ := strconv.Atoi(p[2])
		if address := fmt.Sprintf("0000:%02x:%02x.%s", bus, device, or(p[3], "0")); bus < 256 && device < 32 && !used[address] {
			return address
		}
	}
	return free(used)
}

func free(used map[string]bool) string {
	for bus := 1; ; bus++ {
		if address := fmt.Sprintf("0000:%02x:00.0", bus); !used[address] {
			return address
		}
	}
}

// pxeSlot is the position of the NIC that boots from the network.
func pxeSlot(site *design.Site, slots []*slot) int {
	dhcp := func(network string) bool {
		n := site.Network(network)
		if n == nil {
			return false
		}
		for _, r := range n.Ranges {
			if r.Type == design.RangeDHCP {
				return true
			}
		}
		return false
	}
	for i, s := range slots {
		// Untagged first: firmware asks without a tag.
		if network, _ := segment(s.iface); dhcp(network) {
			return i
		}
	}
	for i, s := range slots {
		if s.iface == nil {
			continue
		}
		for _, network := range s.iface.Networks {
			if dhcp(network) {
				return i
			}
		}
	}
	return 0
}

// segment is the untagged network that an interface's NICs hang on, and its link.
func segment(iface *design.Interface) (network, link string) {
	if iface == nil {
		return "", ""
	}
	if iface.Link == nil {
		return "", iface.LinkName
	}
	l := iface.Link
	if l.DefaultNetwork != "" {
		return l.DefaultNetwork, l.Name
	}
	if !l.Trunked && len(l.AllowedNetworks) == 1 {
		return l.AllowedNetworks[0], l.Name
	}
	return "", l.Name
}

// speed in Mb/s: what the link says, else what the alias says the device is, else 10 Gb/s.
func speed(s *slot) int {
	var texts []string
	if s.iface != nil && s.iface.Link != nil {
		texts = append(texts, s.iface.Link.LinkSpeed)
	}
	for _, text := range append(texts, s.alias.DevType) {
		if bareNumber.MatchString(text) {
			if n, err := strconv.Atoi(text); err == nil && n > 0 {
				return n
			}
		}
		if g := gigabits.FindStringSubmatch(text); g != nil {
			if n, err := strconv.Atoi(g[1]); err == nil && n > 0 {
				return n * 1000
			}
		}
	}
	return 10000
}

// port plugs a NIC into the next port of a switch of its rack; the slaves of a bond go to different switches.
func (f *factory) port(rack string, s *slot) (sw, port string) {
	var names []string
	for _, r := range f.site.Racks {
		if r.Name == rack {
			for name := range r.Switches {
				names = append(names, name)
			}
		}
	}
	if len(names) == 0 {
		return "", ""
	}
	sort.Strings(names)
	sw = names[s.index%len(names)]
	f.ports[sw]++
	return sw, "Ethernet" + strconv.Itoa(f.ports[sw])
}
