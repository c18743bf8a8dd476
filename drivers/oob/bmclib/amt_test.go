package bmclib_test

import (
	"crypto/md5"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/drivers"
	"drydock/drivers/conformance"
)

// amt is WS-Management with digest authentication (RFC 2617), as far as bmclib v2.3.5 asks for it at power.
type amt struct {
	*service
	stale bool // answers the next request that its nonce is too old
}

const (
	cim       = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/"
	challenge = `Digest realm="Digest:A4070000", nonce="n1", stale="%t", qop="auth"`
)

var digestField = regexp.MustCompile(`(\w+)="?([^",]*)"?`)

// knows reports whether a digest is that of the account.
func (a amt) knows(header string) bool {
	f := map[string]string{}
	for _, m := range digestField.FindAllStringSubmatch(header, -1) {
		f[m[1]] = m[2]
	}
	h := func(parts ...string) string { return fmt.Sprintf("%x", md5.Sum([]byte(strings.Join(parts, ":")))) }
	return f["response"] == h(h(account, f["realm"], password), f["nonce"], f["nc"], f["cnonce"], f["qop"], h(http.MethodPost, f["uri"]))
}

func (a *amt) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.stays(r) {
		return
	}
	body, _ := io.ReadAll(r.Body)
	signed := r.Header.Get("Authorization")
	refuse := func(stale bool) {
		w.Header().Set("WWW-Authenticate", fmt.Sprintf(challenge, stale))
		w.WriteHeader(http.StatusUnauthorized)
	}
	switch {
	case signed == "":
		refuse(false)
		return
	case a.stale:
		a.stale = false
		refuse(true)
		return
	case !a.knows(signed):
		a.logins++
		refuse(false)
		return
	}
	answer := func(action, body string) {
		_, _ = fmt.Fprintf(w, `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" xmlns:e="http://schemas.xmlsoap.org/ws/2004/09/enumeration" xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"><s:Header><a:Action>%s</a:Action></s:Header><s:Body>%s</s:Body></s:Envelope>`, action, body)
	}
	list := func(items string) {
		answer("http://schemas.xmlsoap.org/ws/2004/09/enumeration/EnumerateResponse", `<e:EnumerateResponse><w:Items>`+items+`</w:Items><w:EndOfSequence/></e:EnumerateResponse>`)
	}
	switch text := string(body); {
	case strings.Contains(text, "RequestPowerStateChange"):
		state := regexp.MustCompile(`PowerState>(\d+)<`).FindStringSubmatch(text)[1]
		a.reset(map[string]string{"2": "On", "8": "ForceOff", "5": "ForceRestart"}[state])
		answer(cim+"CIM_PowerManagementService/RequestPowerStateChangeResponse",
			`<p:RequestPowerStateChange_OUTPUT xmlns:p="`+cim+`CIM_PowerManagementService"><p:ReturnValue>0</p:ReturnValue></p:RequestPowerStateChange_OUTPUT>`)
	case strings.Contains(text, cim+"CIM_AssociatedPowerManagementService"):
		state := map[string]string{"On": "2", "Off": "8"}[a.power]
		list(`<p:CIM_AssociatedPowerManagementService xmlns:p="` + cim + `CIM_AssociatedPowerManagementService"><p:AvailableRequestedPowerStates>2</p:AvailableRequestedPowerStates><p:AvailableRequestedPowerStates>5</p:AvailableRequestedPowerStates><p:AvailableRequestedPowerStates>8</p:AvailableRequestedPowerStates><p:PowerState>` +
			state + `</p:PowerState></p:CIM_AssociatedPowerManagementService>`)
	case strings.Contains(text, cim+"CIM_ComputerSystem"):
		list(`<a:EndpointReference><a:Address>default</a:Address><a:ReferenceParameters><w:ResourceURI>` + cim + `CIM_ComputerSystem</w:ResourceURI><w:SelectorSet><w:Selector Name="Name">ManagedSystem</w:Selector></w:SelectorSet></a:ReferenceParameters></a:EndpointReference>`)
	default:
		http.NotFound(w, r)
	}
}

func amtOn(t *testing.T, s *service) (*amt, string) {
	a := &amt{service: s}
	server := httptest.NewServer(a) // AMT's port for machines without certificates
	t.Cleanup(server.Close)
	return a, server.Listener.Addr().String()
}

func TestContractWithIntelAMT(t *testing.T) {
	conformance.OOB(t, func(t *testing.T) conformance.OOBTarget {
		s := &service{power: "Off"}
		_, address := amtOn(t, s)
		target := s.target(newDriver(t, vendorConfig("intelamt", address)), call())
		target.Sessions = nil // there are none
		return target
	})
}

func TestANonceOfIntelAMTThatIsTooOldIsNoRefusedLogin(t *testing.T) {
	s := &service{power: "On"}
	a, address := amtOn(t, s)
	a.stale = true
	rep, err := newDriver(t, vendorConfig("intelamt", address)).InterrogateOob(t.Context(), call())
	require.NoError(t, err)
	assert.Equal(t, "on", string(rep.Build.OOB.Power))
	assert.Zero(t, s.logins)
	assert.NotEqual(t, drivers.Unsupported, rep.Outcome)
}
