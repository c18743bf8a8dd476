package redfish

import (
	"net/http"

	"drydock/simulator/world"
)

// registryName is the attribute registry of the simulated BIOS.
const registryName = "BiosAttributeRegistry.v1_2_0"

const registryPath = root + "/Registries/" + registryName

// attribute is one entry of the registry: an enumeration, as nearly all BIOS attributes are.
type attribute struct {
	name, display string
	values        []string
	readOnly      bool
}

const bootModeAttribute = "BootMode"

// attributes of the BIOS; all but BootMode are there to be left alone.
func (s *Service) attributes() []attribute {
	return []attribute{
		{name: bootModeAttribute, display: "Boot Mode", values: []string{"Bios", "Uefi"}, readOnly: s.quirks.FixedBootMode},
		{name: "LogicalProc", display: "Logical Processor", values: []string{"Disabled", "Enabled"}},
		{name: "ProcVirtualization", display: "Virtualization Technology", values: []string{"Disabled", "Enabled"}},
	}
}

func attributeValues(f world.Firmware) object {
	mode := "Bios"
	if f.UEFI {
		mode = "Uefi"
	}
	return object{bootModeAttribute: mode, "LogicalProc": "Enabled", "ProcVirtualization": "Enabled"}
}

func (s *Service) biosPath() string { return s.SystemPath() + "/Bios" }

func (s *Service) biosSettingsPath() string { return s.biosPath() + "/Settings" }

// bios is what is in force.
func (s *Service) bios() object {
	out := object{
		"@odata.type": "#Bios.v1_2_1.Bios", "@odata.id": s.biosPath(), "Id": "Bios", "Name": "BIOS Configuration",
		"AttributeRegistry": registryName, "Attributes": attributeValues(s.machine.Firmware()),
	}
	if !s.quirks.NoBIOSSettings {
		out["@Redfish.Settings"] = settingsAnnotation(s.biosSettingsPath(), "OnReset")
	}
	return out
}

func settingsAnnotation(path string, times ...string) object {
	out := object{"@odata.type": "#Settings.v1_3_5.Settings", "SettingsObject": reference(path)}
	if len(times) > 0 {
		out["SupportedApplyTimes"] = times
	}
	return out
}

// biosSettings is what will be in force after the next reset.
func (s *Service) biosSettings() object {
	return object{
		"@odata.type": "#Bios.v1_2_1.Bios", "@odata.id": s.biosSettingsPath(), "Id": "Settings", "Name": "BIOS Configuration Pending",
		"AttributeRegistry": registryName, "Attributes": attributeValues(s.machine.PendingFirmware()),
	}
}

// inPOST is how a locked firmware refuses changes.
var inPOST = message{ID: "Generic.1.0.UnableToModifyDuringSystemPOST", Severity: "Warning",
	Text:       "The value of the property cannot be changed while the system is in POST.",
	Resolution: "Wait until POST is complete and resubmit the request."}

func (s *Service) locked() bool { return s.quirks.LockedDuringPOST && s.machine.Running() == "post" }

// patchBIOS stages attributes. With the quirk PartialBIOS it answers 200, and says of BootMode that it was not taken.
func (s *Service) patchBIOS(w http.ResponseWriter, r *http.Request) {
	body := read(w, r)
	if body == nil {
		return
	}
	change, wrong := s.biosChange(body)
	if s.locked() {
		wrong = []message{inPOST}
	}
	if wrong != nil {
		refuse(w, http.StatusBadRequest, wrong...)
		return
	}
	if s.quirks.PartialBIOS && change[bootModeAttribute] != "" {
		out := s.biosSettings()
		values := out["Attributes"].(object)
		values[bootModeAttribute+"@Message.ExtendedInfo"] = []object{readOnlyProperty("Attributes/" + bootModeAttribute).object()}
		answer(w, http.StatusOK, out)
		return
	}
	if mode := change[bootModeAttribute]; mode != "" {
		f := s.machine.PendingFirmware()
		f.UEFI = mode == "Uefi"
		s.machine.StageFirmware(f)
	}
	answer(w, http.StatusOK, s.biosSettings())
}

// biosChange checks a body against the registry.
func (s *Service) biosChange(body object) (map[string]string, []message) {
	var wrong []message
	change := map[string]string{}
	for _, name := range sorted(body) {
		if name != "Attributes" && name != "@Redfish.SettingsApplyTime" {
			wrong = append(wrong, unknownProperty(name))
		}
	}
	if time, ok := body["@Redfish.SettingsApplyTime"].(map[string]any); ok && time["ApplyTime"] != "OnReset" {
		wrong = append(wrong, notInList("@Redfish.SettingsApplyTime/ApplyTime", "another than OnReset"))
	}
	values, ok := body["Attributes"].(map[string]any)
	if !ok {
		return nil, append(wrong, missingProperty("Attributes"))
	}
	known := map[string]attribute{}
	for _, a := range s.attributes() {
		known[a.name] = a
	}
	for _, name := range sorted(values) {
		path := "Attributes/" + name
		a, there := known[name]
		text, isText := values[name].(string)
		switch {
		case !there:
			wrong = append(wrong, unknownProperty(path))
		case a.readOnly:
			wrong = append(wrong, readOnlyProperty(path))
		case !isText:
			wrong = append(wrong, wrongType(path, values[name]))
		case !contains(a.values, text):
			wrong = append(wrong, notInList(path, text))
		default:
			change[name] = text
		}
	}
	return change, wrong
}

func (s *Service) registries() object {
	return collection("MessageRegistryFileCollection", root+"/Registries", "Registry File Collection", registryPath)
}

func (s *Service) registryFile() object {
	return object{
		"@odata.type": "#MessageRegistryFile.v1_1_3.MessageRegistryFile", "@odata.id": registryPath, "Id": registryName,
		"Name": "BIOS Attribute Registry File", "Registry": registryName, "Languages": []string{"en"},
		"Location": []object{{"Language": "en", "Uri": registryPath + "/Registry"}},
	}
}

func (s *Service) registry() object {
	entries := []object{}
	for _, a := range s.attributes() {
		values := []object{}
		for _, v := range a.values {
			values = append(values, object{"ValueName": v, "ValueDisplayName": v})
		}
		entries = append(entries, object{"AttributeName": a.name, "DisplayName": a.display, "Type": "Enumeration", "Value": values,
			"ReadOnly": a.readOnly, "ResetRequired": true})
	}
	return object{
		"@odata.type": "#AttributeRegistry.v1_3_8.AttributeRegistry", "@odata.id": registryPath + "/Registry", "Id": registryName,
		"Name": "BIOS Attribute Registry", "Language": "en", "OwningEntity": s.machine.Hardware().Manufacturer,
		"RegistryVersion": "1.2.0", "RegistryEntries": object{"Attributes": entries},
	}
}
