package worker

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"sort"
	"strings"

	"drydock/design"
	"drydock/drivers"
	"drydock/drivers/network/noop"
	"drydock/drivers/node/maas"
	"drydock/drivers/oob/bmc"
	"drydock/drivers/oob/bmclib"
	"drydock/drivers/oob/ipmi"
	"drydock/drivers/oob/libvirt"
	"drydock/drivers/oob/manual"
	"drydock/drivers/oob/redfish"
	"drydock/starter/config"
)

// The drivers that exist, by the name that configuration chooses them by. A new driver is its package and a line here.
var (
	oobDrivers = map[string]func(config.Drivers, *bmc.Broker) (drivers.OOB, error){
		"redfish": newRedfish,
		"ipmi":    newIPMI,
		"bmclib":  newBmclib,
		"libvirt": newLibvirt,
		"manual":  func(config.Drivers, *bmc.Broker) (drivers.OOB, error) { return manual.New(), nil },
	}
	nodeDrivers = map[string]func(config.Drivers, config.Limits) (drivers.Node, error){
		"maas": newMAAS,
	}
	networkDrivers = map[string]func(config.Drivers) (drivers.Network, error){
		"noop": func(config.Drivers) (drivers.Network, error) { return noop.New(), nil },
	}
)

func newRedfish(c config.Drivers, broker *bmc.Broker) (drivers.OOB, error) {
	return redfish.New(redfish.Config{
		Addresses: c.Addresses, CAFile: c.Redfish.CAFile, Fingerprints: c.Redfish.Fingerprints,
		Insecure: c.Redfish.Insecure, ConnectTimeout: c.Redfish.ConnectTimeout, Timeout: c.Redfish.Timeout,
		PollInterval: c.Redfish.PollInterval, Broker: broker,
	})
}

func newIPMI(c config.Drivers, broker *bmc.Broker) (drivers.OOB, error) {
	return ipmi.New(ipmi.Config{
		Addresses: c.Addresses, Port: c.IPMI.Port, Privilege: c.IPMI.Privilege, CipherSuites: c.IPMI.CipherSuites,
		Timeout: c.IPMI.Timeout, PollInterval: c.IPMI.PollInterval, Broker: broker,
	})
}

func newBmclib(c config.Drivers, broker *bmc.Broker) (drivers.OOB, error) {
	return bmclib.New(bmclib.Config{
		Addresses: c.Addresses, Provider: c.Bmclib.Provider, CAFile: c.Bmclib.CAFile, Fingerprints: c.Bmclib.Fingerprints,
		Insecure: c.Bmclib.Insecure, BasicAuth: c.Bmclib.BasicAuth, CipherSuites: c.Bmclib.CipherSuites,
		Timeout: c.Bmclib.Timeout, PollInterval: c.Bmclib.PollInterval, Broker: broker,
	})
}

func newLibvirt(c config.Drivers, broker *bmc.Broker) (drivers.OOB, error) {
	return libvirt.New(libvirt.Config{
		URIs: c.Libvirt.URIs, KnownHosts: c.Libvirt.KnownHosts, KeyFile: c.Libvirt.KeyFile,
		Timeout: c.Libvirt.Timeout, PollInterval: c.Libvirt.PollInterval, Broker: broker,
	})
}

func newMAAS(c config.Drivers, limits config.Limits) (drivers.Node, error) {
	return maas.New(maasConfig(c, limits))
}

func maasConfig(c config.Drivers, limits config.Limits) maas.Config {
	m := c.MAAS
	return maas.Config{
		URL: m.URL, APIKey: m.APIKey, CAFile: m.CAFile, PollInterval: m.PollInterval, CallTimeout: m.CallTimeout,
		DialTimeout: m.ConnectTimeout, Connections: m.Connections, AgentName: m.AgentName, Erase: maas.Erase(m.Erase),
		DeleteReleased: m.DeleteReleased, FailedDeployment: maas.FailedDeployment(m.FailedDeployment), StorageLayout: m.StorageLayout,
		CommissioningScripts: m.CommissioningScripts, TestingScripts: m.TestingScripts, Scripts: m.Scripts,
		UserData: userData(locations(c.Locations, limits), limits.Template()),
	}
}

// chosen is the drivers of a configuration.
type chosen struct {
	cfg     config.Drivers
	oob     map[string]drivers.OOB
	node    map[string]drivers.Node
	network map[string]drivers.Network
}

