// Package redfish is the Redfish service of one simulated BMC: the resources of DMTF DSP0266 and DSP0268 that
// provisioning needs, in front of one machine of the world.
//
// It is as strict as the strict ones in the field: it refuses wrong credentials, a ninth session, stale ETags, unknown or
// read-only properties, values that it did not offer, and commands that make no sense in the present power state; each
// with the error body of the standard. It knows nothing of the machine but what the world says at that moment.
package redfish

import (
	"net/http"
	"strings"
	"sync"
	"time"

	"drydock/simulator/world"
)

// Quirks are deviations of a BMC from the common case, all of them seen in the field. The zero value has none.
type Quirks struct {
	// RequireIfMatch answers a PATCH without If-Match with 428 PreconditionRequired.
	RequireIfMatch bool
	// NoSessions: there is no SessionService; only Basic authentication works.
	NoSessions bool
	// NoPowerCycle leaves PowerCycle out of the offered reset types.
	NoPowerCycle bool
	// OnOffOnly leaves all reset types out but On and ForceOff.
	OnOffOnly bool
	// NoMode leaves the override's mode out: it can't be read, and writing it is an error.
	NoMode bool
	// LockedDuringPOST refuses changes of the boot override while the machine is in POST.
	LockedDuringPOST bool
	// ForgetsOverride answers 200 to a PATCH of the boot override, and stores nothing.
	ForgetsOverride bool
	// SettingsOnly refuses the boot override at the system, and takes it at the settings object that the system names
	// (@Redfish.Settings), as AMI firmware does.
	SettingsOnly bool
	// AsyncReset answers a reset with 202 and a task monitor, which says 202 until the power has settled.
	AsyncReset bool
	// MaxSessions is how many sessions there may be; 0: eight, as on an iDRAC.
	MaxSessions int
	// LyingPower is for how long, in real time, the system shows the power state from before a reset that was accepted.
	LyingPower time.Duration
	// ShipsUnprepared: the machine comes in the boot mode that its design does not want, and boots from the network by the
	// NICs that are not its PXE NIC, in the order of the slots.
	ShipsUnprepared bool
	// NoBIOS: there is no Bios resource, no boot order, and nothing to be set at the NICs.
	NoBIOS bool
	// FixedBootMode: the registry has the boot mode as read-only, and writing it is an error.
	FixedBootMode bool
	// PartialBIOS answers 200 to a change of the boot mode, with a message at the attribute that it was not taken.
	PartialBIOS bool
	// NoBIOSSettings: the Bios resource has no settings object, and takes no changes itself.
	NoBIOSSettings bool
	// Sibling lists another system first, as the controller of a multi-node enclosure does.
	Sibling bool
}

// Service is the Redfish service of one machine: an http.Handler for everything below /redfish.
type Service struct {
	machine  *world.Machine
	quirks   Quirks
	id       string // of the system; never "1"
	sessions sessions
	tasks    tasks
	lying    lying
	fixed    map[string]resource

	mu sync.Mutex
	// The parts of the override that the world does not keep while no override is in force.
	bootTarget string
	bootMode   string // "": that of the firmware
	assetTag   string
}

// New makes the service of a machine, with the account and credential that the design gives its BMC.
func New(m *world.Machine, q Quirks) *Service {
	s := &Service{machine: m, quirks: q, id: m.Hardware().Serial, bootTarget: targetNone}
	if s.sessions.max = q.MaxSessions; s.sessions.max == 0 {
		s.sessions.max = maxSessions
	}
	if q.ShipsUnprepared {
		s.machine.SetFirmware(unprepared(m.Hardware()))
	}
	s.fixed = s.resources()
	return s
}

// unprepared is a firmware setup in which the machine would ask the wrong network in the wrong mode.
func unprepared(h world.Hardware) world.Firmware {
	f := world.Firmware{UEFI: h.BootMode != "uefi"}
	for _, n := range h.NICs {
		if n.MAC != h.PXENIC {
			f.PXE = append(f.PXE, n.MAC)
		}
	}
	return f
}

// SystemPath is the path of the one system of the service.
func (s *Service) SystemPath() string { return root + "/Systems/" + s.id }

// Sessions is how many sessions are open.
func (s *Service) Sessions() int { return s.sessions.count() }

const root = "/redfish/v1"

