package maas

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/design"
	"drydock/drivers"
)

const (
	testKey    = "consumer1234567890:token123456789012:secret12345678901234567890123456"
	testSecret = "secret12345678901234567890123456"
)

// against makes a driver on a handler.
func against(t *testing.T, h http.HandlerFunc, change func(*Config)) *Driver {
	t.Helper()
	web := httptest.NewServer(h)
	t.Cleanup(web.Close)
	cfg := Config{URL: web.URL + "/MAAS/", APIKey: testKey}
	if change != nil {
		change(&cfg)
	}
	d, err := New(cfg)
	require.NoError(t, err)
	return d
}

func TestConfigurationsThatCannotWorkAreRefusedWithoutShowingSecrets(t *testing.T) {
	for name, cfg := range map[string]Config{
		"no url":                    {APIKey: testKey},
		"a url of another scheme":   {URL: "ftp://host/MAAS", APIKey: testKey},
		"credentials in the url":    {URL: "http://user:" + testSecret + "@host/MAAS", APIKey: testKey},
		"a key of two parts":        {URL: "http://host/MAAS", APIKey: design.Secret("a:" + testSecret)},
		"an unknown erase policy":   {URL: "http://host/MAAS", APIKey: testKey, Erase: "thorough"},
		"a CA file that is missing": {URL: "https://host/MAAS", APIKey: testKey, CAFile: "testdata/none.pem"},
		"a CA file without PEM":     {URL: "https://host/MAAS", APIKey: testKey, CAFile: "testdata/machine.json"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := New(cfg)
			require.Error(t, err)
			require.NotContains(t, err.Error(), testSecret)
		})
	}
}

func TestRecordedRefusalsGetTheirClassAdviceAndPause(t *testing.T) {
	var rows []struct {
		Sentence, Class, Want, Body string
		After, Status               int
		Headers                     map[string]string
	}
	data, err := os.ReadFile("testdata/refusals.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &rows))
	for _, row := range rows {
		t.Run(row.Sentence, func(t *testing.T) {
			asked := 0
			d := against(t, func(w http.ResponseWriter, _ *http.Request) {
				asked++
				for k, v := range row.Headers {
					w.Header().Set(k, v)
				}
				w.WriteHeader(row.Status)
				fmt.Fprint(w, row.Body)
			}, nil)
			s, err := d.session(context.Background(), drivers.DeployNode, "node n1")
			require.NoError(t, err)
			for _, refused := range []error{
				s.fail(s.post("machines/abc123/", "deploy", nil, nil), "deploy machine"),
				s.fail(s.gmc.NetworkInterface.Delete("abc123", 7), "deploy machine"),
			} {
				e := classed(t, refused, drivers.Class(row.Class))
				require.Contains(t, e.Error(), row.Want)
				require.Contains(t, e.Error(), "DeployNode node n1: deploy machine: MAAS answered")
				require.Equal(t, time.Duration(row.After)*time.Second, e.After)
			}
			require.Equal(t, 2, asked, "gomaasclient must not repeat by itself")
		})
	}
}

func TestTheTokenSecretThatA401EchoesIsInNoError(t *testing.T) {
	d := against(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(w, "Authorization Error: 'Invalid signature. Expected signature base string: &"+testSecret+"'")
	}, nil)
	_, err := d.ValidateNodeServices(context.Background(), drivers.SiteCall{Site: testSite(), Journal: newMemory()})
	classed(t, err, drivers.AuthFailed)
	require.NotContains(t, fmt.Sprintf("%v %+v %#v", err, err, err), testSecret)
}

func TestSecretsInTheTextOfAnyOtherAnswerAreRedacted(t *testing.T) {
	d := against(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, `{"power_parameters": ["cannot log in with %s and %s"]}`, testBMCPassword, testSecret)
	}, nil)
	s, err := d.session(context.Background(), drivers.IdentifyNode, "node n1", testBMCPassword)
	require.NoError(t, err)
	refused := s.fail(s.put("machines/abc123/", nil, nil), "set power")
	require.Contains(t, refused.Error(), "cannot log in with [redacted] and [redacted]")
}

