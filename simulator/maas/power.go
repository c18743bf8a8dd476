package maas

import (
	"slices"
	"strings"
)

// powerField is one parameter of a power type.
type powerField struct {
	name, label string
	kind        string // string, password, choice, multiple_choice, mac_address
	required    bool
	value       any // default
	choices     [][2]string
	node        bool // scope: the node rather than the BMC
}

type powerType struct {
	name, description string
	driver            string // power or pod
	fields            []powerField
	chassis           bool
	probe             bool
	queryable         bool
}

// powerTypes are those of the recordings; a MAAS has more.
var powerTypes = []powerType{
	{name: "ipmi", description: "IPMI", driver: "power", queryable: true, fields: []powerField{
		{name: "power_driver", label: "Power driver", kind: "choice", required: true, value: "LAN_2_0",
			choices: [][2]string{{"LAN", "LAN [IPMI 1.5]"}, {"LAN_2_0", "LAN_2_0 [IPMI 2.0]"}}},
		{name: "power_boot_type", label: "Power boot type", kind: "choice", value: "auto",
			choices: [][2]string{{"auto", "Automatic"}, {"legacy", "Legacy boot"}, {"efi", "EFI boot"}}},
		{name: "power_address", label: "IP address", kind: "string", required: true, value: ""},
		{name: "power_user", label: "Power user", kind: "string", value: ""},
		{name: "power_pass", label: "Power password", kind: "password", value: ""},
		{name: "k_g", label: "K_g BMC key", kind: "password", value: ""},
		{name: "cipher_suite_id", label: "Cipher Suite ID", kind: "choice", value: "3", choices: [][2]string{
			{"17", "17 - HMAC-SHA256::HMAC_SHA256_128::AES-CBC-128"}, {"3", "3 - HMAC-SHA1::HMAC-SHA1-96::AES-CBC-128"},
			{"", "freeipmi-tools default"}, {"8", "8 - HMAC-MD5::HMAC-MD5-128::AES-CBC-128"},
			{"12", "12 - HMAC-MD5::MD5-128::AES-CBC-128"}}},
		{name: "privilege_level", label: "Privilege Level", kind: "choice", value: "OPERATOR",
			choices: [][2]string{{"USER", "User"}, {"OPERATOR", "Operator"}, {"ADMIN", "Administrator"}}},
		{name: "workaround_flags", label: "Workaround Flags", kind: "multiple_choice", value: []string{"opensesspriv"},
			choices: [][2]string{{"opensesspriv", "Opensesspriv"}, {"authcap", "Authcap"}, {"idzero", "Idzero"},
				{"unexpectedauth", "Unexpectedauth"}, {"forcepermsg", "Forcepermsg"}, {"endianseq", "Endianseq"},
				{"intel20", "Intel20"}, {"supermicro20", "Supermicro20"}, {"sun20", "Sun20"},
				{"nochecksumcheck", "Nochecksumcheck"}, {"integritycheckvalue", "Integritycheckvalue"},
				{"ipmiping", "Ipmiping"}, {"", "None"}}},
		{name: "mac_address", label: "Power MAC", kind: "string", value: "", node: true},
	}},
	{name: "manual", description: "Manual", driver: "power"},
	{name: "redfish", description: "Redfish", driver: "power", chassis: true, queryable: true, fields: []powerField{
		{name: "power_address", label: "Redfish address", kind: "string", required: true, value: ""},
		{name: "power_user", label: "Redfish user", kind: "string", required: true, value: ""},
		{name: "power_pass", label: "Redfish password", kind: "password", required: true, value: ""},
		{name: "node_id", label: "Node ID", kind: "string", value: "", node: true},
	}},
	{name: "virsh", description: "Virsh (virtual systems)", driver: "pod", chassis: true, probe: true, queryable: true,
		fields: []powerField{
			{name: "power_address", label: "Address", kind: "string", required: true, value: ""},
			{name: "power_pass", label: "Password (optional)", kind: "password", value: ""},
			{name: "power_id", label: "Virsh VM ID", kind: "string", required: true, value: "", node: true},
		}},
	{name: "webhook", description: "Webhook", driver: "power", queryable: true, fields: []powerField{
		{name: "power_on_uri", label: "URI to power on the node", kind: "string", required: true, value: ""},
		{name: "power_off_uri", label: "URI to power off the node", kind: "string", required: true, value: ""},
		{name: "power_query_uri", label: "URI to query the nodes power status", kind: "string", required: true, value: ""},
		{name: "power_on_regex", label: "Regex to confirm the node is on", kind: "string", required: true, value: `status.*\:.*running`},
		{name: "power_off_regex", label: "Regex to confirm the node is off", kind: "string", required: true, value: `status.*\:.*stopped`},
		{name: "power_user", label: "Power user", kind: "string", value: ""},
		{name: "power_pass", label: "Power password", kind: "password", value: ""},
		{name: "power_token", label: "Power token, will be used in place of power_user and power_pass", kind: "password", value: ""},
		{name: "power_verify_ssl", label: "Verify SSL connections with system CA certificates", kind: "choice", required: true,
			value: "n", choices: [][2]string{{"n", "No"}, {"y", "Yes"}}},
	}},
}

