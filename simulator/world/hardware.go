package world

import "drydock/design"

// Hardware is what a machine is made of. It never changes; slices are not to be written to.
type Hardware struct {
	Name         string // of the node in the design; printed on no part of the machine
	Serial       string // such as "4F7XR1138R2"
	UUID         string // system UUID, lower case
	Manufacturer string
	Model        string
	BIOSVersion  string
	BootMode     string // "bios" or "uefi"
	CPUs         int    // cores
	MemoryMiB    int
	Arch         string // "amd64"
	Rack         string
	BMC          BMC
	NICs         []NIC
	Disks        []Disk
	PXENIC       string // MAC of the NIC that boots from the network
}

// NIC finds a NIC by its MAC.
func (h Hardware) NIC(mac string) (NIC, bool) {
	for _, n := range h.NICs {
		if n.MAC == mac {
			return n, true
		}
	}
	return NIC{}, false
}

// BMC is the machine's management controller. A machine of type manual or libvirt has none that answers.
type BMC struct {
	Type       string // design.OOBRedfish, design.OOBIPMI, ...
	Address    string // as designed: the static address on the oob network
	MAC        string
	Account    string
	Credential design.Secret
}

// NIC is a network interface card's port.
type NIC struct {
	Name      string // as the kernel names it, such as eno1 or enp65s0f0
	MAC       string // lower case, colons
	PCI       string // such as 0000:41:00.0
	Vendor    string
	Product   string
	SpeedMbps int
	Network   string // the design's network of the untagged segment that it hangs on; "" unknown
	Link      string // the design's network link; "" when the design has none
	Switch    string // neighbour by LLDP; "" unknown
	Port      string
}

// Disk is a block device.
type Disk struct {
	Name      string // as the kernel names it, such as sda
	Bus       string // as lshw spells businfo: scsi@2:0.0.0, pci@0000:81:00.0
	Serial    string
	WWN       string // such as 0x5000c500a1b2c3d4
	Model     string
	SizeBytes int64
	Rotary    bool
	IDPath    string // persistent path, such as /dev/disk/by-id/wwn-0x5000c500a1b2c3d4
}
