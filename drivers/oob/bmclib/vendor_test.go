package bmclib_test

import (
	"encoding/base64"
	"encoding/json"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/design"
	"drydock/design/build"
	"drydock/drivers"
	"drydock/drivers/conformance"
	"drydock/drivers/oob/bmc"
	"drydock/drivers/oob/bmclib"
)

// The services below are what bmclib v2.3.5 asks for at login and power, read in its source: none of them is a BMC of its
// vendor.

// openBMC has a page that names it, and Redfish.
type openBMC struct{ *service }

func (o openBMC) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/" {
		_, _ = w.Write([]byte("<title>OpenBMC</title>"))
		return
	}
	o.service.ServeHTTP(w, r)
}

// superMicro is an X12: web pages with a login of their own in front of Redfish, and no XML interface.
type superMicro struct {
	*service
	plain bool // knows passwords in plain form only
	forms []string
	stuck bool // answers 500 to a logout
}

func (m *superMicro) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !strings.HasPrefix(r.URL.Path, "/cgi/") {
		m.service.ServeHTTP(w, r)
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.stays(r) {
		return
	}
	switch r.URL.Path {
	case "/cgi/login.cgi":
		m.logins++
		_ = r.ParseForm()
		name, word := r.PostForm.Get("name"), r.PostForm.Get("pwd")
		m.forms = append(m.forms, word)
		if !m.plain {
			a, _ := base64.StdEncoding.DecodeString(name)
			b, _ := base64.StdEncoding.DecodeString(word)
			name, word = string(a), string(b)
		}
		if name != account || word != password {
			_, _ = w.Write([]byte("<html>wrong " + word + "</html>")) // with 200, as old boards do
			return
		}
		m.web++
		http.SetCookie(w, &http.Cookie{Name: "SID", Value: "s1", Path: "/"})
		_, _ = w.Write([]byte(`<script>location="../cgi/url_redirect.cgi?url_name=mainmenu"</script>`))
	case "/cgi/url_redirect.cgi":
		_, _ = w.Write([]byte(`SmcCsrfInsert ("CSRF_TOKEN", "t1");`))
	case "/cgi/logout.cgi":
		if m.stuck {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		if c, err := r.Cookie("SID"); err == nil && c.Value == "s1" && m.web > 0 {
			m.web--
		}
	default:
		http.NotFound(w, r)
	}
}

// asRock is a BMC of ASRock Rack, with an interface of its own.
type asRock struct{ *service }

func (a asRock) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.stays(r) {
		return
	}
	reply := func(v any) { _ = json.NewEncoder(w).Encode(v) }
	path := "/" + strings.TrimLeft(r.URL.Path, "/")
	if path == "/api/session" && r.Method == http.MethodPost {
		a.logins++
		_ = r.ParseForm()
		if r.PostForm.Get("username") != account || r.PostForm.Get("password") != password {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		a.web++
		http.SetCookie(w, &http.Cookie{Name: "QSESSIONID", Value: "q1", Path: "/"})
		reply(map[string]any{"csrftoken": "c1", "racsession_id": 1})
		return
	}
	if c, err := r.Cookie("QSESSIONID"); err != nil || c.Value != "q1" || a.web == 0 || r.Header.Get("X-CSRFTOKEN") != "c1" {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	switch path {
	case "/api/session":
		a.web--
	case "/api/fru":
		reply([]any{map[string]any{"board": map[string]any{"manufacturer": "ASRockRack", "product_name": "E3C246D4I-NL", "serial_number": "SN-0001"}}})
	case "/api/asrr/fw-info":
		reply(map[string]any{"BMC_fw_version": "01.30", "BIOS_fw_version": "L2.07"})
	case "/api/chassis-status":
		reply(map[string]any{"power_status": map[string]int{"Off": 0, "On": 1}[a.power]})
	case "/api/actions/power":
		var p struct {
			Command int `json:"power_command"`
		}
		_ = json.NewDecoder(r.Body).Decode(&p)
		a.reset([]string{"ForceOff", "On", "ForceRestart", "ForceRestart", "", "GracefulShutdown"}[p.Command])
	default:
		reply([]any{})
	}
}

// vendors are the providers without a counterpart, each with its service.
var vendors = map[string]func(*service) http.Handler{
	"dell":       func(s *service) http.Handler { s.maker = "Dell Inc."; return s },
	"openbmc":    func(s *service) http.Handler { return openBMC{s} },
	"supermicro": func(s *service) http.Handler { s.model = "X12STH-SYS"; return &superMicro{service: s} },
	"asrockrack": func(s *service) http.Handler { return asRock{s} },
}

func vendorConfig(provider, address string) bmclib.Config {
	return bmclib.Config{
		Provider: provider, Addresses: map[string]string{"10.0.0.1": address}, Insecure: true,
		ConnectTimeout: time.Second, Timeout: 2 * time.Second, PollInterval: 2 * time.Millisecond, PowerTimeout: 2 * time.Second,
		GracefulTimeout: 50 * time.Millisecond, SettleTimeout: 50 * time.Millisecond, ReadBackTimeout: 20 * time.Millisecond,
	}
}

// TestContractWithEveryProvider runs the contract of the family for the providers that have no counterpart elsewhere.
func TestContractWithEveryProvider(t *testing.T) {
	for provider, front := range vendors {
		t.Run(provider, func(t *testing.T) {
			t.Parallel()
			conformance.OOB(t, func(t *testing.T) conformance.OOBTarget {
				s := &service{power: "Off"}
				server := serveAs(t, s, front(s))
				return s.target(newDriver(t, vendorConfig(provider, server.Listener.Addr().String())), call())
			})
		})
	}
}

func TestNoProviderTrustsAnUnknownCertificate(t *testing.T) {
	for provider, front := range vendors {
		t.Run(provider, func(t *testing.T) {
			s := &service{power: "On"}
			c := vendorConfig(provider, serveAs(t, s, front(s)).Listener.Addr().String())
			c.Insecure = false
			_, err := newDriver(t, c).InterrogateOob(t.Context(), call())
			require.ErrorContains(t, err, "is not trusted")
			assert.Equal(t, drivers.Conflict, drivers.ClassOf(err))
			assert.Zero(t, s.logins, "no password was sent to it")
		})
	}
}

func TestSupermicroIsShownOneFormOfAPassword(t *testing.T) {
	for _, c := range []struct {
		name   string
		plain  bool // what the BMC knows
		login  string
		secret string
		forms  []string
		class  drivers.Class
	}{
		{"a wrong password is tried once", false, "", "Wr0ng-horse", []string{encoded("Wr0ng-horse")}, drivers.AuthFailed},
		{"the encoded form is the usual one", false, "", password, []string{encoded(password)}, ""},
		{"old firmware refuses it, and is not asked again", true, "", password, []string{encoded(password)}, drivers.AuthFailed},
		{"the design says that it takes the plain form", true, "plain", password, []string{password}, ""},
		{"a wrong one in plain form is tried once", true, "plain", "Wr0ng-horse", []string{"Wr0ng-horse"}, drivers.AuthFailed},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &service{power: "On", model: "X12STH-SYS"}
			m := &superMicro{service: s, plain: c.plain}
			own := call()
			own.Node.OOB.Credential = design.Secret(c.secret)
			own.Node.OOB.Parameters = map[string]string{bmclib.LoginParameter: c.login}
			d := newDriver(t, vendorConfig("supermicro", serveAs(t, s, m).Listener.Addr().String()))
			rep, err := d.InterrogateOob(t.Context(), own)
			assert.Equal(t, c.forms, m.forms)
			if c.class != "" {
				require.Error(t, err)
				assert.Equal(t, c.class, drivers.ClassOf(err), err.Error())
				assert.NotContains(t, err.Error(), c.secret)
				_, err = d.PowerOffNode(t.Context(), own)
				require.Error(t, err)
				assert.Len(t, m.forms, 1, "nor by another action")
				return
			}
			require.NoError(t, err)
			assert.Equal(t, build.PowerOn, rep.Build.OOB.Power)
			require.NoError(t, d.Close())
			assert.Zero(t, s.sessions+s.web)
		})
	}
}

