package redfish

import (
	"fmt"
	"strconv"
	"strings"

	"drydock/simulator/world"
)

const (
	sockets        = 2
	processorModel = "Xeon Gold 6230"
	storageID      = "SATA-1"
)

func (s *Service) processors() object {
	path := s.SystemPath() + "/Processors"
	var members []string
	for i := 1; i <= sockets; i++ {
		members = append(members, path+"/CPU"+strconv.Itoa(i))
	}
	return collection("ProcessorCollection", path, "Processors Collection", members...)
}

func (s *Service) processor(id string) func() object {
	n, err := strconv.Atoi(strings.TrimPrefix(id, "CPU"))
	if err != nil || n < 1 || n > sockets {
		return nil
	}
	return func() object {
		cores := s.machine.Hardware().CPUs / sockets
		return object{
			"@odata.type": "#Processor.v1_18_0.Processor", "@odata.id": s.SystemPath() + "/Processors/" + id, "Id": id,
			"Name": "Processor " + strconv.Itoa(n), "Socket": id, "ProcessorType": "CPU", "ProcessorArchitecture": "x86",
			"InstructionSet": "x86-64", "Manufacturer": "Intel(R) Corporation", "Model": processorModel,
			"TotalCores": cores, "TotalThreads": cores, "Status": object{"State": "Enabled", "Health": "OK"},
		}
	}
}

// moduleMiB is the capacity of one memory module; a machine has as many as it needs.
const moduleMiB = 32 << 10

func (s *Service) memory() object {
	path := s.SystemPath() + "/Memory"
	var members []string
	for i := 1; i <= s.machine.Hardware().MemoryMiB/moduleMiB; i++ {
		members = append(members, path+"/DIMM"+strconv.Itoa(i))
	}
	return collection("MemoryCollection", path, "Memory Module Collection", members...)
}

func (s *Service) module(id string) func() object {
	n, err := strconv.Atoi(strings.TrimPrefix(id, "DIMM"))
	if err != nil || n < 1 || n > s.machine.Hardware().MemoryMiB/moduleMiB {
		return nil
	}
	return func() object {
		return object{
			"@odata.type": "#Memory.v1_17_0.Memory", "@odata.id": s.SystemPath() + "/Memory/" + id, "Id": id,
			"Name": "Memory " + strconv.Itoa(n), "MemoryDeviceType": "DDR4", "CapacityMiB": moduleMiB,
			"OperatingSpeedMhz": 2933, "Status": object{"State": "Enabled", "Health": "OK"},
		}
	}
}

func (s *Service) systemInterfaces() object {
	path := s.SystemPath() + "/EthernetInterfaces"
	var members []string
	for i := range s.machine.Hardware().NICs {
		members = append(members, path+"/NIC."+strconv.Itoa(i+1))
	}
	return collection("EthernetInterfaceCollection", path, "Ethernet Interface Collection", members...)
}

// systemInterface is a host NIC as the BMC sees it: it knows no name of the operating system, and spells MACs in upper
// case.
func (s *Service) systemInterface(id string) func() object {
	nics := s.machine.Hardware().NICs
	n, err := strconv.Atoi(strings.TrimPrefix(id, "NIC."))
	if err != nil || n < 1 || n > len(nics) {
		return nil
	}
	nic := nics[n-1]
	return func() object {
		// Without power there is no carrier.
		link := "NoLink"
		if s.machine.Power() == world.PowerOn && nic.Network != "" {
			link = "LinkUp"
		}
		mac := strings.ToUpper(nic.MAC)
		return object{
			"@odata.type": "#EthernetInterface.v1_9_0.EthernetInterface",
			"@odata.id":   s.SystemPath() + "/EthernetInterfaces/" + id, "Id": id, "Name": "Ethernet Interface",
			"Description": nic.Vendor + " " + nic.Product, "MACAddress": mac, "PermanentMACAddress": mac,
			"SpeedMbps": nic.SpeedMbps, "FullDuplex": true, "LinkStatus": link, "InterfaceEnabled": true,
			"Status": object{"State": "Enabled", "Health": "OK"},
		}
	}
}

func (s *Service) storagePath() string { return s.SystemPath() + "/Storage/" + storageID }

func (s *Service) storageCollection() object {
	return collection("StorageCollection", s.SystemPath()+"/Storage", "Storage Collection", s.storagePath())
}

func (s *Service) storage() object {
	var drives []object
	for i := range s.machine.Hardware().Disks {
		drives = append(drives, reference(s.storagePath()+"/Drives/"+strconv.Itoa(i)))
	}
	return object{
		"@odata.type": "#Storage.v1_15_0.Storage", "@odata.id": s.storagePath(), "Id": storageID,
		"Name": "Storage Controller", "Drives": drives, "Drives@odata.count": len(drives),
		"Status": object{"State": "Enabled", "Health": "OK", "HealthRollup": s.rollup()},
	}
}

func (s *Service) drive(id string) func() object {
	disks := s.machine.Hardware().Disks
	n, err := strconv.Atoi(id)
	if err != nil || n < 0 || n >= len(disks) || id != strconv.Itoa(n) {
		return nil
	}
	disk := disks[n]
	return func() object {
		health := "OK"
		if n == 0 && s.machine.HasFault(world.FaultDriveFailed) {
			health = "Critical"
		}
		media, protocol := "SSD", "SATA"
		if disk.Rotary {
			media = "HDD"
		}
		if strings.HasPrefix(disk.Name, "nvme") {
			protocol = "NVMe"
		}
		return object{
			"@odata.type": "#Drive.v1_17_0.Drive", "@odata.id": s.storagePath() + "/Drives/" + id, "Id": id,
			"Name": fmt.Sprintf("Drive %d", n), "Model": disk.Model, "SerialNumber": disk.Serial,
			"CapacityBytes": disk.SizeBytes, "MediaType": media, "Protocol": protocol, "FailurePredicted": n == 0 && s.machine.HasFault(world.FaultDriveWorn),
			"Identifiers": []object{{"DurableName": strings.TrimPrefix(disk.WWN, "0x"), "DurableNameFormat": "NAA"}},
			"Status":      object{"State": "Enabled", "Health": health},
		}
	}
}
