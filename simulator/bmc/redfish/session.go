package redfish

import (
	"crypto/rand"
	"crypto/subtle"
	"net/http"
	"sort"
	"strings"
	"sync"
	"time"

	"drydock/simulator/world"
)

const (
	// maxSessions is what an iDRAC allows.
	maxSessions = 8
	// sessionTimeout is how long a session lives without a request.
	sessionTimeout = 30 * time.Minute
)

type session struct {
	id, token string
	user      string
	used      time.Time
}

// sessions are the open sessions of a service.
type sessions struct {
	mu   sync.Mutex
	open map[string]*session // by id
	max  int
}

// sweep forgets sessions that have timed out. It is called with the lock held.
func (s *sessions) sweep() {
	for id, one := range s.open {
		if time.Since(one.used) > sessionTimeout {
			delete(s.open, id)
		}
	}
}

func (s *sessions) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sweep()
	return len(s.open)
}

// create opens a session; ok is false when there are as many as there may be.
func (s *sessions) create(user string) (one session, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sweep()
	if len(s.open) >= s.max {
		return session{}, false
	}
	if s.open == nil {
		s.open = map[string]*session{}
	}
	one = session{id: rand.Text()[:8], token: rand.Text(), user: user, used: time.Now()}
	s.open[one.id] = &one
	return one, true
}

func (s *sessions) delete(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, id)
}

// byToken finds a session by its token, and keeps it alive.
func (s *sessions) byToken(token string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sweep()
	for _, one := range s.open {
		if subtle.ConstantTimeCompare([]byte(one.token), []byte(token)) == 1 {
			one.used = time.Now()
			return true
		}
	}
	return false
}

func (s *sessions) get(id string) (session, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sweep()
	one, ok := s.open[id]
	if !ok {
		return session{}, false
	}
	return *one, true
}

func (s *sessions) ids() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sweep()
	out := make([]string, 0, len(s.open))
	for id := range s.open {
		out = append(out, id)
	}
	sort.Strings(out)
	return out
}

// authorized reports whether a request carries a valid token, or else valid credentials. A token that is not valid is not
// made up for by credentials.
func (s *Service) authorized(r *http.Request) bool {
	if s.machine.HasFault(world.FaultBMCAuth) {
		return false
	}
	if token := r.Header.Get("X-Auth-Token"); token != "" {
		return s.sessions.byToken(token)
	}
	user, password, ok := r.BasicAuth()
	return ok && s.accepts(user, password)
}

func (s *Service) accepts(user, password string) bool {
	bmc := s.machine.Hardware().BMC
	if bmc.Account == "" || s.machine.HasFault(world.FaultBMCAuth) {
		return false
	}
	return subtle.ConstantTimeCompare([]byte(user), []byte(bmc.Account)) == 1 &&
		subtle.ConstantTimeCompare([]byte(password), []byte(bmc.Credential.Reveal())) == 1
}

const sessionsPath = root + "/SessionService/Sessions"

func (s *Service) sessionService() object {
	return object{
		"@odata.type": "#SessionService.v1_1_8.SessionService", "@odata.id": root + "/SessionService",
		"Id": "SessionService", "Name": "Session Service", "ServiceEnabled": true,
		"SessionTimeout": int(sessionTimeout / time.Second), "Sessions": reference(sessionsPath),
		"Status": object{"State": "Enabled", "Health": "OK"},
	}
}

func (s *Service) sessionCollection() object {
	ids := s.sessions.ids()
	for i, id := range ids {
		ids[i] = sessionsPath + "/" + id
	}
	return collection("SessionCollection", sessionsPath, "Session Collection", ids...)
}

func (s *Service) sessionResource(id string) (resource, bool) {
	one, ok := s.sessions.get(id)
	if !ok {
		return resource{}, false
	}
	return resource{
		get: func() object { return sessionObject(one) },
		delete: func(w http.ResponseWriter, _ *http.Request) {
			s.sessions.delete(id)
			w.WriteHeader(http.StatusNoContent)
		},
	}, true
}

func sessionObject(one session) object {
	return object{
		"@odata.type": "#Session.v1_5_0.Session", "@odata.id": sessionsPath + "/" + one.id,
		"Id": one.id, "Name": "User Session", "UserName": one.user,
	}
}

// login is POST to the collection of sessions.
func (s *Service) login(w http.ResponseWriter, r *http.Request) {
	body := read(w, r)
	if body == nil {
		return
	}
	user, userOK := body["UserName"].(string)
	password, passwordOK := body["Password"].(string)
	var missing []message
	if !userOK {
		missing = append(missing, missingProperty("UserName"))
	}
	if !passwordOK {
		missing = append(missing, missingProperty("Password"))
	}
	if missing != nil {
		refuse(w, http.StatusBadRequest, missing...)
		return
	}
	if !s.accepts(user, password) {
		refuse(w, http.StatusUnauthorized, message{ID: "Base.1.18.InsufficientPrivilege", Severity: "Critical",
			Text:       "There are insufficient privileges for the account or credentials associated with the current session to perform the requested operation.",
			Resolution: "Either abandon the operation or change the associated access rights and resubmit the request if the operation failed."})
		return
	}
	one, ok := s.sessions.create(user)
	if ok && s.machine.HasFault(world.FaultBMCFull) {
		s.sessions.delete(one.id)
		ok = false
	}
	if !ok {
		refuse(w, http.StatusServiceUnavailable, message{ID: "Base.1.18.SessionLimitExceeded", Severity: "Critical",
			Text:       "The session establishment failed due to the number of simultaneous sessions exceeding the limit of the implementation.",
			Resolution: "Reduce the number of other sessions before trying to establish the session or increase the limit of simultaneous sessions, if supported."})
		return
	}
	w.Header().Set("X-Auth-Token", one.token)
	w.Header().Set("Location", sessionsPath+"/"+one.id)
	answer(w, http.StatusCreated, sessionObject(one))
}

// sessionID is the last part of a path below the sessions; "" when the path is another.
func sessionID(path string) string {
	id, ok := strings.CutPrefix(path, sessionsPath+"/")
	if !ok || strings.Contains(id, "/") {
		return ""
	}
	return id
}
