package bmclib_test

import (
	"cmp"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"drydock/drivers"
	"drydock/drivers/conformance"
)

// service is a Redfish service with the layout that bmclib's inventory knows, and lies of its own.
type service struct {
	mu       sync.Mutex
	power    string
	resets   []string
	boot     map[string]any
	logins   int
	sessions int // of Redfish
	web      int // of the vendor's own interface

	starts int
	maker  string // default Acme
	model  string
	silent bool // answers nothing any more
	loses  bool // breaks the connection instead of the answer to the next command
	broken bool // fails at reading the system

	forgets bool // answers 200 to a boot override and stores nothing
	deaf    bool // takes a reset and does nothing
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stays(r) {
		return
	}
	link := func(path string) map[string]any { return map[string]any{"@odata.id": path} }
	reply := func(body map[string]any) {
		body["@odata.id"] = r.URL.Path
		_ = json.NewEncoder(w).Encode(body)
	}
	path := strings.TrimSuffix(r.URL.Path, "/")
	switch {
	case path == "/redfish/v1":
		reply(map[string]any{"Id": "RootService", "RedfishVersion": "1.6.0", "Systems": link("/redfish/v1/Systems"),
			"SessionService": link("/redfish/v1/SessionService"),
			"Links":          map[string]any{"Sessions": link("/redfish/v1/SessionService/Sessions")}})
	case path == "/redfish/v1/SessionService/Sessions" && r.Method == http.MethodPost:
		s.logins++
		var given struct{ UserName, Password string }
		_ = json.NewDecoder(r.Body).Decode(&given)
		if given.UserName != account || given.Password != password {
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = w.Write([]byte(`{"error":{"message":"refused ` + given.Password + `"}}`)) // BMCs quote what they are sent
			return
		}
		s.sessions++
		w.Header().Set("X-Auth-Token", "token")
		w.Header().Set("Location", "/redfish/v1/SessionService/Sessions/1")
		w.WriteHeader(http.StatusCreated)
		reply(map[string]any{"Id": "1"})
	case path == "/redfish/v1/SessionService/Sessions/1" && s.sessions == 0:
		w.WriteHeader(http.StatusUnauthorized)
	case path == "/redfish/v1/SessionService/Sessions/1" && r.Method == http.MethodDelete:
		s.sessions--
		w.WriteHeader(http.StatusNoContent)
	case path == "/redfish/v1/SessionService/Sessions/1":
		reply(map[string]any{"Id": "1"})
	case path == "/redfish/v1/Systems":
		reply(map[string]any{"Members": []any{link("/redfish/v1/Systems/1")}, "Members@odata.count": 1})
	case path == "/redfish/v1/Systems/1" && r.Method == http.MethodPatch:
		var body struct{ Boot map[string]any }
		_ = json.NewDecoder(r.Body).Decode(&body)
		for k, v := range body.Boot {
			if !s.forgets {
				s.boot[k] = v
			}
		}
		reply(map[string]any{})
	case path == "/redfish/v1/Systems/1" && s.broken:
		w.WriteHeader(http.StatusInternalServerError)
	case path == "/redfish/v1/Systems/1":
		reply(map[string]any{"Id": "1", "Name": "System", "Manufacturer": cmp.Or(s.maker, "Acme"), "Model": cmp.Or(s.model, "Pizza Box"), "SerialNumber": "SN-0001",
			"PowerState": s.power, "Boot": s.boot, "Actions": map[string]any{"#ComputerSystem.Reset": map[string]any{
				"target":                            "/redfish/v1/Systems/1/Actions/ComputerSystem.Reset",
				"ResetType@Redfish.AllowableValues": []string{"On", "ForceOff", "GracefulShutdown", "ForceRestart"}}}})
	case path == "/redfish/v1/Systems/1/Actions/ComputerSystem.Reset":
		var body struct{ ResetType string }
		_ = json.NewDecoder(r.Body).Decode(&body)
		s.reset(body.ResetType)
		w.WriteHeader(http.StatusNoContent)
	default:
		http.NotFound(w, r)
	}
}

// stays holds a request of a silent service until its client goes. It is called within the lock, which it gives up meanwhile.
func (s *service) stays(r *http.Request) bool {
	if !s.silent {
		return false
	}
	s.mu.Unlock()
	_, _ = io.Copy(io.Discard, r.Body) // so that the server notices when the client goes
	<-r.Context().Done()
	s.mu.Lock()
	return true
}

// reset does what the machine does. The handler is ended where the answer is to be lost.
func (s *service) reset(kind string) {
	s.resets = append(s.resets, kind)
	if state := map[string]string{"On": "On", "ForceOff": "Off", "GracefulShutdown": "Off", "ForceRestart": "On"}[kind]; !s.deaf {
		if kind == "ForceRestart" || kind == "On" && s.power == "Off" {
			s.starts++
		}
		s.power = state
	}
	if s.loses {
		s.loses = false
		panic(http.ErrAbortHandler)
	}
}

// target is a driver against the machine behind the service.
func (s *service) target(d drivers.OOB, c drivers.NodeCall) conformance.OOBTarget {
	on := map[bool]string{true: "On", false: "Off"}
	do := func(f func()) { s.mu.Lock(); defer s.mu.Unlock(); f() }
	return conformance.OOBTarget{
		Driver: d, Call: c,
		Power:    func() (is bool) { do(func() { is = s.power == "On" }); return is },
		SetPower: func(to bool) { do(func() { s.power = on[to] }) },
		Starts:   func() (n int) { do(func() { n = s.starts }); return n },
		Boot: func() (b drivers.BootTarget) {
			do(func() {
				if s.boot["BootSourceOverrideEnabled"] == "Disabled" {
					return
				}
				b.Once = s.boot["BootSourceOverrideEnabled"] == "Once"
				b.Device = map[any]drivers.BootDevice{"Pxe": drivers.BootPXE, "Hdd": drivers.BootDisk}[s.boot["BootSourceOverrideTarget"]]
			})
			return b
		},
		Sessions:       func() (n int) { do(func() { n = s.sessions + s.web }); return n },
		Logins:         func() (n int) { do(func() { n = s.logins }); return n },
		LoseNextAnswer: func() { do(func() { s.loses = true }) },
		Silence:        func() { do(func() { s.silent = true }) },
		SilentWithin:   5 * time.Second,
	}
}

func (s *service) seen() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string{}, s.resets...)
}

// serve starts a service with a certificate that nobody knows.
func serve(t *testing.T, s *service) *httptest.Server { return serveAs(t, s, s) }

// serveAs starts a vendor's service around it.
func serveAs(t *testing.T, s *service, front http.Handler) *httptest.Server {
	s.boot = map[string]any{"BootSourceOverrideTarget": "None", "BootSourceOverrideEnabled": "Disabled", "BootSourceOverrideMode": "UEFI"}
	server := httptest.NewTLSServer(front)
	t.Cleanup(server.Close)
	return server
}
