package worker

import (
	"net/http"
	"net/http/httptest"
	"reflect"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/design"
	"drydock/design/bootaction"
	"drydock/drivers"
	"drydock/drivers/node/maas"
	"drydock/starter/config"
)

func TestAssetsAreFetchedFromWhereConfigurationAllows(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("there")) }))
	gone := httptest.NewServer(nil)
	gone.Close()
	defer server.Close()
	from := func(location string) *design.Site {
		return &design.Site{Name: "s", BootActions: []*design.BootAction{{Name: "a", Assets: []design.Asset{
			{Type: design.AssetFile, Path: "/x", Location: location}}}}}
	}
	node := &design.Node{Name: "n1"}
	tests := map[string]struct {
		allow    []string
		location string
		class    drivers.Class
	}{
		"an address of this machine is refused":      {nil, server.URL, drivers.InvalidDesign},
		"an address that is allowed is fetched":      {[]string{"127.0.0.0/8"}, server.URL, ""},
		"a server that is gone is worth another try": {[]string{"127.0.0.0/8"}, gone.URL, drivers.Unreachable},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			data, messages, err := userData(locations(test.allow, config.Limits{}), bootaction.Limits{})(from(test.location), node)
			if test.class != "" {
				assert.Equal(t, test.class, drivers.ClassOf(err))
				return
			}
			require.NoError(t, err)
			assert.Empty(t, messages)
			assert.Contains(t, string(data), "dGhlcmU=")
		})
	}
}

func TestEveryKeyOfTheMAASDriverReachesIt(t *testing.T) {
	c := config.Drivers{MAAS: config.MAAS{
		URL: "http://maas.example:5240/MAAS", APIKey: "consumer:token:secret", CAFile: "ca.pem", PollInterval: 1, CallTimeout: 2, ConnectTimeout: 3,
		Connections: 4, AgentName: "agent", Erase: "full", DeleteReleased: true, FailedDeployment: "keep", StorageLayout: "lvm",
		CommissioningScripts: []string{"a"}, TestingScripts: []string{"b"}, Scripts: "scripts",
	}}
	got := maasConfig(c, config.Limits{})
	assert.NotNil(t, got.UserData)
	got.UserData = nil
	assert.Equal(t, maas.Config{
		URL: "http://maas.example:5240/MAAS", APIKey: "consumer:token:secret", CAFile: "ca.pem", PollInterval: 1, CallTimeout: 2, DialTimeout: 3,
		Connections: 4, AgentName: "agent", Erase: maas.EraseFull, DeleteReleased: true, FailedDeployment: maas.FailedKeep, StorageLayout: "lvm",
		CommissioningScripts: []string{"a"}, TestingScripts: []string{"b"}, Scripts: "scripts",
	}, got)
	// The key file is read into the key; everything else has a field of its own, the transport and the user data beside them.
	assert.Equal(t, reflect.TypeFor[config.MAAS]().NumField()-1, reflect.TypeFor[maas.Config]().NumField()-2)
}