// newDrivers makes every driver that the configuration names, once. All wrong names are one error.
func newDrivers(cfg config.Drivers, limits config.Limits) (*chosen, error) {
	c := &chosen{cfg: cfg, oob: map[string]drivers.OOB{}, node: map[string]drivers.Node{}, network: map[string]drivers.Network{}}
	var wrong []string
	oobs, nodes, networks := slices.Collect(values(cfg.OOB)), []string{cfg.Node}, []string{cfg.Network}
	for _, o := range cfg.Overrides {
		oobs, nodes, networks = append(oobs, o.OOB), append(nodes, o.Node), append(networks, o.Network)
	}
	// One broker for all out-of-band drivers: a BMC is one machine, whatever it is spoken to in.
	broker := bmc.NewBroker(bmc.Limits{Idle: cfg.BMC.SessionIdle, CoolDown: cfg.BMC.LoginCoolDown})
	brokered := map[string]func(config.Drivers) (drivers.OOB, error){}
	for name, construct := range oobDrivers {
		brokered[name] = func(cfg config.Drivers) (drivers.OOB, error) { return construct(cfg, broker) }
	}
	limited := map[string]func(config.Drivers) (drivers.Node, error){}
	for name, construct := range nodeDrivers {
		limited[name] = func(cfg config.Drivers) (drivers.Node, error) { return construct(cfg, limits) }
	}
	wrong = append(wrong, build(c.oob, brokered, oobs, cfg, "oob")...)
	wrong = append(wrong, build(c.node, limited, nodes, cfg, "node")...)
	wrong = append(wrong, build(c.network, networkDrivers, networks, cfg, "network")...)
	if len(wrong) > 0 {
		return nil, fmt.Errorf("drivers can't be set up: %s", strings.Join(wrong, "; "))
	}
	return c, nil
}

func values(m map[string]string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for _, v := range m {
			if !yield(v) {
				return
			}
		}
	}
}

func build[D any](into map[string]D, known map[string]func(config.Drivers) (D, error), names []string, cfg config.Drivers, family string) []string {
	var wrong []string
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		if name == "" {
			continue
		}
		construct, ok := known[name]
		if !ok {
			wrong = append(wrong, fmt.Sprintf("there is no %s driver %q; there are: %s", family, name, strings.Join(sortedKeys(known), ", ")))
			continue
		}
		d, err := construct(cfg)
		if err != nil {
			wrong = append(wrong, err.Error())
			continue
		}
		into[name] = d
	}
	return wrong
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

// override finds what the configuration chooses otherwise for a node; the last that matches wins, field by field.
func (c *chosen) override(site, node string) config.Override {
	var found config.Override
	for _, o := range c.cfg.Overrides {
		if (o.Site != "" && o.Site != site) || (len(o.Nodes) > 0 && !slices.Contains(o.Nodes, node)) {
			continue
		}
		if o.OOB != "" {
			found.OOB = o.OOB
		}
		if o.Network != "" {
			found.Network = o.Network
		}
		if o.Node != "" && len(o.Nodes) == 0 { // the bootstrapper is that of the site
			found.Node = o.Node
		}
	}
	return found
}

// Close ends what drivers keep open, such as sessions at BMCs; no driver can be used after it.
func (c *chosen) Close() error {
	var all []error
	for _, d := range c.oob {
		if closer, ok := d.(io.Closer); ok {
			all = append(all, closer.Close())
		}
	}
	return errors.Join(all...)
}

// OOB implements activities.Drivers.
func (c *chosen) OOB(site *design.Site, node *design.Node) (drivers.OOB, error) {
	name := c.override(site.Name, node.Name).OOB
	if name == "" {
		name = c.cfg.OOB[node.OOB.Type]
	}
	if d, ok := c.oob[name]; ok {
		return d, nil
	}
	return nil, &drivers.Error{Class: drivers.NotSupported, Subject: "node " + node.Name,
		Err:    fmt.Errorf("no driver is configured for out-of-band type %q", node.OOB.Type),
		Advice: fmt.Sprintf("set drivers.oob.%s in the configuration to one of: %s", node.OOB.Type, strings.Join(sortedKeys(oobDrivers), ", "))}
}

// Node implements activities.Drivers.
func (c *chosen) Node(site *design.Site) (drivers.Node, error) {
	name := c.override(site.Name, "").Node
	if name == "" {
		name = c.cfg.Node
	}
	if d, ok := c.node[name]; ok {
		return d, nil
	}
	return nil, &drivers.Error{Class: drivers.NotSupported, Subject: "site " + site.Name, Err: fmt.Errorf("no node driver is configured"),
		Advice: "set drivers.node in the configuration"}
}

// Network implements activities.Drivers.
func (c *chosen) Network(site *design.Site, node *design.Node) (drivers.Network, error) {
	name := c.override(site.Name, node.Name).Network
	if name == "" {
		name = c.cfg.Network
	}
	if d, ok := c.network[name]; ok {
		return d, nil
	}
	return nil, &drivers.Error{Class: drivers.NotSupported, Subject: "node " + node.Name, Err: fmt.Errorf("no network driver is configured"),
		Advice: "set drivers.network in the configuration"}
}

// Secrets implements activities.Drivers.
func (c *chosen) Secrets() []design.Secret { return []design.Secret{c.cfg.MAAS.APIKey} }
