package redfish

// siblingID is the id of the other system in the enclosure; it comes first in every order.
const siblingID = "0-SIBLING"

func (s *Service) siblingPath() string { return root + "/Systems/" + siblingID }

// sibling is the other machine of a multi-node enclosure, which the controller shows and does not control: whoever takes
// the first member of the collection for the machine finds another serial number, another UUID, and no reset.
func (s *Service) sibling() object {
	h := s.machine.Hardware()
	return object{
		"@odata.type": "#ComputerSystem.v1_20_0.ComputerSystem", "@odata.id": s.siblingPath(), "Id": siblingID,
		"Name": "System", "SystemType": "Physical", "Manufacturer": h.Manufacturer, "Model": h.Model,
		"SerialNumber": "SIB" + h.Serial, "UUID": derivedUUID("sibling", h.UUID), "PowerState": "On",
		"Status": object{"State": "Enabled", "Health": "OK"},
	}
}

// systems are the members of the collection.
func (s *Service) systems() object {
	members := []string{s.SystemPath()}
	if s.quirks.Sibling {
		members = []string{s.siblingPath(), s.SystemPath()}
	}
	return s.members("ComputerSystem", "Systems", members...)
}