func TestTheSecondSessionOfSupermicroIsDeletedAlthoughTheFirstIsNot(t *testing.T) {
	s := &service{power: "On", model: "X12STH-SYS"}
	m := &superMicro{service: s, stuck: true}
	d := newDriver(t, vendorConfig("supermicro", serveAs(t, s, m).Listener.Addr().String()))
	_, err := d.InterrogateOob(t.Context(), call())
	require.NoError(t, err)
	require.NoError(t, d.Close())
	assert.Equal(t, 1, s.web, "the logout failed")
	assert.Zero(t, s.sessions)
}

func TestAMachineThatTheProviderDoesNotKnowLeavesNoSession(t *testing.T) {
	for provider, front := range map[string]func(*service) http.Handler{
		"dell":       func(s *service) http.Handler { return s },
		"supermicro": func(s *service) http.Handler { s.model = "X99"; return &superMicro{service: s} },
	} {
		t.Run(provider, func(t *testing.T) {
			s := &service{power: "On"}
			_, err := newDriver(t, vendorConfig(provider, serveAs(t, s, front(s)).Listener.Addr().String())).InterrogateOob(t.Context(), call())
			require.Error(t, err)
			assert.NotEqual(t, drivers.AuthFailed, drivers.ClassOf(err), err.Error())
			assert.Zero(t, s.sessions+s.web)
			assert.Empty(t, s.seen())
		})
	}
}

// TestAnInventoryThatFailsIsNoUnknownMachine: bmclib leaves out what it could not read, and a machine without a serial number
// is compared with nothing.
func TestAnInventoryThatFailsIsNoUnknownMachine(t *testing.T) {
	s := &service{power: "On", broken: true}
	c := config(serve(t, s))
	c.Broker = bmc.NewBroker(bmc.Limits{Idle: -1})
	own := call()
	own.Build.Identity = build.Identity{Serial: "SN-0002"}
	_, err := newDriver(t, c).PowerCycleNode(t.Context(), own)
	require.Error(t, err)
	assert.Equal(t, drivers.Unreachable, drivers.ClassOf(err), err.Error())
	assert.Empty(t, s.seen())
}

// TestAConnectionThatFailsIsNoRefusedLogin: the providers wrap both in the same words.
func TestAConnectionThatFailsIsNoRefusedLogin(t *testing.T) {
	for provider := range vendors {
		t.Run(provider, func(t *testing.T) {
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			address := listener.Addr().String()
			require.NoError(t, listener.Close())
			_, err = newDriver(t, vendorConfig(provider, address)).InterrogateOob(t.Context(), call())
			require.Error(t, err)
			assert.Equal(t, drivers.Unreachable, drivers.ClassOf(err), err.Error())
		})
	}
}

func encoded(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