func TestEveryRequestIsSignedWithANonceOfItsOwn(t *testing.T) {
	var mu sync.Mutex
	nonces := map[string]bool{}
	signed := regexp.MustCompile(`oauth_signature="%26` + testSecret + `".*oauth_nonce="([0-9a-f]{32})"`)
	d := against(t, func(w http.ResponseWriter, r *http.Request) {
		found := signed.FindStringSubmatch(r.Header.Get("Authorization"))
		mu.Lock()
		defer mu.Unlock()
		if found != nil {
			nonces[found[1]] = true
		}
		fmt.Fprint(w, `[]`)
	}, nil)
	s, err := d.session(context.Background(), drivers.IdentifyNode, "node n1")
	require.NoError(t, err)
	for range 3 {
		_, err := s.gmc.Tags.Get()
		require.NoError(t, err)
		require.NoError(t, s.get("tags/", "", nil, nil))
	}
	require.Len(t, nonces, 6)
}

func TestACallEndsWithItsContextAndIsThenUnreachable(t *testing.T) {
	entered := make(chan struct{}, 1)
	release := make(chan struct{})
	d := against(t, func(http.ResponseWriter, *http.Request) {
		entered <- struct{}{}
		<-release
	}, nil)
	t.Cleanup(func() { close(release) }) // before the server closes, which waits for its handlers
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		_, err := d.Observe(ctx, drivers.NodeCall{Site: testSite(), Node: testSite().Nodes[0], Journal: newMemory()})
		done <- err
	}()
	<-entered
	cancel()
	select {
	case err := <-done:
		classed(t, err, drivers.Unreachable)
		require.ErrorIs(t, err, context.Canceled)
	case <-time.After(5 * time.Second):
		t.Fatal("the call outlived its context")
	}
}

func TestARegionIsHeldNoMoreConnectionsThanConfigured(t *testing.T) {
	const most, calls = 3, 24
	var mu sync.Mutex
	busy, made := 0, 0
	full := make(chan struct{})
	web := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		if busy++; busy == most {
			close(full)
		}
		mu.Unlock()
		<-full // until as many calls are under way as may be
		_, _ = w.Write([]byte(`"x"`))
	}))
	web.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			mu.Lock()
			defer mu.Unlock()
			made++
		}
	}
	web.Start()
	defer web.Close()
	d, err := New(Config{URL: web.URL + "/MAAS/", APIKey: testKey, Connections: most})
	require.NoError(t, err)
	var group sync.WaitGroup
	for range calls {
		group.Go(func() {
			s, err := d.session(t.Context(), drivers.ValidateNodeServices, "site x")
			if err == nil {
				err = s.get("maas/", "get_config", form("name", "x"), nil)
			}
			assert.NoError(t, err)
		})
	}
	group.Wait()
	require.Equal(t, calls, busy)
	require.Equal(t, most, made)
}

func TestARegionThatDoesNotAnswerInTimeIsUnreachable(t *testing.T) {
	release := make(chan struct{})
	d := against(t, func(http.ResponseWriter, *http.Request) { <-release }, func(c *Config) { c.CallTimeout = 30 * time.Millisecond })
	t.Cleanup(func() { close(release) })
	_, err := d.CreateStorageTemplate(context.Background(), drivers.SiteCall{Site: testSite(), Journal: newMemory()})
	classed(t, err, drivers.Unreachable)
}

func TestARegionThatIsDownIsUnreachableAndNamedByItsAddress(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	addr := l.Addr().String()
	require.NoError(t, l.Close())
	d, err := New(Config{URL: "http://" + addr + "/MAAS", APIKey: testKey})
	require.NoError(t, err)
	_, err = d.Observe(context.Background(), drivers.NodeCall{Site: testSite(), Node: testSite().Nodes[0], Journal: newMemory()})
	e := classed(t, err, drivers.Unreachable)
	require.Contains(t, e.Error(), addr)
}

