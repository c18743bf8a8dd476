package redfish_test

import (
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"encoding/pem"
	"os"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/drivers"
	"drydock/drivers/conformance"
	"drydock/drivers/oob/redfish"
)

// mockDriver makes a driver that reaches a mockup in the place of the designed BMC.
func mockDriver(t *testing.T, m *mockup) *redfish.Driver {
	file := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: m.Certificate().Raw}), 0o600))
	d, err := redfish.New(redfish.Config{
		Addresses: map[string]string{bmcAddress: m.Listener.Addr().String()}, CAFile: file, Timeout: 5 * time.Second,
		PollInterval: 5 * time.Millisecond, PowerTimeout: 500 * time.Millisecond, GracefulTimeout: 50 * time.Millisecond,
		SettleTimeout: 50 * time.Millisecond, ReadBackTimeout: 50 * time.Millisecond, Gap: time.Millisecond,
	})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, d.Close()) })
	return d
}

func mockCall() drivers.NodeCall {
	return callFor(&service{account: mockAccount, password: mockPassword})
}

// sushy is the libvirt emulator of sushy-tools: no sessions, systems by UUID, no serial numbers, an override that is always
// Continuous, a BIOS that is made up, and the power of a virtual machine.
type sushy struct {
	*mockup
	path   string
	on     bool
	starts int
	device string
}

const sushyUUID = "4a1b2c3d-0000-4000-8000-0242ac110002"

func newSushy(t *testing.T, change func(*sushy)) *sushy {
	self := "/redfish/v1/Systems/" + sushyUUID
	s := &sushy{path: self, device: "Hdd"}
	s.mockup = newMockup(t, map[string]o{
		"/redfish/v1":         {"Systems": ref("/redfish/v1/Systems"), "Managers": ref("/redfish/v1/Managers"), "Registries": ref("/redfish/v1/Registries")},
		"/redfish/v1/Systems": list(self),
		self: {
			"Id": sushyUUID, "Name": "vbmc-node", "UUID": sushyUUID, "Manufacturer": "Sushy Emulator", "Status": o{"State": "Enabled", "HealthRollUp": "OK"},
			"PowerState": "Off", "Boot": o{"BootSourceOverrideEnabled": "Continuous", "BootSourceOverrideTarget": "Hdd",
				"BootSourceOverrideTarget@Redfish.AllowableValues": []string{"Pxe", "Cd", "Hdd"}, "BootSourceOverrideMode": "UEFI"},
			"ProcessorSummary": o{"Count": 2}, "MemorySummary": o{"TotalSystemMemoryGiB": 4}, "Bios": ref(self + "/BIOS"),
			"SimpleStorage": ref(self + "/SimpleStorage"), "Storage": ref(self + "/Storage"), "EthernetInterfaces": ref(self + "/EthernetInterfaces"),
			"Links": o{"Chassis": []o{ref("/redfish/v1/Chassis/c1")}, "ManagedBy": []o{ref("/redfish/v1/Managers/" + sushyUUID)}},
			"Actions": o{"#ComputerSystem.Reset": o{"target": self + "/Actions/ComputerSystem.Reset",
				"ResetType@Redfish.AllowableValues": []string{"On", "ForceOff", "GracefulShutdown", "GracefulRestart", "ForceRestart", "Nmi", "ForceOn"}}},
		},
		self + "/EthernetInterfaces":                          list(self + "/EthernetInterfaces/n1"),
		self + "/EthernetInterfaces/n1":                       {"MACAddress": "52:54:00:12:34:56", "PermanentMACAddress": "52:54:00:12:34:56"},
		self + "/Storage":                                     list(),
		self + "/SimpleStorage":                               list(self + "/SimpleStorage/virtio"),
		self + "/SimpleStorage/virtio":                        {"Devices": []o{{"Name": "vda", "CapacityBytes": 10737418240}}},
		"/redfish/v1/Managers/" + sushyUUID:                   {"FirmwareVersion": "1.00"},
		"/redfish/v1/Chassis/c1":                              {"ChassisType": "Enclosure"},
		self + "/BIOS":                                        {"AttributeRegistry": "BiosAttributeRegistryP89.v1_0_0", "Attributes": o{"BootMode": "Uefi", "NicBoot1": "NetworkBoot"}, "@Redfish.Settings": o{"SettingsObject": ref(self + "/BIOS/Settings")}},
		self + "/BIOS/Settings":                               {"Attributes": o{"BootMode": "Uefi", "NicBoot1": "NetworkBoot"}},
		"/redfish/v1/Registries":                              list("/redfish/v1/Registries/BiosAttributeRegistry.v1_0_0"),
		"/redfish/v1/Registries/BiosAttributeRegistry.v1_0_0": {"Location": []o{{"Language": "en", "Uri": "/redfish/v1/Systems/Bios/BiosRegistry"}}},
	})
	s.basic = true
	s.patch[self] = func(body o) (int, o) {
		boot, _ := body["Boot"].(o)
		if boot["BootSourceOverrideTarget"] == nil && boot["BootSourceOverrideMode"] == nil {
			return http.StatusBadRequest, nil
		}
		now := s.docs[self]["Boot"].(o)
		for _, name := range []string{"BootSourceOverrideTarget", "BootSourceOverrideMode"} { // Enabled is not looked at
			if v, ok := boot[name].(string); ok {
				now[name] = v
			}
		}
		s.device, _ = now["BootSourceOverrideTarget"].(string)
		return http.StatusNoContent, nil
	}
	s.post[self+"/Actions/ComputerSystem.Reset"] = func(body o) int {
		switch body["ResetType"] {
		case "On", "ForceOn":
			if !s.on {
				s.starts++
			}
			s.on = true
		case "ForceOff":
			s.on = false
		case "ForceRestart":
			if s.on {
				s.starts++
			}
		}
		s.show()
		return http.StatusNoContent
	}
	if change != nil {
		change(s)
	}
	return s
}

