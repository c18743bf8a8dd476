package ipmi_test

import (
	"context"
	"encoding/hex"
	"testing"
	"time"

	refbmc "github.com/bougou/go-ipmi/pkg/bmc"
	"github.com/bougou/go-ipmi/pkg/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/design/build"
	"drydock/drivers"
	"drydock/drivers/conformance"
	"drydock/drivers/oob/bmc"
	"drydock/drivers/oob/ipmi"
	"drydock/drivers/oob/ipmi/ipmitest"
)

func short(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func TestContract(t *testing.T) {
	for name, prepare := range map[string]func(*ipmitest.Reference){
		"the reference BMC":                     func(*ipmitest.Reference) {},
		"a BMC with slow power":                 func(r *ipmitest.Reference) { r.Delay = 20 * time.Millisecond },
		"a BMC with a restart cause":            func(r *ipmitest.Reference) { r.Cause = 0x03 },
		"a BMC that keeps the boot device only": func(r *ipmitest.Reference) { r.KeepBits = 0 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conformance.OOB(t, func(t *testing.T) conformance.OOBTarget {
				r := ipmitest.NewReference(t, ipmitest.Options{})
				r.Do(func() { prepare(r) })
				o := r.Target(ipmitest.Driver(t, r.Address))
				if name != "the reference BMC" {
					o.Silence = nil // silence is the same everywhere, and takes its time
				}
				return o
			})
		})
	}
}

// TestContractWithAPoorBMC is for BMCs that have few commands and one old cipher suite, as those of virtual machines.
func TestContractWithAPoorBMC(t *testing.T) {
	t.Parallel()
	conformance.OOB(t, func(t *testing.T) conformance.OOBTarget {
		r := ipmitest.NewReference(t, ipmitest.Options{Poor: true, Suites: []types.CipherSuiteID{3}})
		o := r.Target(ipmitest.Driver(t, r.Address))
		o.Silence = nil // as everywhere
		return o
	})
}

func TestNoSessionIsLeftBehind(t *testing.T) {
	r := ipmitest.NewReference(t, ipmitest.Options{})
	d := ipmitest.Driver(t, r.Address)
	for range 2 * refbmc.MaxSessions { // more calls than the BMC has sessions
		_, err := d.InterrogateOob(short(t), ipmitest.Call(ipmitest.Password))
		require.NoError(t, err)
	}
	assert.Equal(t, 1, r.Wire.Opens(), "one session serves all calls")

	ctx, cancel := context.WithCancel(short(t))
	j := conformance.NewJournal()
	j.OnNote(func(string, string) error { cancel(); return nil })
	r.Do(func() { r.On = true })
	call := ipmitest.Call(ipmitest.Password)
	call.Journal = j
	_, err := d.PowerCycleNode(ctx, call)
	require.ErrorIs(t, err, context.Canceled)
	require.Eventually(t, func() bool { return r.BMC.Sessions.Count() == 0 }, time.Second, 5*time.Millisecond, "after a cancelled call")

	_, err = d.InterrogateOob(short(t), ipmitest.Call(ipmitest.Password))
	require.NoError(t, err)
	require.NoError(t, d.Close())
	assert.Zero(t, r.BMC.Sessions.Count(), "after the driver was closed")
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
			r := ipmitest.NewReference(t, ipmitest.Options{Suites: c.offers})
			d := ipmitest.Driver(t, r.Address, func(c *ipmi.Config) { c.Broker = bmc.NewBroker(bmc.Limits{Idle: -1}) })
			_, err := d.InterrogateOob(short(t), ipmitest.Call(ipmitest.Password))
			if c.class != "" {
				require.Error(t, err)
				assert.Equal(t, c.class, drivers.ClassOf(err), err.Error())
				return
			}
			require.NoError(t, err)
			first := r.Wire.Opens()
			_, err = d.InterrogateOob(short(t), ipmitest.Call(ipmitest.Password))
			require.NoError(t, err)
			assert.Equal(t, first+1, r.Wire.Opens(), "the suite that worked is tried first and alone")
		})
	}
}

