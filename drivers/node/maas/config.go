package maas

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"drydock/design"
	"drydock/drivers"
)

// Erase says what a release does to the disks (parameters erase, secure_erase and quick_erase of op=release).
type Erase string

// Erase policies.
const (
	// EraseQuick wipes the start and end of each disk; minutes. The default.
	EraseQuick Erase = "quick"
	// EraseSecure uses the secure erase of the disk, and falls back to quick where the disk has none.
	EraseSecure Erase = "secure"
	// EraseFull overwrites every byte; hours.
	EraseFull Erase = "full"
	// EraseNone erases nothing, whatever the default of the region is.
	EraseNone Erase = "none"
	// EraseRegion leaves it to the region's setting enable_disk_erasing_on_release.
	EraseRegion Erase = "region"
)

// FailedDeployment says what becomes of a machine of ours whose deployment failed. Where it is released, its disks are not
// erased: the next installation writes them anew.
type FailedDeployment string

// Policies for failed deployments.
const (
	// FailedKeep leaves it as it is until a person has released it or destroyed the node.
	FailedKeep FailedDeployment = "keep"
	// FailedRetry leaves it as it is for people to look at, until a later task, or a retry that a person asks for, deploys
	// the node again: it is released first. The default.
	FailedRetry FailedDeployment = "retry"
	// FailedRelease releases it at once; the failure is reported all the same.
	FailedRelease FailedDeployment = "release"
)

// UserData makes the user data of a node (boot actions), and messages about it for the report.
type UserData func(*design.Site, *design.Node) (data []byte, messages []string, err error)

// Config configures a Driver. Only URL and APIKey are required.
type Config struct {
	// URL of the region, such as http://region:5240/MAAS.
	URL string
	// APIKey of an administrator: consumer key, token key and token secret, joined by colons.
	APIKey design.Secret
	// PollInterval is how long to wait between two looks at a machine that needs time; default 15 s.
	PollInterval time.Duration
	// CallTimeout bounds one request with its answer; default 100 s, as the region itself retries for up to 90 s.
	CallTimeout time.Duration
	// DialTimeout bounds connecting; default 10 s.
	DialTimeout time.Duration
	// Connections is how many connections the driver holds at most; default 8.
	Connections int
	// CAFile holds PEM certificates that are trusted besides those of the system.
	CAFile string
	// AgentName marks our allocations at MAAS (agent_name); default "drydock".
	AgentName string
	// Erase is what DestroyNode does to the disks; default EraseQuick.
	Erase Erase
	// DeleteReleased makes DestroyNode delete the machine at MAAS once it is released; it has to enlist again then.
	DeleteReleased bool
	// StorageLayout is the site-wide default_storage_layout that CreateStorageTemplate sets; default "flat".
	StorageLayout string
	// FailedDeployment is what becomes of a machine whose deployment failed; default FailedRetry.
	FailedDeployment FailedDeployment
	// CommissioningScripts and TestingScripts are names or tags of scripts at MAAS that ConfigureHardware runs, or the one
	// word "none"; empty: those that MAAS selects by itself. The commissioning scripts that come with MAAS run in any case.
	CommissioningScripts, TestingScripts []string
	// Scripts is a directory of scripts that PrepareHardwareConfig uploads to MAAS, each under the name of its file; "" has
	// none. What a script is for and how it runs is said by the metadata within it, as MAAS defines them; without, it is a test.
	Scripts string
	// UserData, when set, makes the user data that DeployNode hands over.
	UserData UserData
	// Transport, when set, carries the requests instead of the driver's own pool of connections; CAFile, DialTimeout and
	// Connections are then ignored. Metrics and traces, which go to OpenTelemetry's global providers, are made in any case.
	Transport http.RoundTripper
}

// Driver drives one MAAS region. It is safe for concurrent use.
type Driver struct {
	cfg   Config
	base  *url.URL // of the API: .../MAAS/api/2.0/
	wire  *wire
	who   whoami
	bmcs  bmcIndex
	racks controllers
	watch *watch
	now   func() time.Time
}

var _ drivers.Node = (*Driver)(nil)

