package ipmi_test

import (
	"cmp"
	"context"
	"encoding/hex"
	"net"
	"sync"
	"testing"
	"time"

	refbmc "github.com/bougou/go-ipmi/pkg/bmc"
	"github.com/bougou/go-ipmi/pkg/hal"
	"github.com/bougou/go-ipmi/pkg/hal/mock"
	"github.com/bougou/go-ipmi/pkg/handlers"
	"github.com/bougou/go-ipmi/pkg/server"
	"github.com/bougou/go-ipmi/pkg/transport"
	"github.com/bougou/go-ipmi/pkg/transport/udp"
	"github.com/bougou/go-ipmi/pkg/types"
	"github.com/stretchr/testify/require"
)

const (
	account  = "admin"
	password = "s3cret-of-bmc"
)

// reference is go-ipmi's BMC with a machine of the test's own behind it, a wire that loses datagrams, and commands that
// answer with other completion codes.
type reference struct {
	address string
	bmc     *refbmc.BMC
	wire    *wire

	mu       sync.Mutex
	on       bool
	starts   int
	flags    types.BootOptionParam_BootFlags
	controls []byte // Chassis Control commands that were handled
	codes    map[uint8][]types.CompletionCode
	delay    time.Duration // from a command to its effect
	keepBits byte          // of the first byte of boot flags: what the BMC stores
	cause    byte          // restart cause; 0xff: no such command
}

type options struct {
	suites    []types.CipherSuiteID
	privilege refbmc.PrivilegeLevel
	password  string // of the account; default password
}

