package redfish

import (
	"net/http"
	"sort"

	"drydock/simulator/world"
)

// Values of Boot.BootSourceOverride*.
const (
	enabledDisabled   = "Disabled"
	enabledOnce       = "Once"
	enabledContinuous = "Continuous"

	targetNone = "None"

	modeUEFI   = "UEFI"
	modeLegacy = "Legacy"
)

// targets are the offered boot targets, and what they are to the world.
var targets = map[string]string{
	targetNone: world.BootNone, "Pxe": world.BootPXE, "Hdd": world.BootDisk, "Cd": world.BootCDROM,
	"BiosSetup": world.BootBIOS,
}

func targetOf(override string) string {
	for name, target := range targets {
		if target == override {
			return name
		}
	}
	return targetNone
}

// timeFormat is that of DSP0266 with a fraction: in a world that runs fast, several resets fit into one second.
const timeFormat = "2006-01-02T15:04:05.000Z07:00"

var powerStates = map[world.PowerState]string{
	world.PowerOff: "Off", world.PowerOn: "On", world.PoweringOn: "PoweringOn", world.PoweringOff: "PoweringOff",
}

func (s *Service) system() object {
	h := s.machine.Hardware()
	path := s.SystemPath()
	s.mu.Lock()
	tag := s.assetTag
	s.mu.Unlock()
	power := powerStates[s.power()]
	state := "Enabled"
	if power == "Off" {
		state = "Disabled"
	}
	health := object{"State": state, "Health": "OK", "HealthRollup": s.rollup(), "Conditions": s.conditions()}
	out := object{
		"@odata.type": "#ComputerSystem.v1_20_0.ComputerSystem", "@odata.id": path, "Id": s.id, "Name": "System",
		"SystemType": "Physical", "AssetTag": tag, "Manufacturer": h.Manufacturer, "Model": h.Model,
		"SerialNumber": h.Serial, "UUID": h.UUID, "BiosVersion": h.BIOSVersion, "PowerState": power, "Status": health,
		"Boot": s.boot(),
		"ProcessorSummary": object{"Count": sockets, "CoreCount": h.CPUs, "LogicalProcessorCount": h.CPUs,
			"Model": processorModel, "Status": object{"State": "Enabled", "Health": "OK"}},
		"MemorySummary": object{"TotalSystemMemoryGiB": float64(h.MemoryMiB) / 1024,
			"Status": object{"State": "Enabled", "Health": "OK"}},
		"BootProgress":       object{"LastState": s.progress()},
		"EthernetInterfaces": reference(path + "/EthernetInterfaces"),
		"Processors":         reference(path + "/Processors"),
		"Memory":             reference(path + "/Memory"),
		"Storage":            reference(path + "/Storage"),
		"Links": object{
			"Chassis": []object{reference(chassisPath)}, "ManagedBy": []object{reference(managerPath)},
		},
		"Actions": object{"#ComputerSystem.Reset": object{
			"target":                            path + "/Actions/ComputerSystem.Reset",
			"ResetType@Redfish.AllowableValues": s.resetTypes(),
		}},
	}
	if s.quirks.SettingsOnly {
		out["@Redfish.Settings"] = settingsAnnotation(s.settingsPath())
	}
	if !s.quirks.NoBIOS {
		out["Bios"] = reference(s.biosPath())
	}
	if last := s.machine.LastReset(); !last.IsZero() {
		out["LastResetTime"] = last.UTC().Format(timeFormat)
	}
	return out
}

// progress is BootProgress.LastState.
func (s *Service) progress() string {
	switch running := s.machine.Running(); {
	case running == "post":
		return "SystemHardwareInitializationComplete"
	case running == "bios":
		return "SetupEntered"
	case running != "":
		return "OSRunning"
	}
	return "None"
}

// boot is the Boot property: the override in force, or the parts of it that are remembered while none is.
func (s *Service) boot() object {
	s.mu.Lock()
	defer s.mu.Unlock()
	enabled, target, mode := s.override()
	out := object{
		"BootSourceOverrideEnabled":                         enabled,
		"BootSourceOverrideTarget":                          target,
		"BootSourceOverrideEnabled@Redfish.AllowableValues": []string{enabledDisabled, enabledOnce, enabledContinuous},
		"BootSourceOverrideTarget@Redfish.AllowableValues":  sorted(targets),
	}
	if !s.quirks.NoMode {
		out["BootSourceOverrideMode"] = mode
		out["BootSourceOverrideMode@Redfish.AllowableValues"] = []string{modeLegacy, modeUEFI}
	}
	if !s.quirks.NoBIOS {
		out["BootOrder"], out["BootOptions"] = s.order(), reference(s.optionsPath())
	}
	return out
}

