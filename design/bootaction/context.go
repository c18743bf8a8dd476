package bootaction

import (
	"fmt"
	"maps"
	"slices"

	"github.com/nikolalohinski/gonja/v2/exec"

	"drydock/design"
)

// templateContext is what templates see. It is made of plain maps, lists and strings only: the engine reaches every
// method and field of a Go value, and a node holds the credential of its BMC.
func templateContext(site *design.Site, node *design.Node, action string, opts Options) map[string]any {
	labels := make(map[string]any, len(node.OwnerData))
	for key, value := range node.OwnerData {
		labels[key] = value
	}
	return map[string]any{
		"node": complete{
			"hostname":   node.Name,
			"domain":     node.Domain,
			"tags":       texts(node.Tags),
			"labels":     ordered(labels),
			"network":    ordered(networkContext(site, node)),
			"interfaces": ordered(interfaceContext(node)),
		},
		"action": actionContext(action, opts),
	}
}

// networkContext has the networks on which the node has a static address, and the primary one of them as "default".
// A network with DHCP is not there: nobody knows the address yet, and asking for it is an error instead of nothing.
func networkContext(site *design.Site, node *design.Node) map[string]any {
	networks := map[string]any{}
	for _, address := range node.Addresses {
		if address.DHCP || !address.IP.IsValid() {
			continue
		}
		entry := map[string]any{"ip": address.IP.String(), "cidr": "", "dns_suffix": ""}
		if network := site.Network(address.Network); network != nil {
			entry["cidr"] = network.CIDR.String()
			entry["dns_suffix"] = network.DNSDomain
		}
		networks[address.Network] = entry
		if address.Network == node.PrimaryNetwork {
			networks["default"] = entry
		}
	}
	return networks
}

func interfaceContext(node *design.Node) map[string]any {
	interfaces := map[string]any{}
	for _, i := range node.Interfaces {
		entry := map[string]any{"sriov": i.SRIOV != nil}
		if i.SRIOV != nil {
			entry["vf_count"] = i.SRIOV.VFCount
			entry["trustedmode"] = i.SRIOV.TrustMode
		}
		interfaces[i.Name] = entry
	}
	return interfaces
}

func actionContext(action string, opts Options) complete {
	values := complete{}
	if opts.DesignRef != "" {
		values["design_ref"] = opts.DesignRef
	}
	if opts.ActionID != nil {
		values["action_id"] = opts.ActionID(action)
	}
	if opts.ReportURL != "" {
		values["report_url"] = opts.ReportURL
	}
	if opts.ActionKey != "" {
		values["action_key"] = opts.ActionKey.Reveal()
	}
	return values
}

// complete is a map of which everything that a template may ask for is known beforehand, so that asking for something
// else is a mistake or a value that this deployment does not have. Other maps, such as labels, give nothing for an
// unknown key, as Jinja2 does.
type complete map[string]any

// GetAttribute is how the engine reads x.name.
func (c complete) GetAttribute(name string) (*exec.Value, bool) {
	if value, ok := c[name]; ok {
		return exec.ToValue(value), true
	}
	return exec.AsValue(fmt.Errorf("%s%s", noValue, name)), false
}

// GetItem is how the engine reads x['name'].
func (c complete) GetItem(key any) (*exec.Value, bool) {
	name, _ := key.(string)
	return c.GetAttribute(name)
}

const noValue = "there is no value called "

func texts(all []string) []any {
	out := make([]any, 0, len(all))
	for _, s := range all {
		out = append(out, s)
	}
	return out
}

// ordered is a map whose entries templates see in the order of their keys. (The engine sorts a Go map without regard to
// case, and keys that differ in case alone then come in any order.)
func ordered(m map[string]any) *exec.Dict {
	dict := exec.NewDict()
	for _, key := range slices.Sorted(maps.Keys(m)) {
		dict.Pairs = append(dict.Pairs, &exec.Pair{Key: exec.AsValue(key), Value: exec.ToValue(m[key])})
	}
	return dict
}
