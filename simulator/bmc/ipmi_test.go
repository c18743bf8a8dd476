package bmc_test

import (
	"context"
	"net"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bougou/go-ipmi/pkg/client"
	"github.com/bougou/go-ipmi/pkg/command/chassis"
	"github.com/bougou/go-ipmi/pkg/types"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"drydock/simulator/bmc"
	"drydock/simulator/bmc/ipmi"
	"drydock/simulator/world"
	"drydock/simulator/world/worldtest"
)

func ipmiClient(t *testing.T, s *site, password string, suite types.CipherSuiteID) *client.Client {
	t.Helper()
	host, port, err := net.SplitHostPort(s.bmcs.Addresses()[worldtest.IPMIBMC])
	require.NoError(t, err)
	number, err := strconv.Atoi(port)
	require.NoError(t, err)
	c, err := client.NewClient(host, number, worldtest.Account, password)
	require.NoError(t, err)
	return c.WithCipherSuiteID(suite).WithTimeout(time.Second).WithRetry(0)
}

func openIPMI(t *testing.T, s *site) *client.Client {
	t.Helper()
	c := ipmiClient(t, s, worldtest.Credential, types.CipherSuiteID17)
	require.NoError(t, c.Connect(t.Context()))
	t.Cleanup(func() { _ = c.Close(context.Background()) }) // also where the test has made the BMC silent
	return c
}

func flags(t *testing.T, c *client.Client) *types.BootOptionParam_BootFlags {
	t.Helper()
	f := &types.BootOptionParam_BootFlags{}
	require.NoError(t, c.GetSystemBootOptionsParamFor(t.Context(), f))
	return f
}

func TestNetworkBootOnceOverIPMI(t *testing.T) {
	s := start(t, fast, bmc.Options{})
	m := s.machine(t, worldtest.IPMI)
	var asked atomic.Int32
	s.world.SetNetboot(func(world.Netboot) world.Environment {
		asked.Add(1)
		return world.Environment{Kind: world.EnvLocal}
	})
	m.InstallSystem("jammy")
	c := openIPMI(t, s)
	ctx := t.Context()
	power := func(what chassis.ChassisControl) {
		t.Helper()
		_, err := c.ChassisControl(ctx, what)
		require.NoError(t, err)
	}
	power(chassis.ChassisControlPowerUp)
	eventually(t, func() bool { return m.Running() == "disk" })
	require.Zero(t, asked.Load())

	require.NoError(t, c.SetBootDevice(ctx, types.BootDeviceSelectorForcePXE, types.BIOSBootTypeEFI, false))
	require.Equal(t, world.BootOverride{Target: "pxe", Once: true, UEFI: true}, m.BootOverride())
	power(chassis.ChassisControlHardReset)
	eventually(t, func() bool { return asked.Load() == 1 && m.Running() == "disk" })
	require.False(t, flags(t, c).BootFlagsValid, "consumed")

	power(chassis.ChassisControlPowerCycle)
	eventually(t, func() bool { return m.Counters().PowerCycles == 2 && m.Running() == "disk" })
	require.Equal(t, int32(1), asked.Load(), "the next boot asks nobody")

	power(chassis.ChassisControlSoftShutdown)
	eventually(t, func() bool { return m.Power() == world.PowerOff })
	status, err := c.GetChassisStatus(ctx)
	require.NoError(t, err)
	require.False(t, status.PowerIsOn)
	require.Equal(t, world.Counters{PowerOns: 1, PowerOffs: 1, PowerCycles: 2, Netboots: 1}, m.Counters())
}

func TestCycleAndResetOfAnOffMachineAreD5h(t *testing.T) {
	s := start(t, fast, bmc.Options{})
	c := openIPMI(t, s)
	for name, control := range map[string]chassis.ChassisControl{
		"cycle": chassis.ChassisControlPowerCycle, "reset": chassis.ChassisControlHardReset,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := c.ChassisControl(t.Context(), control)
			var refused *types.ResponseError
			require.ErrorAs(t, err, &refused)
			require.Equal(t, types.CompletionCode(0xd5), refused.CompletionCode())
		})
	}
	_, err := c.ChassisControl(t.Context(), chassis.ChassisControlPowerDown)
	require.NoError(t, err, "off of what is off is done")
	require.Equal(t, world.Counters{}, s.machine(t, worldtest.IPMI).Counters())
}

