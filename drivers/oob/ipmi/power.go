package ipmi

import (
	"context"
	"errors"

	"github.com/bougou/go-ipmi/pkg/command/chassis"

	"drydock/design/build"
	"drydock/drivers"
	"drydock/drivers/oob/bmc"
)

var _ bmc.Machine = (*conn)(nil)

// Power reads the power bit of Get Chassis Status. IPMI shows no state in between.
func (c *conn) Power(ctx context.Context) (string, error) {
	status, err := c.status(ctx)
	if err != nil {
		return build.PowerUnknown, err
	}
	c.power = build.PowerOff
	if status.PowerIsOn {
		c.power = build.PowerOn
	}
	return c.power, nil
}

func (c *conn) status(ctx context.Context) (*chassis.GetChassisStatusResponse, error) {
	var status *chassis.GetChassisStatusResponse
	err := c.do(ctx, "read the chassis status", func(ctx context.Context) (err error) {
		status, err = c.client.GetChassisStatus(ctx)
		return err
	})
	return status, err
}

// Marks reads the restart cause, and the boot flags where they are for the next boot only. Both are optional at a BMC.
func (c *conn) Marks(ctx context.Context) (bmc.Marks, error) {
	var m bmc.Marks
	var cause *chassis.GetSystemRestartCauseResponse
	err := c.do(ctx, "read the restart cause", func(ctx context.Context) (err error) {
		cause, err = c.client.GetSystemRestartCause(ctx)
		return err
	})
	switch {
	case err == nil:
		m.Cause = cause.SystemRestartCause.String()
		if cause.SystemRestartCause == 0x01 {
			m.Cause = bmc.CauseCommand
		}
	case !answered(err):
		return m, err
	}
	flags, err := c.bootFlags(ctx)
	switch {
	case err == nil && flags.valid() && !flags.persistent():
		m.Once = flags.String()
		m.OnceLasts = c.timerOff(ctx)
	case err != nil && !answered(err):
		return m, err
	}
	return m, nil
}

// answered reports whether a failed command got an answer, so that the BMC only lacks it.
func answered(err error) bool {
	var f *bmc.Fault
	return errors.As(err, &f) && f.Class != drivers.Unreachable
}

// TurnOn sends Chassis Control 1, power up.
func (c *conn) TurnOn(ctx context.Context) error {
	return c.control(ctx, "turn the machine on", chassis.ChassisControlPowerUp)
}

// ShutDown sends Chassis Control 5, soft shutdown by an emulated over-temperature.
func (c *conn) ShutDown(ctx context.Context) error {
	err := c.control(ctx, "ask the system to shut down", chassis.ChassisControlSoftShutdown)
	if notOffered(err) {
		return bmc.ErrNoWay
	}
	return err
}

// TurnOff sends Chassis Control 0, power down.
func (c *conn) TurnOff(ctx context.Context) error {
	return c.control(ctx, "cut the power", chassis.ChassisControlPowerDown)
}

// Restart sends Chassis Control 2, power cycle. Where it is missing the machine is turned off and on, which is the same; a hard
// reset is not: a virtual machine keeps the boot device that it was started with.
func (c *conn) Restart(ctx context.Context) error {
	err := c.control(ctx, "power-cycle the machine", chassis.ChassisControlPowerCycle)
	if notOffered(err) {
		return bmc.ErrNoWay
	}
	return err
}

func (c *conn) control(ctx context.Context, doing string, control chassis.ChassisControl) error {
	return c.once(ctx, doing, func(ctx context.Context) error {
		_, err := c.client.ChassisControl(ctx, control)
		return err
	})
}
