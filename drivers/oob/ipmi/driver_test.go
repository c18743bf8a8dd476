package ipmi_test

import (
	"context"
	"net/netip"
	"testing"
	"time"

	refbmc "github.com/bougou/go-ipmi/pkg/bmc"
	"github.com/bougou/go-ipmi/pkg/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/design"
	"drydock/design/build"
	"drydock/drivers"
	"drydock/drivers/conformance"
	"drydock/drivers/oob/bmc"
	"drydock/drivers/oob/ipmi"
)

const bmcAddress = "10.0.9.8"

func driverAt(t *testing.T, address string, change ...func(*ipmi.Config)) *ipmi.Driver {
	t.Helper()
	config := ipmi.Config{
		Addresses: map[string]string{bmcAddress: address}, Timeout: 200 * time.Millisecond, Retries: 2, Gap: time.Millisecond,
		PollInterval: 5 * time.Millisecond, PowerTimeout: 2 * time.Second, GracefulTimeout: 100 * time.Millisecond, SettleTimeout: 60 * time.Millisecond,
	}
	for _, c := range change {
		c(&config)
	}
	d, err := ipmi.New(config)
	require.NoError(t, err)
	return d
}

func callWith(secret string) drivers.NodeCall {
	node := &design.Node{
		Name: "n8", HardwareProfile: &design.HardwareProfile{Name: "hw", BootMode: "uefi"},
		OOB:       design.OOB{Type: "ipmi", Account: account, Credential: design.Secret(secret), Network: "oob", Parameters: map[string]string{}},
		Addresses: []design.Address{{Network: "oob", IP: netip.MustParseAddr(bmcAddress)}},
	}
	return drivers.NodeCall{Site: &design.Site{Name: "harbor", Nodes: []*design.Node{node}}, Node: node, Journal: conformance.NewJournal()}
}

func short(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func (r *reference) target(t *testing.T) conformance.OOBTarget {
	return conformance.OOBTarget{
		Driver: driverAt(t, r.address), Call: callWith(password),
		Power:    func() (on bool) { r.do(func() { on = r.on }); return on },
		SetPower: func(on bool) { r.do(func() { r.on = on }) },
		Starts:   func() (n int) { r.do(func() { n = r.starts }); return n },
		Boot: func() (b drivers.BootTarget) {
			r.do(func() {
				if r.flags.BootDeviceSelector != 0 {
					b.Device = map[types.BootDeviceSelector]drivers.BootDevice{1: drivers.BootPXE, 2: drivers.BootDisk}[r.flags.BootDeviceSelector]
					b.Once = !r.flags.Persist
				}
			})
			return b
		},
		Sessions: r.bmc.Sessions.Count,
		Logins: func() int {
			r.wire.mu.Lock()
			defer r.wire.mu.Unlock()
			return r.wire.rakp1
		},
		LoseNextAnswer: func() {
			var before int
			r.do(func() { before = len(r.controls) })
			r.wire.mu.Lock()
			defer r.wire.mu.Unlock()
			r.wire.loseAfter = func() (lose bool) {
				r.do(func() { lose = len(r.controls) > before })
				return lose
			}
		},
		Silence: func() {
			r.wire.mu.Lock()
			defer r.wire.mu.Unlock()
			r.wire.silent = true
		},
		SilentWithin: 4 * time.Second,
	}
}

func TestContract(t *testing.T) {
	for name, prepare := range map[string]func(*reference){
		"the reference BMC":                     func(*reference) {},
		"a BMC with slow power":                 func(r *reference) { r.delay = 20 * time.Millisecond },
		"a BMC with a restart cause":            func(r *reference) { r.cause = 0x03 },
		"a BMC that keeps the boot device only": func(r *reference) { r.keepBits = 0 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conformance.OOB(t, func(t *testing.T) conformance.OOBTarget {
				r := newReference(t, options{})
				r.do(func() { prepare(r) })
				o := r.target(t)
				if name != "the reference BMC" {
					o.Silence = nil // silence is the same everywhere, and takes its time
				}
				return o
			})
		})
	}
}

