package maas

import (
	"time"

	"drydock/simulator/world"
)

// machine is a machine as the region knows it: a record that may be wrong about the hardware that it stands for.
type machine struct {
	systemID     string
	hostname     string
	domain       *domain
	zone         *zone
	pool         *pool
	description  string
	architecture string
	minKernel    string

	status    status
	previous  status // what testing and rescue mode return to
	epoch     int    // changes with the status; what was scheduled for an earlier one does not happen
	message   *string
	action    *string
	owner     *user
	agentName *string
	locked    bool
	netboot   bool
	osystem   string
	series    string
	kernel    *string
	userData  string
	image     string            // what is or was deployed last, also when nobody named it
	owned     map[string]string // workload annotations

	powerType  string
	powerState string
	power      map[string]any
	bmcReached bool // the rack has had an answer from its BMC at some time

	cpus      int
	cpuModel  string
	memory    int // MiB
	swap      any
	uuid      any
	bootFirm  any // bios_boot_method
	hardware  map[string]string
	lshw      []byte
	lldp      []byte
	inventory bool // commissioning data is there

	interfaces    []*iface
	bootInterface *iface
	gateways      map[int]*link // default gateway links by IP version
	disks         []*blockDevice
	bootDisk      *blockDevice
	groups        []*volumeGroup
	arrays        []*array
	caches        []*cacheSet
	special       []*filesystem
	tags          []string
	sets          []*scriptSet
	afterwards    options // what the operation in progress was asked for
}

// options of commissioning and testing.
type options struct {
	enableSSH, skipBMC, skipNetworking, skipStorage bool
	commissioning, tests                            []*script
}

func (s *Server) machineByID(id string) *machine {
	for _, m := range s.machines {
		if m.systemID == id {
			return m
		}
	}
	return nil
}

func (s *Server) machineByMAC(mac string) *machine {
	for _, m := range s.machines {
		if m.interfaceByMAC(mac) != nil {
			return m
		}
	}
	return nil
}

func (s *Server) hostTaken(name string, but *machine) bool {
	for _, m := range s.machines {
		if m != but && m.hostname == name {
			return true
		}
	}
	return false
}

// physical is the machine of the world that has one of the record's MACs.
func (s *Server) physical(m *machine) (*world.Machine, bool) {
	for _, i := range m.interfaces {
		if wm, ok := s.world.MachineByMAC(i.mac); ok && i.kind == kindPhysical {
			return wm, true
		}
	}
	return nil, false
}

func (m *machine) fqdn() string { return m.hostname + "." + m.domain.name }

// agent is the agent name that the machine was allocated with. No body shows it; filters know it.
func (m *machine) agent() string {
	if m.agentName == nil {
		return ""
	}
	return *m.agentName
}

func (m *machine) uri() string { return apiRoot + "machines/" + m.systemID + "/" }

// setMessage is what status_message and status_action show: the last event.
func (m *machine) setMessage(message, action string) { m.message, m.action = &message, &action }

var hardwareFields = []string{
	"system_vendor", "system_product", "system_family", "system_version", "system_sku", "system_serial", "cpu_model",
	"mainboard_vendor", "mainboard_product", "mainboard_serial", "mainboard_version", "mainboard_firmware_vendor",
	"mainboard_firmware_date", "mainboard_firmware_version", "chassis_vendor", "chassis_type", "chassis_serial",
	"chassis_version",
}

