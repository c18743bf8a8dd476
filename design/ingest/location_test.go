package ingest_test

import (
	"compress/gzip"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/design/ingest"
)

var here = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}

// contents serves what locations lead to.
func contents(t *testing.T) *httptest.Server {
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		to, port := r.URL.Query().Get("to"), r.Host[strings.LastIndex(r.Host, ":"):]
		switch r.URL.Path {
		case "/content":
			_, _ = w.Write([]byte("content"))
		case "/away":
			http.Redirect(w, r, to+port+"/content", http.StatusFound)
		case "/round":
			http.Redirect(w, r, "/round", http.StatusFound)
		case "/slow":
			<-release
		case "/large":
			_, _ = w.Write(make([]byte, 101))
		case "/packed":
			w.Header().Set("Content-Encoding", "gzip")
			packed := gzip.NewWriter(w)
			_, _ = packed.Write(make([]byte, 1<<20))
			_ = packed.Close()
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(release) })
	return server
}

func TestALocationIsFetched(t *testing.T) {
	server := contents(t)
	data, err := ingest.Locations{Allow: here}.Fetch(t.Context(), server.URL+"/content")
	require.NoError(t, err)
	assert.Equal(t, "content", string(data))
	data, err = ingest.Locations{Allow: here}.Fetch(t.Context(), server.URL+"/away?to=http://127.0.0.1")
	require.NoError(t, err)
	assert.Equal(t, "content", string(data), "a redirect is followed")
}

func TestLocationsThatOnlyThisMachineReachesAreRefused(t *testing.T) {
	server := contents(t)
	port := server.URL[strings.LastIndex(server.URL, ":"):]
	for name, location := range map[string]string{
		"loopback":                                   server.URL + "/content",
		"another loopback address":                   "http://127.8.9.10" + port + "/content",
		"a name for loopback":                        "http://localhost" + port + "/content",
		"loopback of IPv6":                           "http://[::1]" + port + "/content",
		"loopback in an address of IPv6":             "http://[::ffff:127.0.0.1]" + port + "/content",
		"loopback by way of NAT64":                   "http://[64:ff9b::7f00:1]" + port + "/content",
		"no address at all":                          "http://0.0.0.0" + port + "/content",
		"no address of IPv6":                         "http://[::]" + port + "/content",
		"this host":                                  "http://0.1.2.3/content",
		"a link-local address":                       "http://169.254.1.1/",
		"a link-local address of IPv6":               "http://[fe80::1%25lo]/",
		"metadata of most clouds":                    "http://169.254.169.254/latest/meta-data/",
		"metadata in an address of IPv6":             "http://[::ffff:a9fe:a9fe]/",
		"metadata by way of NAT64":                   "http://[64:ff9b::a9fe:a9fe]/",
		"metadata of Amazon by IPv6":                 "http://[fd00:ec2::254]/",
		"metadata of Alibaba":                        "http://100.100.100.200/",
		"metadata of Azure":                          "http://168.63.129.16/",
		"a multicast address":                        "http://224.0.0.1/",
		"an address in numbers, which no one writes": "http://2130706433" + port + "/content",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ingest.Locations{Timeout: 5 * time.Second}.Fetch(t.Context(), location)
			var failed *ingest.Error
			require.ErrorAs(t, err, &failed)
			if !strings.Contains(location, "2130706433") { // which no resolver takes for an address
				assert.Equal(t, ingest.Denied, failed.Kind, err)
				assert.ErrorContains(t, err, "may not lead to")
			}
		})
	}
	t.Run("a redirect", func(t *testing.T) {
		for _, to := range []string{"http://127.0.0.2", "http://169.254.169.254", "http://[::1]"} {
			_, err := ingest.Locations{Allow: here}.Fetch(t.Context(), server.URL+"/away?to="+to)
			assert.ErrorContains(t, err, "may not lead to", to)
		}
	})
}

func TestFetchingALocationFailsWithAKindAndAdvice(t *testing.T) {
	server := contents(t)
	for name, test := range map[string]struct {
		location, path string
		kind           ingest.Kind
	}{
		"a content above the limit":               {server.URL, "/large", ingest.TooLarge},
		"a content above the limit once unpacked": {server.URL, "/packed", ingest.TooLarge},
		"a server that does not answer in time":   {server.URL, "/slow", ingest.Unreachable},
		"redirects in a circle":                   {server.URL, "/round", ingest.Unreachable},
		"nothing there":                           {server.URL, "/none", ingest.NotFound},
		"a file":                                  {"file://", "/etc/hosts", ingest.Malformed},
		"no address":                              {"", "content", ingest.Malformed},
		"an address that can't be read":           {"http://[::1", "/x", ingest.Malformed},
	} {
		t.Run(name, func(t *testing.T) {
			location := strings.Replace(test.location, "http://127", "http://user:hunter2@127", 1) + test.path + "?token=hunter2"
			locations := ingest.Locations{Allow: here, Limit: 100}
			if test.path == "/slow" {
				locations.Timeout = 100 * time.Millisecond
			}
			_, err := locations.Fetch(t.Context(), location)
			var failed *ingest.Error
			require.ErrorAs(t, err, &failed)
			assert.Equal(t, test.kind, failed.Kind, err)
			assert.NotEmpty(t, failed.Advice)
			assert.NotContains(t, err.Error(), "hunter2")
			assert.Contains(t, err.Error(), "fetch ")
		})
	}
}
