package render

// The types of this file are the output: names and order of fields are what users and their scripts rely on.

type siteView struct {
	Site             string           `json:"site" yaml:"site"`
	Digest           string           `json:"digest,omitempty" yaml:"digest,omitempty"`
	Region           *regionView      `json:"region,omitempty" yaml:"region,omitempty"`
	Racks            []rackView       `json:"racks,omitempty" yaml:"racks,omitempty"`
	NetworkLinks     []linkView       `json:"network_links,omitempty" yaml:"network_links,omitempty"`
	Networks         []networkView    `json:"networks,omitempty" yaml:"networks,omitempty"`
	HardwareProfiles []hardwareView   `json:"hardware_profiles,omitempty" yaml:"hardware_profiles,omitempty"`
	Nodes            []nodeView       `json:"nodes" yaml:"nodes"`
	BootActions      []bootActionView `json:"boot_actions,omitempty" yaml:"boot_actions,omitempty"`
}

type regionView struct {
	Name           string                    `json:"name" yaml:"name"`
	TagDefinitions []tagDefinitionView       `json:"tag_definitions,omitempty" yaml:"tag_definitions,omitempty"`
	AuthorizedKeys []string                  `json:"authorized_keys,omitempty" yaml:"authorized_keys,omitempty"`
	RemoveUnlisted bool                      `json:"remove_unlisted" yaml:"remove_unlisted"`
	Repositories   map[string]repositoryView `json:"repositories,omitempty" yaml:"repositories,omitempty"`
}

type tagDefinitionView struct {
	Tag            string `json:"tag" yaml:"tag"`
	DefinitionType string `json:"definition_type" yaml:"definition_type"`
	Definition     string `json:"definition" yaml:"definition"`
}

type repositoryView struct {
	RepoType      string            `json:"repo_type" yaml:"repo_type"`
	URL           string            `json:"url" yaml:"url"`
	Distributions []string          `json:"distributions,omitempty" yaml:"distributions,omitempty"`
	Subrepos      []string          `json:"subrepos,omitempty" yaml:"subrepos,omitempty"`
	Components    []string          `json:"components,omitempty" yaml:"components,omitempty"`
	Arches        []string          `json:"arches,omitempty" yaml:"arches,omitempty"`
	GPGKey        string            `json:"gpgkey,omitempty" yaml:"gpgkey,omitempty"`
	Options       map[string]string `json:"options,omitempty" yaml:"options,omitempty"`
}

type rackView struct {
	Name          string                `json:"name" yaml:"name"`
	TORSwitches   map[string]switchView `json:"tor_switches,omitempty" yaml:"tor_switches,omitempty"`
	Location      map[string]string     `json:"location,omitempty" yaml:"location,omitempty"`
	LocalNetworks []string              `json:"local_networks,omitempty" yaml:"local_networks,omitempty"`
	Labels        map[string]string     `json:"labels,omitempty" yaml:"labels,omitempty"`
}

type switchView struct {
	ManagementIP string `json:"mgmt_ip,omitempty" yaml:"mgmt_ip,omitempty"`
	APIURI       string `json:"sdn_api_uri,omitempty" yaml:"sdn_api_uri,omitempty"`
}

type linkView struct {
	Name            string            `json:"name" yaml:"name"`
	Bonding         bondingView       `json:"bonding" yaml:"bonding"`
	MTU             int               `json:"mtu" yaml:"mtu"`
	LinkSpeed       string            `json:"linkspeed,omitempty" yaml:"linkspeed,omitempty"`
	Trunking        trunkingView      `json:"trunking" yaml:"trunking"`
	AllowedNetworks []string          `json:"allowed_networks" yaml:"allowed_networks"`
	Labels          map[string]string `json:"labels,omitempty" yaml:"labels,omitempty"`
}