// body is the machine as the API shows it; every field that a 3.4 region sends is there.
func (s *Server) body(m *machine) obj {
	hardware := obj{}
	for _, f := range hardwareFields {
		hardware[f] = "Unknown"
		if v := m.hardware[f]; v != "" {
			hardware[f] = v
		}
	}
	interfaces := listOf(m.interfaces, func(i *iface) obj { return s.interfaceBody(m, i) })
	all, physical, virtual := s.deviceBodies(m)
	cores := []int{}
	for i := range m.cpus {
		if m.inventory {
			cores = append(cores, i)
		}
	}
	numaMemory := 0
	if m.inventory {
		numaMemory = m.memory
	}
	owned := map[string]string{}
	for k, v := range m.owned {
		owned[k] = v
	}
	storage := 0.0
	for _, d := range m.disks {
		if d.kind == devicePhysical {
			storage += float64(d.size) / 1e6
		}
	}
	b := obj{
		"system_id": m.systemID, "hostname": m.hostname, "fqdn": m.fqdn(), "description": m.description,
		"architecture": m.architecture, "min_hwe_kernel": m.minKernel, "hwe_kernel": m.kernel,
		"status": int(m.status), "status_name": m.status.String(), "status_message": m.message, "status_action": m.action,
		"owner": nil, "locked": m.locked, "netboot": m.netboot, "osystem": m.osystem,
		"distro_series": m.series, "owner_data": owned, "workload_annotations": owned,
		"power_type": m.powerType, "power_state": m.powerState,
		"cpu_count": m.cpus, "cpu_speed": 0, "memory": m.memory, "swap_size": m.swap, "storage": storage,
		"hardware_uuid": m.uuid, "hardware_info": hardware, "bios_boot_method": m.bootFirm,
		"domain": s.domainBody(m.domain), "zone": m.zone.body(), "pool": m.pool.body(),
		"interface_set": interfaces, "boot_interface": nil, "default_gateways": s.gatewaysBody(m),
		"blockdevice_set": all, "physicalblockdevice_set": physical, "virtualblockdevice_set": virtual, "boot_disk": nil,
		"volume_groups": listOf(m.groups, func(g *volumeGroup) obj { return m.incomplete(g.id) }),
		"raids":         m.incompleteArrays(array.isRAID), "bcaches": m.incompleteArrays(array.isBcache),
		"cache_sets":          listOf(m.caches, func(x *cacheSet) obj { return m.incomplete(x.id) }),
		"special_filesystems": listOf(m.special, (*filesystem).body),
		"tag_names":           orEmpty(s.tagNames(m)),
		"numanode_set":        []obj{{"index": 0, "memory": numaMemory, "cores": cores, "hugepages_set": []obj{}}},
		"node_type":           0, "node_type_name": "Machine", "address_ttl": nil, "disable_ipv4": false, "parent": nil, "pod": nil,
		"virtualmachine_id": nil, "ephemeral_deploy": false, "enable_hw_sync": false, "last_sync": nil, "next_sync": nil,
		"sync_interval": nil, "resource_uri": m.uri(),
	}
	if m.owner != nil {
		b["owner"] = m.owner.name
	}
	if m.bootInterface != nil {
		b["boot_interface"] = s.interfaceBody(m, m.bootInterface)
	}
	if d := m.boot(); d != nil {
		b["boot_disk"] = s.deviceBody(m, d)
	}
	m.resultFields(b)
	s.versionFields(b, m)
	return b
}

func (s *Server) gatewaysBody(m *machine) obj {
	out := obj{}
	for _, v := range []int{4, 6} {
		g := obj{"gateway_ip": nil, "link_id": nil}
		if l := m.gateways[v]; l != nil && l.subnet != nil && l.subnet.gateway.IsValid() {
			g = obj{"gateway_ip": l.subnet.gateway.String(), "link_id": l.id}
		} else if l := m.firstGateway(v); l != nil {
			g["gateway_ip"] = l.subnet.gateway.String()
		}
		out[text("ipv%d", v)] = g
	}
	return out
}

// firstGateway is the link whose subnet's gateway is used as long as nobody has chosen one.
func (m *machine) firstGateway(version int) *link {
	for _, i := range m.interfaces {
		for _, l := range i.links {
			if l.subnet != nil && l.mode != modeDHCP && l.subnet.gateway.IsValid() && ipVersion(l.subnet.gateway) == version {
				return l
			}
		}
	}
	return nil
}

// transition changes the status, arms its time-out, and records what happened.
func (s *Server) transition(m *machine, to status) {
	if m.status == to {
		return
	}
	from := m.status
	m.status = to
	m.epoch++
	s.log.Info("machine changed status", "system_id", m.systemID, "hostname", m.hostname, "from", from.String(), "to", to.String())
	s.event(m, levelDebug, "Node changed status", text("From '%s' to '%s'", from, to), nil)
	failed, busy := to.failedAs()
	if !busy || to == statusErasing {
		return
	}
	minutes := s.nodeTimeout()
	if to.in(statusReleasing, statusExitingRescue) {
		minutes = 5
	}
	epoch := m.epoch
	s.after(time.Duration(minutes)*time.Minute, func() {
		if m.epoch == epoch {
			s.markFailed(m, failed, text("Node operation '%s' timed out after %d minutes.", to, minutes))
		}
	})
}

// markFailed ends an operation in progress in its failure state, with the words that people look for.
func (s *Server) markFailed(m *machine, to status, why string) {
	s.transition(m, to)
	s.event(m, levelError, "Marking node failed", why, nil)
	m.setMessage("Marking node failed - "+why, "mark_failed")
	if to == statusFailedCommissioning || to == statusFailedTesting {
		m.abortPending(resultTimedOut)
	}
}

// happens records an event that people see, and shows it as the machine's status message.
func (s *Server) happens(m *machine, title, description string) {
	s.event(m, levelInfo, title, description, nil)
	message := title
	if description != "" {
		message += " - " + description
	}
	m.setMessage(message, "")
}