func TestSuiteThatGetsNoAnswerIsFollowedByTheNext(t *testing.T) {
	r := ipmitest.NewReference(t, ipmitest.Options{})
	r.Wire.DeafTo(types.AuthAlg_HMAC_SHA256) // that of suite 17
	_, err := ipmitest.Driver(t, r.Address).InterrogateOob(short(t), ipmitest.Call(ipmitest.Password))
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
		options ipmitest.Options
		prepare func(*testing.T, *ipmitest.Reference, *drivers.NodeCall)
		class   drivers.Class
		text    string
	}{
		{name: "a wrong password", prepare: func(_ *testing.T, _ *ipmitest.Reference, call *drivers.NodeCall) { call.Node.OOB.Credential = "other" },
			class: drivers.AuthFailed, text: "account or password is wrong"},
		{name: "an unknown account", prepare: func(_ *testing.T, _ *ipmitest.Reference, call *drivers.NodeCall) { call.Node.OOB.Account = "nobody" },
			class: drivers.AuthFailed, text: "account or password is wrong"},
		{name: "a level that the account does not have", options: ipmitest.Options{Privilege: refbmc.PrivilegeLevelOperator},
			prepare: func(*testing.T, *ipmitest.Reference, *drivers.NodeCall) {}, class: drivers.AuthFailed, text: "level"},
		{name: "a level that there is not", prepare: func(_ *testing.T, _ *ipmitest.Reference, call *drivers.NodeCall) {
			call.Node.OOB.Parameters[ipmi.PrivilegeParameter] = "god"
		}, class: drivers.InvalidDesign, text: "god"},
		{name: "an account that is too long", prepare: func(_ *testing.T, _ *ipmitest.Reference, call *drivers.NodeCall) {
			call.Node.OOB.Account = "12345678901234567"
		}, class: drivers.InvalidDesign, text: "too long"},
		{name: "a full session table", prepare: func(t *testing.T, r *ipmitest.Reference, _ *drivers.NodeCall) {
			for range refbmc.MaxSessions {
				s, err := r.BMC.Sessions.Allocate(1, types.AuthAlg_HMAC_SHA256, types.IntegrityAlg_HMAC_SHA256_128, types.CryptAlg_AES_CBC_128, 4, 1)
				require.NoError(t, err)
				require.NoError(t, r.BMC.Sessions.Activate(s.BMCID))
			}
		}, class: drivers.Busy, text: "no free session"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := ipmitest.NewReference(t, c.options)
			call := ipmitest.Call(ipmitest.Password)
			c.prepare(t, r, &call)
			_, err := ipmitest.Driver(t, r.Address).PowerOnNode(short(t), call)
			require.Error(t, err)
			assert.Equal(t, c.class, drivers.ClassOf(err), err.Error())
			assert.ErrorContains(t, err, c.text)
			assert.NotContains(t, err.Error(), call.Node.OOB.Credential.Reveal())
			r.Do(func() { assert.False(t, r.On) })
		})
	}
}

func TestOfALongCredentialTheFirst20BytesAreUsedAndSaidSo(t *testing.T) {
	const long = "twenty-bytes-of-this-and-more-than-that"
	r := ipmitest.NewReference(t, ipmitest.Options{Password: long[:20]})
	rep, err := ipmitest.Driver(t, r.Address).InterrogateOob(short(t), ipmitest.Call(long))
	require.NoError(t, err)
	last := rep.Messages[len(rep.Messages)-1]
	assert.True(t, drivers.IsWarning(last), last)
	assert.Contains(t, last, "39 bytes")
	assert.NotContains(t, last, long[:20])
}

func TestOperatorAccountWorksWhenTheDesignSaysSo(t *testing.T) {
	r := ipmitest.NewReference(t, ipmitest.Options{Privilege: refbmc.PrivilegeLevelOperator})
	call := ipmitest.Call(ipmitest.Password)
	call.Node.OOB.Parameters[ipmi.PrivilegeParameter] = "operator"
	rep, err := ipmitest.Driver(t, r.Address).PowerOnNode(short(t), call)
	require.NoError(t, err)
	assert.Equal(t, drivers.Changed, rep.Outcome)
}

func TestClosedPortIsUnreachable(t *testing.T) {
	_, err := ipmitest.Driver(t, "127.0.0.1:1").InterrogateOob(short(t), ipmitest.Call(ipmitest.Password))
	require.Error(t, err)
	assert.Equal(t, drivers.Unreachable, drivers.ClassOf(err), err.Error())
	assert.ErrorContains(t, err, ipmitest.BMCAddress)
}

func TestInterrogationFillsTheBuildModel(t *testing.T) {
	r := ipmitest.NewReference(t, ipmitest.Options{})
	r.Do(func() { r.On = true })
	rep, err := ipmitest.Driver(t, r.Address).InterrogateOob(short(t), ipmitest.Call(ipmitest.Password))
	require.NoError(t, err)
	assert.Equal(t, build.Identity{
		Serial: "SN-4711", UUID: "a1b2c3d4-0000-4000-8000-0242ac110002", Manufacturer: "Contoso", Model: "3500RX", BMCAddress: ipmitest.BMCAddress,
	}, rep.Build.Identity)
	assert.Equal(t, "2.14", rep.Build.OOB.BMCVersion)
	assert.Equal(t, "OK", rep.Build.OOB.Health)
}

