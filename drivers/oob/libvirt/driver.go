package libvirt

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/crypto/ssh"

	"drydock/design/build"
	"drydock/drivers"
	"drydock/drivers/oob/bmc"
)

// Name is the word that configuration and designs select this driver by.
const Name = "libvirt"

// Config is what the driver needs besides the design. With qemu+ssh, the node's oob account and credential log in where
// the URI names no user and where no key does.
type Config struct {
	// Broker is shared with the other drivers of the process; nil: the driver has one of its own.
	Broker *bmc.Broker
	// URIs maps node names to the URI that takes the place of oob.libvirt_uri of the design.
	URIs map[string]string
	// KnownHosts is a file of host keys as OpenSSH keeps them, which every host reached by ssh has to be in. Without it
	// nothing is reached by ssh.
	KnownHosts string
	KeyFile    string // private key for ssh, without passphrase; "": password only

	ConnectTimeout  time.Duration // for a connection: default 5 s
	Timeout         time.Duration // for one call: default 30 s
	PowerTimeout    time.Duration // for the power to arrive: default 1 min
	GracefulTimeout time.Duration // for a system to shut down before its power is cut: default 1 min; negative: cut at once
	SettleTimeout   time.Duration // for a command to show its effect: default 5 s
	PollInterval    time.Duration // between two readings: default 1 s
}

// Driver implements drivers.OOB.
type Driver struct {
	config Config
	broker *bmc.Broker
	key    ssh.Signer // nil: none
}

var _ drivers.OOB = (*Driver)(nil)

// New checks the configuration: a key or a file of known hosts that can't be read, and a URI that can't be used, are errors.
func New(config Config) (*Driver, error) {
	fallback(&config.ConnectTimeout, 5*time.Second)
	fallback(&config.Timeout, 30*time.Second)
	fallback(&config.PowerTimeout, time.Minute)
	fallback(&config.GracefulTimeout, time.Minute)
	fallback(&config.SettleTimeout, 5*time.Second)
	fallback(&config.PollInterval, time.Second)
	if config.Broker == nil {
		config.Broker = bmc.NewBroker(bmc.Limits{})
	}
	d := &Driver{config: config, broker: config.Broker}
	for node, text := range config.URIs {
		if _, err := parseURI(text); err != nil {
			return nil, fmt.Errorf("configure libvirt: the URI of node %s %w", node, err)
		}
	}
	if config.KnownHosts != "" {
		if _, err := hostKeys(config.KnownHosts); err != nil {
			return nil, fmt.Errorf("configure libvirt: read known hosts: %w", err)
		}
	}
	if config.KeyFile != "" {
		key, err := readKey(config.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("configure libvirt: read the ssh key %s: %w", config.KeyFile, err)
		}
		d.key = key
	}
	return d, nil
}

func fallback[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Name is "libvirt".
func (d *Driver) Name() string { return Name }

// Close ends the sessions that are kept; calls after it fail. It closes the broker.
func (d *Driver) Close() error { return d.broker.Close() }

const noPxe = "a virtual machine boots from any of its NICs in the mode that its domain is defined with; SetNodeBoot sets the order"

// Lacks says that there is nothing to do for ConfigNodePxe.
func (d *Driver) Lacks() map[drivers.Action]string {
	return map[drivers.Action]string{drivers.ConfigNodePxe: noPxe}
}

// ConfigNodePxe is Unsupported.
func (d *Driver) ConfigNodePxe(context.Context, drivers.NodeCall) (drivers.Report, error) {
	return drivers.UnsupportedReport(noPxe), nil
}

// PowerOnNode starts the domain, and then puts back a boot order that was set for one start.
func (d *Driver) PowerOnNode(ctx context.Context, call drivers.NodeCall) (drivers.Report, error) {
	return d.onPower(ctx, drivers.PowerOnNode, call, bmc.Power.On)
}

// PowerOffNode asks the system to shut down (ACPI), and destroys the domain's process when it is not off in time. The domain
// stays defined.
func (d *Driver) PowerOffNode(ctx context.Context, call drivers.NodeCall) (drivers.Report, error) {
	return d.onPower(ctx, drivers.PowerOffNode, call, bmc.Power.Off)
}

// PowerCycleNode stops the domain and starts it: a reset would keep the boot order that it was started with.
func (d *Driver) PowerCycleNode(ctx context.Context, call drivers.NodeCall) (drivers.Report, error) {
	return d.onPower(ctx, drivers.PowerCycleNode, call, bmc.Power.Cycle)
}

func (d *Driver) onPower(ctx context.Context, action drivers.Action, call drivers.NodeCall,
	move func(bmc.Power, context.Context) (drivers.Report, error)) (drivers.Report, error) {
	return d.withDomain(ctx, action, call, func(ctx context.Context, c *conn) (drivers.Report, error) {
		out, err := move(bmc.Power{Machine: c, Journal: call.Journal, Timing: bmc.Timing{
			Poll: d.config.PollInterval, Settle: d.config.SettleTimeout,
			Graceful: max(d.config.GracefulTimeout, 0), Timeout: d.config.PowerTimeout,
		}}, ctx)
		if err != nil {
			return out, err
		}
		note, err := c.putBack(ctx)
		if err != nil {
			return drivers.Report{}, err
		}
		if note != "" {
			out.Messages = append(out.Messages, note)
		}
		b := learned(call)
		b.OOB.Power = c.power // as read last
		out.Build = &b
		return out, nil
	})
}

// withDomain connects, finds the node's domain, checks that it is the one on record, and runs act.
func (d *Driver) withDomain(ctx context.Context, action drivers.Action, call drivers.NodeCall,
	act func(context.Context, *conn) (drivers.Report, error)) (drivers.Report, error) {
	var out drivers.Report
	access, err := d.access(call)
	if err == nil {
		err = bmc.Visit(ctx, d.broker, access, func(ctx context.Context, c *conn) error {
			if err := c.find(ctx, call.Node.Name); err != nil {
				return err
			}
			if err := bmc.SameMachine(call.Build.Identity, build.Identity{UUID: c.uuid()}); err != nil {
				return err
			}
			out, err = act(ctx, c)
			return err
		})
	}
	if err != nil {
		return drivers.Report{}, bmc.Failure(action, call, err)
	}
	for i, m := range out.Messages {
		out.Messages[i] = bmc.Clean(call, m)
	}
	return out, nil
}

func learned(call drivers.NodeCall) build.Node {
	b := call.Build
	if b.Name == "" && call.Node != nil {
		b.Name = call.Node.Name
	}
	b.OOB.Driver = Name
	return b
}
