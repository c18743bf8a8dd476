package bmclib_test

import (
	"context"
	"net"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/design"
	"drydock/design/build"
	"drydock/drivers"
	"drydock/drivers/conformance"
	"drydock/drivers/oob/bmc"
	"drydock/drivers/oob/bmclib"
)

const (
	account  = "provisioner"
	password = "n0t-a-real-secret"
)

func config(server *httptest.Server) bmclib.Config {
	return bmclib.Config{
		Broker: bmc.NewBroker(bmc.Limits{Idle: -1}), Provider: "gofish", Addresses: map[string]string{"10.0.0.1": server.Listener.Addr().String()},
		Insecure: true, ConnectTimeout: time.Second, Timeout: 2 * time.Second, PollInterval: 2 * time.Millisecond, PowerTimeout: 300 * time.Millisecond,
		GracefulTimeout: 20 * time.Millisecond, SettleTimeout: 20 * time.Millisecond, ReadBackTimeout: 20 * time.Millisecond,
	}
}

func call() drivers.NodeCall {
	return drivers.NodeCall{Journal: conformance.NewJournal(), Node: &design.Node{Name: "n1",
		OOB:       design.OOB{Type: design.OOBRedfish, Account: account, Credential: password, Network: "bmc"},
		Addresses: []design.Address{{Network: "bmc", IP: netip.MustParseAddr("10.0.0.1")}}}}
}

func newDriver(t *testing.T, c bmclib.Config) *bmclib.Driver {
	d, err := bmclib.New(c)
	require.NoError(t, err)
	t.Cleanup(func() { _ = d.Close() })
	return d
}

func TestCertificatesAreVerifiedUnlessTheConfigurationSaysOtherwise(t *testing.T) {
	s := &service{power: "On"}
	server := serve(t, s)
	c := config(server)
	c.Insecure = false
	_, err := newDriver(t, c).InterrogateOob(t.Context(), call())
	require.ErrorContains(t, err, "is not trusted")
	assert.Equal(t, drivers.Conflict, drivers.ClassOf(err))
	assert.Zero(t, s.logins, "no password was sent to it")

	c.Fingerprints = map[string]string{"10.0.0.1": strings.Repeat("ab", 32)}
	_, err = newDriver(t, c).InterrogateOob(t.Context(), call())
	require.ErrorContains(t, err, "which is not the configured one")
	assert.Zero(t, s.logins)
}

func TestAnotherMachineIsLeftAlone(t *testing.T) {
	s := &service{power: "On"}
	d := newDriver(t, config(serve(t, s)))
	rep, err := d.InterrogateOob(t.Context(), call())
	require.NoError(t, err)
	assert.Equal(t, "SN-0001", rep.Build.Identity.Serial)
	assert.Equal(t, "Acme", rep.Build.Identity.Manufacturer)
	other := call()
	other.Build.Identity = build.Identity{Serial: "SN-0002"}
	for name, act := range map[string]func(context.Context, drivers.NodeCall) (drivers.Report, error){
		"cycle": d.PowerCycleNode, "off": d.PowerOffNode, "interrogate": d.InterrogateOob,
	} {
		_, err := act(t.Context(), other)
		require.Error(t, err, name)
		assert.Equal(t, drivers.Conflict, drivers.ClassOf(err), name)
	}
	assert.Empty(t, s.seen())
	assert.Zero(t, s.sessions, "no session is left")
}

func TestAnAnswerIsNotTakenForADeed(t *testing.T) {
	t.Run("an override that was taken and not stored is a failure", func(t *testing.T) {
		c := call()
		c.Boot = drivers.BootTarget{Device: drivers.BootPXE, Once: true}
		_, err := newDriver(t, config(serve(t, &service{power: "Off", forgets: true}))).SetNodeBoot(t.Context(), c)
		require.ErrorContains(t, err, "reads back")
		assert.Equal(t, drivers.Internal, drivers.ClassOf(err))
	})
	t.Run("a machine that does not start is waited for", func(t *testing.T) {
		s := &service{power: "Off", deaf: true}
		_, err := newDriver(t, config(serve(t, s))).PowerOnNode(t.Context(), call())
		require.ErrorContains(t, err, "the machine is not on")
		assert.Equal(t, drivers.NotReady, drivers.ClassOf(err))
		assert.Equal(t, []string{"On"}, s.seen())
	})
	t.Run("a shutdown that the provider calls failed after it succeeded is read from the power", func(t *testing.T) {
		s := &service{power: "On"}
		rep, err := newDriver(t, config(serve(t, s))).PowerOffNode(t.Context(), call())
		require.NoError(t, err)
		assert.Contains(t, rep.Messages[0], "shut down")
		assert.Equal(t, []string{"GracefulShutdown"}, s.seen())
	})
	t.Run("a shutdown that comes to nothing is followed by a cut, once each", func(t *testing.T) {
		s := &service{power: "On", deaf: true}
		_, err := newDriver(t, config(serve(t, s))).PowerOffNode(t.Context(), call())
		assert.Equal(t, drivers.NotReady, drivers.ClassOf(err))
		assert.Equal(t, []string{"GracefulShutdown", "ForceOff"}, s.seen())
	})
}

