package redfish_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/drivers"
)

const makersMAC = "aa:bb:cc:00:11:22"

// maker is a service with a BIOS in one maker's words.
type maker struct {
	self       string
	attributes o
	registry   []o      // entries; nil: there is no registry
	applyTimes []string // of the settings object
	functions  []o      // network device functions
	boot       o        // further boot properties
	options    []o      // boot options
}

func (k maker) start(t *testing.T) *mockup {
	settings := o{"SettingsObject": ref(k.self + "/Bios/Settings")}
	if k.applyTimes != nil {
		settings["SupportedApplyTimes"] = k.applyTimes
	}
	boot := o{"BootSourceOverrideEnabled": "Disabled", "BootSourceOverrideTarget": "None"}
	merge(boot, k.boot)
	functions := "/redfish/v1/Chassis/1/NetworkAdapters/NIC.1/NetworkDeviceFunctions"
	docs := map[string]o{
		"/redfish/v1":         {"Systems": ref("/redfish/v1/Systems"), "Registries": ref("/redfish/v1/Registries")},
		"/redfish/v1/Systems": list(k.self),
		k.self: {"UUID": sushyUUID, "PowerState": "Off", "Bios": ref(k.self + "/Bios"), "Boot": boot,
			"Links": o{"Chassis": []o{ref("/redfish/v1/Chassis/1")}}},
		k.self + "/Bios":          {"AttributeRegistry": "BiosAttributeRegistryU32.v1_2_40", "Attributes": k.attributes, "@Redfish.Settings": settings},
		k.self + "/Bios/Settings": {"Attributes": o{}},
		"/redfish/v1/Registries":  list("/redfish/v1/Registries/Base.1.8.1", "/redfish/v1/Registries/BiosAttributeRegistryU32.1.2.40"),
		"/redfish/v1/Registries/BiosAttributeRegistryU32.1.2.40": {"Location": []o{{"Language": "ja", "Uri": "/none"}, {"Language": "en-US", "Uri": "/redfish/v1/registrystore/u32"}}},
		"/redfish/v1/Chassis/1":                                  {"NetworkAdapters": ref("/redfish/v1/Chassis/1/NetworkAdapters")},
		"/redfish/v1/Chassis/1/NetworkAdapters":                  list("/redfish/v1/Chassis/1/NetworkAdapters/NIC.1"),
		"/redfish/v1/Chassis/1/NetworkAdapters/NIC.1":            {"NetworkDeviceFunctions": ref(functions)},
	}
	if k.registry != nil {
		docs["/redfish/v1/registrystore/u32"] = o{"RegistryEntries": o{"Attributes": k.registry}}
	}
	var members []string
	for _, f := range k.functions {
		at := functions + "/" + f["Id"].(string)
		docs[at], members = f, append(members, at)
	}
	docs[functions] = list(members...)
	members = nil
	for _, option := range k.options {
		at := k.self + "/BootOptions/" + option["BootOptionReference"].(string)
		docs[at], members = option, append(members, at)
	}
	if members != nil {
		boot["BootOptions"], docs[k.self+"/BootOptions"] = ref(k.self+"/BootOptions"), list(members...)
	}
	m := newMockup(t, docs)
	m.basic = true
	return m
}

func enumeration(name string, values ...string) o {
	var list []o
	for _, v := range values {
		list = append(list, o{"ValueName": v})
	}
	return o{"AttributeName": name, "Type": "Enumeration", "Value": list}
}

func ethernet(id, mac string) o { return o{"Id": id, "Ethernet": o{"MACAddress": mac}} }

func nicOption(reference, mac string) o {
	return o{"BootOptionReference": reference, "UefiDevicePath": "PciRoot(0x0)/Pci(0x1,0x0)/MAC(" + mac + ",0x0)/IPv4(0.0.0.0)"}
}