// resource is what can be done with one path; nil members are methods that it does not allow.
type resource struct {
	public bool // can be read without credentials
	get    func() object
	serve  http.HandlerFunc // in place of get, where the answer is not one object
	patch  func(http.ResponseWriter, *http.Request)
	post   func(http.ResponseWriter, *http.Request)
	delete func(http.ResponseWriter, *http.Request)
	open   bool // can be posted to without credentials
}

// ServeHTTP answers one request.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("OData-Version", "4.0")
	w.Header().Set("Cache-Control", "no-cache")
	if s.machine.HasFault(world.FaultBMCBusy) {
		w.Header().Set("Retry-After", "1")
		refuse(w, http.StatusServiceUnavailable, message{ID: "Base.1.18.ServiceTemporarilyUnavailable", Args: []string{"1"},
			Severity: "Critical", Text: "The service is temporarily unavailable. Retry in 1 seconds.",
			Resolution: "Wait for the indicated retry duration and retry the operation."})
		return
	}
	path := strings.TrimRight(r.URL.Path, "/")
	res, ok := s.find(path)
	public := ok && (res.public && (r.Method == http.MethodGet || r.Method == http.MethodHead) ||
		res.open && r.Method == http.MethodPost)
	if !public && !s.authorized(r) {
		w.Header().Set("WWW-Authenticate", `Basic realm="redfish"`)
		refuse(w, http.StatusUnauthorized, message{ID: "Base.1.18.NoValidSession",
			Text: "There is no valid session established with the implementation.", Severity: "Critical",
			Resolution: "Establish a session before attempting any operations."})
		return
	}
	if !ok {
		refuse(w, http.StatusNotFound, message{ID: "Base.1.18.ResourceMissingAtURI", Args: []string{r.URL.Path},
			Text: "The resource at the URI " + r.URL.Path + " was not found.", Severity: "Critical",
			Resolution: "Place a valid resource at the URI or correct the URI and resubmit the request."})
		return
	}
	switch {
	case res.serve != nil && r.Method == http.MethodGet:
		res.serve(w, r)
	case res.get != nil && (r.Method == http.MethodGet || r.Method == http.MethodHead):
		body := res.get()
		if r.Header.Get("If-None-Match") != "" && r.Header.Get("If-None-Match") == body.etag() {
			w.Header().Set("ETag", body.etag())
			w.WriteHeader(http.StatusNotModified)
			return
		}
		answer(w, http.StatusOK, body)
	case res.patch != nil && r.Method == http.MethodPatch:
		if s.preconditions(w, r, res) {
			res.patch(w, r)
		}
	case res.post != nil && r.Method == http.MethodPost:
		res.post(w, r)
	case res.delete != nil && r.Method == http.MethodDelete:
		res.delete(w, r)
	default:
		w.Header().Set("Allow", res.allow())
		refuse(w, http.StatusMethodNotAllowed, message{ID: "Base.1.18.OperationNotAllowed",
			Text: "The HTTP method is not allowed on this resource.", Severity: "Critical",
			Resolution: "None."})
	}
}

func (r resource) allow() string {
	var methods []string
	if r.serve != nil {
		methods = append(methods, http.MethodGet)
	}
	if r.get != nil {
		methods = append(methods, http.MethodGet, http.MethodHead)
	}
	if r.patch != nil {
		methods = append(methods, http.MethodPatch)
	}
	if r.post != nil {
		methods = append(methods, http.MethodPost)
	}
	if r.delete != nil {
		methods = append(methods, http.MethodDelete)
	}
	return strings.Join(methods, ", ")
}

// preconditions checks If-Match against what a GET would answer now; a weak tag has to come back whole.
func (s *Service) preconditions(w http.ResponseWriter, r *http.Request, res resource) bool {
	given := r.Header.Get("If-Match")
	if given == "" {
		if !s.quirks.RequireIfMatch {
			return true
		}
		refuse(w, http.StatusPreconditionRequired, message{ID: "Base.1.18.PreconditionRequired",
			Text:     "A precondition header or annotation is required to change this resource.",
			Severity: "Critical", Resolution: "Try the operation again using an If-Match header and the current ETag."})
		return false
	}
	current := res.get().etag()
	for _, tag := range strings.Split(given, ",") {
		if tag = strings.TrimSpace(tag); tag == "*" || tag == current {
			return true
		}
	}
	refuse(w, http.StatusPreconditionFailed, message{ID: "Base.1.18.PreconditionFailed",
		Text: "The ETag supplied did not match the ETag required to change this resource.", Severity: "Critical",
		Resolution: "Try the operation again using the appropriate ETag."})
	return false
}
