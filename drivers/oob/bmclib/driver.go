package bmclib

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"

	"drydock/design"
	"drydock/design/build"
	"drydock/drivers"
	"drydock/drivers/oob/bmc"
)

// Name is the word that configuration selects this driver by.
const Name = "bmclib"

// Config is what the driver needs besides the design. The account and password of a BMC come with every call.
type Config struct {
	// Broker is shared with the other drivers of the process; nil: the driver has one of its own.
	Broker *bmc.Broker
	// Addresses maps designed BMC addresses to the host:port where they are really reached; others are reached as they
	// stand, on the provider's usual port.
	Addresses map[string]string
	// Provider is the one that is used: asrockrack, dell, gofish, intelamt, ipmitool, openbmc or supermicro. A node chooses
	// another by the parameter "provider" of its oob section. There is no default: a guess would be another protocol.
	Provider string

	CAFile string // PEM certificates that BMCs are verified with, besides those of the system
	// Fingerprints maps designed BMC addresses to the SHA-256 of their certificate in hexadecimal, with or without colons.
	Fingerprints map[string]string
	Insecure     bool // accept every certificate, and providers that verify none
	BasicAuth    bool // log in to Redfish by HTTP Basic, for services without sessions (provider gofish)
	// CipherSuites are tried by the provider ipmitool in this order, the one that worked last at a BMC first: default 17,
	// 3. 0 is refused.
	CipherSuites []int
	Ipmitool     string // path of the program; default: the one on the path

	ConnectTimeout  time.Duration // for a connection: default 5 s
	Timeout         time.Duration // for one operation of a provider, which may be many requests: default 30 s
	PowerTimeout    time.Duration // for the power to arrive: default 3 min
	GracefulTimeout time.Duration // for a system to shut down before its power is cut: default 1 min; negative: cut at once
	SettleTimeout   time.Duration // for a command to show its effect: default 20 s
	ReadBackTimeout time.Duration // for a boot override to read back as set: default 10 s
	PollInterval    time.Duration // between two readings: default 2 s
}

// Driver implements drivers.OOB.
type Driver struct {
	config   Config
	provider provider
	broker   *bmc.Broker
	trust    *bmc.Trust
	actions  bmc.Actions[*conn, *conn]

	mu     sync.Mutex
	suites map[string]int // the cipher suite that worked at a BMC
}

var _ drivers.OOB = (*Driver)(nil)

// New checks the configuration: no provider or an unknown one, a provider that verifies no certificate where that is not
// allowed, cipher suite 0, an unreadable CA file and a fingerprint that is none are errors.
func New(config Config) (*Driver, error) {
	bmc.Default(&config.ConnectTimeout, 5*time.Second)
	bmc.Default(&config.Timeout, 30*time.Second)
	bmc.Default(&config.PowerTimeout, 3*time.Minute)
	bmc.Default(&config.GracefulTimeout, time.Minute)
	bmc.Default(&config.SettleTimeout, 20*time.Second)
	bmc.Default(&config.ReadBackTimeout, 10*time.Second)
	bmc.Default(&config.PollInterval, 2*time.Second)
	if len(config.CipherSuites) == 0 {
		config.CipherSuites = []int{17, 3}
	}
	if config.Broker == nil {
		config.Broker = bmc.NewBroker(bmc.Limits{})
	}
	for _, n := range config.CipherSuites {
		if n < 1 || n > 17 {
			return nil, fmt.Errorf("configure bmclib: cipher suite %d is not usable: it must authenticate and encrypt, as 17 and 3 do", n)
		}
	}
	// bmclib writes every request to standard output under this variable, passwords included.
	if os.Getenv("DEBUG_BMCLIB") != "" {
		return nil, fmt.Errorf("configure bmclib: the variable DEBUG_BMCLIB is set, which would print passwords: unset it")
	}
	p, err := providerOf(config.Provider)
	if err == nil {
		err = config.allows(p)
	}
	if err != nil {
		return nil, fmt.Errorf("configure bmclib: %w", err)
	}
	t, err := bmc.NewTrust(config.CAFile, config.Fingerprints, config.Insecure)
	if err != nil {
		return nil, fmt.Errorf("configure bmclib: %w", err)
	}
	d := &Driver{config: config, provider: p, broker: config.Broker, trust: t, suites: map[string]int{}}
	d.actions = bmc.Actions[*conn, *conn]{
		Driver: Name, Broker: config.Broker,
		Timing: bmc.Timing{Poll: config.PollInterval, Settle: config.SettleTimeout, Graceful: config.GracefulTimeout, Timeout: config.PowerTimeout},
		Access: func(call drivers.NodeCall) (bmc.Access[*conn], error) {
			p, endpoint, err := d.reach(call.Node)
			if err != nil {
				return bmc.Access[*conn]{}, err
			}
			return d.access(p, endpoint, call), nil
		},
		Find: func(ctx context.Context, c *conn, call drivers.NodeCall) (*conn, error) {
			return c, c.checkIdentity(ctx, call.Build.Identity)
		},
		Moved: func(_ context.Context, c *conn, o *build.OOB) ([]string, error) {
			o.Power = c.power // as read last
			return nil, nil
		},
	}
	return d, nil
}