// TestBIOSesOfTheMakers configures the firmware in the words of each maker.
func TestBIOSesOfTheMakers(t *testing.T) {
	on := []o{enumeration("PxeDev1EnDis", "Enabled", "Disabled"), enumeration("PxeDev2EnDis", "Enabled", "Disabled"),
		enumeration("PxeDev1Interface", "NIC.Slot.1-1-1", "NIC.Integrated.1-1-1"), enumeration("PxeDev2Interface", "NIC.Slot.1-1-1", "NIC.Integrated.1-1-1"),
		enumeration("BootMode", "Bios", "Uefi")}
	dell := maker{self: "/redfish/v1/Systems/System.Embedded.1", applyTimes: []string{"OnReset", "AtMaintenanceWindowStart"}, registry: on,
		functions: []o{ethernet("NIC.Slot.1-1-1", "AA:BB:CC:00:00:01"), ethernet("NIC.Integrated.1-1-1", "AA:BB:CC:00:11:22")}}
	withAttributes := func(k maker, a o) maker {
		k.attributes = a
		return k
	}
	for _, c := range []struct {
		name    string
		maker   maker
		mode    string
		outcome drivers.Outcome
		patches []o
		says    string
	}{
		{name: "Dell: the NIC becomes PXE device 1, by the name of its function", mode: "uefi", outcome: drivers.Changed,
			maker:   withAttributes(dell, o{"BootMode": "Uefi", "PxeDev1EnDis": "Enabled", "PxeDev1Interface": "NIC.Slot.1-1-1"}),
			patches: []o{{"Attributes": o{"PxeDev1Interface": "NIC.Integrated.1-1-1"}, "@Redfish.SettingsApplyTime": o{"ApplyTime": "OnReset"}}},
			says:    "NIC.Integrated.1-1-1 is PXE device 1 of the BIOS from the next reset on"},
		{name: "Dell: two devices change places, since a NIC is one device", mode: "uefi", outcome: drivers.Changed,
			maker: withAttributes(dell, o{"BootMode": "Uefi", "PxeDev1EnDis": "Enabled", "PxeDev1Interface": "NIC.Slot.1-1-1",
				"PxeDev2EnDis": "Disabled", "PxeDev2Interface": "NIC.Integrated.1-1-1"}),
			patches: []o{{"Attributes": o{"PxeDev1Interface": "NIC.Integrated.1-1-1", "PxeDev2Interface": "NIC.Slot.1-1-1"}, "@Redfish.SettingsApplyTime": o{"ApplyTime": "OnReset"}}},
			says:    "PXE device 1"},
		{name: "Dell: a later device does where those before it are off", mode: "uefi", outcome: drivers.Changed,
			maker: withAttributes(dell, o{"BootMode": "Uefi", "PxeDev1EnDis": "Disabled", "PxeDev1Interface": "NIC.Slot.1-1-1",
				"PxeDev2EnDis": "Disabled", "PxeDev2Interface": "NIC.Integrated.1-1-1"}),
			patches: []o{{"Attributes": o{"PxeDev2EnDis": "Enabled"}, "@Redfish.SettingsApplyTime": o{"ApplyTime": "OnReset"}}},
			says:    "PXE device 2"},
		{name: "Dell: nothing is written where all is as wanted", mode: "uefi", outcome: drivers.Already,
			maker: withAttributes(dell, o{"BootMode": "Uefi", "PxeDev1EnDis": "Enabled", "PxeDev1Interface": "NIC.Integrated.1-1-1"}),
			says:  "is PXE device 1 of the BIOS."},
		{name: "Dell: the boot mode, where the PXE devices are not shown in the other mode", mode: "uefi", outcome: drivers.Changed,
			maker:   withAttributes(dell, o{"BootMode": "Bios"}),
			patches: []o{{"Attributes": o{"BootMode": "Uefi"}, "@Redfish.SettingsApplyTime": o{"ApplyTime": "OnReset"}}},
			says:    "warning: The BMC offers no way to make NIC " + makersMAC},
		{name: "HPE: LegacyBios becomes Uefi, without an apply time that is not offered; the NIC goes before others in the boot order", mode: "uefi", outcome: drivers.Changed,
			maker: maker{self: "/redfish/v1/Systems/1", attributes: o{"BootMode": "LegacyBios"}, registry: []o{enumeration("BootMode", "Uefi", "LegacyBios")},
				boot: o{"BootOrder": []string{"Boot000A", "Boot0011", "Boot0012", "Boot0013"}},
				options: []o{{"BootOptionReference": "Boot000A", "UefiDevicePath": "PciRoot(0x3)/Pci(0x0,0x0)/Scsi(0x0,0x0)"},
					nicOption("Boot0011", "AABBCC000001"), nicOption("Boot0012", "AABBCC001122"), {"BootOptionReference": "Boot0013", "UefiDevicePath": "UsbClass(0xFFFF)"}}},
			patches: []o{{"Attributes": o{"BootMode": "Uefi"}}, {"Boot": o{"BootOrder": []any{"Boot000A", "Boot0012", "Boot0011", "Boot0013"}}}},
			says:    "Of the NICs in the boot order, " + makersMAC + " is the first"},
		{name: "Lenovo: UEFIMode becomes LegacyMode", mode: "bios", outcome: drivers.Changed,
			maker: maker{self: "/redfish/v1/Systems/1", attributes: o{"BootModes_SystemBootMode": "UEFIMode"},
				registry: []o{enumeration("BootModes_SystemBootMode", "LegacyMode", "UEFIMode")}},
			patches: []o{{"Attributes": o{"BootModes_SystemBootMode": "LegacyMode"}}}, says: "BootModes_SystemBootMode was set to LegacyMode"},
		{name: "Supermicro: DUAL becomes UEFI", mode: "uefi", outcome: drivers.Changed,
			maker: maker{self: "/redfish/v1/Systems/1", attributes: o{"BootModeSelect_00A1": "DUAL"},
				registry: []o{enumeration("BootModeSelect_00A1", "LEGACY", "UEFI", "DUAL")}},
			patches: []o{{"Attributes": o{"BootModeSelect_00A1": "UEFI"}}}, says: "BootModeSelect_00A1 was set to UEFI"},
		{name: "a BIOS without its registry is not written to", mode: "uefi", outcome: drivers.Unsupported,
			maker: maker{self: "/redfish/v1/Systems/1", attributes: o{"BootMode": "Bios"}}, says: "does not tell how uefi is called"},
		{name: "a name that two attributes could mean is left alone", mode: "uefi", outcome: drivers.Unsupported,
			maker: maker{self: "/redfish/v1/Systems/1", attributes: o{"BootMode": "Bios", "BootModeSelect": "LEGACY"}, registry: on},
			says:  "does not show the boot mode"},
		{name: "a NIC of which only the virtual MAC is designed is found as well; the one burnt in comes first", mode: "", outcome: drivers.Changed,
			maker: maker{self: "/redfish/v1/Systems/1", attributes: o{"X": "Y"}, functions: []o{
				{"Id": "1", "BootMode": "Disabled", "Ethernet": o{"MACAddress": "AA:BB:CC:00:11:22", "PermanentMACAddress": "AA-BB-CC-00-99-99"}}}},
			patches: []o{{"BootMode": "PXE"}}, says: "The network device function 1 boots by PXE from the next reset on"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, call := c.maker.start(t), mockCall()
			call.Node.BootMAC, call.Node.HardwareProfile.BootMode = makersMAC, c.mode
			rep, err := mockDriver(t, m).ConfigNodePxe(short(t), call)
			require.NoError(t, err)
			assert.Equal(t, c.outcome, rep.Outcome, "%v", rep.Messages)
			assert.Contains(t, words(rep), c.says)
			assert.Equal(t, c.patches, m.patches)
		})
	}
}

