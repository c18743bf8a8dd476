package ipmi_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/design/build"
	"drydock/drivers"
	"drydock/drivers/oob/bmc"
	"drydock/drivers/oob/ipmi"
	"drydock/drivers/oob/ipmi/ipmitest"
)

// Payload types of RMCP+.
const (
	openRequest, openResponse = 0x10, 0x11
	rakp1, rakp2              = 0x12, 0x13
	rakp3, rakp4              = 0x14, 0x15
	command                   = 0xc0 // encrypted and authenticated
)

// only gives the first n datagrams of one payload type a fate; all others arrive.
func only(kind byte, n int, copies ...time.Duration) ipmitest.Fate {
	return func(_ bool, datagram []byte) []time.Duration {
		if len(datagram) > 5 && datagram[4] == 0x06 && datagram[5] == kind && n > 0 {
			n--
			return copies
		}
		return []time.Duration{0}
	}
}

// through is a driver that keeps no session, with a network of a fate before the BMC.
func through(t *testing.T, address string, fate ipmitest.Fate, change ...func(*ipmi.Config)) (*ipmi.Driver, *ipmitest.Network) {
	n := ipmitest.NewNetwork(t, address)
	n.Do(fate)
	change = append(change, func(c *ipmi.Config) { c.Broker = bmc.NewBroker(bmc.Limits{Idle: -1}) })
	return ipmitest.Driver(t, n.Address, change...), n
}

// TestALoginSurvivesItsNetwork: go-ipmi takes any datagram for the next answer, and a BMC makes a new random number for every
// RAKP message 1, so that what comes twice or late looks like a wrong password.
func TestALoginSurvivesItsNetwork(t *testing.T) {
	const late = 250 * time.Millisecond // after the driver has given up on an answer
	cases := []struct {
		name  string
		fate  func() ipmitest.Fate
		stays bool // the driver can't know of a session that the BMC has begun; its timer ends it
	}{
		{"Open Session is lost", func() ipmitest.Fate { return only(openRequest, 1) }, false},
		{"Open Session comes twice", func() ipmitest.Fate { return only(openRequest, 1, 0, 0) }, false},
		{"the answer to Open Session is lost", func() ipmitest.Fate { return only(openResponse, 1) }, true},
		{"the answer to Open Session is late", func() ipmitest.Fate { return only(openResponse, 1, late) }, true},
		{"the answer to Open Session comes twice", func() ipmitest.Fate { return only(openResponse, 1, 0, 0) }, false},
		{"RAKP 1 is lost", func() ipmitest.Fate { return only(rakp1, 1) }, true},
		{"RAKP 1 comes twice", func() ipmitest.Fate { return only(rakp1, 1, 0, 0) }, false},
		{"RAKP 2 is lost", func() ipmitest.Fate { return only(rakp2, 1) }, true},
		{"RAKP 2 is late", func() ipmitest.Fate { return only(rakp2, 1, late) }, true},
		{"RAKP 2 comes twice", func() ipmitest.Fate { return only(rakp2, 1, 0, 0) }, false},
		{"RAKP 3 is lost", func() ipmitest.Fate { return only(rakp3, 1) }, false},
		{"RAKP 3 comes twice", func() ipmitest.Fate { return only(rakp3, 1, 0, 0) }, false},
		{"RAKP 4 is lost", func() ipmitest.Fate { return only(rakp4, 1) }, false},
		{"RAKP 4 is lost each time", func() ipmitest.Fate { return only(rakp4, 9) }, false},
		{"RAKP 4 is late", func() ipmitest.Fate { return only(rakp4, 1, late) }, false},
		{"RAKP 4 comes twice", func() ipmitest.Fate { return only(rakp4, 1, 0, 0) }, false},
		{"two answers to commands are lost", func() ipmitest.Fate { return only(command, 4) }, false},
		{"commands come twice", func() ipmitest.Fate { return only(command, 9, 0, 0) }, false},
	}
	t.Run("the reference BMC", func(t *testing.T) {
		t.Parallel()
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				r := ipmitest.NewReference(t, ipmitest.Options{})
				d, _ := through(t, r.Address, c.fate())
				_, err := d.PowerOnNode(short(t), ipmitest.Call(ipmitest.Password))
				require.NoError(t, err)
				require.NoError(t, d.Close())
				if !c.stays {
					require.Eventually(t, func() bool { return r.BMC.Sessions.Count() == 0 }, time.Second, 5*time.Millisecond, "a session was left")
				}
			})
		}
	})
	t.Run("ipmi_sim", func(t *testing.T) { // which refuses a RAKP message 3 that comes again, and drops repeated sequence numbers
		t.Parallel()
		s := ipmitest.StartSim(t, ":")
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				d, _ := through(t, s.Address, c.fate(), func(c *ipmi.Config) { c.CipherSuites, c.Retries = []int{3}, 5 })
				_, err := d.InterrogateOob(short(t), ipmitest.Call(ipmitest.Password))
				require.NoError(t, err)
			})
		}
	})
}

