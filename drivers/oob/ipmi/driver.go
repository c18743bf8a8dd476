package ipmi

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/bougou/go-ipmi/pkg/types"

	"drydock/design/build"
	"drydock/drivers"
	"drydock/drivers/oob/bmc"
)

// Name is the word that configuration and designs select this driver by.
const Name = "ipmi"

// PrivilegeParameter is the key of a node's oob section that overrides the configured privilege level for its account.
const PrivilegeParameter = "privilege"

// Config is what the driver needs besides the design. The account and password of a BMC come with every call.
type Config struct {
	// Addresses maps designed BMC addresses to the host:port where they are really reached; others are reached as they
	// stand, on Port.
	Addresses map[string]string
	Port      int // default 623

	// Privilege is the level that sessions ask for: administrator, operator or user. An account that has only operator
	// must ask for operator: strict BMCs refuse more. Default administrator.
	Privilege string
	// CipherSuites are tried in this order, the one that worked last at a BMC first: default 17, 3. 0 is refused.
	CipherSuites []int

	Timeout         time.Duration // for the answer to one datagram: default 1 s
	Retries         int           // of a datagram that may be repeated: default 3; negative: none
	Gap             time.Duration // between two commands to a BMC: default 20 ms
	PowerTimeout    time.Duration // for the power to arrive: default 3 min
	GracefulTimeout time.Duration // for a system to shut down before its power is cut: default 1 min; negative: cut at once
	SettleTimeout   time.Duration // for a command to show its effect: default 20 s
	PollInterval    time.Duration // between two readings: default 2 s

	// Broker is shared with the other drivers of the process; nil: the driver has one of its own.
	Broker *bmc.Broker
}

// Driver implements drivers.OOB, and remembers which cipher suite worked at which BMC. Sessions are its broker's: Close
// ends them.
type Driver struct {
	config    Config
	endpoints bmc.Endpoints
	broker    *bmc.Broker
	suites    []types.CipherSuiteID
	privilege types.PrivilegeLevel
	actions   bmc.Actions[*conn, *conn]

	mu     sync.Mutex
	worked map[string]types.CipherSuiteID
}

var _ drivers.OOB = (*Driver)(nil)

// New checks the configuration: an unknown privilege level or cipher suite, and cipher suite 0, are errors.
func New(config Config) (*Driver, error) {
	bmc.Default(&config.Port, 623)
	bmc.Default(&config.Privilege, "administrator")
	bmc.Default(&config.Timeout, time.Second)
	bmc.Default(&config.Retries, 3)
	bmc.Default(&config.Gap, 20*time.Millisecond)
	bmc.Default(&config.PowerTimeout, 3*time.Minute)
	bmc.Default(&config.GracefulTimeout, time.Minute)
	bmc.Default(&config.SettleTimeout, 20*time.Second)
	bmc.Default(&config.PollInterval, 2*time.Second)
	config.Retries = max(config.Retries, 0)
	if len(config.CipherSuites) == 0 {
		config.CipherSuites = []int{17, 3}
	}
	if config.Broker == nil {
		config.Broker = bmc.NewBroker(bmc.Limits{})
	}
	d := &Driver{
		config:    config,
		broker:    config.Broker,
		endpoints: bmc.Endpoints{Addresses: config.Addresses, Port: config.Port},
		worked:    map[string]types.CipherSuiteID{},
	}
	d.actions = bmc.Actions[*conn, *conn]{
		Driver: Name, Broker: config.Broker,
		Timing: bmc.Timing{Poll: config.PollInterval, Settle: config.SettleTimeout, Graceful: config.GracefulTimeout, Timeout: config.PowerTimeout},
		Access: d.accessOf,
		Find: func(ctx context.Context, c *conn, call drivers.NodeCall) (*conn, error) {
			return c, c.checkIdentity(ctx, call.Build.Identity)
		},
		Moved: func(_ context.Context, c *conn, o *build.OOB) ([]string, error) {
			o.Power = c.power // as read last
			return nil, nil
		},
	}
	var err error
	if d.privilege, err = level(config.Privilege); err != nil {
		return nil, fmt.Errorf("configure ipmi: %w", err)
	}
	for _, n := range config.CipherSuites {
		id := types.CipherSuiteID(n)
		_, _, confidential, known := types.GetCipherSuiteAlgorithms(id)
		if n <= 0 || n > 255 || !known || confidential != types.CryptAlg_AES_CBC_128 {
			return nil, fmt.Errorf("configure ipmi: cipher suite %d is not usable: it must authenticate, and encrypt with AES, as 17 and 3 do", n)
		}
		d.suites = append(d.suites, id)
	}
	return d, nil
}

