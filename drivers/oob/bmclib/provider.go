package bmclib

import (
	"fmt"
	"strings"
)

// ProviderParameter is the key of a node's oob section that overrides the configured provider for the node.
const ProviderParameter = "provider"

// SystemParameter is the key of a node's oob section with the Name of its system, where a Redfish service shows several
// (provider gofish).
const SystemParameter = "system_name"

// LoginParameter is the key of a node's oob section that says in which form the BMC takes passwords: LoginParameter "plain" is
// for Supermicro's firmware that does not know the encoded form, which is tried otherwise. Only one form is ever tried, since
// the second would be a second attempt with a refused password.
const LoginParameter = "login"

const plainLogin = "plain"

// provider is one of bmclib's ways to a BMC, and what bmclib v2.3.5 has for it (its features, read in the source).
type provider struct {
	name string // as bmclib registers it
	port int
	// boot: the boot override can be set and read back.
	boot bool
	// inventory: the serial number can be read, so that the machine is recognised.
	inventory bool
	// web: all its requests go through our gate, which knows best whether a login was refused.
	web bool
	// program: the provider runs a program for every command.
	program bool
	// refuses is why the provider is not to be used while certificates are verified; "" when it verifies them.
	refuses string
}

// Providers by the words of the configuration.
var providers = map[string]provider{
	"asrockrack": {name: "asrockrack", port: 443, web: true, inventory: true},
	"dell":       {name: "dell", port: 443, web: true, inventory: true},
	"gofish":     {name: "gofish", port: 443, web: true, boot: true, inventory: true},
	"intelamt": {name: "IntelAMT", port: 16992, web: true,
		refuses: "bmclib speaks to Intel AMT without TLS, or without verifying it"},
	"ipmitool":   {name: "ipmitool", port: 623, program: true},
	"openbmc":    {name: "openbmc", port: 443, web: true, inventory: true},
	"supermicro": {name: "supermicro", port: 443, web: true, inventory: true},
}

// Names of all providers, for messages.
const providerNames = "asrockrack, dell, gofish, intelamt, ipmitool, openbmc, supermicro"

func providerOf(word string) (provider, error) {
	p, ok := providers[strings.ToLower(word)]
	if !ok {
		return provider{}, fmt.Errorf("there is no provider %q; there are: %s", word, providerNames)
	}
	return p, nil
}

// lacksBoot is why SetNodeBoot does nothing with the provider.
func (p provider) lacksBoot() string {
	switch p.name {
	case "ipmitool":
		return "bmclib's ipmitool provider sets boot flags but can't read them back, so nothing was set; use the driver ipmi for this node"
	case "IntelAMT":
		return "bmclib's Intel AMT provider asks for PXE but can't read it back, so nothing was set; set the boot order in the firmware setup"
	}
	return "bmclib's provider " + p.name + " has no boot override; use the driver redfish for this node, or set the boot order in the firmware setup"
}