func TestARecordedMachineDecodesWithItsNullsAndFloatSizes(t *testing.T) {
	data, err := os.ReadFile("testdata/machine.json")
	require.NoError(t, err)
	var m machine
	require.NoError(t, json.Unmarshal(data, &m))
	require.Equal(t, "node01 (6thehb)", m.String())
	require.Equal(t, stReady, m.Status)
	require.Len(t, m.Disks, 3)
	require.Equal(t, size(1600321314816), m.Disks[0].Size)
	require.Len(t, m.Interfaces, 4)
	require.NotNil(t, m.Interfaces[0].VLAN)
	require.Empty(t, known(m.HardwareInfo["system_serial"]), "MAAS writes Unknown for what it does not know")

	require.NoError(t, json.Unmarshal([]byte(`{"virtualblockdevice_set": [{"size": 3221094400.0}], "interface_set": [{"vlan": null, "params": ""}]}`), &m))
	require.Equal(t, size(3221094400), m.VirtualDisks[0].Size)
	require.Nil(t, m.Interfaces[0].VLAN)
	require.Empty(t, m.Interfaces[0].params())
}

func TestTheReasonOfAFailedInstallationHasItsOutput(t *testing.T) {
	results, err := os.ReadFile("testdata/installation.json")
	require.NoError(t, err)
	d := against(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/MAAS/api/2.0/nodes/mnfy43/results/current-installation/":
			_, _ = w.Write(results)
		case "/MAAS/api/2.0/events/":
			fmt.Fprint(w, `{"count": 1, "events": [{"type": "Marking node failed", "description": "Node failed to be deployed", "level": "ERROR"}]}`)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}, nil)
	s, err := d.session(context.Background(), drivers.DeployNode, "node n1")
	require.NoError(t, err)
	why := s.reason(&machine{SystemID: "mnfy43", StatusName: "Failed deployment"}, "installation")
	require.Contains(t, why, "curtin: Installation failed with exception")
	require.Contains(t, why, "Marking node failed: Node failed to be deployed")
}

func TestStatesOfMAASHaveAStatusEach(t *testing.T) {
	for code := stNew; code <= stFailedTesting; code++ {
		require.Contains(t, statusOf, code)
	}
	require.Len(t, statusOf, 23)
	require.Equal(t, "unknown", string((&machine{Status: 99}).status()))
}

func TestVersionsAreComparedAsNumbers(t *testing.T) {
	for version, enough := range map[string]bool{"3.4.10": true, "3.3.0": true, "3.2.11": false, "3.10.1": true, "4.0": true, "3.5~beta1": true, "3.1.9": false, "2.9.2": false, "": false, "three.two": false} {
		require.Equal(t, enough, atLeast(version, minMajor, minMinor), version)
	}
}

func TestPowerAddressesAreComparedByHost(t *testing.T) {
	for spelled, host := range map[string]string{
		"10.0.0.1": "10.0.0.1", " 10.0.0.1 ": "10.0.0.1", "10.0.0.1:443": "10.0.0.1", "https://10.0.0.1:443/redfish": "10.0.0.1",
		"https://[fd00::1]/": "fd00::1", "FD00::1": "fd00::1", "[fd00::1]:8000": "fd00::1", "bmc1.Lab:623": "bmc1.lab", "": "",
	} {
		require.Equal(t, host, bmcHost(spelled), spelled)
	}
}

func TestAnAllocationIsOursByAFilterForTheAgentNameWhichNoBodyShows(t *testing.T) {
	var asked []string
	answer := `[]`
	d := against(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("op") == "whoami" {
			fmt.Fprint(w, `{"username": "admin", "is_superuser": true}`)
			return
		}
		asked = append(asked, r.URL.Query()["id"]...)
		asked = append(asked, r.URL.Query()["agent_name"]...)
		fmt.Fprint(w, answer)
	}, nil)
	s, err := d.session(context.Background(), drivers.DeployNode, "node n1")
	require.NoError(t, err)
	m := &machine{SystemID: "abc123", Status: stAllocated, Owner: "admin"}
	ours, err := s.ours(m)
	require.NoError(t, err)
	require.False(t, ours)
	require.Equal(t, []string{"abc123", "drydock"}, asked, "only what matches our agent name is ours")
	answer = `[{"system_id": "abc123", "owner": "admin"}]`
	ours, err = s.ours(m)
	require.NoError(t, err)
	require.True(t, ours)
	ours, err = s.ours(&machine{SystemID: "abc123", Status: stAllocated, Owner: "somebody"})
	require.NoError(t, err)
	require.False(t, ours)
	ours, err = s.ours(&machine{SystemID: "abc123", Status: stNew, Owner: "admin"})
	require.NoError(t, err)
	require.False(t, ours, "who enlisted a machine does not hold it")
}
