package redfish

import (
	"context"
	"time"

	"drydock/design/build"
	"drydock/drivers"
	"drydock/drivers/oob/bmc"
)

// Name is the word that configuration and designs select this driver by.
const Name = "redfish"

// Config is what the driver needs besides the design. The account and password of a BMC come with every call.
type Config struct {
	// Addresses maps designed BMC addresses to the host:port where they are really reached; others are reached as they
	// stand, on the port of the scheme.
	Addresses map[string]string
	Scheme    string // https, or http for a service behind a tunnel; default https

	CAFile string // PEM certificates that BMCs are verified with, besides those of the system
	// Fingerprints maps designed BMC addresses to the SHA-256 of their certificate in hexadecimal, with or without
	// colons. A BMC that is listed is accepted by its fingerprint alone.
	Fingerprints map[string]string
	Insecure     bool // accept every certificate

	ConnectTimeout  time.Duration // for a BMC to say its first word: default 5 s; a dead one is known after it
	Timeout         time.Duration // for one request to a BMC that lives: default 30 s
	PowerTimeout    time.Duration // for the power to arrive: default 3 min
	GracefulTimeout time.Duration // for a system to shut down before its power is cut: default 1 min; negative: cut at once
	SettleTimeout   time.Duration // for a command to show its effect: default 20 s
	ReadBackTimeout time.Duration // for a boot override to read back as set: default 10 s
	PollInterval    time.Duration // between two readings: default 2 s
	Gap             time.Duration // between two requests to a BMC: default 5 ms

	// Broker is shared with the other drivers of the process; nil: the driver has one of its own.
	Broker *bmc.Broker
}

// Driver implements drivers.OOB. Sessions are its broker's: Close deletes them.
type Driver struct {
	config    Config
	endpoints bmc.Endpoints
	broker    *bmc.Broker
	trust     *trust
	actions   bmc.Actions[*conn, *system]
}

var _ drivers.OOB = (*Driver)(nil)

// New checks the configuration: a CA file that can't be read, a fingerprint that is none, or an unknown scheme is an error.
func New(config Config) (*Driver, error) {
	bmc.Default(&config.Scheme, "https")
	bmc.Default(&config.ConnectTimeout, 5*time.Second)
	bmc.Default(&config.Timeout, 30*time.Second)
	bmc.Default(&config.PowerTimeout, 3*time.Minute)
	bmc.Default(&config.GracefulTimeout, time.Minute)
	bmc.Default(&config.SettleTimeout, 20*time.Second)
	bmc.Default(&config.ReadBackTimeout, 10*time.Second)
	bmc.Default(&config.PollInterval, 2*time.Second)
	bmc.Default(&config.Gap, 5*time.Millisecond)
	if config.Broker == nil {
		config.Broker = bmc.NewBroker(bmc.Limits{})
	}
	trust, err := newTrust(config)
	if err != nil {
		return nil, err
	}
	port := 443
	if config.Scheme == "http" {
		port = 80
	}
	d := &Driver{config: config, trust: trust, broker: config.Broker, endpoints: bmc.Endpoints{Addresses: config.Addresses, Port: port}}
	d.actions = bmc.Actions[*conn, *system]{
		Driver: Name, Broker: config.Broker,
		Timing: bmc.Timing{Poll: config.PollInterval, Settle: config.SettleTimeout, Graceful: config.GracefulTimeout, Timeout: config.PowerTimeout},
		Access: func(call drivers.NodeCall) (bmc.Access[*conn], error) {
			endpoint, err := d.endpoints.Of(call.Node)
			if err != nil {
				return bmc.Access[*conn]{}, err
			}
			return d.access(endpoint, call), nil
		},
		Find: findRecorded,
		Moved: func(_ context.Context, s *system, o *build.OOB) ([]string, error) {
			s.fill(o) // as read last
			return nil, nil
		},
	}
	return d, nil
}

// Name is "redfish".
func (d *Driver) Name() string { return Name }

// Close deletes the sessions that are kept at BMCs; calls after it fail. It closes the broker.
func (d *Driver) Close() error { return d.broker.Close() }

// Lacks is empty: every action does something for some machine. ConfigNodePxe answers Unsupported for machines whose
// service has no way for what the design asks of their firmware.
func (d *Driver) Lacks() map[drivers.Action]string { return nil }

// PowerOnNode sends ComputerSystem.Reset On (or ForceOn, PushPowerButton where On is missing) and ends when PowerState was
// read as On twice.
func (d *Driver) PowerOnNode(ctx context.Context, call drivers.NodeCall) (drivers.Report, error) {
	return d.actions.On(ctx, call)
}

// PowerOffNode sends ComputerSystem.Reset GracefulShutdown, then ForceOff when the system is not off in time, and ends when
// PowerState was read as Off twice. Its message says which of the two it was.
func (d *Driver) PowerOffNode(ctx context.Context, call drivers.NodeCall) (drivers.Report, error) {
	return d.actions.Off(ctx, call)
}

// PowerCycleNode sends ComputerSystem.Reset ForceRestart or PowerCycle, ForceOff and On where both are missing, and On to a
// system that is off.
func (d *Driver) PowerCycleNode(ctx context.Context, call drivers.NodeCall) (drivers.Report, error) {
	return d.actions.Cycle(ctx, call)
}

// findRecorded finds the node's system and checks that it is the machine on record. NICs are read only where there is a
// record of them, since that takes a request for each.
func findRecorded(ctx context.Context, c *conn, call drivers.NodeCall) (*system, error) {
	c.renewed = false
	s, err := findSystem(ctx, c, call)
	if err != nil {
		return nil, err
	}
	seen := s.identity()
	if len(call.Build.Identity.MACs) == 0 {
		return s, bmc.SameMachine(call.Build.Identity, seen)
	}
	// A service that does not tell its NICs, or fails at it, tells nothing against the machine.
	var read inventory
	nics, err := s.nics(ctx)
	if err := read.miss("the network interfaces", err); err != nil {
		return nil, err
	}
	for _, n := range nics {
		seen.MACs = append(seen.MACs, n.MAC)
	}
	return s, bmc.SameMachine(call.Build.Identity, seen)
}

func (d *Driver) withSystem(ctx context.Context, action drivers.Action, call drivers.NodeCall,
	act func(context.Context, *system) (drivers.Report, error)) (drivers.Report, error) {
	return d.actions.Do(ctx, action, call, act)
}

func learned(call drivers.NodeCall) build.Node { return bmc.Learned(Name, call) }
