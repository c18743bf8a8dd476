package design

import (
	"net/netip"
	"strings"
)

// Site is the applied model: the effective design of one site, with inheritance resolved and every node complete.
// It is immutable after Compile, shared between goroutines, and may share sub-structures between nodes.
type Site struct {
	// Name is the name of the Region document; a design without a Region has the name "default".
	Name string
	// Digest identifies the design: "sha256:" and 64 hexadecimal digits of its canonical form.
	Digest string

	Region           Region
	Racks            []Rack
	Links            []*NetworkLink
	Networks         []*Network
	HardwareProfiles []*HardwareProfile
	Nodes            []*Node
	BootActions      []*BootAction

	index *siteIndex // nil in a site that was not compiled: everything is found without
}

// Region holds what is the same for the whole site (drydock/Region/v1).
type Region struct {
	Name           string
	TagDefinitions []TagDefinition
	AuthorizedKeys []string
	// Repositories is sorted by name.
	Repositories []Repository
	// RemoveUnlisted: package repositories that the design does not name are to be removed, the built-in archives excepted.
	RemoveUnlisted bool
}

// TagDefinition is a tag computed by the bootstrapper from an XPath over lshw data.
type TagDefinition struct{ Tag, Type, Definition string }

// Repository is one package repository.
type Repository struct {
	Name, Type, URL                             string
	Distributions, Subrepos, Components, Arches []string
	GPGKey                                      string
	Options                                     map[string]string
}

// Rack describes one rack (drydock/Rack/v1).
type Rack struct {
	Name          string
	Switches      map[string]Switch
	Location      map[string]string
	LocalNetworks []string
	Labels        map[string]string
}

// Switch is a top-of-rack switch.
type Switch struct{ ManagementIP, APIURI string }

// NetworkLink is the contract between a NIC and its switch port (drydock/NetworkLink/v1).
type NetworkLink struct {
	Name            string
	Bonding         Bonding
	MTU             int // bytes
	LinkSpeed       string
	Trunked         bool   // 802.1q
	DefaultNetwork  string // the untagged (native) network; "" when none
	AllowedNetworks []string
	Labels          map[string]string
}

// NoConfig reports whether the link carries the label that keeps it out of the bootstrapper's configuration.
func (l *NetworkLink) NoConfig() bool { _, ok := l.Labels["noconfig"]; return ok }

// Bonding modes.
const (
	BondDisabled     = "disabled"
	Bond8023AD       = "802.3ad"
	BondActiveBackup = "active-backup"
	BondBalanceRR    = "balance-rr"
)

// Bonding says how the slaves of a bond are joined. Times are in milliseconds.
type Bonding struct {
	Mode                        string // BondDisabled, Bond8023AD, BondActiveBackup, BondBalanceRR
	Hash                        string // 802.3ad only: layer2, layer2+3, layer3+4
	PeerRate                    string // 802.3ad only: fast, slow
	MonRate, UpDelay, DownDelay int
}

// Enabled reports whether interfaces on the link are bonds.
func (b Bonding) Enabled() bool { return b.Mode != "" && b.Mode != BondDisabled }

// Network is a layer 2/3 network (drydock/Network/v1).
type Network struct {
	Name        string
	CIDR        netip.Prefix
	VLAN        int    // 0: untagged
	MTU         int    // bytes; 0: that of the link
	DNSDomain   string // default "local"
	DNSServers  []string
	Ranges      []Range
	Routes      []Route // explicit ones, and those that follow from route domains
	RouteDomain string
	DHCPRelay   *DHCPRelay
	Labels      map[string]string
}

// NoConfig reports whether the network carries the label that skips its final check.
func (n *Network) NoConfig() bool { _, ok := n.Labels["noconfig"]; return ok }

// Gateway is the gateway of the route to 0.0.0.0/0 or ::/0; the zero Addr when there is none.
func (n *Network) Gateway() netip.Addr {
	for _, r := range n.Routes {
		if r.Subnet.IsValid() && r.Subnet.Bits() == 0 {
			return r.Gateway
		}
	}
	return netip.Addr{}
}

// Range types.
const (
	RangeStatic   = "static"
	RangeDHCP     = "dhcp"
	RangeReserved = "reserved"
)

// Range is a part of a network with a use of its own.
type Range struct {
	Type       string
	Start, End netip.Addr
}

// Route is a static route of a network.
type Route struct {
	Subnet  netip.Prefix
	Gateway netip.Addr
	Metric  int
	// RouteDomain is set where the route is a template for the members of that domain, or was made from one.
	RouteDomain string
}

// DHCPRelay says to which DHCP server requests of a network are relayed.
type DHCPRelay struct{ SelfIP, UpstreamTarget string }

// HardwareProfile describes a kind of machine (drydock/HardwareProfile/v1).
type HardwareProfile struct {
	Name                                       string
	Vendor, Generation, HWVersion, BIOSVersion string
	BootMode                                   string // "bios" or "uefi"; "" when the design does not say
	BootstrapProtocol                          string
	PXEInterface                               int
	Aliases                                    []Alias // sorted by name
	CPUSets                                    map[string]string
	HugePages                                  map[string]HugePages
}