func level(word string) (types.PrivilegeLevel, error) {
	switch word {
	case "administrator", "admin":
		return types.PrivilegeLevelAdministrator, nil
	case "operator":
		return types.PrivilegeLevelOperator, nil
	case "user":
		return types.PrivilegeLevelUser, nil
	}
	return 0, fmt.Errorf("privilege level %q is none of administrator, operator, user", word)
}

// suitesFor are the cipher suites to try at a BMC, the one that worked last first.
func (d *Driver) suitesFor(bmc string) []types.CipherSuiteID {
	d.mu.Lock()
	defer d.mu.Unlock()
	last, ok := d.worked[bmc]
	if !ok {
		return d.suites
	}
	rest := slices.DeleteFunc(slices.Clone(d.suites), func(s types.CipherSuiteID) bool { return s == last })
	return append([]types.CipherSuiteID{last}, rest...)
}

// suiteOf is the configured suite of these algorithms; 0 when there is none.
func (d *Driver) suiteOf(auth, integrity, crypt uint8) types.CipherSuiteID {
	for _, s := range d.suites {
		if a, i, c, _ := types.GetCipherSuiteAlgorithms(s); auth == uint8(a) && integrity == uint8(i) && crypt == uint8(c) {
			return s
		}
	}
	return 0
}

func (d *Driver) remember(bmc string, suite types.CipherSuiteID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.worked[bmc] = suite
}

// Name is "ipmi".
func (d *Driver) Name() string { return Name }

// Close ends the sessions that are kept at BMCs; calls after it fail. It closes the broker.
func (d *Driver) Close() error { return d.broker.Close() }

const noPxe = "IPMI has no command for the firmware's boot mode or for booting a NIC from the network; " +
	"SetNodeBoot asks for the boot mode with every override"

// Lacks says that IPMI can't do ConfigNodePxe.
func (d *Driver) Lacks() map[drivers.Action]string {
	return map[drivers.Action]string{drivers.ConfigNodePxe: noPxe}
}

// ConfigNodePxe is Unsupported: the IPMI specification has no command for it.
func (d *Driver) ConfigNodePxe(context.Context, drivers.NodeCall) (drivers.Report, error) {
	return drivers.UnsupportedReport(noPxe), nil
}

// PowerOnNode sends Chassis Control power up and ends when Get Chassis Status showed power on twice.
func (d *Driver) PowerOnNode(ctx context.Context, call drivers.NodeCall) (drivers.Report, error) {
	return d.actions.On(ctx, call)
}

// PowerOffNode sends Chassis Control soft shutdown, then power down when the system is not off in time, and ends when Get
// Chassis Status showed power off twice. Its message says which of the two it was.
func (d *Driver) PowerOffNode(ctx context.Context, call drivers.NodeCall) (drivers.Report, error) {
	return d.actions.Off(ctx, call)
}

// PowerCycleNode sends Chassis Control power cycle, power down and up where it is not offered, and power up to a machine that
// is off.
func (d *Driver) PowerCycleNode(ctx context.Context, call drivers.NodeCall) (drivers.Report, error) {
	return d.actions.Cycle(ctx, call)
}

func (d *Driver) accessOf(call drivers.NodeCall) (bmc.Access[*conn], error) {
	endpoint, err := d.endpoints.Of(call.Node)
	if err != nil {
		return bmc.Access[*conn]{}, err
	}
	return d.access(endpoint, call), nil
}