func TestNoSessionIsLeftBehind(t *testing.T) {
	r := newReference(t, options{})
	d := driverAt(t, r.address)
	for range 2 * refbmc.MaxSessions { // more calls than the BMC has sessions
		_, err := d.InterrogateOob(short(t), callWith(password))
		require.NoError(t, err)
	}
	assert.Equal(t, 1, r.wire.opens(), "one session serves all calls")

	ctx, cancel := context.WithCancel(short(t))
	j := conformance.NewJournal()
	j.OnNote(func(string, string) error { cancel(); return nil })
	r.do(func() { r.on = true })
	call := callWith(password)
	call.Journal = j
	_, err := d.PowerCycleNode(ctx, call)
	require.ErrorIs(t, err, context.Canceled)
	require.Eventually(t, func() bool { return r.bmc.Sessions.Count() == 0 }, time.Second, 5*time.Millisecond, "after a cancelled call")

	_, err = d.InterrogateOob(short(t), callWith(password))
	require.NoError(t, err)
	require.NoError(t, d.Close())
	assert.Zero(t, r.bmc.Sessions.Count(), "after the driver was closed")
}

func TestSuitesAreTriedAndRemembered(t *testing.T) {
	for _, c := range []struct {
		name   string
		offers []types.CipherSuiteID
		class  drivers.Class
	}{
		{"only 17", []types.CipherSuiteID{17}, ""},
		{"only 3", []types.CipherSuiteID{3}, ""},
		{"neither", []types.CipherSuiteID{1}, drivers.NotSupported},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newReference(t, options{suites: c.offers})
			d := driverAt(t, r.address, func(c *ipmi.Config) { c.Broker = bmc.NewBroker(bmc.Limits{Idle: -1}) })
			_, err := d.InterrogateOob(short(t), callWith(password))
			if c.class != "" {
				require.Error(t, err)
				assert.Equal(t, c.class, drivers.ClassOf(err), err.Error())
				return
			}
			require.NoError(t, err)
			first := r.wire.opens()
			_, err = d.InterrogateOob(short(t), callWith(password))
			require.NoError(t, err)
			assert.Equal(t, first+1, r.wire.opens(), "the suite that worked is tried first and alone")
		})
	}
}

func TestSuiteThatGetsNoAnswerIsFollowedByTheNext(t *testing.T) {
	r := newReference(t, options{})
	r.wire.mu.Lock()
	r.wire.deafTo = types.AuthAlg_HMAC_SHA256 // that of suite 17
	r.wire.mu.Unlock()
	_, err := driverAt(t, r.address).InterrogateOob(short(t), callWith(password))
	require.NoError(t, err)
}

func TestConfigurationIsChecked(t *testing.T) {
	for name, config := range map[string]ipmi.Config{
		"cipher suite 0":                       {CipherSuites: []int{17, 0}},
		"a cipher suite that does not encrypt": {CipherSuites: []int{2}},
		"a cipher suite that there is not":     {CipherSuites: []int{99}},
		"a privilege level that there is not":  {Privilege: "god"},
	} {
		_, err := ipmi.New(config)
		assert.Error(t, err, name)
	}
}

func TestFailuresToLogInAreToldApart(t *testing.T) {
	for _, c := range []struct {
		name    string
		options options
		prepare func(*testing.T, *reference, *drivers.NodeCall)
		class   drivers.Class
		text    string
	}{
		{name: "a wrong password", prepare: func(_ *testing.T, _ *reference, call *drivers.NodeCall) { call.Node.OOB.Credential = "other" },
			class: drivers.AuthFailed, text: "account or password is wrong"},
		{name: "an unknown account", prepare: func(_ *testing.T, _ *reference, call *drivers.NodeCall) { call.Node.OOB.Account = "nobody" },
			class: drivers.AuthFailed, text: "account or password is wrong"},
		{name: "a level that the account does not have", options: options{privilege: refbmc.PrivilegeLevelOperator},
			prepare: func(*testing.T, *reference, *drivers.NodeCall) {}, class: drivers.AuthFailed, text: "level"},
		{name: "a level that there is not", prepare: func(_ *testing.T, _ *reference, call *drivers.NodeCall) {
			call.Node.OOB.Parameters[ipmi.PrivilegeParameter] = "god"
		}, class: drivers.InvalidDesign, text: "god"},
		{name: "an account that is too long", prepare: func(_ *testing.T, _ *reference, call *drivers.NodeCall) {
			call.Node.OOB.Account = "12345678901234567"
		}, class: drivers.InvalidDesign, text: "too long"},
		{name: "a full session table", prepare: func(t *testing.T, r *reference, _ *drivers.NodeCall) {
			for range refbmc.MaxSessions {
				s, err := r.bmc.Sessions.Allocate(1, types.AuthAlg_HMAC_SHA256, types.IntegrityAlg_HMAC_SHA256_128, types.CryptAlg_AES_CBC_128, 4, 1)
				require.NoError(t, err)
				require.NoError(t, r.bmc.Sessions.Activate(s.BMCID))
			}
		}, class: drivers.Busy, text: "no free session"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newReference(t, c.options)
			call := callWith(password)
			c.prepare(t, r, &call)
			_, err := driverAt(t, r.address).PowerOnNode(short(t), call)
			require.Error(t, err)
			assert.Equal(t, c.class, drivers.ClassOf(err), err.Error())
			assert.ErrorContains(t, err, c.text)
			assert.NotContains(t, err.Error(), call.Node.OOB.Credential.Reveal())
			r.do(func() { assert.False(t, r.on) })
		})
	}
}

