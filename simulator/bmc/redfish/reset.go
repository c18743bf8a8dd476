package redfish

import (
	"net/http"

	"drydock/simulator/world"
)

// resets are the reset types, and what they are to the world.
var resets = map[string]world.PowerCommand{
	"On": world.CommandOn, "ForceOff": world.CommandOff, "GracefulShutdown": world.CommandSoftOff,
	"ForceRestart": world.CommandReset, "PowerCycle": world.CommandCycle,
}

// resetTypes are those that the service offers.
func (s *Service) resetTypes() []string {
	var out []string
	for _, t := range sorted(resets) {
		if t == "PowerCycle" && s.quirks.NoPowerCycle || t != "On" && t != "ForceOff" && s.quirks.OnOffOnly {
			continue
		}
		out = append(out, t)
	}
	return out
}

// resetSystem is the action ComputerSystem.Reset. It answers before anything has happened: 204 says "accepted".
func (s *Service) resetSystem(w http.ResponseWriter, r *http.Request) {
	body := read(w, r)
	if body == nil {
		return
	}
	name, ok := body["ResetType"].(string)
	if !ok {
		refuse(w, http.StatusBadRequest, message{ID: "Base.1.18.ActionParameterMissing", Severity: "Critical",
			Args:       []string{"ComputerSystem.Reset", "ResetType"},
			Text:       "The action ComputerSystem.Reset requires the parameter ResetType to be present in the request body.",
			Resolution: "Supply the action with the required parameter in the request body when the request is resubmitted."})
		return
	}
	if !contains(s.resetTypes(), name) {
		refuse(w, http.StatusBadRequest, message{ID: "Base.1.18.ActionParameterNotSupported", Severity: "Warning",
			Args: []string{name, "ComputerSystem.Reset"}, Related: "ResetType",
			Text:       "The value " + name + " for the parameter ResetType of the action ComputerSystem.Reset is not supported on the target resource.",
			Resolution: "Choose a value that the resource lists as allowable."})
		return
	}
	command := resets[name]
	// On of what is on, and off of what is off, are errors here, as on iLO: a client has to read the state first.
	power := s.machine.Power()
	pointless := command == world.CommandOn && (power == world.PowerOn || power == world.PoweringOn) ||
		(command == world.CommandOff || command == world.CommandSoftOff) && power == world.PowerOff
	if pointless || s.machine.Command(world.OriginBMC, command) != nil {
		refuse(w, http.StatusConflict, message{ID: "Generic.1.0.InvalidOperationForSystemState", Severity: "Warning",
			Text:       "The operation was not successful due to the current power state, which is " + powerStates[power] + ".",
			Resolution: "Put the system in the correct power state and resubmit the request."})
		return
	}
	if s.quirks.LyingPower > 0 {
		s.lying.begin(power, s.quirks.LyingPower)
	}
	if s.machine.HasFault(world.FaultAnswerLost) {
		panic(http.ErrAbortHandler) // the server breaks the connection without a word
	}
	if s.quirks.AsyncReset {
		s.accepted(w)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
