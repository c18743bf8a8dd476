package bmclib

import (
	"context"
	"strings"

	libbmc "github.com/bmc-toolbox/bmclib/v2/bmc"

	"drydock/design/build"
	"drydock/drivers"
	"drydock/drivers/oob/bmc"
)

var _ bmc.Machine = (*conn)(nil)

// Power reads the state. Providers write it as they like: "Chassis Power is on" and a line feed, "On", "on". What is neither
// on nor off is in motion or not told.
func (c *conn) Power(ctx context.Context) (string, error) {
	getter, ok := c.provider.(libbmc.PowerStateGetter)
	if !ok {
		return build.PowerUnknown, c.missing("read the power state")
	}
	var text string
	err := c.do(ctx, "read the power state", func(ctx context.Context) (err error) {
		text, err = getter.PowerStateGet(ctx)
		return err
	})
	if err != nil {
		return build.PowerUnknown, err
	}
	c.power = powerOf(text)
	return c.power, nil
}

func powerOf(text string) string {
	switch strings.TrimPrefix(strings.ToLower(strings.TrimSpace(text)), "chassis power is ") {
	case "on":
		return build.PowerOn
	case "off":
		return build.PowerOff
	}
	return build.PowerUnknown
}

// Marks reads the boot override for the next boot, where the provider shows one. In Redfish only a boot uses it up.
func (c *conn) Marks(ctx context.Context) (bmc.Marks, error) {
	if !c.via.boot {
		return bmc.Marks{}, nil
	}
	now, err := c.override(ctx)
	switch {
	case notOffered(err):
		return bmc.Marks{}, nil
	case err != nil:
		return bmc.Marks{}, err
	case now.device == "" || !now.once:
		return bmc.Marks{}, nil
	}
	return bmc.Marks{Once: now.String(), OnceLasts: true}, nil
}

// TurnOn asks for "on".
func (c *conn) TurnOn(ctx context.Context) error { return c.set(ctx, "turn the machine on", "on") }

// TurnOff asks for "off".
func (c *conn) TurnOff(ctx context.Context) error { return c.set(ctx, "cut the power", "off") }

// ShutDown asks for "soft". That the provider says it was done, or not, tells nothing: ipmitool's says so of a silent BMC, and
// gofish's says no without an error after a success. What it came to is read from the power.
func (c *conn) ShutDown(ctx context.Context) error {
	_, err := c.command(ctx, "ask the system to shut down", "soft")
	if notOffered(err) {
		return bmc.ErrNoWay
	}
	return err
}

// Restart asks for "cycle".
func (c *conn) Restart(ctx context.Context) error {
	err := c.set(ctx, "power-cycle the machine", "cycle")
	if notOffered(err) {
		return bmc.ErrNoWay
	}
	return err
}

// set sends a command that the provider has to say yes to. A no without a reason does not rule out that it was carried out.
func (c *conn) set(ctx context.Context, doing, state string) error {
	done, err := c.command(ctx, doing, state)
	if err == nil && !done {
		err = bmc.Failf(drivers.Internal, "", "%s: BMC %s, through %s: not done, for no reason given", doing, c.endpoint, c.via.name)
	}
	return err
}

func (c *conn) command(ctx context.Context, doing, state string) (done bool, err error) {
	setter, ok := c.provider.(libbmc.PowerSetter)
	if !ok {
		return false, c.missing(doing)
	}
	err = c.do(ctx, doing, func(ctx context.Context) (err error) {
		done, err = setter.PowerSet(ctx, state)
		return err
	})
	return done, err
}

// missing is a Fault for what the provider does not have; nothing was sent.
func (c *conn) missing(doing string) error {
	f := bmc.Failf(drivers.NotSupported, "choose a provider that can, or another driver, for the node", "%s: bmclib's provider %s can't", doing, c.via.name)
	f.Refused = true
	return f
}
