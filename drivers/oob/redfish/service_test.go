package redfish_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// machine is one system of the service.
type machine struct {
	id, uuid, serial string
	state            string // PowerState; "null" for none
	starts           int
	lastReset        time.Time
	target, enabled  string
	mode             string
	settings         map[string]string // pending boot properties
	version          int               // of the resource, for ETags
}

// service is a Redfish service with switchable behaviours, each of which some BMC in the field has.
type service struct {
	*httptest.Server
	t *testing.T

	mu       sync.Mutex
	machines []*machine
	sessions map[string]bool // by token
	made     int
	logins   int
	requests []string // "METHOD path", in order
	bodies   []string // of PATCHes
	resets   []string // types of resets that came

	account, password string

	// Behaviours.
	silent         bool
	noSessions     bool          // no SessionService
	namesSessions  bool          // the root names a SessionService although there is none
	sessionLimit   int           // 503 beyond it
	dropSessions   int           // so many requests find their session gone
	authOverload   bool          // wrong credentials are 400
	resetTypes     []string      // allowable values
	actionInfo     bool          // told by ActionInfo
	graceful       bool          // the operating system obeys GracefulShutdown
	transition     time.Duration // PoweringOn and PoweringOff last so long
	deaf           bool          // takes resets and does nothing
	loseAnswer     bool          // the next reset is done, and the connection broken
	refuseReset    []*refusal    // answers to the next resets
	fail           []*refusal    // answers to the next GETs of a system
	noResetTime    bool
	task           string // how a reset is answered: "location", "body", "exception", "empty", "gone", "done"
	tasks          int    // polls of a task before it is done
	taskAfter      string // Retry-After of a running task
	etags          string // "", "strict", "weak", "stripped" (shown weak, wanted without the mark), "empty"
	rejectIfMatch  bool
	noWritableMode bool // 400 when Mode is sent
	wantMode       bool // 400 when Mode is not sent
	modes          []string
	noMode         bool // no Mode property
	settingsOnly   bool // the system refuses PATCHes, the settings object takes them
	settingsList   bool // boot properties are shown in the settings object only
	forgetBoot     bool // 200, and nothing stored
	refusePatch    []*refusal
	persistentOnce bool // Once reads back as Continuous
	stringCount    bool // ProcessorSummary.Count of a wrong type
	noEthernet     bool // MACs only in NetworkDeviceFunctions
	absolute       bool // links are absolute, with a host of their own
	rootNeedsLogin bool
	tokensOnly     bool     // Basic is refused
	basics         int      // requests that came with a password
	forgetsAll     bool     // a dropped session takes the SessionService along
	stolen         bool     // a dropped session is somebody else's at once
	resetsMode     bool     // a PATCH without Mode sets it to Legacy
	wantLeast      bool     // 400 when more than two boot properties are sent
	uefiTarget     bool     // Pxe reads back as UefiTarget
	settingsBare   bool     // there is a settings object, and it has no boot properties
	noBoot         bool     // no boot properties anywhere
	loseBoot       bool     // the answer to the next PATCH is lost
	postTags       []string // If-Match of actions
	postWantsTag   bool     // actions want If-Match
	drives         []string // serial numbers; the first link of the list leads nowhere
}

type refusal struct {
	status     int
	id, text   string
	retryAfter string
	html       string
	lost       bool // the connection breaks in place of an answer
}

func newService(t *testing.T) *service {
	s := &service{
		t: t, account: "root", password: "s3cret-of-bmc", sessions: map[string]bool{}, graceful: true,
		resetTypes: []string{"On", "ForceOff", "GracefulShutdown", "GracefulRestart", "ForceRestart", "PowerCycle"},
		machines:   []*machine{newMachine("437XR1138R2", "A1B2C3D4-0000-4000-8000-0242AC110002", "SN-4711")},
	}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(s.serve))
	s.Server.Config.ErrorLog = quiet
	s.StartTLS()
	t.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
	})
	return s
}