func newReference(t *testing.T, o options) *reference {
	t.Helper()
	r := &reference{codes: map[uint8][]types.CompletionCode{}, keepBits: 0xff, cause: 0xff}
	machine := &chassis{Chassis: &mock.Chassis{}, r: r}
	storage := mock.New()
	fru, err := types.PackFRU(types.FRUPackConfig{Product: &types.FRUPackProduct{
		Manufacturer: "Contoso", Name: "3500RX", Version: "1.0", Serial: "SN-4711",
	}})
	require.NoError(t, err)
	require.NoError(t, storage.Storage().FRU().Write(context.Background(), 0, fru))

	guid := [16]byte{0xd4, 0xc3, 0xb2, 0xa1, 0x00, 0x00, 0x00, 0x40, 0x80, 0x00, 0x02, 0x42, 0xac, 0x11, 0x00, 0x02}
	info := refbmc.DeviceInfo{DeviceID: 32, FirmwareMajor: 2, FirmwareMinor: 0x14, IPMIVersion: 0x20, ManufacturerID: 343}
	r.bmc = refbmc.New(info, guid, &board{HAL: storage, chassis: machine})
	user, err := r.bmc.Users.Add(2, account)
	require.NoError(t, err)
	user.SetPassword([]byte(cmp.Or(o.password, password)))
	user.Enabled = true
	if o.privilege == 0 {
		o.privilege = refbmc.PrivilegeLevelAdministrator
	}
	user.ChannelAccess[1] = refbmc.UserChannelAccess{MaxPrivilege: o.privilege, Enabled: true}

	conn, err := udp.Listen("127.0.0.1:0")
	require.NoError(t, err)
	r.address = conn.LocalAddr().String()
	r.wire = &wire{PacketConn: conn}
	opts := []server.ServerOption{server.WithHandlerRegistry(r.registry())}
	if o.suites != nil {
		opts = append(opts, server.WithCipherSuites(o.suites))
	}
	srv := server.NewServer(r.bmc, r.wire, opts...)
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

func (r *reference) do(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f()
}

// registry answers chosen commands with chosen completion codes, and adds what the reference BMC lacks.
func (r *reference) registry() *handlers.Registry {
	reg := handlers.NewRegistry()
	reg.Use(func(next handlers.Handler) handlers.Handler {
		return handlers.HandlerFunc(func(ctx context.Context, h *handlers.HandlerContext, data []byte) ([]byte, types.CompletionCode, error) {
			cmd := h.Command
			if cmd.NetFn == types.NetFnChassisRequest {
				r.mu.Lock()
				if codes := r.codes[cmd.ID]; len(codes) > 0 {
					r.codes[cmd.ID] = codes[1:]
					if codes[0] != types.CodeOK {
						r.mu.Unlock()
						return nil, codes[0], nil
					}
				}
				if cmd.ID == types.CommandChassisControl.ID && len(data) > 0 {
					r.controls = append(r.controls, data[0]&0x0f)
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
		if r.cause == 0xff {
			return nil, types.CodeInvalidCommand, nil
		}
		return []byte{r.cause, 0x01}, types.CodeOK, nil
	})
	reg.RegisterFunc(types.CommandGetSystemGUID, func(context.Context, *handlers.HandlerContext, []byte) ([]byte, types.CompletionCode, error) {
		return r.bmc.GUID[:], types.CodeOK, nil
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
	r *reference
}

func (c *chassis) PowerState(context.Context) (bool, error) {
	c.r.mu.Lock()
	defer c.r.mu.Unlock()
	return c.r.on, nil
}

func (c *chassis) SetPower(_ context.Context, on bool) error {
	c.r.later(func() {
		if on && !c.r.on {
			c.r.boot()
		}
		c.r.on = on
	})
	return nil
}

func (c *chassis) PowerCycle(context.Context) error {
	c.r.mu.Lock()
	on := c.r.on
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
	c.r.later(func() { c.r.on = false })
	return nil
}

func (c *chassis) SetBootFlags(_ context.Context, f *types.BootOptionParam_BootFlags) error {
	c.r.mu.Lock()
	defer c.r.mu.Unlock()
	raw := f.Pack()
	raw[0] &= c.r.keepBits
	return c.r.flags.Unpack(raw)
}

func (c *chassis) GetBootFlags(context.Context) (*types.BootOptionParam_BootFlags, error) {
	c.r.mu.Lock()
	defer c.r.mu.Unlock()
	f := c.r.flags
	return &f, nil
}

// later runs a change of the machine now, or after the delay of its power.
func (r *reference) later(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.delay == 0 {
		f()
		return
	}
	time.AfterFunc(r.delay, func() { r.do(f) })
}

// boot is the firmware: it uses up flags for one boot.
func (r *reference) boot() {
	r.starts++
	if r.cause != 0xff {
		r.cause = 0x01
	}
	if !r.flags.Persist {
		r.flags.BootFlagsValid = false
	}
}

// wire is the UDP socket of the BMC.
type wire struct {
	transport.PacketConn
	mu     sync.Mutex
	silent bool
	// loseAfter drops the answers from the moment on when it returns true.
	loseAfter func() bool
	rakp1     int
	open      int
	deafTo    types.AuthAlg // Open Session with this algorithm gets no answer; 0: all do
}

// opens is how many Open Session requests came.
func (w *wire) opens() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.open
}

func hexOf(raw []byte) string { return hex.EncodeToString(raw) }

func (w *wire) ReadFrom(buf []byte) (int, net.Addr, error) {
	for {
		n, addr, err := w.PacketConn.ReadFrom(buf)
		if err != nil {
			return n, addr, err
		}
		w.mu.Lock()
		// RMCP+ header: authentication type 06h, then the payload type: 10h is Open Session, 12h RAKP message 1.
		if n > 5 && buf[4] == 0x06 {
			switch buf[5] & 0x3f {
			case 0x10:
				w.open++
			case 0x12:
				w.rakp1++
			}
		}
		silent := w.silent
		// The authentication algorithm of an Open Session request is 28 bytes from the start of the datagram.
		if n > 28 && buf[4] == 0x06 && buf[5]&0x3f == 0x10 && w.deafTo != 0 && types.AuthAlg(buf[28]) == w.deafTo {
			silent = true
		}
		w.mu.Unlock()
		if !silent {
			return n, addr, nil
		}
	}
}

func (w *wire) WriteTo(data []byte, addr net.Addr) (int, error) {
	w.mu.Lock()
	lose := w.silent
	if w.loseAfter != nil && w.loseAfter() {
		lose, w.loseAfter = true, nil
	}
	w.mu.Unlock()
	if lose {
		return len(data), nil
	}
	return w.PacketConn.WriteTo(data, addr)
}
