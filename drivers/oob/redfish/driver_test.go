package redfish_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"flag"
	"io"
	"log"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/design"
	"drydock/design/build"
	"drydock/drivers"
	"drydock/drivers/conformance"
	"drydock/drivers/oob/redfish"
)

var quiet = log.New(io.Discard, "", 0)

// TestMain runs more tests at once than there are processors: they wait for BMCs, and compute little.
func TestMain(m *testing.M) {
	flag.Parse()
	if flag.Lookup("test.parallel").Value.String() == strconv.Itoa(runtime.GOMAXPROCS(0)) { // not chosen by a person
		if err := flag.Set("test.parallel", "6"); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

const bmcAddress = "10.0.9.7"

// caFile writes the certificate of a service to a file.
func caFile(t *testing.T, s *service) string {
	file := filepath.Join(t.TempDir(), "ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	require.NoError(t, os.WriteFile(file, block, 0o600))
	return file
}

// driverFor makes a driver that reaches a service in the place of the designed BMC.
func driverFor(t *testing.T, s *service, change ...func(*redfish.Config)) *redfish.Driver {
	t.Helper()
	config := redfish.Config{
		Addresses: map[string]string{bmcAddress: s.Listener.Addr().String()}, CAFile: caFile(t, s),
		Timeout: time.Second, ConnectTimeout: time.Second, PollInterval: 5 * time.Millisecond, PowerTimeout: 2 * time.Second,
		GracefulTimeout: 100 * time.Millisecond, SettleTimeout: 60 * time.Millisecond, ReadBackTimeout: 50 * time.Millisecond,
	}
	for _, c := range change {
		c(&config)
	}
	d, err := redfish.New(config)
	require.NoError(t, err)
	return d
}

func callFor(s *service) drivers.NodeCall {
	node := &design.Node{
		Name: "n7", HardwareProfile: &design.HardwareProfile{Name: "hw", BootMode: "uefi"},
		OOB:       design.OOB{Type: "redfish", Account: s.account, Credential: design.Secret(s.password), Network: "oob", Parameters: map[string]string{}},
		Addresses: []design.Address{{Network: "oob", IP: netip.MustParseAddr(bmcAddress)}},
	}
	return drivers.NodeCall{Site: &design.Site{Name: "harbor", Nodes: []*design.Node{node}}, Node: node, Journal: conformance.NewJournal()}
}

func short(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func target(t *testing.T, s *service) conformance.OOBTarget {
	m := s.machines[0]
	return conformance.OOBTarget{
		Driver: driverFor(t, s), Call: callFor(s),
		Power: func() (on bool) { s.do(func() { on = m.state == "On" }); return on },
		SetPower: func(on bool) {
			s.do(func() {
				m.state = "Off"
				if on {
					m.state = "On"
				}
			})
		},
		Starts: func() (n int) { s.do(func() { n = m.starts }); return n },
		Boot: func() (b drivers.BootTarget) {
			s.do(func() {
				if m.enabled == "Disabled" {
					return
				}
				b.Device = map[string]drivers.BootDevice{"Pxe": drivers.BootPXE, "Hdd": drivers.BootDisk}[m.target]
				b.Once = m.enabled == "Once"
			})
			return b
		},
		Sessions: s.open, Logins: func() (n int) { s.do(func() { n = s.logins }); return n },
		LoseNextAnswer: func() { s.do(func() { s.loseAnswer = true }) },
		Silence:        func() { s.do(func() { s.silent = true }) },
		SilentWithin:   4 * time.Second,
	}
}

// TestContract runs the suite against services that differ in what the field differs in.
func TestContract(t *testing.T) {
	t.Parallel()
	for name, quirk := range map[string]func(*service){
		"a plain service":                            func(*service) {},
		"a service without sessions":                 func(s *service) { s.noSessions = true },
		"a service that names sessions and has none": func(s *service) { s.noSessions, s.namesSessions = true, true },
		"a service with one session":                 func(s *service) { s.sessionLimit = 1 },
		"a service with strict ETags":                func(s *service) { s.etags = "strict" },
		"a service with weak ETags":                  func(s *service) { s.etags = "weak" },
		"a service that rejects If-Match":            func(s *service) { s.rejectIfMatch = true },
		"a service with a settings object alone":     func(s *service) { s.settingsOnly = true },
		"a service that shows boot as setting only":  func(s *service) { s.settingsList = true },
		"a service with slow power":                  func(s *service) { s.transition = 40 * time.Millisecond },
		"a service without a restart":                func(s *service) { s.resetTypes = []string{"On", "ForceOff"} },
		"a service that tells by ActionInfo": func(s *service) {
			s.actionInfo, s.resetTypes = true, []string{"ForceOn", "ForceOff", "PowerCycle"}
		},
		"a service with tasks in the Location": func(s *service) { s.task, s.tasks = "location", 2 },
		"a service with tasks in the body":     func(s *service) { s.task, s.tasks = "body", 2 },
		"a service without reset times":        func(s *service) { s.noResetTime = true },
		"a service with absolute links":        func(s *service) { s.absolute = true },
		"a service that hides its root":        func(s *service) { s.rootNeedsLogin = true },
		"a service without a writable mode":    func(s *service) { s.noWritableMode = true },
		"a service that wants the mode":        func(s *service) { s.wantMode = true },
		"a service whose system ignores shutdown": func(s *service) {
			s.graceful = false
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conformance.OOB(t, func(t *testing.T) conformance.OOBTarget {
				s := newService(t)
				quirk(s)
				o := target(t, s)
				if name != "a plain service" && name != "a service without sessions" {
					o.Silence = nil // silence is the same everywhere, and takes its time
				}
				return o
			})
		})
	}
}

func TestInterrogationFillsTheBuildModel(t *testing.T) {
	s := newService(t)
	s.machines[0].state = "On"
	s.stringCount = true // a property of a wrong type spoils nothing else
	rep, err := driverFor(t, s).InterrogateOob(short(t), callFor(s))
	require.NoError(t, err)
	b := rep.Build
	assert.Equal(t, build.Identity{
		Serial: "SN-4711", UUID: "a1b2c3d4-0000-4000-8000-0242ac110002", Manufacturer: "Contoso", Model: "3500RX",
		BMCAddress: bmcAddress, MACs: []string{"aa:bb:cc:00:11:22"}, BMCMACs: []string{"aa:bb:cc:00:11:22"},
	}, b.Identity)
	assert.Equal(t, "P79 v1.33", b.OOB.BIOSVersion)
	assert.Equal(t, "2.14.1", b.OOB.BMCVersion)
	assert.Equal(t, 96*1024, b.OOB.MemoryMiB)
	assert.Equal(t, "Warning", b.OOB.Health)
	assert.Equal(t, []string{"Fan 3 is slow"}, b.OOB.Alarms)
	assert.Equal(t, "uefi", b.OOB.BootMode)
	require.Len(t, b.NICs, 1)
	assert.True(t, b.NICs[0].LinkUp)
}

func TestMACsComeFromDeviceFunctionsWhereThereAreNoInterfaces(t *testing.T) {
	s := newService(t)
	s.noEthernet = true
	rep, err := driverFor(t, s).InterrogateOob(short(t), callFor(s))
	require.NoError(t, err)
	assert.Equal(t, []string{"aa:bb:cc:00:11:44"}, rep.Build.Identity.MACs)
}

func TestSystemIsChosenByIdentityNeverByPosition(t *testing.T) {
	const other = "b1b2c3d4-0000-4000-8000-0242ac110002"
	for _, c := range []struct {
		name     string
		systemID string
		known    build.Identity
		twin     bool // the second system has the UUID of the first
		want     string
		conflict string
	}{
		{name: "by the designed id", systemID: "blade2", want: "SN-2"},
		{name: "by the designed URI", systemID: "/redfish/v1/Systems/blade2", want: "SN-2"},
		{name: "by the recorded UUID", known: build.Identity{UUID: other}, want: "SN-2"},
		{name: "by the recorded serial number", known: build.Identity{Serial: "sn-2"}, want: "SN-2"},
		{name: "not at all without a record", conflict: "neither serial number nor UUID"},
		{name: "not at all when none is on record", known: build.Identity{Serial: "SN-9"}, conflict: "none of them"},
		{name: "not at all when two share the UUID", known: build.Identity{UUID: "a1b2c3d4-0000-4000-8000-0242ac110002"}, twin: true, conflict: "more than one"},
		{name: "not at all when the designed id is not there", systemID: "blade9", conflict: `no system "blade9"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newService(t)
			uuid := other
			if c.twin {
				uuid = s.machines[0].uuid
			}
			s.machines = append(s.machines, newMachine("blade2", uuid, "SN-2"))
			call := callFor(s)
			call.Build.Identity = c.known
			if c.systemID != "" {
				call.Node.OOB.Parameters[redfish.SystemParameter] = c.systemID
			}
			rep, err := driverFor(t, s).InterrogateOob(short(t), call)
			if c.conflict != "" {
				require.ErrorContains(t, err, c.conflict)
				assert.Equal(t, drivers.Conflict, drivers.ClassOf(err))
				return
			}
			require.NoError(t, err)
			if c.known.Serial == "" {
				assert.Equal(t, c.want, rep.Build.Identity.Serial)
			}
			assert.Equal(t, other, rep.Build.Identity.UUID)
		})
	}
}

func TestCertificatesAreVerified(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*service, *redfish.Config)
		class  drivers.Class // "" for success
	}{
		{"an unknown certificate is refused before anything is sent", func(_ *service, c *redfish.Config) { c.CAFile = "" }, drivers.Conflict},
		{"a CA file is enough", func(*service, *redfish.Config) {}, ""},
		{"insecure accepts all when the configuration says so", func(_ *service, c *redfish.Config) { c.CAFile, c.Insecure = "", true }, ""},
		{"the pinned certificate is accepted", func(s *service, c *redfish.Config) {
			sum := sha256.Sum256(s.Certificate().Raw)
			c.CAFile, c.Fingerprints = "", map[string]string{bmcAddress: hex.EncodeToString(sum[:])}
		}, ""},
		{"another than the pinned certificate is refused although a CA signed it", func(_ *service, c *redfish.Config) {
			c.Fingerprints = map[string]string{bmcAddress: hex.EncodeToString(make([]byte, 32))}
		}, drivers.Conflict},
		{"another than the pinned certificate is refused although insecure", func(_ *service, c *redfish.Config) {
			c.Insecure = true
			c.Fingerprints = map[string]string{bmcAddress: hex.EncodeToString(make([]byte, 32))}
		}, drivers.Conflict},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newService(t)
			d := driverFor(t, s, func(cfg *redfish.Config) { c.change(s, cfg) })
			_, err := d.InterrogateOob(short(t), callFor(s))
			if c.class == "" {
				require.NoError(t, err)
				return
			}
			require.Error(t, err)
			assert.Equal(t, c.class, drivers.ClassOf(err), err.Error())
			assert.ErrorContains(t, err, "fingerprint")
			assert.Zero(t, s.count(""))
		})
	}
}

func TestConfigurationIsChecked(t *testing.T) {
	for name, config := range map[string]redfish.Config{
		"a scheme that is none":         {Scheme: "ftp"},
		"a fingerprint that is none":    {Fingerprints: map[string]string{"10.0.0.1": "abc"}},
		"a CA file that is not there":   {CAFile: "testdata/none.pem"},
		"a CA file without certificate": {CAFile: "driver_test.go"},
	} {
		_, err := redfish.New(config)
		assert.Error(t, err, name)
	}
}