func TestFirmwareThatTakesAJobForIt(t *testing.T) {
	const job = "/redfish/v1/TaskService/TaskMonitors/JID_1"
	k := maker{self: "/redfish/v1/Systems/System.Embedded.1", attributes: o{"BootMode": "Bios"}, registry: []o{enumeration("BootMode", "Bios", "Uefi")},
		applyTimes: []string{"OnReset"}, boot: o{"BootSourceOverrideMode": "Legacy", "BootSourceOverrideMode@Redfish.AllowableValues": []string{"Legacy"}}}
	settings := k.self + "/Bios/Settings"
	run := func(t *testing.T, state string) (*mockup, drivers.Report, error) {
		m := k.start(t)
		m.docs[job] = o{"@odata.type": "#Task.v1_4_3.Task", "TaskState": state, "Messages": []o{{"Message": "The lifecycle controller is locked."}}}
		m.before = func(r *http.Request, w http.ResponseWriter) bool {
			if r.Method == http.MethodPatch && r.URL.Path == settings {
				w.Header().Set("Location", job)
			}
			return false
		}
		m.patch[settings] = func(body o) (int, o) {
			delete(body, "@Redfish.SettingsApplyTime")
			merge(m.docs[settings], body)
			return http.StatusAccepted, nil
		}
		call := mockCall()
		rep, err := mockDriver(t, m).ConfigNodePxe(short(t), call)
		return m, rep, err
	}
	t.Run("one that waits for the reset is not waited for, and an override in the mode to come is set", func(t *testing.T) {
		m, rep, err := run(t, "Starting")
		require.NoError(t, err)
		assert.Equal(t, drivers.Changed, rep.Outcome)
		assert.Equal(t, 1, m.count("GET "+job))
		call := mockCall()
		call.Boot = drivers.BootTarget{Device: drivers.BootPXE, Once: true}
		m.patch[k.self] = func(body o) (int, o) { // the mode can't be written
			boot := body["Boot"].(o)
			if boot["BootSourceOverrideMode"] != nil {
				return http.StatusBadRequest, nil
			}
			merge(m.docs[k.self], body)
			return http.StatusNoContent, nil
		}
		rep, err = mockDriver(t, m).SetNodeBoot(short(t), call)
		require.NoError(t, err)
		assert.Contains(t, words(rep), "changes to UEFI with the next reset")
	})
	t.Run("one that has failed at once is a failure", func(t *testing.T) {
		_, _, err := run(t, "Exception")
		requireFault(t, drivers.Internal, "The lifecycle controller is locked.", err)
	})
}

