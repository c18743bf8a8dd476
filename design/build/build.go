// Package build holds the build model: what is known of a node as it was built and observed. It is plain data that
// drivers fill in and read; it decides nothing and keeps no secret.
package build

import "time"

// Node is what is known of one machine. The zero value knows nothing.
type Node struct {
	Name        string      `json:"name"`
	Identity    Identity    `json:"identity"`
	Provisioner Provisioner `json:"provisioner"`
	OOB         OOB         `json:"oob"`
	Port        Port        `json:"port"`
	NICs        []NIC       `json:"nics,omitempty"`
	Disks       []Disk      `json:"disks,omitempty"`
	// Devices are all devices with a bus address, and the firmware, as the operating system of the commissioning saw them.
	Devices []Device `json:"devices,omitempty"`
	// Verification is the last one; nil when the machine was never compared.
	Verification *Verification `json:"verification,omitempty"`
	// Task is the task that worked on the node last.
	Task string `json:"task,omitempty"`
	// LeftAs says in what state a cancelled or failed task left the node, for people; "" after a success.
	LeftAs string `json:"left_as,omitempty"`
}

// Identity is what tells one machine from all others. Fields are recorded at first sight.
type Identity struct {
	Serial       string   `json:"serial,omitempty"`
	UUID         string   `json:"uuid,omitempty"` // system UUID, lower case
	Manufacturer string   `json:"manufacturer,omitempty"`
	Model        string   `json:"model,omitempty"`
	BMCAddress   string   `json:"bmc_address,omitempty"`
	MACs         []string `json:"macs,omitempty"` // lower case, colons, sorted
	// BMCMACs and ProvisionerMACs are those of the MACs that the BMC and the bootstrapper told when each first told any.
	// Neither sees every NIC, so that they may have none in common.
	BMCMACs         []string `json:"bmc_macs,omitempty"`
	ProvisionerMACs []string `json:"provisioner_macs,omitempty"`
}

// Status is the state of a machine at the bootstrapper, in words of our own so that planning knows no vendor.
type Status string

// States at the bootstrapper.
const (
	StatusAbsent           Status = "absent"  // the bootstrapper does not know the machine
	StatusUnknown          Status = "unknown" // not observed, or a state that we do not know
	StatusNew              Status = "new"     // enlisted, never commissioned
	StatusCommissioning    Status = "commissioning"
	StatusTesting          Status = "testing"
	StatusCommissionFailed Status = "commission-failed"
	StatusTestFailed       Status = "test-failed"
	StatusReady            Status = "ready"
	StatusAllocated        Status = "allocated"
	StatusDeploying        Status = "deploying"
	StatusDeployed         Status = "deployed"
	StatusDeployFailed     Status = "deploy-failed"
	StatusReleasing        Status = "releasing" // also erasing
	StatusReleaseFailed    Status = "release-failed"
	StatusOutOfService     Status = "out-of-service" // broken, retired, missing, rescue, locked by a person
)

// Provisioner is the machine as the bootstrapper sees it.
type Provisioner struct {
	Driver     string `json:"driver,omitempty"`
	ID         string `json:"id,omitempty"` // system id at the bootstrapper
	Status     Status `json:"status,omitempty"`
	StatusText string `json:"status_text,omitempty"` // the bootstrapper's own words
	Owner      string `json:"owner,omitempty"`
	// Ours: the machine is allocated to us (our user and agent name).
	Ours       bool      `json:"ours,omitempty"`
	Locked     bool      `json:"locked,omitempty"`
	BootMode   string    `json:"boot_mode,omitempty"` // bios or uefi: how it was seen to boot from the network; "" unknown
	Image      string    `json:"image,omitempty"`
	Design     string    `json:"design,omitempty"` // digest of the design that it was deployed with, when known
	ObservedAt time.Time `json:"observed_at,omitzero"`
}

// Power states.
const (
	PowerOn      = "on"
	PowerOff     = "off"
	PowerUnknown = ""
)

// OOB is the machine as its BMC sees it.
type OOB struct {
	Driver      string    `json:"driver,omitempty"`
	Power       string    `json:"power,omitempty"`       // PowerOn, PowerOff, or PowerUnknown
	BootTarget  string    `json:"boot_target,omitempty"` // boot override
	BootMode    string    `json:"boot_mode,omitempty"`   // bios or uefi
	BIOSVersion string    `json:"bios_version,omitempty"`
	BMCVersion  string    `json:"bmc_version,omitempty"`
	Processors  int       `json:"processors,omitempty"`
	MemoryMiB   int       `json:"memory_mib,omitempty"`
	Health      string    `json:"health,omitempty"` // OK, Warning, Critical; "" when not reported
	Alarms      []string  `json:"alarms,omitempty"`
	ObservedAt  time.Time `json:"observed_at,omitzero"`

	ProcessorModel string      `json:"processor_model,omitempty"`
	Drives         []Drive     `json:"drives,omitempty"`
	PCI            []PCIDevice `json:"pci,omitempty"`
	Sensors        []Sensor    `json:"sensors,omitempty"`
	Log            []LogEntry  `json:"log,omitempty"` // the newest last; informational entries are left out
}