func TestARefusedLoginIsTriedOnceAndQuotesNoPassword(t *testing.T) {
	s := &service{power: "On"}
	c := call()
	c.Node.OOB.Credential = "Wr0ng-horse"
	_, err := newDriver(t, config(serve(t, s))).PowerCycleNode(t.Context(), c)
	require.Error(t, err)
	assert.Equal(t, drivers.AuthFailed, drivers.ClassOf(err))
	assert.NotContains(t, err.Error(), "Wr0ng-horse")
	assert.Equal(t, 1, s.logins)
}

func TestASilentBMCIsKnownInTime(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and says nothing
	require.NoError(t, err)
	defer listener.Close()
	d := newDriver(t, bmclib.Config{Provider: "gofish", Addresses: map[string]string{"10.0.0.1": listener.Addr().String()}, Timeout: 100 * time.Millisecond})
	start := time.Now()
	_, err = d.PowerOffNode(t.Context(), call())
	require.Error(t, err)
	assert.Equal(t, drivers.Unreachable, drivers.ClassOf(err))
	assert.Less(t, time.Since(start), 5*time.Second)
}

func TestOneProviderIsChosenAndNoOtherProtocolTried(t *testing.T) {
	s := &service{power: "On"}
	server := serve(t, s)
	c := config(server)
	d := newDriver(t, c)
	assert.NotContains(t, d.Lacks(), drivers.SetNodeBoot)
	for name, provider := range map[string]string{"ipmitool": "ipmitool", "Intel AMT": "intelamt", "Dell": "dell"} {
		t.Run("no boot override that can't be read back: "+name, func(t *testing.T) {
			own := call()
			own.Boot = drivers.BootTarget{Device: drivers.BootPXE}
			own.Node.OOB.Parameters = map[string]string{bmclib.ProviderParameter: provider}
			rep, err := d.SetNodeBoot(t.Context(), own)
			require.NoError(t, err)
			assert.Equal(t, drivers.Unsupported, rep.Outcome)
			assert.NotEmpty(t, rep.Messages)
			assert.Zero(t, s.logins)
		})
	}
	own := call()
	own.Node.OOB.Parameters = map[string]string{bmclib.ProviderParameter: "abacus"}
	_, err := d.InterrogateOob(t.Context(), own)
	require.ErrorContains(t, err, `there is no provider "abacus"`)
	assert.Equal(t, drivers.InvalidDesign, drivers.ClassOf(err))
}

func TestConfigurationsThatAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		config bmclib.Config
		says   string
	}{
		"no provider":                      {bmclib.Config{}, "there are: asrockrack"},
		"a provider that verifies nothing": {bmclib.Config{Provider: "intelamt"}, "allow it by insecure"},
		"cipher suite 0":                   {bmclib.Config{Provider: "ipmitool", CipherSuites: []int{17, 0}}, "cipher suite 0"},
		"a CA file that is not there":      {bmclib.Config{Provider: "gofish", CAFile: "/nonexistent"}, "read CA file"},
		"a fingerprint that is none":       {bmclib.Config{Provider: "gofish", Fingerprints: map[string]string{"10.0.0.1": "ab"}}, "no SHA-256"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := bmclib.New(c.config)
			require.ErrorContains(t, err, "configure bmclib")
			require.ErrorContains(t, err, c.says)
		})
	}
	t.Run("a variable that has bmclib print passwords", func(t *testing.T) {
		t.Setenv("DEBUG_BMCLIB", "true")
		_, err := bmclib.New(bmclib.Config{Provider: "gofish"})
		require.ErrorContains(t, err, "DEBUG_BMCLIB")
	})
}
