// Package config reads the one configuration file of Drydock and the environment over it. It refuses unknown keys and
// missing ones by name, all at once, and never prints a secret.
//
// The file is YAML. Every key of the file can also be given in the environment, which wins: the name is DRYDOCK_ and the
// key in upper case, with two underscores between levels, such as DRYDOCK_DRIVERS__MAAS__API_KEY for drivers.maas.api_key.
// DRYDOCK_CONFIG names the file. Lists of numbers are separated by commas; lists and maps that are keyed by addresses or
// hold further keys (drivers.overrides, drivers.addresses, drivers.redfish.fingerprints, verify.waivers) are for the file only.
package config

import (
	"time"

	"drydock/design"
)

// Config is the configuration of all commands. The connection to Temporal is not in it: that follows Temporal's own
// convention (TEMPORAL_ADDRESS, TEMPORAL_PROFILE, TEMPORAL_TLS...).
type Config struct {
	// TaskQueue is the queue of workflows and activities; default "drydock".
	TaskQueue string  `koanf:"task_queue"`
	State     State   `koanf:"state"`
	Server    Server  `koanf:"server"`
	Worker    Worker  `koanf:"worker"`
	Drivers   Drivers `koanf:"drivers"`
	Verify    Verify  `koanf:"verify"`
	Design    Design  `koanf:"design"`
}

// Verify says what VerifyNodes lets machines differ in from their design.
type Verify struct {
	Waivers []Waiver `koanf:"waivers"`
}

// Waiver lets nodes differ in some checks, for a reason that is shown with the result.
type Waiver struct {
	Nodes  []string `koanf:"nodes"`
	Checks []string `koanf:"checks"` // such as bios_version, drive:S1; the word before the colon stands for all of its kind
	Reason string   `koanf:"reason"`
}

// State is where designs and the build model are kept.
type State struct {
	// DSN is sqlite:<path> or postgres://...; it may hold a password. Default sqlite:.drydock/state.db.
	DSN design.Secret `koanf:"dsn"`
}

// Server is the REST API.
type Server struct {
	Listen string `koanf:"listen"` // default 127.0.0.1:9000
	// Designs is the directory below which clients may name designs as file:// references; "" allows none, since whoever
	// may name any file may have it read.
	Designs string `koanf:"designs"`
}

// Worker bounds what one worker process does at once.
type Worker struct {
	MaxActivities int `koanf:"max_activities"` // default 100
}

// Drivers selects and configures drivers.
type Drivers struct {
	// Node is the name of the node driver; default maas.
	Node string `koanf:"node"`
	// Network is the name of the network driver; default noop.
	Network string `koanf:"network"`
	// OOB maps an oob type of the design to the name of a driver; default ipmi: ipmi, redfish: redfish, libvirt: libvirt, manual:
	// manual.
	OOB map[string]string `koanf:"oob"`
	// Overrides replace the choice for sites and nodes; the last that matches wins.
	Overrides []Override `koanf:"overrides"`
	// Addresses maps a BMC address of the design to the host:port where it is really reached, for port-forwarded BMCs.
	Addresses map[string]string `koanf:"addresses"`
	// Locations are networks, such as 127.0.0.1/32, that assets of boot actions may be fetched from although only this
	// machine reaches them: loopback, link-local, and metadata services of clouds; default none.
	Locations []string `koanf:"locations"`

	BMC     BMC     `koanf:"bmc"`
	MAAS    MAAS    `koanf:"maas"`
	Redfish Redfish `koanf:"redfish"`
	IPMI    IPMI    `koanf:"ipmi"`
	Bmclib  Bmclib  `koanf:"bmclib"`
	Libvirt Libvirt `koanf:"libvirt"`
}

// Override chooses other drivers for a site (empty: every site) and nodes (empty: all of the site).
type Override struct {
	Site    string   `koanf:"site"`
	Nodes   []string `koanf:"nodes"`
	OOB     string   `koanf:"oob"`
	Network string   `koanf:"network"`
	Node    string   `koanf:"node"`
}

// BMC is what the broker holds all out-of-band drivers to.
type BMC struct {
	// SessionIdle is how long a session that nobody uses is kept; default 3s, negative: not at all.
	SessionIdle time.Duration `koanf:"session_idle"`
	// LoginCoolDown is how long after a refused login the same account and password are not tried again for the same
	// design; default 1m.
	LoginCoolDown time.Duration `koanf:"login_cool_down"`
}

