package maas

import (
	"net/http"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// curtinConfig is op=get_curtin_config: what the installer is told, as YAML. It shows kernel, network and storage of the
// record, so that a test can see what would be installed. The credentials in it belong to no account.
func (s *Server) curtinConfig(c *call) (any, error) {
	m, err := c.machine()
	if err != nil {
		return nil, err
	}
	switch {
	case !m.status.in(inDeployment...):
		return nil, refuse(http.StatusBadRequest, "Machine %s is not in a deployment state.", m.hostname)
	case m.boot() == nil:
		return nil, refuse(http.StatusInternalServerError, "'NoneType' object has no attribute 'id'")
	}
	metadata := "http://rack1." + s.net.domains[0].name + ":5248/MAAS/metadata/"
	config := obj{
		"apt": obj{"preserve_sources_list": false, "sources_list": s.sourcesList()},
		"debconf_selections": obj{"maas": "cloud-init   cloud-init/datasources  multiselect MAAS\n" +
			"cloud-init   cloud-init/maas-metadata-url  string " + metadata + "\n"},
		"install":               obj{"log_file": curtinLog, "post_files": []string{curtinLog}},
		"kernel":                obj{"package": "linux-" + s.kernelFlavor(m), "mapping": obj{}},
		"late_commands":         obj{"maas": []string{"wget", "--no-proxy", metadata + "latest/by-id/" + m.systemID + "/", "--post-data", "op=netboot_off", "-O", "/dev/null"}},
		"network":               s.netplan(m),
		"network_commands":      obj{"builtin": []string{"curtin", "net-meta", "custom"}},
		"partitioning_commands": obj{"builtin": []string{"curtin", "block-meta", "custom"}},
		"reporting":             obj{"maas": obj{"endpoint": metadata + "status/" + m.systemID, "type": "webhook"}},
		"showtrace":             true,
		"storage":               obj{"version": 1, "config": s.curtinStorage(m)},
		"verbosity":             3,
	}
	if opts := s.kernelOptions(m); opts != "" {
		config["kernel_opts"] = opts
	}
	out, err := yaml.Marshal(config)
	if err != nil {
		return nil, refuse(http.StatusInternalServerError, "Failed to render preseed: %v", err)
	}
	return textReply(http.StatusOK, typeBareText, string(out)), nil
}

func (s *Server) kernelFlavor(m *machine) string {
	if m.kernel != nil && strings.HasPrefix(*m.kernel, "hwe-") {
		return "generic-" + *m.kernel
	}
	return "generic"
}

// kernelOptions are those of the region and of the machine's tags, in the order of the tags' names.
func (s *Server) kernelOptions(m *machine) string {
	var out []string
	if x, _ := s.config["kernel_opts"].(string); x != "" {
		out = append(out, x)
	}
	for _, name := range s.tagNames(m) {
		if t := s.tagByName(name); t != nil && t.options != "" {
			out = append(out, t.options)
		}
	}
	return strings.Join(out, " ")
}

func (s *Server) sourcesList() string {
	var b strings.Builder
	for _, r := range s.repos {
		if !r.enabled || !contains(r.arches, "amd64") {
			continue
		}
		components := strings.Join(r.components, " ")
		if components == "" {
			components = "main restricted universe multiverse"
		}
		suites := r.distributions
		if len(suites) == 0 {
			suites = []string{"$RELEASE"}
		}
		for _, suite := range suites {
			b.WriteString("deb " + r.url + " " + suite + " " + components + "\n")
		}
	}
	return b.String()
}

// netplan is the network configuration in netplan's version 2.
func (s *Server) netplan(m *machine) obj {
	kinds := map[string]string{kindPhysical: "ethernets", kindBond: "bonds", kindBridge: "bridges", kindVLAN: "vlans"}
	out := obj{"version": 2}
	for _, i := range m.interfaces {
		b := obj{"mtu": m.mtu(i)}
		switch i.kind {
		case kindPhysical:
			b["match"], b["set-name"] = obj{"macaddress": i.mac}, i.name
		case kindBond:
			b["macaddress"], b["interfaces"] = i.mac, namesOf(i.parents)
			params := obj{}
			for k, v := range i.params {
				if name, ok := strings.CutPrefix(k, "bond_"); ok {
					params[strings.NewReplacer("miimon", "mii-monitor-interval", "xmit_hash_policy", "transmit-hash-policy",
						"lacp_rate", "lacp-rate", "updelay", "up-delay", "downdelay", "down-delay",
						"num_grat_arp", "gratuitous-arp").Replace(name)] = v
				}
			}
			b["parameters"] = params
		case kindBridge:
			b["macaddress"], b["interfaces"] = i.mac, namesOf(i.parents)
		case kindVLAN:
			if i.vlan == nil {
				continue // disconnected: there is nothing to be tagged with
			}
			b["id"], b["link"] = i.vlan.vid, i.parents[0].name
		}
		s.netplanLinks(m, i, b)
		group, _ := out[kinds[i.kind]].(obj)
		if group == nil {
			group = obj{}
			out[kinds[i.kind]] = group
		}
		group[i.name] = b
	}
	return out
}

func (s *Server) netplanLinks(m *machine, i *iface, b obj) {
	addresses := []string{}
	routes := []obj{}
	for _, l := range i.links {
		if l.mode == modeDHCP {
			b["dhcp4"] = true
		}
		if !l.ip.IsValid() || l.subnet == nil {
			continue
		}
		addresses = append(addresses, text("%s/%d", l.ip, l.subnet.cidr.Bits()))
		if chosen := m.gateways[ipVersion(l.ip)]; l.subnet.gateway.IsValid() && (chosen == l || chosen == nil && m.firstGateway(ipVersion(l.ip)) == l) {
			b[text("gateway%d", ipVersion(l.ip))] = l.subnet.gateway.String()
		}
		servers := l.subnet.servers
		if len(servers) > 0 {
			b["nameservers"] = obj{"addresses": servers, "search": []string{m.domain.name}}
		}
		for _, r := range s.net.routes {
			if r.source == l.subnet {
				routes = append(routes, obj{"to": r.destination.cidr.String(), "via": r.gateway.String(), "metric": r.metric})
			}
		}
	}
	if len(addresses) > 0 {
		b["addresses"] = addresses
	}
	if len(routes) > 0 {
		b["routes"] = routes
	}
}

// curtinStorage is the storage configuration as curtin's list of actions.
func (s *Server) curtinStorage(m *machine) []obj {
	out := []obj{}
	format := func(volume string, f *filesystem) {
		if f == nil || f.internal() {
			return
		}
		out = append(out, obj{"id": volume + "_format", "type": "format", "fstype": f.kind, "label": f.label, "uuid": f.uuid, "volume": volume})
		if f.mount != nil {
			out = append(out, obj{"id": volume + "_mount", "type": "mount", "device": volume + "_format", "path": f.mount, "options": f.options})
		}
	}
	for _, d := range m.disks {
		if d.kind != devicePhysical {
			continue
		}
		b := obj{"id": d.name(), "name": d.name(), "type": "disk", "path": d.idPath, "wipe": "superblock", "grub_device": d == m.boot()}
		if d.table != "" {
			b["ptable"] = strings.ToLower(d.table)
		}
		out = append(out, b)
		format(d.name(), d.fs)
		for n, p := range d.partitions {
			id := text("%s-part%d", d.name(), n+m.firstPartition())
			out = append(out, obj{"id": id, "name": id, "type": "partition", "device": d.name(), "number": n + m.firstPartition(),
				"size": text("%dB", p.size), "uuid": p.uuid, "wipe": "superblock", "flag": map[bool]string{true: "boot"}[p.bootable]})
			format(id, p.fs)
		}
	}
	for _, a := range m.arrays {
		out = append(out, m.curtinArray(a))
		format(a.name, a.device.fs)
	}
	for _, g := range m.groups {
		out = append(out, obj{"id": g.name, "name": g.name, "type": "lvm_volgroup", "devices": m.partIDs(g, ""), "uuid": g.uuid})
		for _, d := range m.disks {
			if d.group == g {
				out = append(out, obj{"id": d.name(), "name": d.volume, "type": "lvm_partition", "volgroup": g.name, "size": text("%dB", d.size)})
				format(d.name(), d.fs)
			}
		}
	}
	return out
}

// partIDs are the names that a storage configuration gives to the parts of something, of one kind of filesystem or of any.
func (m *machine) partIDs(of membership, kind string) []string {
	out := []string{}
	for _, d := range m.disks {
		if d.member == of && (kind == "" || d.fs.kind == kind) {
			out = append(out, d.name())
		}
		for n, p := range d.partitions {
			if p.member == of && (kind == "" || p.fs.kind == kind) {
				out = append(out, text("%s-part%d", d.name(), n+m.firstPartition()))
			}
		}
	}
	return out
}

// curtinArray is the action that makes a RAID or a bcache. Partitions on one are not in the configuration.
func (m *machine) curtinArray(a *array) obj {
	if a.isRAID() {
		level, _ := strconv.Atoi(strings.TrimPrefix(a.level, "raid-"))
		return obj{"id": a.name, "name": a.name, "type": "raid", "raidlevel": level, "devices": m.partIDs(a, raidMember),
			"spare_devices": m.partIDs(a, raidSpare)}
	}
	b := obj{"id": a.name, "name": a.name, "type": "bcache", "cache_mode": a.mode}
	for _, id := range m.partIDs(a, bcacheBacking) {
		b["backing_device"] = id
	}
	for _, id := range m.partIDs(a.cache, asBcache) {
		b["cache_device"] = id
	}
	return b
}