func (c Config) allows(p provider) error {
	if p.refuses != "" && !c.Insecure {
		return fmt.Errorf("provider %s is not used: %s; allow it by insecure", p.name, p.refuses)
	}
	return nil
}

// Name is "bmclib".
func (d *Driver) Name() string { return Name }

// Close ends the sessions that are kept; calls after it fail. It closes the broker.
func (d *Driver) Close() error { return d.broker.Close() }

const noPxe = "bmclib sets neither the firmware's boot mode nor which NIC boots from the network; set both in the firmware setup"

// Lacks says what the configured provider can't do. A node with a provider of its own may lack more, and its actions say so.
func (d *Driver) Lacks() map[drivers.Action]string {
	lacks := map[drivers.Action]string{drivers.ConfigNodePxe: noPxe}
	if !d.provider.boot {
		lacks[drivers.SetNodeBoot] = d.provider.lacksBoot()
	}
	return lacks
}

// ConfigNodePxe is Unsupported.
func (d *Driver) ConfigNodePxe(context.Context, drivers.NodeCall) (drivers.Report, error) {
	return drivers.UnsupportedReport(noPxe), nil
}

// PowerOnNode asks the provider for "on" and ends when it was read as on twice.
func (d *Driver) PowerOnNode(ctx context.Context, call drivers.NodeCall) (drivers.Report, error) {
	return d.actions.On(ctx, call)
}

// PowerOffNode asks the provider for "soft", whose answer says nothing (a silent BMC is answered for with success), then for
// "off" when the system is not off in time, and ends when it was read as off twice.
func (d *Driver) PowerOffNode(ctx context.Context, call drivers.NodeCall) (drivers.Report, error) {
	return d.actions.Off(ctx, call)
}

// PowerCycleNode asks the provider for "cycle", and for "on" when the machine is off.
func (d *Driver) PowerCycleNode(ctx context.Context, call drivers.NodeCall) (drivers.Report, error) {
	return d.actions.Cycle(ctx, call)
}

// reach finds the provider and the BMC of a node.
func (d *Driver) reach(node *design.Node) (provider, bmc.Endpoint, error) {
	p := d.provider
	if node != nil && node.OOB.Parameters[ProviderParameter] != "" {
		own, err := providerOf(node.OOB.Parameters[ProviderParameter])
		if err == nil {
			err = d.config.allows(own)
		}
		if err != nil {
			return p, bmc.Endpoint{}, bmc.Failf(drivers.InvalidDesign, "correct "+ProviderParameter+" in the node's oob section",
				"choose the provider: %w", err)
		}
		p = own
	}
	endpoint, err := bmc.Endpoints{Addresses: d.config.Addresses, Port: p.port}.Of(node)
	return p, endpoint, err
}

// suitesFor are the cipher suites to try at a BMC, the one that worked last first.
func (d *Driver) suitesFor(address string) []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []string
	if last, ok := d.suites[address]; ok {
		out = append(out, strconv.Itoa(last))
	}
	for _, n := range d.config.CipherSuites {
		if n != d.suites[address] {
			out = append(out, strconv.Itoa(n))
		}
	}
	return out
}

func (d *Driver) remember(address, suite string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.suites[address], _ = strconv.Atoi(suite)
}