func TestOfALongCredentialTheFirst20BytesAreUsedAndSaidSo(t *testing.T) {
	const long = "twenty-bytes-of-this-and-more-than-that"
	r := newReference(t, options{password: long[:20]})
	rep, err := driverAt(t, r.address).InterrogateOob(short(t), callWith(long))
	require.NoError(t, err)
	last := rep.Messages[len(rep.Messages)-1]
	assert.True(t, drivers.IsWarning(last), last)
	assert.Contains(t, last, "39 bytes")
	assert.NotContains(t, last, long[:20])
}

func TestOperatorAccountWorksWhenTheDesignSaysSo(t *testing.T) {
	r := newReference(t, options{privilege: refbmc.PrivilegeLevelOperator})
	call := callWith(password)
	call.Node.OOB.Parameters[ipmi.PrivilegeParameter] = "operator"
	rep, err := driverAt(t, r.address).PowerOnNode(short(t), call)
	require.NoError(t, err)
	assert.Equal(t, drivers.Changed, rep.Outcome)
}

func TestClosedPortIsUnreachable(t *testing.T) {
	_, err := driverAt(t, "127.0.0.1:1").InterrogateOob(short(t), callWith(password))
	require.Error(t, err)
	assert.Equal(t, drivers.Unreachable, drivers.ClassOf(err), err.Error())
	assert.ErrorContains(t, err, bmcAddress)
}

func TestInterrogationFillsTheBuildModel(t *testing.T) {
	r := newReference(t, options{})
	r.do(func() { r.on = true })
	rep, err := driverAt(t, r.address).InterrogateOob(short(t), callWith(password))
	require.NoError(t, err)
	assert.Equal(t, build.Identity{
		Serial: "SN-4711", UUID: "a1b2c3d4-0000-4000-8000-0242ac110002", Manufacturer: "Contoso", Model: "3500RX", BMCAddress: bmcAddress,
	}, rep.Build.Identity)
	assert.Equal(t, "2.14", rep.Build.OOB.BMCVersion)
	assert.Equal(t, "OK", rep.Build.OOB.Health)
}

func TestCycleTakesAnotherWayWhereOneIsMissing(t *testing.T) {
	const cycle, reset, down, up = 2, 3, 0, 1
	for _, c := range []struct {
		name  string
		codes []types.CompletionCode
		want  []byte
	}{
		{"cycle when it is there", nil, []byte{cycle}},
		{"reset when cycle is missing", []types.CompletionCode{types.CodeRequestDataFieldInvalid}, []byte{reset}},
		{"down and up when both are missing", []types.CompletionCode{types.CodeRequestDataFieldInvalid, types.CodeParameterOutOfRange}, []byte{down, up}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newReference(t, options{})
			r.do(func() { r.on = true })
			r.do(func() { r.codes[types.CommandChassisControl.ID] = c.codes })
			_, err := driverAt(t, r.address).PowerCycleNode(short(t), callWith(password))
			require.NoError(t, err)
			r.do(func() {
				assert.Equal(t, c.want, r.controls)
				assert.Equal(t, 1, r.starts)
				assert.True(t, r.on)
			})
		})
	}
}

