// Package ipmi is the IPMI controller of one simulated machine: RMCP+ over UDP with cipher suites 3 and 17, chassis
// control and status, boot options, device id, GUIDs, LAN parameters and a FRU, in front of one machine of the world. The
// protocol itself is that of go-ipmi's reference BMC.
//
// It refuses suite 0, IPMI 1.5 sessions, the anonymous user, a fifth session, and power commands that make no sense in
// the present state (completion code D5h). Sensors and the event log do not exist.
package ipmi

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/bougou/go-ipmi/pkg/bmc"
	"github.com/bougou/go-ipmi/pkg/handlers"
	"github.com/bougou/go-ipmi/pkg/server"
	"github.com/bougou/go-ipmi/pkg/types"
	"github.com/google/uuid"

	"drydock/simulator/world"
)

// Options of a BMC.
type Options struct {
	// BootFlagTimeout is how long boot flags stay valid without a chassis control command, unless the client has switched
	// the timeout off (boot option parameter 3). It is wall time, since it races with clients; 0 means the 60 s of the
	// standard.
	BootFlagTimeout time.Duration
	// ColdResetDeaf is how long the BMC answers nothing after a cold reset, in wall time; 0 means 2 s.
	ColdResetDeaf time.Duration
}

// Limits of names and passwords, IPMI 2.0 section 22.28 and 22.30.
const (
	maxAccount    = 16
	maxCredential = 20
)

// the user slot of the designed account; slot 1 is the anonymous user.
const accountSlot = 2

const lanChannel = 1

// BMC is a running controller.
type BMC struct {
	machine *world.Machine
	state   *bmc.BMC
	server  *server.Server
	gate    *gate
	boot    *bootOptions
	stop    context.CancelFunc
	done    sync.WaitGroup

	mu       sync.Mutex
	refuses  bool     // the credentials, as FaultBMCAuth has it
	occupied []uint32 // sessions of somebody else, as FaultBMCFull has it
}

// Start starts the controller of a machine at a loopback address with a port of the system's choice. It fails where the
// designed account can't exist on an IPMI controller: an account of more than 16 characters. Of a credential the first 20
// bytes count.
func Start(m *world.Machine, o Options) (*BMC, error) {
	h := m.Hardware()
	account, credential := h.BMC.Account, h.BMC.Credential.Reveal()
	if account == "" || len(account) > maxAccount {
		return nil, fmt.Errorf("start ipmi bmc of %s: an account has 1 to %d characters", h.Name, maxAccount)
	}
	// Firmware that takes a longer password elsewhere keeps what fits for IPMI.
	credential = credential[:min(len(credential), maxCredential)]
	id, err := uuid.Parse(h.UUID)
	if err != nil {
		return nil, fmt.Errorf("start ipmi bmc of %s: %w", h.Name, err)
	}
	guid := [16]byte(id)
	slices.Reverse(guid[:]) // least significant byte first, IPMI 2.0 section 20.8

	hardware, err := newHAL(m)
	if err != nil {
		return nil, fmt.Errorf("start ipmi bmc of %s: %w", h.Name, err)
	}
	socket, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, fmt.Errorf("start ipmi bmc of %s: %w", h.Name, err)
	}

	b := &BMC{machine: m, boot: newBootOptions(m, o.BootFlagTimeout)}
	b.state = bmc.New(bmc.DeviceInfo{
		DeviceID: 0x20, DeviceRevision: 1, FirmwareMajor: 2, FirmwareMinor: 0x14,
		IPMIVersion:             0x02, // 2.0: the digits are swapped, IPMI 2.0 table 20-2
		ManufacturerID:          7154, // the IPMI forum: no vendor's peculiarities are to be expected
		ProductID:               1,
		AdditionalDeviceSupport: 0x80, // a chassis device
	}, guid, hardware, bmc.WithV15Disabled(),
		bmc.WithCipherSuites([]types.CipherSuiteID{types.CipherSuiteID3, types.CipherSuiteID17}))
	if err := b.addAccount(account, credential); err != nil {
		_ = socket.Close()
		return nil, fmt.Errorf("start ipmi bmc of %s: %w", h.Name, err)
	}
	b.gate = &gate{socket: socket, machine: m, before: b.followFaults,
		open: func(id uint32) bool { _, err := b.state.Sessions.Get(id); return err == nil }}
	hardware.onControl = func() {
		b.boot.used()
		if m.HasFault(world.FaultAnswerLost) {
			b.gate.loseNext()
		}
	}

	registry := handlers.NewRegistry()
	registry.Use(b.busy)
	handlers.RegisterAllHandlers(registry)
	b.boot.register(registry)
	b.register(registry, o.ColdResetDeaf)
	b.server = server.NewServer(b.state, b.gate, server.WithHandlerRegistry(registry))

	ctx, cancel := context.WithCancel(context.Background())
	b.stop = cancel
	b.done.Go(func() { _ = b.server.Serve(ctx) }) // it ends by Close only
	return b, nil
}

