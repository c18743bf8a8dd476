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
	task           string // "location", "body", "exception": how a reset answers 202
	tasks          int    // polls of a task before it is done
	etags          string // "", "strict", "weak"
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
}

type refusal struct {
	status     int
	id, text   string
	retryAfter string
	html       string
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
	}
	if s.sessions[token] {
		return true
	}
	if user, password, ok := r.BasicAuth(); ok && token == "" && s.noSessions {
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
		s.reset(w, m, fmt.Sprint(body["ResetType"]))
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

func (s *service) tag(m *machine) string {
	if s.etags == "weak" {
		return fmt.Sprintf(`W/"%d"`, m.version)
	}
	return fmt.Sprintf(`"%d"`, m.version)
}

func (m *machine) bootView(s *service) map[string]any {
	enabled := m.enabled
	if s.persistentOnce && enabled == "Once" {
		enabled = "Continuous"
	}
	b := map[string]any{
		"BootSourceOverrideTarget": m.target, "BootSourceOverrideEnabled": enabled,
		"BootSourceOverrideTarget@Redfish.AllowableValues": []string{"None", "Pxe", "Hdd", "BiosSetup"},
	}
	if !s.noMode {
		b["BootSourceOverrideMode"] = m.mode
		if s.modes != nil {
			b["BootSourceOverrideMode@Redfish.AllowableValues"] = s.modes
		}
	}
	return b
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
	if !s.settingsList {
		out["Boot"] = m.bootView(s)
	}
	if s.settingsOnly || s.settingsList {
		out["@Redfish.Settings"] = map[string]any{"SettingsObject": s.link(self + "/SD")}
	}
	w.Header().Set("ETag", s.tag(m))
	reply(w, out)
}

func (s *service) patch(w http.ResponseWriter, r *http.Request, m *machine, body map[string]any, settings bool) {
	raw, _ := json.Marshal(body)
	s.bodies = append(s.bodies, string(raw))
	if len(s.refusePatch) > 0 {
		f := s.refusePatch[0]
		s.refusePatch = s.refusePatch[1:]
		if f != nil {
			answer(w, f)
			return
		}
	}
	match := r.Header.Get("If-Match")
	switch {
	case s.etags != "" && match == "":
		answer(w, &refusal{status: 428, id: "Ami.1.0.PreconditionHeaderMissing", text: "If-Match is missing."})
		return
	case match != "" && s.rejectIfMatch, s.etags != "" && match != "*" && match != s.tag(m):
		answer(w, &refusal{status: 412, id: "Base.1.8.PreconditionFailed", text: "The ETag does not match."})
		return
	}
	boot, _ := body["Boot"].(map[string]any)
	mode, sent := boot["BootSourceOverrideMode"].(string)
	if sent && s.noWritableMode {
		answer(w, &refusal{status: 400, id: "Base.1.8.PropertyNotWritable", text: "BootSourceOverrideMode is read-only."})
		return
	}
	if !sent && s.wantMode {
		answer(w, &refusal{status: 400, id: "Base.1.8.PropertyMissing", text: "BootSourceOverrideMode is missing."})
		return
	}
	if !s.forgetBoot {
		if sent {
			m.mode = mode
		}
		if v, ok := boot["BootSourceOverrideTarget"].(string); ok {
			m.target = v
		}
		if v, ok := boot["BootSourceOverrideEnabled"].(string); ok {
			m.enabled = v
		}
	}
	m.version++
	w.WriteHeader(http.StatusNoContent)
}

func (s *service) reset(w http.ResponseWriter, m *machine, kind string) {
	s.resets = append(s.resets, kind)
	if len(s.refuseReset) > 0 {
		f := s.refuseReset[0]
		s.refuseReset = s.refuseReset[1:]
		if f != nil {
			answer(w, f)
			return
		}
	}
	if !slices.Contains(s.resetTypes, kind) {
		answer(w, &refusal{status: 400, id: "Base.1.8.ActionParameterNotSupported", text: "ResetType " + kind + " is not supported."})
		return
	}
	if m.state != "On" && m.state != "Off" || kind == "On" && m.state == "On" || kind != "On" && kind != "ForceOn" && m.state == "Off" {
		answer(w, &refusal{status: 409, id: "Base.1.8.InvalidOperationForSystemState", text: "The operation is invalid for the current system state."})
		return
	}
	if !s.deaf && s.task != "exception" {
		s.act(m, kind)
	}
	if s.loseAnswer {
		s.loseAnswer = false
		panic(http.ErrAbortHandler)
	}
	switch s.task {
	case "location":
		w.Header().Set("Location", "/redfish/v1/Tasks/1/Monitor")
		w.WriteHeader(http.StatusAccepted)
	case "body", "exception":
		w.WriteHeader(http.StatusAccepted)
		reply(w, map[string]any{"@odata.type": "#Task.v1_4_3.Task", "@odata.id": "/redfish/v1/Tasks/1", "TaskState": "Running"})
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}

func (s *service) taskMonitor(w http.ResponseWriter) {
	if s.tasks > 0 {
		s.tasks--
		w.WriteHeader(http.StatusAccepted)
		reply(w, map[string]any{"@odata.type": "#Task.v1_4_3.Task", "@odata.id": "/redfish/v1/Tasks/1", "TaskState": "Running"})
		return
	}
	switch s.task {
	case "exception":
		reply(w, map[string]any{"@odata.type": "#Task.v1_4_3.Task", "TaskState": "Exception", "TaskStatus": "Critical",
			"Messages": []any{map[string]any{"Message": "The power supply failed."}}})
	case "body":
		reply(w, map[string]any{"@odata.type": "#Task.v1_4_3.Task", "TaskState": "Completed", "TaskStatus": "OK"})
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}

// act does what the machine does.
func (s *service) act(m *machine, kind string) {
	boots := func() {
		m.starts++
		m.lastReset = m.lastReset.Add(time.Minute)
		if m.enabled == "Once" {
			m.enabled = "Disabled"
		}
	}
	switch kind {
	case "On", "ForceOn":
		boots()
		s.move(m, "PoweringOn", "On")
	case "ForceOff":
		s.move(m, "PoweringOff", "Off")
	case "GracefulShutdown":
		if s.graceful {
			s.move(m, "PoweringOff", "Off")
		}
	case "ForceRestart", "PowerCycle", "GracefulRestart":
		boots()
		s.move(m, "PoweringOn", "On")
	}
}

func (s *service) move(m *machine, through, to string) {
	if s.transition == 0 {
		m.state = to
		return
	}
	m.state = through
	time.AfterFunc(s.transition, func() { s.do(func() { m.state = to }) })
}

func reply(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(body)
}

func answer(w http.ResponseWriter, f *refusal) {
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
