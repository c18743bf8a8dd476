package redfish

import (
	"strconv"
	"strings"
	"time"

	"drydock/simulator/world"
)

func severity(a world.Alarm) string {
	if a.Critical {
		return "Critical"
	}
	return "Warning"
}

// rollup is the worst of all alarms.
func (s *Service) rollup() string {
	worst := "OK"
	for _, a := range s.machine.Alarms() {
		if worst != "Critical" {
			worst = severity(a)
		}
	}
	return worst
}

// conditions are the alarms as Status carries them.
func (s *Service) conditions() []object {
	out := []object{}
	for _, a := range s.machine.Alarms() {
		out = append(out, object{"MessageId": "ResourceEvent.1.3.ResourceStatusChanged", "Message": a.Text + ".", "Severity": severity(a),
			"Timestamp": a.Since.UTC().Format(time.RFC3339)})
	}
	return out
}

const logPath = managerPath + "/LogServices/SEL"

func (s *Service) logServices() object {
	return collection("LogServiceCollection", managerPath+"/LogServices", "Log Services Collection", logPath)
}

func (s *Service) logService() object {
	return object{
		"@odata.type": "#LogService.v1_6_0.LogService", "@odata.id": logPath, "Id": "SEL", "Name": "System Event Log",
		"LogEntryType": "SEL", "ServiceEnabled": true, "OverWritePolicy": "WrapsWhenFull",
		"Entries": reference(logPath + "/Entries"), "Status": object{"State": "Enabled", "Health": "OK"},
	}
}

// logEntries is the log with its entries in place, as services give it.
func (s *Service) logEntries() object {
	path := logPath + "/Entries"
	members := []object{}
	entry := func(severity, text string, at time.Time) {
		id := strconv.Itoa(len(members) + 1)
		members = append(members, object{
			"@odata.type": "#LogEntry.v1_16_0.LogEntry", "@odata.id": path + "/" + id, "Id": id, "Name": "Log Entry " + id,
			"EntryType": "SEL", "Severity": severity, "Message": text + ".", "Created": at.UTC().Format(time.RFC3339),
		})
	}
	entry("OK", "The log was cleared", time.Date(2024, 3, 1, 0, 0, 0, 0, time.UTC))
	for _, a := range s.machine.Alarms() {
		entry(severity(a), a.Text, a.Since)
	}
	return object{
		"@odata.type": "#LogEntryCollection.LogEntryCollection", "@odata.id": path, "Name": "Log Entry Collection",
		"Members": members, "Members@odata.count": len(members),
	}
}

func (s *Service) pcieDevices() object {
	path := chassisPath + "/PCIeDevices"
	var members []string
	for i := range s.machine.Hardware().NICs {
		members = append(members, path+"/NIC."+strconv.Itoa(i+1))
	}
	return collection("PCIeDeviceCollection", path, "PCIe Device Collection", members...)
}

func (s *Service) pcieDevice(id string) func() object {
	nics := s.machine.Hardware().NICs
	n, err := strconv.Atoi(strings.TrimPrefix(id, "NIC."))
	if err != nil || n < 1 || n > len(nics) {
		return nil
	}
	return func() object {
		return object{
			"@odata.type": "#PCIeDevice.v1_13_0.PCIeDevice", "@odata.id": chassisPath + "/PCIeDevices/" + id, "Id": id,
			"Name": "Network Adapter " + strconv.Itoa(n), "Manufacturer": nics[n-1].Vendor, "Model": nics[n-1].Product,
			"DeviceType": "SingleFunction", "Status": object{"State": "Enabled", "Health": "OK"},
		}
	}
}
