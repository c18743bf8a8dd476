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

	actions bmc.Actions[*conn, *conn]
}

var _ drivers.OOB = (*Driver)(nil)

// New checks the configuration: a key or a file of known hosts that can't be read, and a URI that can't be used, are errors.
func New(config Config) (*Driver, error) {
	bmc.Default(&config.ConnectTimeout, 5*time.Second)
	bmc.Default(&config.Timeout, 30*time.Second)
	bmc.Default(&config.PowerTimeout, time.Minute)
	bmc.Default(&config.GracefulTimeout, time.Minute)
	bmc.Default(&config.SettleTimeout, 5*time.Second)
	bmc.Default(&config.PollInterval, time.Second)
	if config.Broker == nil {
		config.Broker = bmc.NewBroker(bmc.Limits{})
	}
	d := &Driver{config: config, broker: config.Broker}
	d.actions = bmc.Actions[*conn, *conn]{
		Driver: Name, Broker: config.Broker, Access: d.access, Find: findRecorded, Moved: moved,
		Timing: bmc.Timing{Poll: config.PollInterval, Settle: config.SettleTimeout, Graceful: config.GracefulTimeout, Timeout: config.PowerTimeout},
	}
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
	return d.actions.On(ctx, call)
}

// PowerOffNode asks the system to shut down (ACPI), and destroys the domain's process when it is not off in time. The domain
// stays defined.
func (d *Driver) PowerOffNode(ctx context.Context, call drivers.NodeCall) (drivers.Report, error) {
	return d.actions.Off(ctx, call)
}

// PowerCycleNode stops the domain and starts it: a reset would keep the boot order that it was started with.
func (d *Driver) PowerCycleNode(ctx context.Context, call drivers.NodeCall) (drivers.Report, error) {
	return d.actions.Cycle(ctx, call)
}

// findRecorded finds the node's domain and checks that it is the one on record.
func findRecorded(ctx context.Context, c *conn, call drivers.NodeCall) (*conn, error) {
	if err := c.find(ctx, call.Node.Name); err != nil {
		return nil, err
	}
	x, _, err := c.described(ctx)
	if err != nil {
		return nil, err
	}
	return c, bmc.SameMachine(call.Build.Identity, x.identity(c.uuid(), ""))
}

// moved puts back a boot order that was set for one start.
func moved(ctx context.Context, c *conn, o *build.OOB) ([]string, error) {
	note, err := c.putBack(ctx)
	o.Power = c.power // as read last
	if err != nil || note == "" {
		return nil, err
	}
	return []string{note}, nil
}