// Alias finds a device alias by name.
func (h *HardwareProfile) Alias(name string) (Alias, bool) {
	if h == nil {
		return Alias{}, false
	}
	for _, a := range h.Aliases {
		if a.Name == name {
			return a, true
		}
	}
	return Alias{}, false
}

// Alias names the device at a bus address.
type Alias struct {
	Name    string
	BusType string // "pci" or "scsi"
	DevType string
	Address string // such as 0000:41:00.0 or 2:0.0.0; with the prefix "regexp:" a pattern over PCI addresses
}

// HugePages is a named huge page configuration.
type HugePages struct {
	Size  string
	Count int
}

// OOB types of the design format.
const (
	OOBIPMI    = "ipmi"
	OOBRedfish = "redfish"
	OOBLibvirt = "libvirt"
	OOBManual  = "manual"
)

// OOB says how a node is reached out of band.
type OOB struct {
	Type       string
	Account    string
	Credential Secret
	Network    string
	LibvirtURI string
	// Parameters are the further keys of the design, sorted by the reader of the map; they hold no known secret.
	Parameters map[string]string
}

// Node is one machine with its effective configuration (drydock/BaremetalNode/v1 over its HostProfiles).
type Node struct {
	Name            string
	Domain          string // DNS domain: that of the primary network
	Rack            string
	HostProfile     string // name of the parent profile, for people
	HardwareProfile *HardwareProfile
	PrimaryNetwork  string
	OOB             OOB
	Interfaces      []Interface // sorted by name
	Storage         Storage
	Platform        Platform
	Addresses       []Address // in the order of the document
	Tags            []string
	OwnerData       map[string]string
	BootMAC         string // lower case, colons; "" when the design has none
}

// FQDN is the host name with its domain.
func (n *Node) FQDN() string { return n.Name + "." + n.Domain }

// Address finds how the node is addressed on a network.
func (n *Node) Address(network string) (Address, bool) {
	for _, a := range n.Addresses {
		if a.Network == network {
			return a, true
		}
	}
	return Address{}, false
}

// BMCAddress is the static address of the node on its out-of-band network; "" when there is none.
func (n *Node) BMCAddress() string {
	if a, ok := n.Address(n.OOB.Network); ok && a.IP.IsValid() {
		return a.IP.String()
	}
	return ""
}

// Address is an entry of a node's addressing: DHCP or a static IP.
type Address struct {
	Network string
	DHCP    bool
	IP      netip.Addr // valid when not DHCP
}

// Interface is a network interface of a node. On a link with bonding it is a bond of the slaves, else it is the one slave.
type Interface struct {
	Name     string
	LinkName string
	Link     *NetworkLink // nil when the interface has no link, and so is not configured
	Slaves   []string     // device aliases or OS names
	Networks []string
	SRIOV    *SRIOV
}

// SRIOV asks for virtual functions.
type SRIOV struct {
	VFCount   int
	TrustMode bool
}

// Storage is the disk layout of a node.
type Storage struct {
	Devices      []Device      // sorted by name
	VolumeGroups []VolumeGroup // sorted by name
}

// Device is a physical disk: either a physical volume as a whole, or partitioned.
type Device struct {
	Name        string // device alias or OS name
	Labels      map[string]string
	VolumeGroup string
	Partitions  []Partition // in the order of the document
}

// BootDrive reports whether the device is labelled as the one to boot from.
func (d Device) BootDrive() bool { return strings.EqualFold(d.Labels["bootdrive"], "true") }

// Partition is a part of a physical disk.
type Partition struct {
	Name        string
	Size        Size
	Bootable    bool
	UUID        string
	VolumeGroup string
	Filesystem  *Filesystem
}

// VolumeGroup is an LVM volume group.
type VolumeGroup struct {
	Name           string
	UUID           string
	LogicalVolumes []LogicalVolume // in the order of the document
}

// LogicalVolume is a volume in a volume group.
type LogicalVolume struct {
	Name       string
	Size       Size
	UUID       string
	Filesystem *Filesystem
}

// Filesystem is what a partition or volume is formatted with.
type Filesystem struct {
	MountPoint   string
	Type         string // default ext4
	MountOptions string // default "defaults"
	UUID, Label  string
}

// Platform is the operating system of a node.
type Platform struct {
	Image  string // distribution series, such as "jammy"
	Kernel string // such as "ga-22.04"
	// KernelParams are the parameters in the order in which the kernel is to see them, references resolved:
	// each "key" or "key=value".
	KernelParams []string
}

// KernelCommandLine is the parameters as one string.
func (p Platform) KernelCommandLine() string { return strings.Join(p.KernelParams, " ") }

// BootAction is a set of files, units and packages that a node gets when it is deployed (drydock/BootAction/v1).
type BootAction struct {
	Name      string
	Signaling bool
	Filter    *NodeFilter // nil: all nodes
	Assets    []Asset
}

// Asset types.
const (
	AssetUnit     = "unit"
	AssetFile     = "file"
	AssetPackages = "pkg_list"
)

// Asset is one file, systemd unit or list of packages.
type Asset struct {
	Type             string
	Path             string
	Permissions      string // octal digits; "" means 600
	Data             string
	Packages         map[string]string // pkg_list: name to version, "" for any
	Location         string
	LocationPipeline []string
	DataPipeline     []string
}