// override reads the override back from the world, which may have consumed it. It is called with the lock held.
func (s *Service) override() (enabled, target, mode string) {
	o := s.machine.BootOverride()
	mode = modeLegacy
	if o.Target == world.BootNone {
		if s.machine.Firmware().UEFI {
			mode = modeUEFI
		}
		if s.bootMode != "" {
			mode = s.bootMode
		}
		return enabledDisabled, s.bootTarget, mode
	}
	enabled = enabledContinuous
	if o.Once {
		enabled = enabledOnce
	}
	if o.UEFI {
		mode = modeUEFI
	}
	return enabled, targetOf(o.Target), mode
}

func sorted[T any](m map[string]T) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}

// patchSystem takes AssetTag and Boot. It does all that is asked or nothing.
func (s *Service) patchSystem(w http.ResponseWriter, r *http.Request) {
	body := read(w, r)
	if body == nil {
		return
	}
	var wrong []message
	var boot object
	tag, tagged := "", false
	current := s.system()
	for _, name := range sorted(body) {
		value := body[name]
		switch {
		case name == "AssetTag":
			if tag, tagged = value.(string); !tagged {
				wrong = append(wrong, wrongType(name, value))
			}
		case name == "Boot":
			if m, ok := value.(map[string]any); ok {
				boot = m
			} else {
				wrong = append(wrong, wrongType(name, value))
			}
		case current[name] != nil:
			wrong = append(wrong, readOnlyProperty(name))
		default:
			wrong = append(wrong, unknownProperty(name))
		}
	}
	if wrong == nil && boot != nil && s.quirks.SettingsOnly {
		wrong = []message{futureState}
	}
	if wrong == nil && boot != nil {
		wrong = s.setBoot(boot)
	}
	if wrong != nil {
		refuse(w, http.StatusBadRequest, wrong...)
		return
	}
	if tagged {
		s.mu.Lock()
		s.assetTag = tag
		s.mu.Unlock()
	}
	answer(w, http.StatusOK, s.system())
}

// setBoot changes the given parts of the override and leaves the others as they are.
func (s *Service) setBoot(change object) []message {
	if s.locked() {
		return []message{inPOST}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	enabled, target, mode := s.override()
	properties := map[string]struct {
		value   *string
		allowed []string
	}{
		"BootSourceOverrideEnabled": {&enabled, []string{enabledDisabled, enabledOnce, enabledContinuous}},
		"BootSourceOverrideTarget":  {&target, sorted(targets)},
	}
	if !s.quirks.NoMode {
		properties["BootSourceOverrideMode"] = struct {
			value   *string
			allowed []string
		}{&mode, []string{modeLegacy, modeUEFI}}
	}
	var wrong []message
	for _, name := range sorted(change) {
		path := "Boot/" + name
		if name == "BootOrder" && !s.quirks.NoBIOS {
			continue // below, when all else is right
		}
		property, known := properties[name]
		if !known {
			wrong = append(wrong, unknownProperty(path))
			continue
		}
		text, isText := change[name].(string)
		if !isText {
			wrong = append(wrong, wrongType(path, change[name]))
			continue
		}
		if !contains(property.allowed, text) {
			wrong = append(wrong, notInList(path, text))
			continue
		}
		*property.value = text
	}
	if order, ok := change["BootOrder"]; ok && wrong == nil && !s.quirks.NoBIOS {
		wrong = s.setOrder(order)
	}
	if wrong != nil || s.quirks.ForgetsOverride {
		return wrong
	}
	if _, ok := change["BootSourceOverrideMode"]; ok {
		s.bootMode = mode
	}
	if enabled == enabledDisabled || target == targetNone {
		s.bootTarget = targetNone
		if enabled == enabledDisabled {
			s.bootTarget = target // set beforehand, and enabled by a later request
		}
		s.machine.SetBootOverride(world.BootOverride{})
		return nil
	}
	s.bootTarget = targetNone
	s.machine.SetBootOverride(world.BootOverride{
		Target: targets[target], Once: enabled == enabledOnce, UEFI: mode == modeUEFI,
	})
	return nil
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}
