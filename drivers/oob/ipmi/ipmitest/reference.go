package ipmitest

import (
	"cmp"
	"context"
	"sync"
	"testing"
	"time"

	refbmc "github.com/bougou/go-ipmi/pkg/bmc"
	"github.com/bougou/go-ipmi/pkg/hal"
	"github.com/bougou/go-ipmi/pkg/hal/mock"
	"github.com/bougou/go-ipmi/pkg/handlers"
	"github.com/bougou/go-ipmi/pkg/server"
	"github.com/bougou/go-ipmi/pkg/transport/udp"
	"github.com/bougou/go-ipmi/pkg/types"
	"github.com/stretchr/testify/require"

	"drydock/drivers"
	"drydock/drivers/conformance"
)

// Reference is go-ipmi's BMC with a machine of the test's own behind it, a wire that loses datagrams, and commands that
// answer with other completion codes.
type Reference struct {
	Address string
	BMC     *refbmc.BMC
	Wire    *Wire

	// What follows is read and written within Do.
	mu       sync.Mutex
	On       bool
	Starts   int
	Flags    types.BootOptionParam_BootFlags
	Controls []byte                           // Chassis Control commands that were handled
	Codes    map[uint8][]types.CompletionCode // of chassis commands by their number: how the next ones are answered
	Delay    time.Duration                    // from a command to its effect
	KeepBits byte                             // of the first byte of boot flags: what the BMC stores
	poor     bool
	Cause    byte // restart cause; 0xff: no such command
}

// Options of a Reference.
type Options struct {
	Suites    []types.CipherSuiteID // default 3 and 17
	Privilege refbmc.PrivilegeLevel // of the account: default administrator
	Password  string                // of the account: default Password
	// Poor is a BMC with nothing but the device id, chassis status and control, and boot options, that names no maker and
	// keeps of boot flags the device; the rest is answered with C1h.
	Poor bool
}

// NewReference starts one. It ends with the test.
func NewReference(t *testing.T, o Options) *Reference {
	t.Helper()
	r := &Reference{Codes: map[uint8][]types.CompletionCode{}, KeepBits: 0xff, Cause: 0xff}
	machine := &chassis{Chassis: &mock.Chassis{}, r: r}
	storage := mock.New()
	fru, err := types.PackFRU(types.FRUPackConfig{Product: &types.FRUPackProduct{
		Manufacturer: "Contoso", Name: "3500RX", Version: "1.0", Serial: "SN-4711",
	}})
	require.NoError(t, err)
	require.NoError(t, storage.Storage().FRU().Write(context.Background(), 0, fru))

	guid := [16]byte{0xd4, 0xc3, 0xb2, 0xa1, 0x00, 0x00, 0x00, 0x40, 0x80, 0x00, 0x02, 0x42, 0xac, 0x11, 0x00, 0x02}
	info := refbmc.DeviceInfo{DeviceID: 32, FirmwareMajor: 2, FirmwareMinor: 0x14, IPMIVersion: 0x20, ManufacturerID: 343}
	if o.Poor {
		info.ManufacturerID, r.KeepBits, r.poor = 0, 0x80, true
	}
	r.BMC = refbmc.New(info, guid, &board{HAL: storage, chassis: machine})
	user, err := r.BMC.Users.Add(2, Account)
	require.NoError(t, err)
	user.SetPassword([]byte(cmp.Or(o.Password, Password)))
	user.Enabled = true
	if o.Privilege == 0 {
		o.Privilege = refbmc.PrivilegeLevelAdministrator
	}
	user.ChannelAccess[1] = refbmc.UserChannelAccess{MaxPrivilege: o.Privilege, Enabled: true}

	conn, err := udp.Listen("127.0.0.1:0")
	require.NoError(t, err)
	r.Address = conn.LocalAddr().String()
	r.Wire = &Wire{PacketConn: conn}
	opts := []server.ServerOption{server.WithHandlerRegistry(r.registry())}
	if o.Suites != nil {
		opts = append(opts, server.WithCipherSuites(o.Suites))
	}
	srv := server.NewServer(r.BMC, r.Wire, opts...)
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan struct{})
	go func() { defer close(served); _ = srv.Serve(ctx) }()
	t.Cleanup(func() {
		cancel()
		_ = srv.Close()
		_ = conn.Close()
		<-served
	})
	return r
}

// Do runs f while the machine stands still.
func (r *Reference) Do(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f()
}

// Target is a driver against this BMC.
func (r *Reference) Target(d drivers.OOB) conformance.OOBTarget {
	return conformance.OOBTarget{
		Driver: d, Call: Call(Password),
		Power:    func() (on bool) { r.Do(func() { on = r.On }); return on },
		SetPower: func(on bool) { r.Do(func() { r.On = on }) },
		Starts:   func() (n int) { r.Do(func() { n = r.Starts }); return n },
		Boot: func() (b drivers.BootTarget) {
			r.Do(func() {
				if r.Flags.BootDeviceSelector != 0 {
					b.Device = map[types.BootDeviceSelector]drivers.BootDevice{1: drivers.BootPXE, 2: drivers.BootDisk}[r.Flags.BootDeviceSelector]
					b.Once = !r.Flags.Persist
				}
			})
			return b
		},
		Sessions: r.BMC.Sessions.Count,
		Logins:   r.Wire.Logins,
		LoseNextAnswer: func() {
			var before int
			r.Do(func() { before = len(r.Controls) })
			r.Wire.LoseOnce(func() (lose bool) {
				r.Do(func() { lose = len(r.Controls) > before })
				return lose
			})
		},
		Silence:      r.Wire.Silence,
		SilentWithin: 4 * time.Second,
	}
}

