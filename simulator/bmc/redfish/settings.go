package redfish

import "net/http"

// futureState is AMI's way to say that a property is to be changed at the settings object.
var futureState = message{ID: "Ami.1.0.OperationSupportedInFutureStateURI", Severity: "Warning", Related: "Boot",
	Text:       "The property Boot can be changed by a PATCH of the settings resource only.",
	Resolution: "Send the request to the settings resource."}

// settingsPath is the path of the system's settings object.
func (s *Service) settingsPath() string { return s.SystemPath() + "/SD" }

// settings are the boot properties to come. They are in force at once, since each boot reads them anew.
func (s *Service) settings() object {
	return object{
		"@odata.type": "#ComputerSystem.v1_20_0.ComputerSystem", "@odata.id": s.settingsPath(), "Id": "SD",
		"Name": "System Settings", "Boot": s.boot(),
	}
}

func (s *Service) patchSettings(w http.ResponseWriter, r *http.Request) {
	body := read(w, r)
	if body == nil {
		return
	}
	var wrong []message
	for _, name := range sorted(body) {
		if name != "Boot" {
			wrong = append(wrong, unknownProperty(name))
		}
	}
	boot, ok := body["Boot"].(map[string]any)
	if body["Boot"] != nil && !ok {
		wrong = append(wrong, wrongType("Boot", body["Boot"]))
	}
	if wrong == nil && ok {
		wrong = s.setBoot(boot)
	}
	if wrong != nil {
		refuse(w, http.StatusBadRequest, wrong...)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