func (s *sushy) show() {
	s.docs[s.path]["PowerState"] = "Off"
	if s.on {
		s.docs[s.path]["PowerState"] = "On"
	}
}

func (s *sushy) target(t *testing.T) conformance.OOBTarget {
	return conformance.OOBTarget{
		Driver: mockDriver(t, s.mockup), Call: mockCall(),
		Power:    func() (on bool) { s.do(func() { on = s.on }); return on },
		SetPower: func(on bool) { s.do(func() { s.on = on; s.show() }) },
		Starts:   func() (n int) { s.do(func() { n = s.starts }); return n },
		Boot: func() (b drivers.BootTarget) {
			s.do(func() {
				b.Device = map[string]drivers.BootDevice{"Pxe": drivers.BootPXE, "Hdd": drivers.BootDisk}[s.device]
			})
			return b
		},
	}
}

func TestContractWithAnEmulatorOfVirtualMachines(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*sushy){
		"a recent one": func(s *sushy) { s.docs[s.path]["Boot"].(o)["BootSourceOverrideTarget"], s.device = "Cd", "Cd" },
		"one that shows no boot mode": func(s *sushy) {
			delete(s.docs[s.path]["Boot"].(o), "BootSourceOverrideMode")
			s.docs[s.path]["Boot"].(o)["BootSourceOverrideTarget"], s.device = "Cd", "Cd"
		},
		"one with the least it can show, and a machine without a boot device": func(s *sushy) {
			for _, name := range []string{"Manufacturer", "Status", "ProcessorSummary", "MemorySummary", "Bios", "SimpleStorage", "Storage", "EthernetInterfaces"} {
				delete(s.docs[s.path], name)
			}
			s.docs[s.path]["Links"] = o{}
			s.docs[s.path]["Boot"] = o{"BootSourceOverrideEnabled": "Continuous"}
			s.device = ""
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conformance.OOB(t, func(t *testing.T) conformance.OOBTarget { return newSushy(t, change).target(t) })
		})
	}
}