func powerTypeByName(name string) *powerType {
	for i := range powerTypes {
		if powerTypes[i].name == name {
			return &powerTypes[i]
		}
	}
	return nil
}

func (p *powerType) body() obj {
	fields := []obj{}
	for _, f := range p.fields {
		choices := [][2]string{}
		choices = append(choices, f.choices...)
		scope := "bmc"
		if f.node {
			scope = "node"
		}
		fields = append(fields, obj{"name": f.name, "label": f.label, "required": f.required, "field_type": f.kind,
			"choices": choices, "default": f.value, "scope": scope, "secret": f.kind == "password"})
	}
	b := obj{"driver_type": p.driver, "name": p.name, "description": p.description, "fields": fields,
		"missing_packages": []string{}, "chassis": p.chassis, "can_probe": p.probe, "queryable": p.queryable}
	if p.driver == "pod" {
		b["defaults"] = obj{"cores": 1, "memory": 2048, "storage": 8}
	}
	return b
}

// editPower applies power_type and the power_parameters_ fields to a draft. A type that changes takes over what it shares
// with the one before, and the defaults for the rest.
func (s *Server) editPower(c *call, m *machine, v *invalid) {
	const prefix = "power_parameters_"
	given := map[string]string{}
	for k := range c.params {
		if name, ok := strings.CutPrefix(k, prefix); ok && name != "skip_check" {
			given[name] = strings.TrimSpace(c.get(k))
		}
	}
	skip := c.flag(prefix + "skip_check")
	name := m.powerType
	if c.has("power_type") {
		name = strings.TrimSpace(c.get("power_type"))
	}
	if name == "" {
		if len(given) > 0 && !skip {
			v.add("power_parameters", "Unknown parameter(s): %s.", strings.Join(keysOf(given), ", "))
		}
		m.powerType, m.power = name, map[string]any{}
		return
	}
	kind := powerTypeByName(name)
	if kind == nil {
		v.add("power_type", noSuchChoice, name)
		if len(given) > 0 {
			v.add("power_parameters", "Unknown parameter(s): %s.", strings.Join(keysOf(given), ", "))
		}
		return
	}
	params := map[string]any{}
	for _, f := range kind.fields {
		params[f.name] = f.value
		if old, ok := m.power[f.name]; ok {
			params[f.name] = old
		}
		if x, ok := given[f.name]; ok {
			params[f.name] = x
			if f.kind == "multiple_choice" {
				params[f.name] = c.list(prefix + f.name)
			} else if f.kind == "choice" && !validChoice(f, x) {
				v.add("power_parameters", noSuchChoice, x)
			}
			delete(given, f.name)
		}
		if f.required && params[f.name] == "" && !skip {
			v.add("power_parameters", fieldRequired)
		}
	}
	if len(given) > 0 && !skip {
		v.add("power_parameters", "Unknown parameter(s): %s.", strings.Join(keysOf(given), ", "))
	}
	if m.powerType != "" && m.powerType != name {
		m.powerState = "unknown"
	}
	m.powerType, m.power = name, params
}

func validChoice(f powerField, x string) bool {
	for _, c := range f.choices {
		if c[0] == x {
			return true
		}
	}
	return false
}

func keysOf(m map[string]string) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	order := func(k string) int { return slices.Index([]string{"power_address", "power_user", "power_pass"}, k) }
	slices.SortFunc(out, func(a, b string) int {
		x, y := order(a), order(b)
		if x >= 0 && y >= 0 {
			return x - y // as everybody gives them, since the order of a form is not known here
		}
		return strings.Compare(a, b)
	})
	return out
}

func (m *machine) powerText(name string) string {
	x, _ := m.power[name].(string)
	return x
}

func (s *Server) allPowerParameters(c *call) (any, error) {
	ids := c.list("id")
	out := obj{}
	for _, m := range s.machines {
		if len(ids) == 0 || contains(ids, m.systemID) {
			out[m.systemID] = m.power
		}
	}
	return jsonReply(200, out), nil
}

func (s *Server) powerParameters(c *call) (any, error) {
	m, err := c.machine()
	if err != nil {
		return nil, err
	}
	return jsonReply(200, m.power), nil
}