// TestAnswersToABIOSChange are bodies of status 200: praise, reminders, and properties that were not taken.
func TestAnswersToABIOSChange(t *testing.T) {
	info := func(m o) o { return o{"@Message.ExtendedInfo": []o{m}} }
	for _, c := range []struct {
		name   string
		answer o
		taken  bool
	}{
		{"a reset is required", o{"error": info(o{"MessageId": "iLO.2.14.SystemResetRequired", "Severity": "Warning"})}, true},
		{"success, at the property", info(o{"MessageId": "Base.1.8.Success", "Severity": "OK", "RelatedProperties": []string{"#/Attributes/BootMode"}}), true},
		{"a remark at the property that is no complaint", o{"Attributes": o{"BootMode@Message.ExtendedInfo": []o{{"MessageId": "IDRAC.2.8.SYS410", "Severity": "OK"}}}}, true},
		{"a complaint at the property", o{"Attributes": o{"BootMode@Message.ExtendedInfo": []o{{"MessageId": "X.1.0.Locked", "Severity": "Critical"}}}}, false},
		{"a complaint that names the property", info(o{"MessageId": "X.1.0.Locked", "MessageSeverity": "Warning", "RelatedProperties": []string{"#/Attributes/BootMode"}}), false},
		{"a complaint of the base registry without a severity", info(o{"MessageId": "Base.1.0.PropertyNotWritable", "Message": "BootMode is read-only."}), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := maker{self: "/redfish/v1/Systems/1", attributes: o{"BootMode": "Bios"}, registry: []o{enumeration("BootMode", "Bios", "Uefi")}}
			m := k.start(t)
			m.patch[k.self+"/Bios/Settings"] = func(body o) (int, o) {
				if c.taken {
					merge(m.docs[k.self+"/Bios/Settings"], body)
				}
				return http.StatusOK, c.answer
			}
			rep, err := mockDriver(t, m).ConfigNodePxe(short(t), mockCall())
			require.NoError(t, err)
			if c.taken {
				assert.Equal(t, drivers.Changed, rep.Outcome, "%v", rep.Messages)
				return
			}
			assert.Equal(t, drivers.Unsupported, rep.Outcome)
			assert.Contains(t, words(rep), "took the request and not all of it: ")
		})
	}
	t.Run("a change that was taken and not stored is a failure", func(t *testing.T) {
		k := maker{self: "/redfish/v1/Systems/1", attributes: o{"BootMode": "Bios"}, registry: []o{enumeration("BootMode", "Bios", "Uefi")}}
		m := k.start(t)
		m.patch[k.self+"/Bios/Settings"] = func(o) (int, o) { return http.StatusNoContent, nil }
		_, err := mockDriver(t, m).ConfigNodePxe(short(t), mockCall())
		requireFault(t, drivers.Internal, "BootMode was to be Uefi and reads back Bios", err)
	})
}
