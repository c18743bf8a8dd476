package redfish_test

import (
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/drivers"
	"drydock/drivers/oob/redfish"
)

// TestBodies are answers that no client should trip over.
func TestBodies(t *testing.T) {
	serve := func(t *testing.T, at string, answer http.HandlerFunc, change ...func(*redfish.Config)) (*service, *redfish.Driver) {
		s := newService(t)
		inner := s.Config.Handler
		s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == at {
				answer(w, r)
				return
			}
			inner.ServeHTTP(w, r)
		})
		return s, driverFor(t, s, change...)
	}
	t.Run("chunks that come slowly are put together", func(t *testing.T) {
		s, d := serve(t, "/redfish/v1/Managers/bmc", func(w http.ResponseWriter, _ *http.Request) {
			for _, part := range []string{`{"Firmware`, `Version":`, `"9.9`, `.9"}`} {
				_, _ = w.Write([]byte(part))
				w.(http.Flusher).Flush()
			}
		})
		rep, err := d.InterrogateOob(short(t), callFor(s))
		require.NoError(t, err)
		assert.Equal(t, "9.9.9", rep.Build.OOB.BMCVersion)
	})
	t.Run("a body that never ends is read to a bound", func(t *testing.T) {
		var sent int
		s, d := serve(t, "/redfish/v1/Managers/bmc", func(w http.ResponseWriter, _ *http.Request) {
			block := []byte(strings.Repeat(" ", 1<<20))
			for sent = 0; sent < 64; sent++ {
				if _, err := w.Write(block); err != nil {
					return
				}
			}
		}, func(c *redfish.Config) { c.Timeout = time.Minute })
		rep, err := d.InterrogateOob(short(t), callFor(s))
		require.NoError(t, err)
		assert.Contains(t, words(rep), "fails to report the firmware version")
		s.Close() // waits for the handler
		assert.Less(t, sent, 32)
	})
	t.Run("a body that stops in the middle fails in the time of a request", func(t *testing.T) {
		s, d := serve(t, "/redfish/v1/Systems", func(w http.ResponseWriter, r *http.Request) {
			_, _ = w.Write([]byte(`{"Members":`))
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		})
		_, err := d.InterrogateOob(short(t), callFor(s))
		requireFault(t, drivers.Unreachable, "did not answer within 1s", err)
	})
	t.Run("HTML in place of JSON is said to be no JSON", func(t *testing.T) {
		s, d := serve(t, "/redfish/v1/Systems", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte("<html>Welcome to the BMC</html>"))
		})
		_, err := d.InterrogateOob(short(t), callFor(s))
		requireFault(t, drivers.Internal, "no JSON", err)
	})
	t.Run("a redirect at the same host is followed, also by a write", func(t *testing.T) {
		s, d := serve(t, "/redfish/v1/Systems", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/redfish/v1/Systems/", http.StatusTemporaryRedirect)
		})
		_, err := d.PowerOnNode(short(t), callFor(s))
		require.NoError(t, err)
	})
}

// TestDeadBMCsAreKnownInTheConnectTime are BMCs that take connections and say nothing, as a stopped process does; the time
// for a request is far longer.
func TestDeadBMCsAreKnownInTheConnectTime(t *testing.T) {
	const connect = 250 * time.Millisecond
	mute, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer mute.Close()
	hangs := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer hangs.Close()
	for _, c := range []struct{ name, address, scheme string }{
		{"silent in the handshake of TLS", mute.Addr().String(), "https"},
		{"silent without TLS", mute.Addr().String(), "http"},
		{"silent after the handshake", hangs.Listener.Addr().String(), "https"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, err := redfish.New(redfish.Config{
				Addresses: map[string]string{bmcAddress: c.address}, Scheme: c.scheme, Insecure: true, ConnectTimeout: connect, Timeout: time.Minute,
			})
			require.NoError(t, err)
			start := time.Now()
			_, err = d.InterrogateOob(short(t), callFor(&service{account: "root", password: "x"}))
			requireFault(t, drivers.Unreachable, "", err)
			assert.Less(t, time.Since(start), 4*connect)
			require.NoError(t, d.Close())
		})
	}
	t.Run("a request after the login may take its time", func(t *testing.T) {
		s := newService(t)
		inner := s.Config.Handler
		s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/redfish/v1/Systems" {
				<-time.After(2 * connect)
			}
			inner.ServeHTTP(w, r)
		})
		_, err := driverFor(t, s, func(c *redfish.Config) { c.ConnectTimeout, c.Timeout = connect, 10*time.Second }).InterrogateOob(short(t), callFor(s))
		require.NoError(t, err)
	})
}

func TestTLSThatIsTooOldIsNamed(t *testing.T) {
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.Config.ErrorLog = quiet
	s.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
	s.StartTLS()
	defer s.Close()
	d, err := redfish.New(redfish.Config{Addresses: map[string]string{bmcAddress: s.Listener.Addr().String()}, Insecure: true})
	require.NoError(t, err)
	_, err = d.InterrogateOob(short(t), callFor(&service{account: "root", password: "x"}))
	requireFault(t, drivers.NotSupported, "TLS 1.2", err)
	require.NoError(t, d.Close())
}
