package redfish

import (
	"crypto/sha256"
	"fmt"
	"strings"

	"drydock/simulator/world"
)

const (
	chassisPath = root + "/Chassis/Enclosure"
	managerPath = root + "/Managers/BMC"
	// FirmwareVersion is that of the simulated BMCs.
	FirmwareVersion = "2.14.3"
)

func (s *Service) chassis() object {
	h := s.machine.Hardware()
	power := "Off"
	if s.machine.Power() != world.PowerOff {
		power = "On"
	}
	out := object{
		"@odata.type": "#Chassis.v1_23_0.Chassis", "@odata.id": chassisPath, "Id": "Enclosure", "Name": "Enclosure",
		"ChassisType": "RackMount", "Manufacturer": h.Manufacturer, "Model": h.Model, "SerialNumber": h.Serial,
		"PowerState": power, "Status": object{"State": "Enabled", "Health": "OK", "HealthRollup": s.rollup()},
		"Location": object{"Placement": object{"Rack": h.Rack}},
		"Thermal":  reference(chassisPath + "/Thermal"), "Power": reference(chassisPath + "/Power"),
		"PCIeDevices": reference(chassisPath + "/PCIeDevices"),
		"Links": object{
			"ComputerSystems": []object{reference(s.SystemPath())}, "ManagedBy": []object{reference(managerPath)},
		},
	}
	if !s.quirks.NoBIOS {
		out["NetworkAdapters"] = reference(adaptersPath)
	}
	return out
}

// thermal reads what the inlet and a processor have at this load.
func (s *Service) thermal() object {
	inlet, processor, hot := 21, 24, "OK"
	if s.machine.Power() == world.PowerOn {
		inlet, processor = 24, 52
	}
	if s.machine.HasFault(world.FaultOverheated) {
		processor, hot = 98, "Critical"
	}
	sensor := func(id, name, context, health string, celsius, critical int) object {
		return object{
			"@odata.id": chassisPath + "/Thermal#/Temperatures/" + id, "MemberId": id, "Name": name,
			"PhysicalContext": context, "ReadingCelsius": celsius, "UpperThresholdCritical": critical,
			"Status": object{"State": "Enabled", "Health": health},
		}
	}
	return object{
		"@odata.type": "#Thermal.v1_7_1.Thermal", "@odata.id": chassisPath + "/Thermal", "Id": "Thermal",
		"Name": "Thermal", "Status": object{"State": "Enabled", "Health": "OK"},
		"Temperatures": []object{
			sensor("0", "Inlet Temp", "Intake", "OK", inlet, 47), sensor("1", "CPU1 Temp", "CPU", hot, processor, 95),
		},
		"Fans": []object{},
	}
}

func (s *Service) chassisPower() object {
	watts := 9
	if s.machine.Power() == world.PowerOn {
		watts = 240
	}
	return object{
		"@odata.type": "#Power.v1_7_1.Power", "@odata.id": chassisPath + "/Power", "Id": "Power", "Name": "Power",
		"PowerControl": []object{{
			"@odata.id": chassisPath + "/Power#/PowerControl/0", "MemberId": "0", "Name": "System Power Control",
			"PowerConsumedWatts": watts,
		}},
	}
}

// managerUUID is of the BMC, and not that of the system.
func (s *Service) managerUUID() string { return derivedUUID("manager", s.machine.Hardware().UUID) }

// derivedUUID makes the UUID of something that belongs to a machine, repeatably.
func derivedUUID(what, of string) string {
	d := sha256.Sum256([]byte(what + " " + of))
	d[6], d[8] = d[6]&0x0f|0x40, d[8]&0x3f|0x80 // version 4, variant of RFC 9562
	return fmt.Sprintf("%x-%x-%x-%x-%x", d[0:4], d[4:6], d[6:8], d[8:10], d[10:16])
}

func (s *Service) manager() object {
	return object{
		"@odata.type": "#Manager.v1_19_0.Manager", "@odata.id": managerPath, "Id": "BMC", "Name": "Manager",
		"ManagerType": "BMC", "Model": "AST2600", "FirmwareVersion": FirmwareVersion, "UUID": s.managerUUID(),
		"PowerState":         "On",
		"Status":             object{"State": "Enabled", "Health": "OK"},
		"EthernetInterfaces": reference(managerPath + "/EthernetInterfaces"),
		"LogServices":        reference(managerPath + "/LogServices"),
		"Links": object{
			"ManagerForServers": []object{reference(s.SystemPath())},
			"ManagerForChassis": []object{reference(chassisPath)},
		},
	}
}

func (s *Service) managerInterfaces() object {
	path := managerPath + "/EthernetInterfaces"
	return collection("EthernetInterfaceCollection", path, "Ethernet Interface Collection", path+"/eth0")
}

// managerInterface tells the BMC's address as designed, not the loopback address that it is reached at.
func (s *Service) managerInterface() object {
	bmc := s.machine.Hardware().BMC
	return object{
		"@odata.type": "#EthernetInterface.v1_9_0.EthernetInterface",
		"@odata.id":   managerPath + "/EthernetInterfaces/eth0", "Id": "eth0", "Name": "Manager Ethernet Interface",
		"MACAddress": strings.ToUpper(bmc.MAC), "PermanentMACAddress": strings.ToUpper(bmc.MAC),
		"InterfaceEnabled": true, "LinkStatus": "LinkUp", "SpeedMbps": 1000,
		"IPv4Addresses": []object{{"Address": bmc.Address, "AddressOrigin": "Static"}},
		"Status":        object{"State": "Enabled", "Health": "OK"},
	}
}