// MAAS is the region that the maas driver talks to, and what the driver does there.
type MAAS struct {
	URL            string        `koanf:"url"` // such as http://maas.example:5240/MAAS
	APIKey         design.Secret `koanf:"api_key"`
	APIKeyFile     string        `koanf:"api_key_file"`
	CAFile         string        `koanf:"ca_file"`
	PollInterval   time.Duration `koanf:"poll_interval"`   // default 15s
	CallTimeout    time.Duration `koanf:"call_timeout"`    // of one request with its answer; default 100s: a region itself retries for up to 90s
	ConnectTimeout time.Duration `koanf:"connect_timeout"` // default 10s
	Connections    int           `koanf:"connections"`     // at most, of one worker; default 8
	// AgentName marks our allocations; default drydock. Machines that were allocated under another name are not ours: it
	// may be changed only while nothing is deployed.
	AgentName string `koanf:"agent_name"`
	// Erase is what a destroyed node's disks undergo: quick (default), secure, full, none, or region, which leaves it to
	// MAAS's own settings.
	Erase string `koanf:"erase"`
	// DeleteReleased makes MAAS forget the machine of a node that was destroyed; it has to enlist again. Default false.
	DeleteReleased bool `koanf:"delete_released"`
	// FailedDeployment is what becomes of a machine whose deployment failed: keep leaves it to a person, retry (default)
	// lets the next task release it and deploy again, release gives it back at once.
	FailedDeployment string `koanf:"failed_deployment"`
	// StorageLayout is the layout of machines that MAAS commissions: flat (default), lvm, bcache, blank, custom, vmfs6, vmfs7.
	StorageLayout string `koanf:"storage_layout"`
	// CommissioningScripts and TestingScripts are names or tags of scripts, or none; default: those that MAAS selects.
	CommissioningScripts []string `koanf:"commissioning_scripts"`
	TestingScripts       []string `koanf:"testing_scripts"`
	// Scripts is a directory of scripts to upload to MAAS; default none.
	Scripts string `koanf:"scripts"`
}

// Redfish configures the redfish driver.
type Redfish struct {
	CAFile         string            `koanf:"ca_file"`
	Fingerprints   map[string]string `koanf:"fingerprints"`    // BMC address of the design to sha256 of its certificate
	Insecure       bool              `koanf:"insecure"`        // no TLS verification: only for laboratories
	ConnectTimeout time.Duration     `koanf:"connect_timeout"` // until a BMC has said its first word; default 5s
	Timeout        time.Duration     `koanf:"timeout"`         // of one request to a BMC that lives; default 30s
	PollInterval   time.Duration     `koanf:"poll_interval"`   // of power states; default 2s
}

// IPMI configures the ipmi driver.
type IPMI struct {
	Port         int           `koanf:"port"`          // default 623
	Privilege    string        `koanf:"privilege"`     // administrator (default), operator, user
	CipherSuites []int         `koanf:"cipher_suites"` // default 17, 3; never 0
	Timeout      time.Duration `koanf:"timeout"`       // of one request; default 2s
	PollInterval time.Duration `koanf:"poll_interval"` // of power states; default 2s
}

// Bmclib configures the bmclib driver. Which node it drives is chosen by drivers.oob or drivers.overrides.
type Bmclib struct {
	// Provider is asrockrack, dell, gofish, intelamt, ipmitool, openbmc or supermicro; a node's oob section may name
	// another (provider). No default.
	Provider     string            `koanf:"provider"`
	CAFile       string            `koanf:"ca_file"`
	Fingerprints map[string]string `koanf:"fingerprints"`  // BMC address of the design to sha256 of its certificate
	Insecure     bool              `koanf:"insecure"`      // no TLS verification: only for laboratories
	BasicAuth    bool              `koanf:"basic_auth"`    // gofish, dell: no sessions
	CipherSuites []int             `koanf:"cipher_suites"` // ipmitool; default 17, 3; never 0
	Timeout      time.Duration     `koanf:"timeout"`       // of one operation; default 30s
	PollInterval time.Duration     `koanf:"poll_interval"` // of power states; default 2s
}

// Libvirt configures the libvirt driver.
type Libvirt struct {
	// URIs maps names of nodes to the URI that takes the place of oob.libvirt_uri: qemu+ssh, qemu+tcp or qemu+unix.
	URIs         map[string]string `koanf:"uris"`
	KnownHosts   string            `koanf:"known_hosts"`   // host keys, as OpenSSH keeps them; needed for qemu+ssh
	KeyFile      string            `koanf:"key_file"`      // private key for ssh
	Timeout      time.Duration     `koanf:"timeout"`       // of one call; default 30s
	PollInterval time.Duration     `koanf:"poll_interval"` // of power states; default 1s
}
