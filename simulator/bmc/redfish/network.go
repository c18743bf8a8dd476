package redfish

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"drydock/simulator/world"
)

const adaptersPath = chassisPath + "/NetworkAdapters"

// Values of NetworkDeviceFunction.BootMode.
const (
	bootModePXE      = "PXE"
	bootModeDisabled = "Disabled"
)

func (s *Service) adapters() object {
	var members []string
	for i := range s.machine.Hardware().NICs {
		members = append(members, adaptersPath+"/NIC."+strconv.Itoa(i+1))
	}
	return collection("NetworkAdapterCollection", adaptersPath, "Network Adapter Collection", members...)
}

// adapterPart finds what is at a path below the adapters: each has one function, whose settings object takes changes.
func (s *Service) adapterPart(path string) (resource, bool) {
	parts := strings.Split(strings.TrimPrefix(path, adaptersPath+"/"), "/")
	nics := s.machine.Hardware().NICs
	n, err := strconv.Atoi(strings.TrimPrefix(parts[0], "NIC."))
	if err != nil || n < 1 || n > len(nics) || parts[0] != "NIC."+strconv.Itoa(n) {
		return resource{}, false
	}
	nic, functions := nics[n-1], adaptersPath+"/"+parts[0]+"/NetworkDeviceFunctions"
	id := parts[0] + "-1"
	switch strings.Join(parts[1:], "/") {
	case "":
		return resource{get: func() object { return adapter(parts[0], nic, functions) }}, true
	case "NetworkDeviceFunctions":
		return resource{get: func() object {
			return collection("NetworkDeviceFunctionCollection", functions, "Network Device Function Collection", functions+"/"+id)
		}}, true
	case "NetworkDeviceFunctions/" + id:
		return resource{get: func() object {
			out := deviceFunction(functions+"/"+id, id, nic, s.machine.Firmware())
			out["@Redfish.Settings"] = settingsAnnotation(functions+"/"+id+"/Settings", "OnReset")
			return out
		}}, true
	case "NetworkDeviceFunctions/" + id + "/Settings":
		return resource{
			get: func() object {
				return deviceFunction(functions+"/"+id+"/Settings", "Settings", nic, s.machine.PendingFirmware())
			},
			patch: func(w http.ResponseWriter, r *http.Request) { s.patchFunction(w, r, nic.MAC) },
		}, true
	}
	return resource{}, false
}

func adapter(id string, nic world.NIC, functions string) object {
	return object{
		"@odata.type": "#NetworkAdapter.v1_9_0.NetworkAdapter", "@odata.id": adaptersPath + "/" + id, "Id": id, "Name": "Network Adapter",
		"Manufacturer": nic.Vendor, "Model": nic.Product, "NetworkDeviceFunctions": reference(functions),
		"Status": object{"State": "Enabled", "Health": "OK"},
	}
}

func deviceFunction(path, id string, nic world.NIC, f world.Firmware) object {
	mode := bootModeDisabled
	if slices.Contains(f.PXE, nic.MAC) {
		mode = bootModePXE
	}
	mac := strings.ToUpper(nic.MAC)
	return object{
		"@odata.type": "#NetworkDeviceFunction.v1_9_0.NetworkDeviceFunction", "@odata.id": path, "Id": id, "Name": "Network Device Function",
		"NetDevFuncType": "Ethernet", "BootMode": mode, "BootMode@Redfish.AllowableValues": []string{bootModeDisabled, bootModePXE},
		"Ethernet": object{"MACAddress": mac, "PermanentMACAddress": mac}, "Status": object{"State": "Enabled", "Health": "OK"},
	}
}

func (s *Service) patchFunction(w http.ResponseWriter, r *http.Request, mac string) {
	body := read(w, r)
	if body == nil {
		return
	}
	var wrong []message
	for _, name := range sorted(body) {
		if name != "BootMode" && name != "@Redfish.SettingsApplyTime" {
			wrong = append(wrong, unknownProperty(name))
		}
	}
	mode, ok := body["BootMode"].(string)
	if !ok || mode != bootModePXE && mode != bootModeDisabled {
		wrong = append(wrong, notInList("BootMode", mode))
	}
	if s.locked() {
		wrong = []message{inPOST}
	}
	if wrong != nil {
		refuse(w, http.StatusBadRequest, wrong...)
		return
	}
	f := s.machine.PendingFirmware()
	f.PXE = slices.DeleteFunc(f.PXE, func(m string) bool { return m == mac })
	if mode == bootModePXE {
		f.PXE = append(f.PXE, mac) // a new boot option comes last
	}
	s.machine.StageFirmware(f)
	w.WriteHeader(http.StatusNoContent)
}