func TestBootFlagsAreKeptBitForBit(t *testing.T) {
	s := start(t, fast, bmc.Options{})
	c := openIPMI(t, s)
	for name, raw := range map[string][]byte{
		"network once in legacy mode":            {0x80, 0x04, 0, 0, 0},
		"disk for good in UEFI mode":             {0xe0, 0x08, 0, 0, 0},
		"none, which is valid":                   {0x80, 0, 0, 0, 0},
		"with bits that the firmware ignores":    {0xa0, 0x46, 0x68, 0x09, 0x13},
		"a device that the firmware has not got": {0x80, 0x10, 0, 0, 0},
		"flags that are not valid":               {0x40, 0x04, 0, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			answer, err := c.RawCommand(t.Context(), types.NetFnChassisRequest, 0x08, append([]byte{5}, raw...), "set")
			require.NoError(t, err)
			require.Empty(t, answer.Response)
			answer, err = c.RawCommand(t.Context(), types.NetFnChassisRequest, 0x09, []byte{5, 0, 0}, "get")
			require.NoError(t, err)
			require.Equal(t, append([]byte{1, 5}, raw...), answer.Response)
		})
	}
}

func TestFlagsShowWhatTheBootstrapperHasSet(t *testing.T) {
	s := start(t, fast, bmc.Options{})
	c := openIPMI(t, s)
	require.NoError(t, c.SetBootDevice(t.Context(), types.BootDeviceSelectorForceHardDrive, types.BIOSBootTypeEFI, true))
	s.machine(t, worldtest.IPMI).SetBootOverride(world.BootOverride{Target: world.BootPXE, Once: true})
	f := flags(t, c)
	require.True(t, f.BootFlagsValid)
	require.False(t, f.Persist)
	require.Equal(t, types.BootDeviceSelectorForcePXE, f.BootDeviceSelector)
}

func TestFlagsExpireUnlessAChassisControlFollows(t *testing.T) {
	short := bmc.Options{IPMI: ipmi.Options{BootFlagTimeout: 30 * time.Millisecond}}
	pxe := func(t *testing.T, c *client.Client) {
		t.Helper()
		_, err := c.RawCommand(t.Context(), types.NetFnChassisRequest, 0x08, []byte{5, 0x80, 0x04, 0, 0, 0}, "set")
		require.NoError(t, err)
	}
	t.Run("left alone they are cleared", func(t *testing.T) {
		s := start(t, fast, short)
		c := openIPMI(t, s)
		pxe(t, c)
		eventually(t, func() bool { return s.machine(t, worldtest.IPMI).BootOverride() == world.BootOverride{} })
		require.False(t, flags(t, c).BootFlagsValid)
	})
	t.Run("with the timeout switched off they stay", func(t *testing.T) {
		s := start(t, fast, short)
		c := openIPMI(t, s)
		_, err := c.RawCommand(t.Context(), types.NetFnChassisRequest, 0x08, []byte{3, 0x08}, "set")
		require.NoError(t, err)
		pxe(t, c)
		require.Never(t, func() bool { return s.machine(t, worldtest.IPMI).BootOverride() == world.BootOverride{} },
			100*time.Millisecond, 10*time.Millisecond)
	})
}

func TestIdentityOverIPMI(t *testing.T) {
	s := start(t, fast, bmc.Options{})
	h := s.machine(t, worldtest.IPMI).Hardware()
	c := openIPMI(t, s)
	ctx := t.Context()

	device, err := c.GetDeviceID(ctx)
	require.NoError(t, err)
	require.Equal(t, uint8(2), device.MajorFirmwareRevision)

	system, err := c.GetSystemGUID(ctx)
	require.NoError(t, err)
	want := uuid.MustParse(h.UUID)
	raw := system.GUID
	slices.Reverse(raw[:])
	require.Equal(t, want, uuid.UUID(raw))

	fru, err := c.GetFRU(ctx, 0, "")
	require.NoError(t, err)
	require.Equal(t, h.Serial, string(fru.ProductInfoArea.SerialNumber))

	mac := &types.LanConfigParam_MAC{}
	require.NoError(t, c.GetLanConfigParamFor(ctx, 1, mac))
	require.Equal(t, h.BMC.MAC, mac.MAC.String())
}

func TestBothCipherSuitesWorkAndNoOther(t *testing.T) {
	s := start(t, fast, bmc.Options{})
	for _, suite := range []types.CipherSuiteID{types.CipherSuiteID3, types.CipherSuiteID17} {
		c := ipmiClient(t, s, worldtest.Credential, suite)
		require.NoError(t, c.Connect(t.Context()), "suite %d", suite)
		require.Equal(t, 1, s.bmcs.Sessions(worldtest.IPMI))
		require.NoError(t, c.Close(t.Context()))
	}
	c := ipmiClient(t, s, worldtest.Credential, types.CipherSuiteID0)
	require.Error(t, c.Connect(t.Context()))
}