func TestAnEmulatorOfVirtualMachines(t *testing.T) {
	t.Run("drives come from SimpleStorage", func(t *testing.T) {
		s := newSushy(t, nil)
		s.on = true
		s.show()
		rep, err := mockDriver(t, s.mockup).InterrogateOob(short(t), mockCall())
		require.NoError(t, err)
		require.Len(t, rep.Build.OOB.Drives, 1)
		assert.EqualValues(t, 10737418240, rep.Build.OOB.Drives[0].Size)
		assert.Equal(t, sushyUUID, rep.Build.Identity.UUID)
	})
	t.Run("it may ask nobody to log in", func(t *testing.T) {
		s := newSushy(t, func(s *sushy) { s.open = true })
		_, err := mockDriver(t, s.mockup).PowerCycleNode(short(t), mockCall())
		require.NoError(t, err)
		assert.Equal(t, 1, s.starts)
	})
	t.Run("a made-up BIOS whose registry is not the one it names is not written to", func(t *testing.T) {
		s := newSushy(t, nil)
		call := mockCall()
		call.Node.HardwareProfile.BootMode = "bios"
		rep, err := mockDriver(t, s.mockup).ConfigNodePxe(short(t), call)
		require.NoError(t, err)
		assert.Contains(t, words(rep), "does not tell how bios is called")
		assert.Contains(t, words(rep), "SetNodeBoot asks for Legacy")
		assert.Empty(t, s.patches)
	})
	t.Run("an error that is no valid JSON is quoted", func(t *testing.T) {
		s := newSushy(t, nil)
		s.before = func(r *http.Request, w http.ResponseWriter) bool {
			if r.Method != http.MethodPatch {
				return false
			}
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = w.Write([]byte(`{"error": {"message": "libvirt: "no loader" found"}}`))
			return true
		}
		call := mockCall()
		call.Boot = drivers.BootTarget{Device: drivers.BootPXE, Once: true}
		_, err := mockDriver(t, s.mockup).SetNodeBoot(short(t), call)
		requireFault(t, drivers.Internal, "no loader", err)
	})
}

// TestStaticMockups are services that keep what they are told and do nothing.
func TestStaticMockups(t *testing.T) {
	const self = "/redfish/v1/Systems/437XR1138R2"
	docs := map[string]o{
		"/redfish/v1":                {"Systems": ref("/redfish/v1/Systems"), "SessionService": ref("/redfish/v1/SessionService"), "Links": o{"Sessions": ref(mockSessions)}},
		"/redfish/v1/SessionService": {"Sessions": ref(mockSessions)},
		mockSessions:                 list(),
		"/redfish/v1/Systems":        list(self),
		self: {"UUID": sushyUUID, "SerialNumber": "437XR1138R2", "PowerState": "Off", "Links": o{},
			"Boot":    o{"BootSourceOverrideEnabled": "Disabled", "BootSourceOverrideTarget": "None", "BootSourceOverrideMode": "UEFI"},
			"Actions": o{"#ComputerSystem.Reset": o{"target": self + "/Actions/ComputerSystem.Reset"}}},
	}
	t.Run("one that makes sessions and gives no token is spoken to without", func(t *testing.T) {
		m := newMockup(t, docs)
		m.open = true
		m.logIn = func(w http.ResponseWriter) {
			w.Header().Set("Location", mockSessions+"/1")
			w.WriteHeader(http.StatusNoContent)
		}
		m.post[self+"/Actions/ComputerSystem.Reset"] = func(o) int { return http.StatusNoContent }
		d, call := mockDriver(t, m), mockCall()
		_, err := d.PowerOnNode(short(t), call)
		requireFault(t, drivers.NotReady, "took the command", err)
		assert.Equal(t, 1, m.count("POST "+self), "a command that does nothing is not repeated")
		call.Boot = drivers.BootTarget{Device: drivers.BootPXE, Once: true}
		rep, err := d.SetNodeBoot(short(t), call)
		require.NoError(t, err)
		assert.Equal(t, drivers.Changed, rep.Outcome)
		require.NoError(t, d.Close())
		assert.Equal(t, m.count("POST "+mockSessions), m.count("DELETE "+mockSessions+"/1"), "the session is ended all the same")
	})
	t.Run("one that can only be read says so at every write", func(t *testing.T) {
		m := newMockup(t, docs)
		m.open = true
		m.before = func(r *http.Request, w http.ResponseWriter) bool {
			if r.Method != http.MethodGet {
				w.WriteHeader(http.StatusMethodNotAllowed)
			}
			return r.Method != http.MethodGet
		}
		m.logIn = func(w http.ResponseWriter) { w.WriteHeader(http.StatusMethodNotAllowed) }
		d, call := mockDriver(t, m), mockCall()
		_, err := d.InterrogateOob(short(t), call)
		require.NoError(t, err)
		call.Boot = drivers.BootTarget{Device: drivers.BootPXE, Once: true}
		_, err = d.SetNodeBoot(short(t), call)
		requireFault(t, drivers.NotSupported, "405", err)
		_, err = d.PowerOnNode(short(t), call)
		requireFault(t, drivers.NotSupported, "turn a system on", err)
	})
}

