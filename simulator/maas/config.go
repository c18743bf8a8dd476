package maas

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// setting is one configuration value that can be read and set.
type setting struct {
	name  string
	value any // default; its type decides how values are read: bool, int, or text where it is a string or null
	check func(string) string
}

// settings are those of a 3.4 region, in the order in which it names them in its refusals.
var settings = []setting{
	{name: "maas_name", value: "region1"}, {name: "theme", value: ""}, {name: "kernel_opts"},
	{name: "enable_http_proxy", value: true}, {name: "maas_proxy_port", value: 8000}, {name: "use_peer_proxy", value: false},
	{name: "prefer_v4_proxy", value: false}, {name: "http_proxy", check: isURL}, {name: "default_dns_ttl", value: 30},
	{name: "upstream_dns", check: areAddresses}, {name: "dnssec_validation", value: "auto", check: oneOf("auto", "yes", "no")},
	{name: "maas_internal_domain", value: "maas-internal"}, {name: "dns_trusted_acl"}, {name: "ntp_servers", value: "ntp.ubuntu.com"},
	{name: "ntp_external_only", value: false}, {name: "remote_syslog"}, {name: "maas_syslog_port", value: 5247},
	{name: "network_discovery", value: "enabled", check: oneOf("enabled", "disabled")},
	{name: "active_discovery_interval", value: 10800}, {name: "default_osystem", value: "ubuntu"},
	{name: "default_distro_series", value: "focal"}, {name: "default_min_hwe_kernel", value: ""},
	{name: "default_storage_layout", value: "flat", check: oneOf("bcache", "blank", "custom", "flat", "lvm", "vmfs6", "vmfs7")},
	{name: "commissioning_distro_series", value: "focal"}, {name: "enable_third_party_drivers", value: true},
	{name: "windows_kms_host"}, {name: "enable_disk_erasing_on_release", value: false},
	{name: "disk_erase_with_secure_erase", value: true}, {name: "disk_erase_with_quick_erase", value: false},
	{name: "boot_images_auto_import", value: true}, {name: "boot_images_no_proxy", value: false}, {name: "curtin_verbose", value: true},
	{name: "force_v1_network_yaml", value: false}, {name: "enable_analytics", value: true}, {name: "completed_intro", value: false},
	{name: "max_node_commissioning_results", value: 10}, {name: "max_node_testing_results", value: 10},
	{name: "max_node_installation_results", value: 3}, {name: "subnet_ip_exhaustion_threshold_count", value: 16},
	{name: "release_notifications", value: true}, {name: "use_rack_proxy", value: true}, {name: "node_timeout", value: 30},
	{name: "prometheus_enabled", value: false}, {name: "prometheus_push_gateway"}, {name: "prometheus_push_interval", value: 60},
	{name: "promtail_enabled", value: false}, {name: "promtail_port", value: 5238}, {name: "enlist_commissioning", value: true},
	{name: "maas_auto_ipmi_user", value: "maas"},
	{name: "maas_auto_ipmi_user_privilege_level", value: "ADMIN", check: oneOf("USER", "OPERATOR", "ADMIN")},
	{name: "maas_auto_ipmi_k_g_bmc_key", value: ""}, {name: "maas_auto_ipmi_cipher_suite_id", value: "3"},
	{name: "maas_auto_ipmi_workaround_flags"}, {name: "vcenter_server", value: ""}, {name: "vcenter_username", value: ""},
	{name: "vcenter_password", value: ""}, {name: "vcenter_datacenter", value: ""}, {name: "hardware_sync_interval", value: "15m"},
	{name: "tls_cert_expiration_notification_enabled", value: false}, {name: "tls_cert_expiration_notification_interval", value: 30},
	{name: "session_length", value: 1209600}, {name: "auto_vlan_creation", value: true},
}

func defaultConfig() map[string]any {
	out := map[string]any{}
	for _, x := range settings {
		out[x.name] = x.value
	}
	return out
}

func settingByName(name string) (setting, error) {
	names := make([]string, len(settings))
	for i, x := range settings {
		if x.name == name {
			return x, nil
		}
		names[i] = x.name
	}
	return setting{}, badModel(name, "%s is not a valid config setting (valid settings are: %s).", name, strings.Join(names, ", "))
}

func isURL(x string) string {
	u, err := url.Parse(x)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return "Enter a valid URL."
	}
	return ""
}

func areAddresses(x string) string {
	for _, a := range strings.FieldsFunc(x, func(r rune) bool { return r == ' ' || r == ',' }) {
		if _, err := netip.ParseAddr(a); err != nil {
			return text("Invalid IP address: %s; provide a list of space-separated IP addresses", a)
		}
	}
	return ""
}

func oneOf(valid ...string) func(string) string {
	return func(x string) string {
		if !contains(valid, x) {
			return text(noSuchChoice, x)
		}
		return ""
	}
}

func (s *Server) nodeTimeout() int {
	n, _ := s.config["node_timeout"].(int)
	return max(n, 1)
}

func (s *Server) routeConfig(t *router) {
	const path = "maas/"
	t.on(path, "GET", "get_config", users, func(c *call) (any, error) {
		if !c.has("name") {
			return nil, refuse(400, "No provided name!")
		}
		x, err := settingByName(c.get("name"))
		if err != nil {
			return nil, err
		}
		return textReply(200, typeBareJSON, string(encode(s.config[x.name]))), nil
	})
	t.on(path, "POST", "set_config", admins, func(c *call) (any, error) {
		switch {
		case !c.has("name"):
			return nil, refuse(400, "No provided name!")
		case !c.has("value"):
			return nil, refuse(400, "No provided value!")
		}
		if err := s.setConfig(c.get("name"), strings.TrimSpace(c.get("value"))); err != nil {
			return nil, err
		}
		return textReply(200, typeBareText, "OK"), nil
	})
}

func (s *Server) setConfig(name, value string) error {
	x, err := settingByName(name)
	if err != nil {
		return err
	}
	switch x.value.(type) {
	case bool:
		s.config[name] = isTrue(value)
		return nil
	case int:
		n, err := strconv.Atoi(value)
		switch {
		case err != nil:
			return badField(name, wholeNumber)
		case n < 1 && name == "node_timeout":
			return badField(name, "Ensure this value is greater than or equal to 1.")
		}
		s.config[name] = n
		return nil
	}
	if name == "commissioning_distro_series" || name == "default_distro_series" {
		if !contains(s.releases(), "ubuntu/"+value) {
			return badField(name, "'%s' is not a valid %s.  It should be one of: %s.", value, name, quotedList(s.series()))
		}
	}
	if x.check != nil && value != "" {
		if problem := x.check(value); problem != "" {
			return badField(name, "%s", problem)
		}
	}
	s.config[name] = value
	return nil
}
