package bmc_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"drydock/simulator/bmc"
	quirky "drydock/simulator/bmc/redfish"
	"drydock/simulator/world"
	"drydock/simulator/world/worldtest"
)

func firmwareSite(t *testing.T, q quirky.Quirks) (*site, *world.Machine, string) {
	s := start(t, fast, bmc.Options{Quirks: func(*world.Machine) quirky.Quirks { return q }})
	m := s.machine(t, worldtest.Redfish)
	return s, m, "/redfish/v1/Systems/" + m.Hardware().Serial
}

// part follows the names down into an object.
func part(t *testing.T, body map[string]any, names ...string) any {
	t.Helper()
	var at any = body
	for _, name := range names {
		object, ok := at.(map[string]any)
		require.True(t, ok, "%v", at)
		at = object[name]
	}
	return at
}

func TestFirmwareIsChangedByTheNextReset(t *testing.T) {
	s, m, path := firmwareSite(t, quirky.Quirks{ShipsUnprepared: true})
	h := m.Hardware()
	_, body := request(t, s, http.MethodGet, path+"/Bios", "")
	require.Equal(t, "Bios", part(t, body, "Attributes", "BootMode"))
	settings := part(t, body, "@Redfish.Settings", "SettingsObject", "@odata.id").(string)
	response, body := request(t, s, http.MethodPatch, settings, `{"Attributes":{"BootMode":"Uefi"},"@Redfish.SettingsApplyTime":{"ApplyTime":"OnReset"}}`)
	require.Equal(t, http.StatusOK, response.StatusCode)
	require.Equal(t, "Uefi", part(t, body, "Attributes", "BootMode"))

	var function string
	_, adapters := request(t, s, http.MethodGet, "/redfish/v1/Chassis/Enclosure/NetworkAdapters", "")
	for _, member := range adapters["Members"].([]any) {
		id := part(t, member.(map[string]any), "@odata.id").(string)
		at := id + "/NetworkDeviceFunctions/" + id[strings.LastIndex(id, "/")+1:] + "-1"
		_, body := request(t, s, http.MethodGet, at, "")
		if strings.EqualFold(part(t, body, "Ethernet", "MACAddress").(string), h.PXENIC) {
			require.Equal(t, "Disabled", body["BootMode"])
			function = at
		}
	}
	response, _ = request(t, s, http.MethodPatch, function+"/Settings", `{"BootMode":"PXE"}`)
	require.Equal(t, http.StatusNoContent, response.StatusCode)
	require.NotContains(t, m.Firmware().PXE, h.PXENIC)
	require.False(t, m.Firmware().UEFI, "nothing is in force before the reset")

	request(t, s, http.MethodPost, path+"/Actions/ComputerSystem.Reset", `{"ResetType":"On"}`)
	eventually(t, func() bool { return m.Firmware().UEFI })
	_, body = request(t, s, http.MethodGet, function, "")
	require.Equal(t, "PXE", body["BootMode"])

	_, body = request(t, s, http.MethodGet, path, "")
	order := part(t, body, "Boot", "BootOrder").([]any)
	last := order[len(order)-1].(string)
	_, option := request(t, s, http.MethodGet, path+"/BootOptions/"+last, "")
	require.Contains(t, option["UefiDevicePath"], "MAC("+strings.ToUpper(strings.ReplaceAll(h.PXENIC, ":", "")))
	others := order[1 : len(order)-1]
	wanted := []string{order[0].(string), last}
	for _, o := range others {
		wanted = append(wanted, o.(string))
	}
	response, _ = request(t, s, http.MethodPatch, path, `{"Boot":{"BootOrder":["`+strings.Join(wanted, `","`)+`"]}}`)
	require.Equal(t, http.StatusOK, response.StatusCode)
	require.Equal(t, h.PXENIC, m.PendingFirmware().PXE[0])
}

func TestFirmwareThatRefuses(t *testing.T) {
	mode := `{"Attributes":{"BootMode":"Bios"}}`
	for name, c := range map[string]struct {
		quirks  quirky.Quirks
		at      string // below the system
		body    string
		status  int
		message string // "": none
	}{
		"an attribute that is not in the registry":            {quirky.Quirks{}, "/Bios/Settings", `{"Attributes":{"Turbo":"On"}}`, 400, "PropertyUnknown"},
		"a value that is not in the registry":                 {quirky.Quirks{}, "/Bios/Settings", `{"Attributes":{"BootMode":"Dual"}}`, 400, "PropertyValueNotInList"},
		"an attribute of another type":                        {quirky.Quirks{}, "/Bios/Settings", `{"Attributes":{"BootMode":1}}`, 400, "PropertyValueTypeError"},
		"attributes in force, which only the settings change": {quirky.Quirks{}, "/Bios", mode, 405, "OperationNotAllowed"},
		"an apply time that is not offered":                   {quirky.Quirks{}, "/Bios/Settings", `{"Attributes":{},"@Redfish.SettingsApplyTime":{"ApplyTime":"Immediate"}}`, 400, "PropertyValueNotInList"},
		"an order that leaves one out":                        {quirky.Quirks{}, "", `{"Boot":{"BootOrder":["Boot0000"]}}`, 400, "PropertyValueNotInList"},
		"a boot mode that is read-only":                       {quirky.Quirks{FixedBootMode: true}, "/Bios/Settings", mode, 400, "PropertyNotWritable"},
		"a service without settings of the BIOS":              {quirky.Quirks{NoBIOSSettings: true}, "/Bios/Settings", mode, 404, "ResourceMissingAtURI"},
		"a service that shows no firmware":                    {quirky.Quirks{NoBIOS: true}, "/Bios", mode, 404, "ResourceMissingAtURI"},
		"a service that takes a part, with success":           {quirky.Quirks{PartialBIOS: true}, "/Bios/Settings", mode, 200, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s, m, path := firmwareSite(t, c.quirks)
			response, body := request(t, s, http.MethodPatch, path+c.at, c.body)
			require.Equal(t, c.status, response.StatusCode)
			if c.message != "" {
				require.Equal(t, c.message, messageID(t, body))
			} else {
				require.NotEmpty(t, part(t, body, "Attributes", "BootMode@Message.ExtendedInfo"))
			}
			require.Equal(t, m.Firmware(), m.PendingFirmware())
		})
	}
}