// TestAServiceOfOpenFirmware is one that lists a hypervisor besides the machine, refuses Basic, gives strong ETags, tells reset
// types by ActionInfo only, and has a Bios resource without attributes and no interfaces of the host.
func TestAServiceOfOpenFirmware(t *testing.T) {
	const self = "/redfish/v1/Systems/system"
	m := newMockup(t, map[string]o{
		"/redfish/v1":                              {"Systems": ref("/redfish/v1/Systems"), "Links": o{"Sessions": ref(mockSessions)}},
		mockSessions:                               list(),
		"/redfish/v1/Systems":                      list("/redfish/v1/Systems/hypervisor", self),
		"/redfish/v1/Systems/hypervisor":           {"Id": "hypervisor", "SystemType": "OS", "PowerState": "On"},
		self + "/Bios":                             {"Actions": o{}},
		self + "/ResetActionInfo":                  {"Parameters": []o{{"Name": "ResetType", "AllowableValues": []string{"On", "ForceOff", "ForceOn", "ForceRestart", "PowerCycle"}}}},
		self + "/LogServices":                      list(self+"/LogServices/PostCodes", self+"/LogServices/EventLog"),
		self + "/LogServices/EventLog":             {"Entries": ref(self + "/LogServices/EventLog/Entries")},
		self + "/LogServices/EventLog/Entries":     {"Members": []o{{"Id": "1", "Severity": "Critical", "Message": "PSU 1 failed."}}},
		"/redfish/v1/Chassis/chassis":              {"Sensors": ref("/redfish/v1/Chassis/chassis/Sensors")},
		"/redfish/v1/Chassis/chassis/Sensors":      list("/redfish/v1/Chassis/chassis/Sensors/temp"),
		"/redfish/v1/Chassis/chassis/Sensors/temp": {"Name": "Ambient", "Reading": 22.5, "ReadingUnits": "Cel", "Status": o{"Health": "OK"}},
		"/redfish/v1/Managers/bmc":                 {"FirmwareVersion": "2.18.0"},
		self: {"Id": "system", "SystemType": "Physical", "UUID": sushyUUID, "PowerState": "Off", "Bios": ref(self + "/Bios"), "LogServices": ref(self + "/LogServices"),
			"Boot": o{"BootSourceOverrideEnabled": "Disabled", "BootSourceOverrideTarget": "None", "BootSourceOverrideMode": "UEFI",
				"BootSourceOverrideTarget@Redfish.AllowableValues": []string{"None", "Pxe", "Hdd"}},
			"Links":   o{"Chassis": []o{ref("/redfish/v1/Chassis/chassis")}, "ManagedBy": []o{ref("/redfish/v1/Managers/bmc")}},
			"Actions": o{"#ComputerSystem.Reset": o{"target": self + "/Actions/ComputerSystem.Reset", "@Redfish.ActionInfo": self + "/ResetActionInfo"}}},
	})
	m.etag = func(string) string { return `"5D41402A"` }
	m.post[self+"/Actions/ComputerSystem.Reset"] = func(o) int {
		m.docs[self]["PowerState"] = "On"
		return http.StatusNoContent
	}
	d, call := mockDriver(t, m), mockCall()
	rep, err := d.InterrogateOob(short(t), call)
	require.NoError(t, err, "the only system of hardware is the machine")
	assert.Equal(t, sushyUUID, rep.Build.Identity.UUID)
	assert.Equal(t, "2.18.0", rep.Build.OOB.BMCVersion)
	require.Len(t, rep.Build.OOB.Sensors, 1)
	require.Len(t, rep.Build.OOB.Log, 1)
	call.Build = *rep.Build
	call.Boot = drivers.BootTarget{Device: drivers.BootPXE, Once: true}
	_, err = d.SetNodeBoot(short(t), call)
	require.NoError(t, err)
	assert.Equal(t, []string{`"5D41402A"`}, m.tags)
	_, err = d.PowerOnNode(short(t), call)
	require.NoError(t, err)
	rep, err = d.ConfigNodePxe(short(t), call)
	require.NoError(t, err)
	assert.Equal(t, drivers.Already, rep.Outcome)
	require.NoError(t, d.Close())
	assert.Empty(t, m.sessions)
}