func TestAWrongPasswordIsToldFromSilence(t *testing.T) {
	s := start(t, fast, bmc.Options{})
	// The client says so in its text only: the suites that it tried are not in the chain of the error.
	denied := client.ErrRAKPAuthentication.Error()
	require.ErrorContains(t, ipmiClient(t, s, "wrong", types.CipherSuiteID17).Connect(t.Context()), denied)

	m := s.machine(t, worldtest.IPMI)
	m.SetFault(world.FaultBMCSilent, true)
	err := ipmiClient(t, s, worldtest.Credential, types.CipherSuiteID17).WithTimeout(100 * time.Millisecond).Connect(t.Context())
	require.Error(t, err)
	require.NotContains(t, err.Error(), denied)

	m.SetFault(world.FaultBMCSilent, false)
	openIPMI(t, s)
}

func TestABusyBMCSaysSoInEveryAnswer(t *testing.T) {
	s := start(t, fast, bmc.Options{})
	m := s.machine(t, worldtest.IPMI)
	m.SetFault(world.FaultBMCBusy, true)
	c := openIPMI(t, s)
	_, err := c.ChassisControl(t.Context(), chassis.ChassisControlPowerUp)
	var refused *types.ResponseError
	require.ErrorAs(t, err, &refused)
	require.Equal(t, types.CompletionCode(0xc0), refused.CompletionCode())
	require.Equal(t, world.PowerOff, m.Power())
	m.SetFault(world.FaultBMCBusy, false)
	_, err = c.GetChassisStatus(t.Context())
	require.NoError(t, err)
}

// opens reports whether a session can be opened, and closes it.
func opens(t *testing.T, s *site) bool {
	t.Helper()
	c := ipmiClient(t, s, worldtest.Credential, types.CipherSuiteID17)
	return c.Connect(t.Context()) == nil && c.Close(t.Context()) == nil
}

func TestIPMISessionsAreFew(t *testing.T) {
	s := start(t, fast, bmc.Options{})
	for range 4 {
		openIPMI(t, s)
	}
	require.False(t, opens(t, s))
}

func TestIPMISessionsCanAllBeSomebodyElses(t *testing.T) {
	s := start(t, fast, bmc.Options{})
	m := s.machine(t, worldtest.IPMI)
	m.SetFault(world.FaultBMCFull, true)
	require.False(t, opens(t, s))
	m.SetFault(world.FaultBMCFull, false)
	require.True(t, opens(t, s))
}

func TestTheAuthFaultChangesThePasswordAndEndsSessions(t *testing.T) {
	s := start(t, fast, bmc.Options{})
	m := s.machine(t, worldtest.IPMI)
	c := openIPMI(t, s)
	m.SetFault(world.FaultBMCAuth, true)
	require.ErrorContains(t, ipmiClient(t, s, worldtest.Credential, types.CipherSuiteID17).Connect(t.Context()),
		client.ErrRAKPAuthentication.Error())
	_, err := c.GetChassisStatus(t.Context())
	require.Error(t, err, "the session is gone")
	m.SetFault(world.FaultBMCAuth, false)
	openIPMI(t, s)
}

func TestAColdResetIsThatOfTheControllerAndNotOfTheMachine(t *testing.T) {
	s := start(t, fast, bmc.Options{IPMI: ipmi.Options{ColdResetDeaf: 50 * time.Millisecond}})
	m := s.machine(t, worldtest.IPMI)
	m.InstallSystem("jammy")
	require.NoError(t, m.Command(world.OriginPerson, world.CommandOn))
	eventually(t, func() bool { return m.Running() == "disk" })
	before := m.LastReset()

	c := openIPMI(t, s)
	require.NoError(t, c.ColdReset(t.Context()))
	require.Equal(t, "disk", m.Running())
	require.Equal(t, before, m.LastReset())
	require.Zero(t, s.bmcs.Sessions(worldtest.IPMI))
	eventually(t, func() bool {
		again := ipmiClient(t, s, worldtest.Credential, types.CipherSuiteID17).WithTimeout(50 * time.Millisecond)
		if again.Connect(t.Context()) != nil {
			return false
		}
		return again.Close(t.Context()) == nil
	})
}

func TestAnAccountThatIPMICanNotHaveIsAnErrorWithoutItsSecret(t *testing.T) {
	design := worldtest.Site()
	design.Node(worldtest.IPMI).OOB.Account = "an-account-longer-than-sixteen"
	design.Node(worldtest.IPMI).OOB.Credential = "longer-than-twenty-characters"
	w := world.New(design, fast)
	t.Cleanup(w.Close)
	_, err := bmc.Start(w)
	require.ErrorContains(t, err, worldtest.IPMI)
	require.NotContains(t, err.Error(), "longer")
}
