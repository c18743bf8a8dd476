package config

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// values checks what can be said of each value by itself.
func (c Config) values() Problems {
	var ps Problems
	bad := func(key, format string, args ...any) {
		ps = append(ps, Problem{Key: key, Text: fmt.Sprintf(format, args...)})
	}
	if c.TaskQueue == "" {
		bad("task_queue", "must not be empty")
	}
	if !slices.ContainsFunc([]string{"sqlite:", "postgres://", "postgresql://"}, func(p string) bool {
		return strings.HasPrefix(c.State.DSN.Reveal(), p)
	}) {
		bad("state.dsn", "must be sqlite:<path> or postgres://user@host/database")
	}
	if err := checkListen(c.Server.Listen); err != nil {
		bad("server.listen", "%v", err)
	}
	if c.Worker.MaxActivities < 1 {
		bad("worker.max_activities", "must be at least 1")
	}
	c.Design.Limits.check(bad)
	d := c.Drivers
	if d.Node == "" {
		bad("drivers.node", "must not be empty")
	}
	if d.Network == "" {
		bad("drivers.network", "must not be empty")
	}
	for i, o := range d.Overrides {
		if o.OOB == "" && o.Network == "" && o.Node == "" {
			bad(fmt.Sprintf("drivers.overrides[%d]", i), "chooses nothing: give oob, network or node")
		}
	}
	for i, w := range c.Verify.Waivers {
		key := fmt.Sprintf("verify.waivers[%d]", i)
		if len(w.Nodes) == 0 || len(w.Checks) == 0 {
			bad(key, "names no nodes or no checks")
		}
		if strings.TrimSpace(w.Reason) == "" {
			bad(key, "has no reason: say why these nodes may differ")
		}
	}
	for bmc, real := range d.Addresses {
		if err := checkListen(real); err != nil {
			bad("drivers.addresses."+bmc, "%v", err)
		}
	}
	for i, l := range d.Locations {
		if _, err := netip.ParsePrefix(l); err != nil {
			bad(fmt.Sprintf("drivers.locations[%d]", i), "must be a network such as 127.0.0.1/32")
		}
	}
	d.MAAS.check(bad)
	for key, duration := range map[string]time.Duration{
		"drivers.bmc.login_cool_down":     d.BMC.LoginCoolDown,
		"drivers.maas.call_timeout":       d.MAAS.CallTimeout,
		"drivers.maas.connect_timeout":    d.MAAS.ConnectTimeout,
		"drivers.maas.poll_interval":      d.MAAS.PollInterval,
		"drivers.redfish.connect_timeout": d.Redfish.ConnectTimeout,
		"drivers.redfish.timeout":         d.Redfish.Timeout,
		"drivers.redfish.poll_interval":   d.Redfish.PollInterval,
		"drivers.ipmi.timeout":            d.IPMI.Timeout,
		"drivers.ipmi.poll_interval":      d.IPMI.PollInterval,
		"drivers.bmclib.timeout":          d.Bmclib.Timeout,
		"drivers.bmclib.poll_interval":    d.Bmclib.PollInterval,
		"drivers.libvirt.timeout":         d.Libvirt.Timeout,
		"drivers.libvirt.poll_interval":   d.Libvirt.PollInterval,
	} {
		if duration <= 0 {
			bad(key, "must be longer than 0")
		}
	}
	if d.IPMI.Port < 1 || d.IPMI.Port > 65535 {
		bad("drivers.ipmi.port", "must be a port number from 1 to 65535")
	}
	if privileges := []string{"administrator", "operator", "user"}; !slices.Contains(privileges, d.IPMI.Privilege) {
		bad("drivers.ipmi.privilege", "must be one of %s", strings.Join(privileges, ", "))
	}
	switch {
	case len(d.IPMI.CipherSuites) == 0:
		bad("drivers.ipmi.cipher_suites", "must name at least one suite, such as 17")
	case slices.Contains(d.IPMI.CipherSuites, 0):
		// Cipher suite 0 logs in without a password: BMCs that allow it give the session to anybody.
		bad("drivers.ipmi.cipher_suites", "must not contain 0, which authenticates nobody")
	case slices.ContainsFunc(d.IPMI.CipherSuites, func(n int) bool { return n < 0 || n > 255 }):
		bad("drivers.ipmi.cipher_suites", "must be numbers from 1 to 255")
	}
	return ps
}

// CheckWorker says what a worker needs and the configuration lacks; the error is of type Problems.
func (c Config) CheckWorker() error {
	var ps Problems
	if c.Drivers.Node == "maas" {
		ps = append(ps, c.Drivers.MAAS.lacks()...)
	}
	return ps.orNil()
}

func missing(key, what string) Problem {
	return Problem{Key: key, Text: "is missing: " + what + " (or set " + variableOf(key) + ")"}
}

func checkListen(address string) error {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("%q is no host:port", address)
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return fmt.Errorf("%q has no port number from 0 to 65535", address)
	}
	return nil
}