// Health as BMCs tell it.
const (
	HealthOK       = "OK"
	HealthWarning  = "Warning"
	HealthCritical = "Critical"
)

// Drive is a drive as the BMC sees it: without a name of the operating system, and with the health that its controller
// reports.
type Drive struct {
	Name             string `json:"name"` // the BMC's own, such as "Drive 0"
	Serial           string `json:"serial,omitempty"`
	WWN              string `json:"wwn,omitempty"` // lower case, without 0x
	Model            string `json:"model,omitempty"`
	Size             int64  `json:"size,omitempty"`   // bytes
	Health           string `json:"health,omitempty"` // HealthOK, HealthWarning, HealthCritical; "" when not reported
	PredictedFailure bool   `json:"predicted_failure,omitempty"`
}

// PCIDevice is a device in a slot or on the board, as the BMC sees it.
type PCIDevice struct {
	Name         string `json:"name"`
	Manufacturer string `json:"manufacturer,omitempty"`
	Model        string `json:"model,omitempty"`
	Address      string `json:"address,omitempty"` // such as 0000:41:00.0; most BMCs do not tell
}

// Sensor is a measured value or a state.
type Sensor struct {
	Name   string  `json:"name"`
	Value  float64 `json:"value,omitempty"`
	Unit   string  `json:"unit,omitempty"`   // such as Cel, RPM, V, W
	Health string  `json:"health,omitempty"` // HealthOK, HealthWarning, HealthCritical; "" when not reported

}

// LogEntry is an entry of the BMC's system event log.
type LogEntry struct {
	ID       string    `json:"id"`
	At       time.Time `json:"at,omitzero"` // by the BMC's clock
	Severity string    `json:"severity"`    // HealthWarning or HealthCritical
	Text     string    `json:"text"`
	// Cleared: the log says that the condition has ended.
	Cleared bool `json:"cleared,omitempty"`
}

// Verification is what came of comparing the machine with its design.
type Verification struct {
	At time.Time `json:"at,omitzero"`
	// Level is what the comparison could see: present (through the BMC) or prepared (also from the operating system).
	Level string  `json:"level"`
	Rows  []Check `json:"rows"`
}

// Check is one row of a verification.
type Check struct {
	Name     string `json:"name"` // such as bios_version, drive:S1, alias:prim_nic01
	Designed string `json:"designed"`
	Found    string `json:"found"`
	Verdict  string `json:"verdict"`          // match, unknown, mismatch, violation, waived
	Waiver   string `json:"waiver,omitempty"` // why it is waived
}

// Port is the switch port of the node's provisioning interface.
type Port struct {
	Driver     string    `json:"driver,omitempty"`
	Switch     string    `json:"switch,omitempty"`
	Name       string    `json:"name,omitempty"`
	Purpose    string    `json:"purpose,omitempty"` // provisioning or production
	ObservedAt time.Time `json:"observed_at,omitzero"`
}

// NIC is a physical network interface.
type NIC struct {
	Name     string `json:"name"`          // OS name, such as eno1
	MAC      string `json:"mac"`           // lower case, colons
	PCI      string `json:"pci,omitempty"` // such as 0000:41:00.0
	LinkUp   bool   `json:"link_up,omitempty"`
	Neighbor string `json:"neighbor,omitempty"` // LLDP: switch and port
}

// Disk is a physical block device.
type Disk struct {
	Name   string `json:"name"`          // OS name, such as sda
	Bus    string `json:"bus,omitempty"` // such as scsi@2:0.0.0, as lshw spells businfo
	Serial string `json:"serial,omitempty"`
	WWN    string `json:"wwn,omitempty"`
	Model  string `json:"model,omitempty"`
	Size   int64  `json:"size,omitempty"` // bytes
	Health string `json:"health,omitempty"`
}

// Device is a device as lshw lists it.
type Device struct {
	Class   string `json:"class"`             // such as network, disk, storage, memory
	Bus     string `json:"bus,omitempty"`     // such as pci@0000:41:00.0
	Name    string `json:"name,omitempty"`    // OS name, such as eno1
	Product string `json:"product,omitempty"` // what its maker calls it
	// Firmware is the version of the machine's firmware, on the device that is it.
	Firmware string `json:"firmware,omitempty"`
}

// Element is a piece of raw evidence about a node, kept as it came: lshw XML, lldp XML, a result of a script.
type Element struct {
	Generator string    `json:"generator"` // such as lshw, lldp, 00-maas-03-install-lldpd
	Format    string    `json:"data_format"`
	Data      string    `json:"data_element"`
	Collected time.Time `json:"collected_date"`
}