func TestARoughNetworkNeverOpensTheBreaker(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			r := ipmitest.NewReference(t, ipmitest.Options{})
			r.Do(func() { r.On = true })
			d, n := through(t, r.Address, ipmitest.Rough(seed, 0.1, 0.2, 20*time.Millisecond))
			for range 3 {
				if _, err := d.InterrogateOob(short(t), ipmitest.Call(ipmitest.Password)); err != nil {
					assert.Equal(t, drivers.Retry, drivers.ClassOf(err).Disposition(), err.Error())
				}
			}
			n.Do(nil)
			before := n.Logins()
			wrong := ipmitest.Call("another-password")
			for range 3 {
				_, err := d.InterrogateOob(short(t), wrong)
				require.Error(t, err)
				if drivers.ClassOf(err) == drivers.Busy { // sessions whose beginning was lost have filled the BMC
					return
				}
				assert.Equal(t, drivers.AuthFailed, drivers.ClassOf(err), err.Error())
			}
			assert.Equal(t, before+1, n.Logins(), "a wrong password is one attempt")
		})
	}
}

// TestAWrongPasswordIsOneAttemptOverARoughNetwork: once the BMC has shown that it knows another password, nothing more is sent.
func TestAWrongPasswordIsOneAttemptOverARoughNetwork(t *testing.T) {
	for name, fate := range map[string]ipmitest.Fate{
		"RAKP 1 comes twice": only(rakp1, 9, 0, 0), "RAKP 2 comes twice": only(rakp2, 9, 0, 0), "RAKP 2 is slow": only(rakp2, 9, 100*time.Millisecond),
	} {
		t.Run(name, func(t *testing.T) {
			r := ipmitest.NewReference(t, ipmitest.Options{})
			d, n := through(t, r.Address, fate)
			_, err := d.PowerOnNode(short(t), ipmitest.Call("another-password"))
			require.Error(t, err)
			assert.Equal(t, drivers.AuthFailed, drivers.ClassOf(err), err.Error())
			assert.Equal(t, 1, n.Logins())
			require.Eventually(t, func() bool { return r.BMC.Sessions.Count() == 0 }, time.Second, 5*time.Millisecond)
		})
	}
}

// TestACommandThatRestartsGoesOutOnce, however long its answer takes.
func TestACommandThatRestartsGoesOutOnce(t *testing.T) {
	r := ipmitest.NewReference(t, ipmitest.Options{})
	r.Do(func() { r.On = true })
	d, n := through(t, r.Address, nil)
	call := ipmitest.Call(ipmitest.Password)
	n.LoseOnce(func() (lose bool) {
		r.Do(func() { lose = len(r.Controls) > 0 })
		return lose
	})
	_, err := d.PowerCycleNode(short(t), call)
	require.Error(t, err)
	_, err = d.PowerCycleNode(short(t), call)
	require.NoError(t, err)
	r.Do(func() { assert.Equal(t, 1, r.Starts) })
}

// TestForgedAnswersAreDropped sends what a stranger can send who knows the addresses: datagrams within the session that are
// not from the BMC. go-ipmi would decrypt them, and fall over their padding.
func TestForgedAnswersAreDropped(t *testing.T) {
	r := ipmitest.NewReference(t, ipmitest.Options{})
	r.Do(func() { r.On = true })
	n := ipmitest.NewNetwork(t, r.Address)
	n.Forge(func(datagram []byte) [][]byte {
		if len(datagram) < 40 || datagram[5] != command {
			return nil
		}
		short, garbled, stripped := append([]byte(nil), datagram[:20]...), append([]byte(nil), datagram...), append([]byte(nil), datagram...)
		short[14], short[15] = 4, 0
		for i := 16; i < len(garbled); i++ {
			garbled[i] ^= byte(i)
		}
		stripped[5] = 0 // says that it is neither encrypted nor authenticated
		return [][]byte{short, garbled, stripped, datagram[:7], {}}
	})
	rep, err := ipmitest.Driver(t, n.Address).InterrogateOob(short(t), ipmitest.Call(ipmitest.Password))
	require.NoError(t, err)
	assert.Equal(t, build.PowerOn, rep.Build.OOB.Power)
	assert.Equal(t, "SN-4711", rep.Build.Identity.Serial)
}

func TestABMCThatOffersLessThanWasAskedForIsRefused(t *testing.T) {
	r := ipmitest.NewReference(t, ipmitest.Options{})
	n := ipmitest.NewNetwork(t, r.Address)
	n.Forge(func(datagram []byte) [][]byte {
		if len(datagram) < 52 || datagram[5] != openResponse {
			return nil
		}
		weak := append([]byte(nil), datagram...)
		weak[32], weak[40], weak[48] = 0, 0, 0 // the algorithms: none
		return [][]byte{weak}
	})
	_, err := ipmitest.Driver(t, n.Address).InterrogateOob(context.Background(), ipmitest.Call(ipmitest.Password))
	require.Error(t, err)
	assert.Equal(t, drivers.NotSupported, drivers.ClassOf(err), err.Error())
	assert.Zero(t, n.Logins(), "no account was named")
}

// TestARefusalInTwoBytesIsAnAnswer: ipmi_sim gives nothing but tag and status, and is not to be waited for.
func TestARefusalInTwoBytesIsAnAnswer(t *testing.T) {
	s := ipmitest.StartSim(t, ":")
	start := time.Now()
	d, _ := through(t, s.Address, nil, func(c *ipmi.Config) { c.CipherSuites, c.Timeout = []int{17}, 5*time.Second })
	_, err := d.InterrogateOob(short(t), ipmitest.Call(ipmitest.Password))
	require.Error(t, err)
	assert.Equal(t, drivers.NotSupported, drivers.ClassOf(err), err.Error())
	assert.Less(t, time.Since(start), 5*time.Second)
}