// inPoor are the commands of a poor BMC.
var inPoor = func() map[types.Command]bool {
	out := map[types.Command]bool{}
	for _, c := range []types.Command{types.CommandGetDeviceID, types.CommandSetSessionPrivilegeLevel, types.CommandCloseSession,
		types.CommandGetChassisStatus, types.CommandChassisControl, types.CommandSetSystemBootOptions, types.CommandGetSystemBootOptions} {
		out[c] = true
	}
	return out
}()

// registry answers chosen commands with chosen completion codes, and adds what the reference BMC lacks.
func (r *Reference) registry() *handlers.Registry {
	reg := handlers.NewRegistry()
	reg.Use(func(next handlers.Handler) handlers.Handler {
		return handlers.HandlerFunc(func(ctx context.Context, h *handlers.HandlerContext, data []byte) ([]byte, types.CompletionCode, error) {
			cmd := h.Command
			if r.poor && !inPoor[cmd] {
				return nil, types.CodeInvalidCommand, nil
			}
			if cmd.NetFn == types.NetFnChassisRequest {
				r.mu.Lock()
				if codes := r.Codes[cmd.ID]; len(codes) > 0 {
					r.Codes[cmd.ID] = codes[1:]
					if codes[0] != types.CodeOK {
						r.mu.Unlock()
						return nil, codes[0], nil
					}
				}
				if cmd.ID == types.CommandChassisControl.ID && len(data) > 0 {
					r.Controls = append(r.Controls, data[0]&0x0f)
				}
				r.mu.Unlock()
			}
			return next.Handle(ctx, h, data)
		})
	})
	handlers.RegisterAllHandlers(reg)
	reg.RegisterFunc(types.CommandGetSystemRestartCause, func(context.Context, *handlers.HandlerContext, []byte) ([]byte, types.CompletionCode, error) {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.Cause == 0xff {
			return nil, types.CodeInvalidCommand, nil
		}
		return []byte{r.Cause, 0x01}, types.CodeOK, nil
	})
	reg.RegisterFunc(types.CommandGetSystemGUID, func(context.Context, *handlers.HandlerContext, []byte) ([]byte, types.CompletionCode, error) {
		return r.BMC.GUID[:], types.CodeOK, nil
	})
	return reg
}

// board is the hardware: storage of the mock, chassis of the test.
type board struct {
	hal.HAL
	chassis *chassis
}

func (b *board) Chassis() hal.ChassisHAL { return b.chassis }

// chassis is the machine.
type chassis struct {
	*mock.Chassis
	r *Reference
}

func (c *chassis) PowerState(context.Context) (bool, error) {
	c.r.mu.Lock()
	defer c.r.mu.Unlock()
	return c.r.On, nil
}

func (c *chassis) SetPower(_ context.Context, on bool) error {
	c.r.later(func() {
		if on && !c.r.On {
			c.r.boot()
		}
		c.r.On = on
	})
	return nil
}

func (c *chassis) PowerCycle(context.Context) error {
	c.r.mu.Lock()
	on := c.r.On
	c.r.mu.Unlock()
	if !on {
		return types.CodeNotSupported
	}
	c.r.later(c.r.boot)
	return nil
}

func (c *chassis) ColdReset(ctx context.Context) error { return c.PowerCycle(ctx) }

// WarmReset is what the reference BMC makes of a soft shutdown.
func (c *chassis) WarmReset(context.Context) error {
	c.r.later(func() { c.r.On = false })
	return nil
}

func (c *chassis) SetBootFlags(_ context.Context, f *types.BootOptionParam_BootFlags) error {
	c.r.mu.Lock()
	defer c.r.mu.Unlock()
	raw := f.Pack()
	raw[0] &= c.r.KeepBits
	return c.r.Flags.Unpack(raw)
}

func (c *chassis) GetBootFlags(context.Context) (*types.BootOptionParam_BootFlags, error) {
	c.r.mu.Lock()
	defer c.r.mu.Unlock()
	f := c.r.Flags
	return &f, nil
}

// later runs a change of the machine now, or after the delay of its power.
func (r *Reference) later(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.Delay == 0 {
		f()
		return
	}
	time.AfterFunc(r.Delay, func() { r.Do(f) })
}

// boot is the firmware: it uses up flags for one boot.
func (r *Reference) boot() {
	r.Starts++
	if r.Cause != 0xff {
		r.Cause = 0x01
	}
	if !r.Flags.Persist {
		r.Flags.BootFlagsValid = false
	}
}
