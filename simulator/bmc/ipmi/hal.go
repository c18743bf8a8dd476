package ipmi

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/bougou/go-ipmi/pkg/hal"
	"github.com/bougou/go-ipmi/pkg/types"

	"drydock/simulator/world"
)

// machineHAL is the machine as go-ipmi's reference BMC sees it: a chassis, a FRU and a network interface.
type machineHAL struct {
	machine   *world.Machine
	fru       []byte
	network   hal.IPConfig
	onControl func() // a chassis control command came
}

func newHAL(m *world.Machine) (*machineHAL, error) {
	h := m.Hardware()
	fru, err := types.PackFRU(types.FRUPackConfig{
		Chassis: &types.FRUPackChassis{Type: 0x17, PartNumber: "CH-1U", Serial: h.Serial}, // 17h: rack mount
		Board: &types.FRUPackBoard{MfgDate: time.Date(2024, 3, 1, 0, 0, 0, 0, time.UTC), Mfg: h.Manufacturer,
			Product: h.Model, Serial: "B" + h.Serial, PartNumber: "MB-2S"},
		Product: &types.FRUPackProduct{Manufacturer: h.Manufacturer, Name: h.Model, PartModel: "SYS-1U", Version: "1",
			Serial: h.Serial},
	})
	if err != nil {
		return nil, fmt.Errorf("write fru: %w", err)
	}
	out := &machineHAL{machine: m, fru: fru, network: hal.IPConfig{Mask: [4]byte{255, 255, 255, 0}}}
	if address, err := netip.ParseAddr(h.BMC.Address); err == nil && address.Is4() {
		out.network.IP = address.As4()
	}
	if mac, err := net.ParseMAC(h.BMC.MAC); err == nil {
		copy(out.network.MAC[:], mac)
	}
	return out, nil
}

func (h *machineHAL) Chassis() hal.ChassisHAL { return h }
func (h *machineHAL) Sensors() hal.SensorHAL  { return nil }
func (h *machineHAL) Storage() hal.StorageHAL { return storage{h.fru} }
func (h *machineHAL) Network() hal.NetworkHAL { return network{h.network} }
func (h *machineHAL) GPIO() hal.GPIOHAL       { return nil }
func (h *machineHAL) I2C() hal.I2CHAL         { return nil }
func (h *machineHAL) Console() hal.ConsoleHAL { return nil }
func (h *machineHAL) Close() error            { return nil }

// PowerState is true as long as there is any power: chassis status knows no transitions.
func (h *machineHAL) PowerState(context.Context) (bool, error) {
	return h.machine.Power() != world.PowerOff, nil
}

func (h *machineHAL) SetPower(_ context.Context, on bool) error {
	if on {
		return h.control(world.CommandOn)
	}
	return h.control(world.CommandOff)
}

func (h *machineHAL) PowerCycle(context.Context) error { return h.control(world.CommandCycle) }

// ColdReset is the hard reset of chassis control, and not that of the controller.
func (h *machineHAL) ColdReset(context.Context) error { return h.control(world.CommandReset) }

// WarmReset is the soft shutdown of chassis control.
func (h *machineHAL) WarmReset(context.Context) error { return h.control(world.CommandSoftOff) }

// control answers as soon as the command is accepted, and with D5h where the power state does not allow it.
func (h *machineHAL) control(c world.PowerCommand) error {
	h.onControl()
	if err := h.machine.Command(world.OriginBMC, c); errors.Is(err, world.ErrPowerState) {
		return types.CodeNotSupported
	} else if err != nil {
		return types.CodeUnspecifiedError
	}
	return nil
}

func (h *machineHAL) Identify(context.Context, uint8) error { return nil }

func (h *machineHAL) IntrusionState(context.Context) (bool, error) { return false, hal.ErrNotSupported }

// Boot options are answered by bootOptions, which keeps their bits; the reference BMC's own way is not used.

func (h *machineHAL) SetBootFlags(context.Context, *types.BootOptionParam_BootFlags) error {
	return hal.ErrNotSupported
}

func (h *machineHAL) GetBootFlags(context.Context) (*types.BootOptionParam_BootFlags, error) {
	return nil, hal.ErrNotSupported
}

func (h *machineHAL) SetBootInfoAcknowledge(context.Context, *types.BootOptionParam_BootInfoAcknowledge) error {
	return hal.ErrNotSupported
}

func (h *machineHAL) GetBootInfoAcknowledge(context.Context) (*types.BootOptionParam_BootInfoAcknowledge, error) {
	return nil, hal.ErrNotSupported
}

// network can be read, and not changed.
type network struct{ config hal.IPConfig }

func (n network) GetConfig(context.Context) (*hal.IPConfig, error) { return &n.config, nil }
func (n network) SetConfig(context.Context, *hal.IPConfig) error   { return hal.ErrNotSupported }

// storage is the builtin FRU, device 0, read only.
type storage struct{ fru []byte }

func (s storage) FRU() hal.FRUStore { return s }
func (s storage) SDR() hal.SDRStore { return nil }

func (s storage) Read(_ context.Context, device uint8) ([]byte, error) {
	if device != 0 {
		return nil, hal.ErrNotFound
	}
	return s.fru, nil
}

func (s storage) Write(context.Context, uint8, []byte) error { return hal.ErrNotSupported }
func (s storage) Delete(context.Context, uint8) error        { return hal.ErrNotSupported }
func (s storage) DeviceIDs(context.Context) ([]uint8, error) { return []uint8{0}, nil }