// New makes a driver. It checks the configuration and does no network I/O.
func New(cfg Config) (*Driver, error) {
	u, err := url.Parse(strings.TrimSuffix(cfg.URL, "/"))
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		// The URL itself is left out: it may carry credentials.
		return nil, errors.New("configure MAAS driver: url is not of the form http://host:5240/MAAS")
	}
	if u.User != nil {
		return nil, errors.New("configure MAAS driver: url holds credentials; put them into the API key")
	}
	creds, err := parseKey(cfg.APIKey)
	if err != nil {
		return nil, fmt.Errorf("configure MAAS driver: %w", err)
	}
	cfg.defaults()
	switch cfg.Erase {
	case EraseQuick, EraseSecure, EraseFull, EraseNone, EraseRegion:
	default:
		return nil, fmt.Errorf("configure MAAS driver: erase policy %q is none of quick, secure, full, none, region", string(cfg.Erase))
	}
	switch cfg.FailedDeployment {
	case FailedKeep, FailedRetry, FailedRelease:
	default:
		return nil, fmt.Errorf("configure MAAS driver: policy %q for failed deployments is none of keep, retry, release", string(cfg.FailedDeployment))
	}
	if err := cfg.checkScripts(); err != nil {
		return nil, fmt.Errorf("configure MAAS driver: %w", err)
	}
	u.Path = strings.TrimSuffix(strings.TrimSuffix(u.Path, "/"), "/api/2.0") + "/api/2.0/"
	d := &Driver{cfg: cfg, base: u, now: time.Now}
	carrier := cfg.Transport
	if carrier == nil {
		if carrier, err = pool(cfg); err != nil {
			return nil, fmt.Errorf("configure MAAS driver: %w", err)
		}
	}
	telemetry, err := newTelemetry()
	if err != nil {
		return nil, fmt.Errorf("configure MAAS driver: set up its metrics: %w", err)
	}
	d.wire = &wire{
		carrier: carrier, telemetry: telemetry, creds: creds, timeout: cfg.CallTimeout, address: u.Host, root: u.Path,
		now: func() time.Time { return d.now() },
	}
	d.who.gate = make(chan struct{}, 1)
	d.bmcs.gate = make(chan struct{}, 1)
	d.racks.gate = make(chan struct{}, 1)
	d.watch = newWatch(cfg.PollInterval)
	return d, nil
}

func (c *Config) defaults() {
	if c.PollInterval <= 0 {
		c.PollInterval = 15 * time.Second
	}
	if c.CallTimeout <= 0 {
		c.CallTimeout = 100 * time.Second
	}
	if c.DialTimeout <= 0 {
		c.DialTimeout = 10 * time.Second
	}
	if c.Connections <= 0 {
		c.Connections = 8
	}
	if c.AgentName == "" {
		c.AgentName = "drydock"
	}
	if c.Erase == "" {
		c.Erase = EraseQuick
	}
	if c.FailedDeployment == "" {
		c.FailedDeployment = FailedRetry
	}
	if c.StorageLayout == "" {
		c.StorageLayout = "flat"
	}
}

// pool makes the connections to the region: bounded, as a region serves few requests at once and queues the rest.
func pool(cfg Config) (http.RoundTripper, error) {
	t := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: cfg.DialTimeout, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout:   cfg.DialTimeout,
		MaxConnsPerHost:       cfg.Connections,
		MaxIdleConnsPerHost:   cfg.Connections,
		IdleConnTimeout:       30 * time.Second,
		ResponseHeaderTimeout: cfg.CallTimeout,
	}
	if cfg.CAFile == "" {
		return t, nil
	}
	pem, err := os.ReadFile(cfg.CAFile)
	if err != nil {
		return nil, fmt.Errorf("read CA file: %w", err)
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("read CA file %s: it holds no PEM certificate", cfg.CAFile)
	}
	t.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	return t, nil
}

// Name is "maas".
func (d *Driver) Name() string { return "maas" }

// Lacks is empty: the driver does every action.
func (d *Driver) Lacks() map[drivers.Action]string { return map[drivers.Action]string{} }