func TestCycleTakesAnotherWayWhereOneIsMissing(t *testing.T) {
	const cycle, down, up = 2, 0, 1
	for _, c := range []struct {
		name  string
		codes []types.CompletionCode
		want  []byte
	}{
		{"cycle when it is there", nil, []byte{cycle}},
		{"down and up when cycle is missing", []types.CompletionCode{types.CodeRequestDataFieldInvalid}, []byte{down, up}},
		{"down and up when the command is", []types.CompletionCode{types.CodeParameterOutOfRange}, []byte{down, up}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := ipmitest.NewReference(t, ipmitest.Options{})
			r.Do(func() { r.On = true })
			r.Do(func() { r.Codes[types.CommandChassisControl.ID] = c.codes })
			_, err := ipmitest.Driver(t, r.Address).PowerCycleNode(short(t), ipmitest.Call(ipmitest.Password))
			require.NoError(t, err)
			r.Do(func() {
				assert.Equal(t, c.want, r.Controls)
				assert.Equal(t, 1, r.Starts)
				assert.True(t, r.On)
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
			r := ipmitest.NewReference(t, ipmitest.Options{})
			r.Do(func() { r.On = true })
			r.Do(func() { r.Codes[types.CommandChassisControl.ID] = []types.CompletionCode{c.code} })
			d, call := ipmitest.Driver(t, r.Address), ipmitest.Call(ipmitest.Password)
			_, err := d.PowerCycleNode(short(t), call)
			require.Error(t, err)
			assert.Equal(t, drivers.Retry, drivers.ClassOf(err).Disposition(), err.Error())
			rep, err := d.PowerCycleNode(short(t), call)
			require.NoError(t, err)
			assert.Equal(t, drivers.Changed, rep.Outcome)
			r.Do(func() { assert.Equal(t, c.starts, r.Starts, "%v", rep.Messages) })
		})
	}
}

func TestLostCycleThatProvablyDidNotHappenIsSentAgain(t *testing.T) {
	r := ipmitest.NewReference(t, ipmitest.Options{})
	r.Do(func() { r.On, r.Cause = true, 0x03 })
	d, call := ipmitest.Driver(t, r.Address), ipmitest.Call(ipmitest.Password)
	call.Boot = drivers.BootTarget{Device: drivers.BootPXE, Once: true}
	_, err := d.SetNodeBoot(short(t), call)
	require.NoError(t, err)
	r.Do(func() { r.Codes[types.CommandChassisControl.ID] = []types.CompletionCode{types.CodeUnspecifiedError} })
	_, err = d.PowerCycleNode(short(t), call)
	require.Error(t, err)
	_, err = d.PowerCycleNode(short(t), call)
	require.NoError(t, err)
	r.Do(func() {
		assert.Equal(t, 1, r.Starts, "flags for one boot still wait and the restart cause is the old one")
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
			r := ipmitest.NewReference(t, ipmitest.Options{})
			if c.mode == "" {
				r.Do(func() { r.Flags.BIOSBootType = types.BIOSBootTypeEFI })
			}
			call := ipmitest.Call(ipmitest.Password)
			call.Node.HardwareProfile.BootMode = c.mode
			call.Boot = c.boot
			_, err := ipmitest.Driver(t, r.Address).SetNodeBoot(short(t), call)
			require.NoError(t, err)
			r.Do(func() { assert.Equal(t, c.want, hex.EncodeToString(r.Flags.Pack())) })
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
			r := ipmitest.NewReference(t, ipmitest.Options{})
			r.Do(func() { r.KeepBits = c.keeps })
			call := ipmitest.Call(ipmitest.Password)
			call.Boot = c.boot
			rep, err := ipmitest.Driver(t, r.Address).SetNodeBoot(short(t), call)
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
	r := ipmitest.NewReference(t, ipmitest.Options{})
	r.Do(func() {
		r.Codes[types.CommandSetSystemBootOptions.ID] = []types.CompletionCode{types.CodeParameterNotSupported, types.CodeUnspecifiedError}
	})
	call := ipmitest.Call(ipmitest.Password)
	call.Boot = drivers.BootTarget{Device: drivers.BootPXE, Once: true}
	_, err := ipmitest.Driver(t, r.Address).SetNodeBoot(short(t), call)
	require.NoError(t, err)
	r.Do(func() { assert.Equal(t, "a004000000", hex.EncodeToString(r.Flags.Pack())) })
}
