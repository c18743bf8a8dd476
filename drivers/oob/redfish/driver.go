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

	ConnectTimeout  time.Duration // for a connection: default 5 s; a dead BMC is known after it
	Timeout         time.Duration // for one request: default 30 s
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
}

var _ drivers.OOB = (*Driver)(nil)

// New checks the configuration: a CA file that can't be read, a fingerprint that is none, or an unknown scheme is an error.
func New(config Config) (*Driver, error) {
	fallback(&config.Scheme, "https")
	fallback(&config.ConnectTimeout, 5*time.Second)
	fallback(&config.Timeout, 30*time.Second)
	fallback(&config.PowerTimeout, 3*time.Minute)
	fallback(&config.GracefulTimeout, time.Minute)
	fallback(&config.SettleTimeout, 20*time.Second)
	fallback(&config.ReadBackTimeout, 10*time.Second)
	fallback(&config.PollInterval, 2*time.Second)
	fallback(&config.Gap, 5*time.Millisecond)
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
	return &Driver{config: config, trust: trust, broker: config.Broker, endpoints: bmc.Endpoints{Addresses: config.Addresses, Port: port}}, nil
}

func fallback[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Name is "redfish".
func (d *Driver) Name() string { return Name }

// Close deletes the sessions that are kept at BMCs; calls after it fail. It closes the broker.
func (d *Driver) Close() error { return d.broker.Close() }

// Lacks is empty: every action does something for some machine. ConfigNodePxe answers Unsupported for machines whose
// service does not offer the boot mode.
func (d *Driver) Lacks() map[drivers.Action]string { return nil }

// PowerOnNode sends ComputerSystem.Reset On (or ForceOn, PushPowerButton where On is missing) and ends when PowerState was
// read as On twice.
func (d *Driver) PowerOnNode(ctx context.Context, call drivers.NodeCall) (drivers.Report, error) {
	return d.onPower(ctx, drivers.PowerOnNode, call, bmc.Power.On)
}

// PowerOffNode sends ComputerSystem.Reset GracefulShutdown, then ForceOff when the system is not off in time, and ends when
// PowerState was read as Off twice. Its message says which of the two it was.
func (d *Driver) PowerOffNode(ctx context.Context, call drivers.NodeCall) (drivers.Report, error) {
	return d.onPower(ctx, drivers.PowerOffNode, call, bmc.Power.Off)
}

// PowerCycleNode sends ComputerSystem.Reset ForceRestart or PowerCycle, ForceOff and On where both are missing, and On to a
// system that is off.
func (d *Driver) PowerCycleNode(ctx context.Context, call drivers.NodeCall) (drivers.Report, error) {
	return d.onPower(ctx, drivers.PowerCycleNode, call, bmc.Power.Cycle)
}

func (d *Driver) onPower(ctx context.Context, action drivers.Action, call drivers.NodeCall,
	move func(bmc.Power, context.Context) (drivers.Report, error)) (drivers.Report, error) {
	return d.withSystem(ctx, action, call, func(ctx context.Context, s *system) (drivers.Report, error) {
		graceful := max(d.config.GracefulTimeout, 0)
		out, err := move(bmc.Power{Machine: s, Journal: call.Journal, Timing: bmc.Timing{
			Poll: d.config.PollInterval, Settle: d.config.SettleTimeout, Graceful: graceful, Timeout: d.config.PowerTimeout,
		}}, ctx)
		if err == nil {
			b := learned(call)
			s.fill(&b.OOB) // as read last
			out.Build = &b
		}
		return out, err
	})
}

// withSystem finds the node's system within a session, checks that it is the machine on record and runs act.
func (d *Driver) withSystem(ctx context.Context, action drivers.Action, call drivers.NodeCall,
	act func(context.Context, *system) (drivers.Report, error)) (drivers.Report, error) {
	var out drivers.Report
	endpoint, err := d.endpoints.Of(call.Node)
	if err == nil {
		err = bmc.Visit(ctx, d.broker, d.access(endpoint, call), func(ctx context.Context, c *conn) error {
			c.renewed = false
			s, err := findSystem(ctx, c, call)
			if err != nil {
				return err
			}
			if err := bmc.SameMachine(call.Build.Identity, s.identity()); err != nil {
				return err
			}
			out, err = act(ctx, s)
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

// learned starts the build model that a report returns.
func learned(call drivers.NodeCall) build.Node {
	b := call.Build
	if b.Name == "" && call.Node != nil {
		b.Name = call.Node.Name
	}
	b.OOB.Driver = Name
	return b
}
