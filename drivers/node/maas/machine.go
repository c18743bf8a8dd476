package maas

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"sort"
	"strconv"
	"strings"
	"time"

	"drydock/design/build"
	"drydock/drivers"
)

// size is a number of bytes. MAAS has sent some sizes as floats (RAID 10: 3221094400.0), on which gomaasclient fails to
// decode the whole machine; that and null VLANs are why machines are read and acted upon through the raw layer.
type size int64

func (s *size) UnmarshalJSON(data []byte) error {
	text := strings.Trim(string(data), `"`)
	if text == "null" || text == "" {
		*s = 0
		return nil
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(f) || math.Abs(f) > math.MaxInt64/2 {
		return fmt.Errorf("size %q is no number of bytes", text)
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		*s = size(n)
		return nil
	}
	*s = size(f)
	return nil
}

// machine is the part of a machine's body (GET machines/{system_id}/) that the driver uses.
type machine struct {
	SystemID      string `json:"system_id"`
	Hostname      string `json:"hostname"`
	FQDN          string `json:"fqdn"`
	Domain        named  `json:"domain"`
	Status        int    `json:"status"`
	StatusName    string `json:"status_name"`
	StatusMessage string `json:"status_message"`
	Owner         string `json:"owner"`
	Locked        bool   `json:"locked"`
	NodeType      int    `json:"node_type"`
	NodeTypeName  string `json:"node_type_name"`
	OSystem       string `json:"osystem"`
	DistroSeries  string `json:"distro_series"`
	HWEKernel     string `json:"hwe_kernel"`
	MinHWEKernel  string `json:"min_hwe_kernel"`
	Architecture  string `json:"architecture"`
	PowerType     string `json:"power_type"`
	BootMethod    string `json:"bios_boot_method"`

	HardwareUUID string            `json:"hardware_uuid"`
	HardwareInfo map[string]string `json:"hardware_info"`
	TagNames     []string          `json:"tag_names"`
	Annotations  map[string]string `json:"workload_annotations"`

	CommissioningResult int `json:"current_commissioning_result_id"`
	InstallationResult  int `json:"current_installation_result_id"`

	Interfaces      []nic       `json:"interface_set"`
	BootInterface   *nic        `json:"boot_interface"`
	Disks           []disk      `json:"physicalblockdevice_set"`
	VirtualDisks    []disk      `json:"virtualblockdevice_set"`
	BootDisk        *disk       `json:"boot_disk"`
	DefaultGateways gatewayPair `json:"default_gateways"`
}

type named struct {
	ID   int    `json:"id"`
	Name string `json:"name"`
}

type gatewayPair struct {
	IPv4, IPv6 struct {
		LinkID int `json:"link_id"`
	}
}

// nic is an interface of a machine: physical, bond, vlan or bridge.
type nic struct {
	ID           int             `json:"id"`
	Name         string          `json:"name"`
	Type         string          `json:"type"`
	MAC          string          `json:"mac_address"`
	VLAN         *vlan           `json:"vlan"` // null when disconnected
	Parents      []string        `json:"parents"`
	Children     []string        `json:"children"`
	Links        []link          `json:"links"`
	RawParams    json.RawMessage `json:"params"` // {} or a dict, and "" in some versions
	EffectiveMTU int             `json:"effective_mtu"`
	LinkUp       bool            `json:"link_connected"`
}

type link struct {
	ID      int     `json:"id"`
	Mode    string  `json:"mode"`
	Address string  `json:"ip_address"`
	Subnet  *subnet `json:"subnet"`
}

// params are the settings of an interface, as text whatever their JSON type is.
func (n *nic) params() map[string]string {
	var raw map[string]any
	if json.Unmarshal(n.RawParams, &raw) != nil {
		return nil
	}
	out := make(map[string]string, len(raw))
	for k, v := range raw {
		switch v := v.(type) {
		case string:
			out[k] = v
		case float64:
			out[k] = strconv.FormatFloat(v, 'f', -1, 64)
		case bool:
			out[k] = strconv.FormatBool(v)
		}
	}
	return out
}

type disk struct {
	ID         int         `json:"id"`
	Name       string      `json:"name"`
	Type       string      `json:"type"`
	Size       size        `json:"size"`
	Available  size        `json:"available_size"`
	Model      string      `json:"model"`
	Serial     string      `json:"serial"`
	IDPath     string      `json:"id_path"`
	UUID       string      `json:"uuid"`
	Filesystem *filesystem `json:"filesystem"`
	Partitions []partition `json:"partitions"`
}

type partition struct {
	ID         int         `json:"id"`
	Size       size        `json:"size"`
	Bootable   bool        `json:"bootable"`
	UUID       string      `json:"uuid"`
	Filesystem *filesystem `json:"filesystem"`
}

type filesystem struct {
	Type         string `json:"fstype"`
	Label        string `json:"label"`
	UUID         string `json:"uuid"`
	MountPoint   string `json:"mount_point"`
	MountOptions string `json:"mount_options"`
}

// known drops what MAAS writes where it knows nothing.
func known(s string) string {
	if strings.EqualFold(s, "unknown") {
		return ""
	}
	return strings.TrimSpace(s)
}

// into records what the machine's body tells in a build model. Identity is only filled in, never replaced.
func (m *machine) into(b build.Node, ours bool, at time.Time) build.Node {
	b.Provisioner = build.Provisioner{
		Driver: "maas", ID: m.SystemID, Status: m.status(), StatusText: m.progress(), Owner: m.Owner, Ours: ours,
		Locked: m.Locked, ObservedAt: at,
	}
	switch strings.ToLower(m.BootMethod) {
	case "uefi":
		b.Provisioner.BootMode = "uefi"
	case "pxe":
		b.Provisioner.BootMode = "bios"
	}
	if m.OSystem != "" && m.DistroSeries != "" {
		b.Provisioner.Image = m.DistroSeries
		if m.OSystem != "ubuntu" {
			b.Provisioner.Image = m.OSystem + "/" + m.DistroSeries
		}
	}
	if ours {
		b.Provisioner.Design = m.Annotations[designKey]
	}
	fill(&b.Identity.Serial, known(m.HardwareInfo["system_serial"]))
	fill(&b.Identity.UUID, build.UUID(m.HardwareUUID))
	fill(&b.Identity.Manufacturer, known(m.HardwareInfo["system_vendor"]))
	fill(&b.Identity.Model, known(m.HardwareInfo["system_product"]))
	if len(b.Identity.MACs) == 0 {
		b.Identity.MACs = m.macs()
	}
	if len(b.Identity.ProvisionerMACs) == 0 {
		b.Identity.ProvisionerMACs = m.macs()
	}
	return b
}

func fill(field *string, value string) {
	if *field == "" {
		*field = value
	}
}

// machineByID reads a machine; nil when MAAS has none of that id.
func (s *session) machineByID(id string) (*machine, error) {
	if !validID(id) {
		return nil, nil
	}
	var m machine
	since := s.d.watch.mark()
	err := s.get("machines/"+id+"/", "", nil, &m)
	if isAnswer(err, http.StatusNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, s.fail(err, "read machine %s", id)
	}
	s.d.watch.keep(since, s.d.now(), m)
	return &m, nil
}

// machines lists machines by filters, which must not be empty: an unfiltered list costs a region seconds.
func (s *session) machines(filter url.Values) ([]machine, error) {
	if len(filter) == 0 {
		return nil, s.errorf(drivers.Internal, "", "list machines: no filter given")
	}
	var out []machine
	since := s.d.watch.mark()
	if err := s.get("machines/", "", filter, &out); err != nil {
		return nil, s.fail(err, "find machine by %s", strings.Join(keys(filter), " and "))
	}
	s.d.watch.keep(since, s.d.now(), out...)
	return out, nil
}

// actOn runs an operation on a machine and returns its body.
func (s *session) actOn(id, op string, params url.Values) (*machine, error) {
	var m machine
	since := s.d.watch.mark()
	if err := s.post("machines/"+id+"/", op, params, &m); err != nil {
		return nil, err
	}
	s.d.watch.keep(since, s.d.now(), m)
	return &m, nil
}

func keys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}