type bondingView struct {
	Mode      string `json:"mode" yaml:"mode"`
	Hash      string `json:"hash,omitempty" yaml:"hash,omitempty"`
	PeerRate  string `json:"peer_rate,omitempty" yaml:"peer_rate,omitempty"`
	MonRate   int    `json:"mon_rate,omitempty" yaml:"mon_rate,omitempty"`
	UpDelay   int    `json:"up_delay,omitempty" yaml:"up_delay,omitempty"`
	DownDelay int    `json:"down_delay,omitempty" yaml:"down_delay,omitempty"`
}

type trunkingView struct {
	Mode           string `json:"mode" yaml:"mode"`
	DefaultNetwork string `json:"default_network,omitempty" yaml:"default_network,omitempty"`
}

type networkView struct {
	Name        string            `json:"name" yaml:"name"`
	CIDR        string            `json:"cidr" yaml:"cidr"`
	VLAN        string            `json:"vlan,omitempty" yaml:"vlan,omitempty"`
	MTU         int               `json:"mtu,omitempty" yaml:"mtu,omitempty"`
	DNS         dnsView           `json:"dns" yaml:"dns"`
	Ranges      []rangeView       `json:"ranges,omitempty" yaml:"ranges,omitempty"`
	Routes      []routeView       `json:"routes,omitempty" yaml:"routes,omitempty"`
	RouteDomain string            `json:"routedomain,omitempty" yaml:"routedomain,omitempty"`
	DHCPRelay   *dhcpRelayView    `json:"dhcp_relay,omitempty" yaml:"dhcp_relay,omitempty"`
	Labels      map[string]string `json:"labels,omitempty" yaml:"labels,omitempty"`
}

type dnsView struct {
	Domain  string   `json:"domain" yaml:"domain"`
	Servers []string `json:"servers,omitempty" yaml:"servers,omitempty"`
}

type rangeView struct {
	Type  string `json:"type" yaml:"type"`
	Start string `json:"start" yaml:"start"`
	End   string `json:"end" yaml:"end"`
}

type routeView struct {
	Subnet      string `json:"subnet,omitempty" yaml:"subnet,omitempty"`
	Gateway     string `json:"gateway,omitempty" yaml:"gateway,omitempty"`
	Metric      int    `json:"metric" yaml:"metric"`
	RouteDomain string `json:"routedomain,omitempty" yaml:"routedomain,omitempty"`
}

type dhcpRelayView struct {
	SelfIP         string `json:"self_ip,omitempty" yaml:"self_ip,omitempty"`
	UpstreamTarget string `json:"upstream_target,omitempty" yaml:"upstream_target,omitempty"`
}

type hardwareView struct {
	Name              string                   `json:"name" yaml:"name"`
	Vendor            string                   `json:"vendor,omitempty" yaml:"vendor,omitempty"`
	Generation        string                   `json:"generation,omitempty" yaml:"generation,omitempty"`
	HWVersion         string                   `json:"hw_version,omitempty" yaml:"hw_version,omitempty"`
	BIOSVersion       string                   `json:"bios_version,omitempty" yaml:"bios_version,omitempty"`
	BootMode          string                   `json:"boot_mode,omitempty" yaml:"boot_mode,omitempty"`
	BootstrapProtocol string                   `json:"bootstrap_protocol,omitempty" yaml:"bootstrap_protocol,omitempty"`
	PXEInterface      int                      `json:"pxe_interface" yaml:"pxe_interface"`
	DeviceAliases     map[string]aliasView     `json:"device_aliases,omitempty" yaml:"device_aliases,omitempty"`
	CPUSets           map[string]string        `json:"cpu_sets,omitempty" yaml:"cpu_sets,omitempty"`
	HugePages         map[string]hugePagesView `json:"hugepages,omitempty" yaml:"hugepages,omitempty"`
}

type aliasView struct {
	BusType string `json:"bus_type" yaml:"bus_type"`
	DevType string `json:"dev_type,omitempty" yaml:"dev_type,omitempty"`
	Address string `json:"address" yaml:"address"`
}

type hugePagesView struct {
	Size  string `json:"size" yaml:"size"`
	Count int    `json:"count" yaml:"count"`
}