// Address is host and port where the controller listens (UDP).
func (b *BMC) Address() string { return b.gate.LocalAddr().String() }

// Sessions is how many sessions are open. One that was begun and never authenticated is none, though it takes a place
// until it times out or somebody else needs it.
func (b *BMC) Sessions() int { return len(b.gate.sessions()) }

// Close stops the controller.
func (b *BMC) Close() error {
	b.stop()
	err := b.server.Close()
	b.boot.close()
	b.done.Wait()
	return err
}

func (b *BMC) addAccount(account, credential string) error {
	user, err := b.state.Users.Add(accountSlot, account)
	if err != nil {
		return fmt.Errorf("add account: %w", err)
	}
	user.SetPassword([]byte(credential))
	user.Enabled = true
	user.ChannelAccess[lanChannel] = bmc.UserChannelAccess{
		MaxPrivilege: bmc.PrivilegeLevelAdministrator, Enabled: true, LinkAuth: true,
	}
	return b.state.Users.Update(1, func(anonymous *bmc.User) error {
		anonymous.Enabled = false
		return nil
	})
}

// followFaults makes the account's password another one while FaultBMCAuth is on, and ends what is open under the old
// one. It runs before each packet.
func (b *BMC) followFaults() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.occupy(b.machine.HasFault(world.FaultBMCFull))
	refuse := b.machine.HasFault(world.FaultBMCAuth)
	if refuse == b.refuses {
		return
	}
	b.refuses = refuse
	password := b.machine.Hardware().BMC.Credential.Reveal()
	if refuse {
		password = rand.Text()[:maxCredential]
		b.endSessions()
	}
	_ = b.state.Users.Update(accountSlot, func(u *bmc.User) error { // the slot exists
		u.SetPassword([]byte(password))
		return nil
	})
}

// occupy takes all free sessions for somebody who never ends them, or gives them back.
func (b *BMC) occupy(full bool) {
	for full && b.state.Sessions.Count() < b.state.Sessions.Cap() {
		one, err := b.state.Sessions.Allocate(0, types.AuthAlg_None, types.IntegrityAlg_None, types.CryptAlg_None,
			bmc.PrivilegeLevelUser, lanChannel)
		if err != nil || b.state.Sessions.Activate(one.BMCID) != nil {
			return
		}
		b.occupied = append(b.occupied, one.BMCID)
	}
	if !full {
		for _, id := range b.occupied {
			_ = b.state.Sessions.Close(id) // timed out already is as good
		}
		b.occupied = nil
	}
}

// busy answers every command with C0h while FaultBMCBusy is on; sessions can still be opened and closed.
func (b *BMC) busy(next handlers.Handler) handlers.Handler {
	return handlers.HandlerFunc(func(ctx context.Context, c *handlers.HandlerContext, req []byte) ([]byte, types.CompletionCode, error) {
		switch c.Command {
		case types.CommandGetChannelAuthCapabilities, types.CommandGetChannelCipherSuites,
			types.CommandSetSessionPrivilegeLevel, types.CommandCloseSession:
		default:
			if b.machine.HasFault(world.FaultBMCBusy) {
				return nil, types.CodeNodeBusy, nil
			}
		}
		return next.Handle(ctx, c, req)
	})
}

// endSessions ends all sessions. The store can't list them, so that they are ended by the ids that came in packets.
func (b *BMC) endSessions() {
	for _, id := range b.gate.sessions() {
		_ = b.state.Sessions.Close(id) // gone already is as good
	}
}

// register replaces commands of the reference BMC that would do something else than a controller does.
func (b *BMC) register(r *handlers.Registry, deaf time.Duration) {
	if deaf <= 0 {
		deaf = 2 * time.Second
	}
	b.registerSEL(r)
	// Cold and warm reset (App 02h, 03h) restart the controller. The reference BMC passes them on to the chassis, which
	// would reset the machine.
	restart := func(context.Context, *handlers.HandlerContext, []byte) ([]byte, types.CompletionCode, error) {
		b.gate.deafFor(deaf)
		b.endSessions()
		return nil, types.CodeOK, nil
	}
	r.RegisterFunc(types.CommandColdReset, restart)
	r.RegisterFunc(types.CommandWarmReset, restart)
	// Get System GUID (App 37h), which the reference BMC lacks.
	r.RegisterFunc(types.CommandGetSystemGUID,
		func(_ context.Context, c *handlers.HandlerContext, _ []byte) ([]byte, types.CompletionCode, error) {
			return slices.Clone(c.BMC.GUID[:]), types.CodeOK, nil
		})
}
