package generate

import (
	"bytes"
	"fmt"
	"math/bits"
	"math/rand/v2"
	"net/netip"
	"text/template"
)

// Options say how large the design is.
type Options struct {
	Nodes int // BaremetalNode documents
	Racks int // Rack documents; 0: one for every 40 nodes
	Links int // NetworkLink documents, of which two are for BMCs and for PXE; 0: 30
	// Seed decides what is left to chance: models, tags, hardware addresses, and the order of the documents.
	Seed uint64
}

const (
	defaultLinks = 30
	nodesPerRack = 40
	sharedLinks  = 2 // bmc and pxe, which every node has
	firstHost    = 10
	generations  = 4      // hardware profiles
	mostNodes    = 60_000 // that the networks bmc and pxe, each a /16, have room for
	mostLinks    = 4_000  // each with a tag of its own
)

// Where networks are cut from.
var (
	bmcPlan  = netip.MustParsePrefix("10.0.0.0/16")
	pxePlan  = netip.MustParsePrefix("10.1.0.0/16")
	dataPlan = netip.MustParseAddr("10.64.0.0")
)

// plan is what the templates are filled with.
type plan struct {
	Models   []model
	Networks []network
	RackIDs  []int
	Hosts    []host
	BMC, PXE network
}

// model is a hardware profile, and the host profile that lays out its disks.
type model struct {
	Name         string
	Vendor, BIOS string
	Cores, Pages int
	DiskA, DiskB string
	NICA, NICB   string
	RootGB       int
}

// network is a network with a link of its own.
type network struct {
	Name                 string
	VLAN                 int // 0: the native network of its link
	CIDR                 netip.Prefix
	Gateway, First, Last netip.Addr
}

type host struct {
	Name, Rack, MAC, Tag      string
	Model                     model
	Data, Store               network
	BMC, PXE, DataIP, StoreIP netip.Addr
}

// Design makes a design as one stream of YAML documents. Its documents come in no order.
func Design(o Options) ([]byte, error) {
	p, err := newPlan(o)
	if err != nil {
		return nil, err
	}
	var documents [][]byte
	add := func(t *template.Template, data any) error {
		var b bytes.Buffer
		if err := t.Execute(&b, data); err != nil {
			return fmt.Errorf("generate %s: %w", t.Name(), err)
		}
		documents = append(documents, b.Bytes())
		return nil
	}
	err = add(siteTemplate, p)
	for _, m := range p.Models {
		err = firstOf(err, func() error { return add(modelTemplate, m) })
	}
	for _, n := range p.Networks {
		err = firstOf(err, func() error { return add(linkTemplate, n) })
	}
	for _, id := range p.RackIDs {
		err = firstOf(err, func() error { return add(rackTemplate, id) })
	}
	for _, h := range p.Hosts {
		err = firstOf(err, func() error { return add(hostTemplate, h) })
	}
	if err != nil {
		return nil, err
	}
	random := rand.New(rand.NewPCG(o.Seed, 1))
	random.Shuffle(len(documents), func(i, j int) { documents[i], documents[j] = documents[j], documents[i] })
	return bytes.Join(documents, nil), nil
}

// firstOf does the next thing unless something failed before.
func firstOf(err error, next func() error) error {
	if err != nil {
		return err
	}
	return next()
}

func newPlan(o Options) (plan, error) {
	if o.Links == 0 {
		o.Links = defaultLinks
	}
	if o.Racks == 0 {
		o.Racks = (o.Nodes + nodesPerRack - 1) / nodesPerRack
	}
	links := o.Links - sharedLinks
	switch {
	case o.Nodes < 0 || o.Nodes > mostNodes:
		return plan{}, fmt.Errorf("generate a design of %d nodes: the address plan has room for 0 to %d", o.Nodes, mostNodes)
	case links < 2 || o.Links > mostLinks:
		return plan{}, fmt.Errorf("generate a design of %d links: there can be %d to %d", o.Links, sharedLinks+2, mostLinks)
	case o.Racks < 0 || o.Racks > max(o.Nodes, 1):
		return plan{}, fmt.Errorf("generate a design of %d racks: there can be as many as nodes", o.Racks)
	}
	// Links come in pairs, one for data and one for storage; an odd one stays without nodes.
	pairs := links / 2
	hostBits := max(8, bits.Len(uint((o.Nodes+pairs-1)/pairs+2*firstHost)))
	random := rand.New(rand.NewPCG(o.Seed, 0))
	p := plan{BMC: newNetwork("bmc", 0, bmcPlan), PXE: newNetwork("pxe", 0, pxePlan)}
	for i := range generations {
		p.Models = append(p.Models, newModel(i, random))
	}
	for i := range links {
		prefix := netip.PrefixFrom(offset(dataPlan, i<<hostBits), 32-hostBits)
		if i%2 == 0 {
			p.Networks = append(p.Networks, newNetwork(fmt.Sprintf("data-%d", i/2+1), 0, prefix))
		} else {
			p.Networks = append(p.Networks, newNetwork(fmt.Sprintf("store-%d", i/2+1), 1+i, prefix))
		}
	}
	for i := range o.Racks {
		p.RackIDs = append(p.RackIDs, i+1)
	}
	tags := []string{"control", "compute", "storage", "edge"}
	for i := range o.Nodes {
		pair := i % pairs * 2
		data, store := p.Networks[pair], p.Networks[pair+1]
		p.Hosts = append(p.Hosts, host{
			Name: fmt.Sprintf("node-%05d", i+1), Rack: fmt.Sprintf("rack-%d", i*o.Racks/o.Nodes+1),
			MAC: fmt.Sprintf("52:54:%02x:%02x:%02x:%02x", random.IntN(256), i>>16, i>>8&0xff, i&0xff),
			Tag: tags[random.IntN(len(tags))], Model: p.Models[random.IntN(generations)], Data: data, Store: store,
			BMC: offset(p.BMC.First, i), PXE: offset(p.PXE.First, i), DataIP: offset(data.First, i/pairs), StoreIP: offset(store.First, i/pairs),
		})
	}
	return p, nil
}

func newModel(i int, random *rand.Rand) model {
	return model{
		Name: fmt.Sprintf("server-g%d", i+1), Vendor: []string{"Acme", "Globex", "Initech"}[random.IntN(3)],
		BIOS: fmt.Sprintf("%d.%d", 1+random.IntN(4), random.IntN(10)), Cores: 16 << random.IntN(3), Pages: 8 << random.IntN(4),
		DiskA: "2:0.0.0", DiskB: fmt.Sprintf("2:0.%d.0", 1+random.IntN(8)),
		NICA: fmt.Sprintf("0000:%02x:00.0", 0x40+random.IntN(16)), NICB: fmt.Sprintf("0000:%02x:00.1", 0x80+random.IntN(16)),
		RootGB: 30 + 10*random.IntN(5),
	}
}

// newNetwork has its gateway first, and declares everything from the first host on as static.
func newNetwork(name string, vlan int, p netip.Prefix) network {
	return network{
		Name: name, VLAN: vlan, CIDR: p, Gateway: offset(p.Addr(), 1), First: offset(p.Addr(), firstHost),
		Last: offset(p.Addr(), 1<<(32-p.Bits())-2),
	}
}

func offset(a netip.Addr, by int) netip.Addr {
	b := a.As4()
	n := uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
	n += uint32(by)
	return netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
}