func newMachine(id, uuid, serial string) *machine {
	return &machine{id: id, uuid: uuid, serial: serial, state: "Off", target: "None", enabled: "Disabled", mode: "UEFI",
		lastReset: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
}

func (s *service) do(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

func (s *service) open() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.sessions)
}

// count is how many requests began with the prefix.
func (s *service) count(prefix string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, r := range s.requests {
		if strings.HasPrefix(r, prefix) {
			n++
		}
	}
	return n
}

func (s *service) serve(w http.ResponseWriter, r *http.Request) {
	body := map[string]any{}
	_ = json.NewDecoder(r.Body).Decode(&body)
	s.mu.Lock()
	if s.silent {
		s.mu.Unlock()
		<-r.Context().Done()
		return
	}
	defer s.mu.Unlock()
	path := strings.TrimSuffix(r.URL.Path, "/")
	s.requests = append(s.requests, r.Method+" "+path)

	if path == "/redfish/v1" && !s.rootNeedsLogin {
		s.root(w)
		return
	}
	if path == "/redfish/v1/SessionService/Sessions" && r.Method == http.MethodPost {
		s.logIn(w, body)
		return
	}
	if !s.authorised(w, r) {
		return
	}
	switch {
	case strings.HasPrefix(path, "/redfish/v1/SessionService/Sessions/"):
		delete(s.sessions, path[strings.LastIndex(path, "/")+1:])
		w.WriteHeader(http.StatusNoContent)
	case path == "/redfish/v1":
		s.root(w)
	case path == "/redfish/v1/Systems":
		s.collection(w)
	case strings.HasPrefix(path, "/redfish/v1/Systems/"):
		s.system(w, r, strings.Split(strings.TrimPrefix(path, "/redfish/v1/Systems/"), "/"), body)
	case strings.HasPrefix(path, "/redfish/v1/Tasks/"):
		s.taskMonitor(w)
	case path == "/redfish/v1/Managers/bmc":
		reply(w, map[string]any{"FirmwareVersion": "2.14.1"})
	case strings.HasPrefix(path, "/redfish/v1/Chassis/1"):
		s.chassis(w, path)
	default:
		answer(w, &refusal{status: 404, id: "Base.1.8.ResourceMissingAtURI", text: "The resource is missing."})
	}
}

func (s *service) link(path string) map[string]string {
	if s.absolute {
		path = "https://bmc.invalid" + path
	}
	return map[string]string{"@odata.id": path}
}

func (s *service) root(w http.ResponseWriter) {
	root := map[string]any{"Systems": s.link("/redfish/v1/Systems")}
	if !s.noSessions || s.namesSessions {
		root["SessionService"] = s.link("/redfish/v1/SessionService")
		root["Links"] = map[string]any{"Sessions": s.link("/redfish/v1/SessionService/Sessions")}
	}
	reply(w, root)
}

func (s *service) logIn(w http.ResponseWriter, body map[string]any) {
	if s.noSessions {
		answer(w, &refusal{status: 404})
		return
	}
	s.logins++
	if body["UserName"] != s.account || body["Password"] != s.password {
		status := 401
		if s.authOverload {
			status = 400
		}
		// Some services quote the request.
		answer(w, &refusal{status: status, id: "Base.1.8.NoValidSession", text: fmt.Sprintf("The password %v is wrong.", body["Password"])})
		return
	}
	if s.sessionLimit > 0 && len(s.sessions) >= s.sessionLimit {
		answer(w, &refusal{status: 503, id: "IDRAC.2.8.RAC0218", text: "The maximum number of user sessions is reached."})
		return
	}
	s.made++
	token := fmt.Sprintf("t%d", s.made)
	s.sessions[token] = true
	w.Header().Set("X-Auth-Token", token)
	w.Header().Set("Location", s.link("/redfish/v1/SessionService/Sessions/" + token)["@odata.id"])
	w.WriteHeader(http.StatusCreated)
}