func TestRefusedCycleMayBeSentAgainAndAnUnclearOneNot(t *testing.T) {
	for _, c := range []struct {
		name   string
		code   types.CompletionCode
		starts int
	}{
		{"busy", types.CodeNodeBusy, 1},
		{"not in the present state", types.CodeNotSupported, 1},
		{"unspecified error", types.CodeUnspecifiedError, 0},
		{"timeout", types.CodeProcessTimeout, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newReference(t, options{})
			r.do(func() { r.on = true })
			r.do(func() { r.codes[types.CommandChassisControl.ID] = []types.CompletionCode{c.code} })
			d, call := driverAt(t, r.address), callWith(password)
			_, err := d.PowerCycleNode(short(t), call)
			require.Error(t, err)
			assert.Equal(t, drivers.Retry, drivers.ClassOf(err).Disposition(), err.Error())
			rep, err := d.PowerCycleNode(short(t), call)
			require.NoError(t, err)
			assert.Equal(t, drivers.Changed, rep.Outcome)
			r.do(func() { assert.Equal(t, c.starts, r.starts, "%v", rep.Messages) })
		})
	}
}

func TestLostCycleThatProvablyDidNotHappenIsSentAgain(t *testing.T) {
	r := newReference(t, options{})
	r.do(func() { r.on, r.cause = true, 0x03 })
	d, call := driverAt(t, r.address), callWith(password)
	call.Boot = drivers.BootTarget{Device: drivers.BootPXE, Once: true}
	_, err := d.SetNodeBoot(short(t), call)
	require.NoError(t, err)
	r.do(func() { r.codes[types.CommandChassisControl.ID] = []types.CompletionCode{types.CodeUnspecifiedError} })
	_, err = d.PowerCycleNode(short(t), call)
	require.Error(t, err)
	_, err = d.PowerCycleNode(short(t), call)
	require.NoError(t, err)
	r.do(func() {
		assert.Equal(t, 1, r.starts, "flags for one boot still wait and the restart cause is the old one")
	})
}

func TestBootFlagsOnTheWire(t *testing.T) {
	for _, c := range []struct {
		name string
		mode string
		boot drivers.BootTarget
		want string
	}{
		{"network once with UEFI", "uefi", drivers.BootTarget{Device: drivers.BootPXE, Once: true}, "a004000000"},
		{"network once with BIOS", "bios", drivers.BootTarget{Device: drivers.BootPXE, Once: true}, "8004000000"},
		{"disk for good with UEFI", "uefi", drivers.BootTarget{Device: drivers.BootDisk}, "e008000000"},
		{"disk once without a mode keeps the mode of the BMC", "", drivers.BootTarget{Device: drivers.BootDisk, Once: true}, "a008000000"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newReference(t, options{})
			if c.mode == "" {
				r.do(func() { r.flags.BIOSBootType = types.BIOSBootTypeEFI })
			}
			call := callWith(password)
			call.Node.HardwareProfile.BootMode = c.mode
			call.Boot = c.boot
			_, err := driverAt(t, r.address).SetNodeBoot(short(t), call)
			require.NoError(t, err)
			r.do(func() { assert.Equal(t, c.want, hexOf(r.flags.Pack())) })
		})
	}
}

func TestBootFlagsThatReadBackOtherwise(t *testing.T) {
	for _, c := range []struct {
		name  string
		keeps byte
		boot  drivers.BootTarget
		class drivers.Class
	}{
		{"the persistent bit is dropped", 0xff &^ 0x40, drivers.BootTarget{Device: drivers.BootDisk}, drivers.NotSupported},
		{"the EFI bit is dropped", 0xff &^ 0x20, drivers.BootTarget{Device: drivers.BootDisk}, drivers.Conflict},
		{"only the device is kept", 0, drivers.BootTarget{Device: drivers.BootDisk}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newReference(t, options{})
			r.do(func() { r.keepBits = c.keeps })
			call := callWith(password)
			call.Boot = c.boot
			rep, err := driverAt(t, r.address).SetNodeBoot(short(t), call)
			if c.class == "" {
				require.NoError(t, err)
				assert.Len(t, rep.Messages, 2, "it says what could not be compared")
				return
			}
			require.Error(t, err)
			assert.Equal(t, c.class, drivers.ClassOf(err), err.Error())
		})
	}
}

func TestBootFlagsAreSetAlthoughTheTimerCantBeStopped(t *testing.T) {
	r := newReference(t, options{})
	r.do(func() {
		r.codes[types.CommandSetSystemBootOptions.ID] = []types.CompletionCode{types.CodeParameterNotSupported, types.CodeUnspecifiedError}
	})
	call := callWith(password)
	call.Boot = drivers.BootTarget{Device: drivers.BootPXE, Once: true}
	_, err := driverAt(t, r.address).SetNodeBoot(short(t), call)
	require.NoError(t, err)
	r.do(func() { assert.Equal(t, "a004000000", hexOf(r.flags.Pack())) })
}
