package worker

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/design"
	"drydock/drivers"
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
			data, messages, err := userData(locations(test.allow))(from(test.location), node)
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