func (s *service) authorised(w http.ResponseWriter, r *http.Request) bool {
	token := r.Header.Get("X-Auth-Token")
	if s.sessions[token] && s.dropSessions > 0 && r.Method != http.MethodDelete {
		s.dropSessions--
		delete(s.sessions, token)
		s.noSessions = s.noSessions || s.forgetsAll
		if s.stolen {
			s.sessions["of-somebody-else"] = true
		}
	}
	if s.sessions[token] {
		return true
	}
	user, password, ok := r.BasicAuth()
	if ok {
		s.basics++
	}
	if ok && token == "" && s.noSessions && !s.tokensOnly {
		s.logins++
		if user == s.account && password == s.password {
			return true
		}
	}
	answer(w, &refusal{status: 401, id: "Base.1.8.NoValidSession", text: "There is no valid session."})
	return false
}

func (s *service) collection(w http.ResponseWriter) {
	members := []map[string]string{}
	for _, m := range s.machines {
		members = append(members, s.link("/redfish/v1/Systems/"+m.id))
	}
	reply(w, map[string]any{"Members": members, "Members@odata.count": len(members)})
}

func (s *service) system(w http.ResponseWriter, r *http.Request, parts []string, body map[string]any) {
	i := slices.IndexFunc(s.machines, func(m *machine) bool { return m.id == parts[0] })
	if i < 0 {
		answer(w, &refusal{status: 404})
		return
	}
	m := s.machines[i]
	rest := strings.Join(parts[1:], "/")
	switch {
	case rest == "" && r.Method == http.MethodGet:
		if len(s.fail) > 0 {
			f := s.fail[0]
			s.fail = s.fail[1:]
			answer(w, f)
			return
		}
		s.show(w, m)
	case rest == "" && r.Method == http.MethodPatch:
		if s.settingsOnly {
			answer(w, &refusal{status: 400, id: "Ami.1.0.OperationSupportedInFutureStateURI", text: "Use the future state URI."})
			return
		}
		s.patch(w, r, m, body, false)
	case rest == "SD" && s.settingsBare && r.Method == http.MethodGet:
		reply(w, map[string]any{"AssetTag": "x"})
	case rest == "Storage":
		reply(w, map[string]any{"Members": []any{s.link("/redfish/v1/Systems/" + m.id + "/Storage/1")}})
	case rest == "Storage/1":
		links := []any{s.link("/redfish/v1/Systems/" + m.id + "/Storage/1/Drives/none")}
		if m.state == "On" {
			for i := range s.drives {
				links = append(links, s.link(fmt.Sprintf("/redfish/v1/Systems/%s/Storage/1/Drives/%d", m.id, i)))
			}
		}
		reply(w, map[string]any{"Drives": links, "Drives@odata.count": 24})
	case strings.HasPrefix(rest, "Storage/1/Drives/") && rest != "Storage/1/Drives/none":
		reply(w, map[string]any{"Name": "Drive", "SerialNumber": s.drives[rest[len(rest)-1]-'0']})
	case rest == "SD" && (s.settingsOnly || s.settingsList):
		if r.Method == http.MethodPatch {
			s.patch(w, r, m, body, true)
			return
		}
		w.Header().Set("ETag", s.tag(m))
		reply(w, map[string]any{"Boot": m.bootView(s)})
	case rest == "ResetActionInfo":
		reply(w, map[string]any{"Parameters": []any{map[string]any{"Name": "ResetType", "AllowableValues": s.resetTypes}}})
	case rest == "Actions/ComputerSystem.Reset" && r.Method == http.MethodPost:
		s.reset(w, r, m, fmt.Sprint(body["ResetType"]))
	case rest == "EthernetInterfaces" && !s.noEthernet:
		reply(w, map[string]any{"Members": []any{s.link("/redfish/v1/Systems/" + m.id + "/EthernetInterfaces/1")}})
	case rest == "EthernetInterfaces/1":
		reply(w, map[string]any{"MACAddress": "AA-BB-CC-00-11-22", "LinkStatus": "LinkUp"})
	default:
		answer(w, &refusal{status: 404})
	}
}

func (s *service) chassis(w http.ResponseWriter, path string) {
	const adapters = "/redfish/v1/Chassis/1/NetworkAdapters"
	switch path {
	case "/redfish/v1/Chassis/1":
		reply(w, map[string]any{"NetworkAdapters": s.link(adapters)})
	case adapters:
		reply(w, map[string]any{"Members": []any{s.link(adapters + "/1")}})
	case adapters + "/1":
		reply(w, map[string]any{"NetworkDeviceFunctions": s.link(adapters + "/1/F")})
	case adapters + "/1/F":
		reply(w, map[string]any{"Members": []any{s.link(adapters + "/1/F/1")}})
	case adapters + "/1/F/1":
		reply(w, map[string]any{"Ethernet": map[string]any{"MACAddress": "aabbcc001133", "PermanentMACAddress": "AA:BB:CC:00:11:44"}})
	default:
		answer(w, &refusal{status: 404})
	}
}

func (s *service) show(w http.ResponseWriter, m *machine) {
	self := "/redfish/v1/Systems/" + m.id
	reset := map[string]any{"target": self + "/Actions/ComputerSystem.Reset"}
	if s.actionInfo {
		reset["@Redfish.ActionInfo"] = self + "/ResetActionInfo"
	} else {
		reset["ResetType@Redfish.AllowableValues"] = s.resetTypes
	}
	var state any = m.state
	if m.state == "null" {
		state = nil
	}
	out := map[string]any{
		"@odata.id": self, "Id": m.id, "UUID": m.uuid, "SerialNumber": m.serial, "Manufacturer": "Contoso", "Model": "3500RX",
		"BiosVersion": "P79 v1.33", "PowerState": state, "Status": map[string]any{"State": "Enabled", "Health": "OK", "HealthRollup": "Warning",
			"Conditions": []any{map[string]any{"Message": "Fan 3 is slow.", "Severity": "Warning"}}},
		"ProcessorSummary": map[string]any{"Count": 2}, "MemorySummary": map[string]any{"TotalSystemMemoryGiB": 96},
		"EthernetInterfaces": s.link(self + "/EthernetInterfaces"),
		"Links":              map[string]any{"ManagedBy": []any{s.link("/redfish/v1/Managers/bmc")}, "Chassis": []any{s.link("/redfish/v1/Chassis/1")}},
		"Actions":            map[string]any{"#ComputerSystem.Reset": reset},
	}
	if s.stringCount {
		out["ProcessorSummary"] = map[string]any{"Count": "two"}
	}
	if !s.noResetTime {
		out["LastResetTime"] = m.lastReset.Format(time.RFC3339)
	}
	if !s.settingsList && !s.noBoot {
		out["Boot"] = m.bootView(s)
	}
	if s.drives != nil {
		out["Storage"] = s.link(self + "/Storage")
	}
	if s.settingsOnly || s.settingsList || s.settingsBare {
		out["@Redfish.Settings"] = map[string]any{"SettingsObject": s.link(self + "/SD")}
	}
	w.Header().Set("ETag", s.tag(m))
	reply(w, out)
}

func reply(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(body)
}

func answer(w http.ResponseWriter, f *refusal) {
	if f.lost {
		panic(http.ErrAbortHandler)
	}
	if f.retryAfter != "" {
		w.Header().Set("Retry-After", f.retryAfter)
	}
	w.WriteHeader(f.status)
	if f.html != "" {
		fmt.Fprint(w, f.html)
		return
	}
	if f.id == "" {
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]any{
		"code": "Base.1.8.GeneralError", "message": "A general error has occurred. See ExtendedInfo.",
		"@Message.ExtendedInfo": []any{map[string]any{"MessageId": f.id, "Message": f.text}},
	}})
}
