package maas

import "net/http"

// Kinds of scripts, with MAAS's numbers.
const (
	scriptCommissioning = 0
	scriptTesting       = 2
)

// script is one of the built-in scripts.
type script struct {
	id          int
	name, title string
	description string
	kind        int
	tags        []string
	hardware    int // 0 node, 1 CPU, 2 memory, 3 storage, 4 network
	timeout     string
	parallel    int
	perDisk     bool
	destructive bool
}

// builtinScripts are part of a region's; commissioning runs all that are of its kind.
var builtinScripts = []*script{
	{id: 1381, name: "20-maas-01-install-lldpd", tags: []string{"node"}, timeout: "0:10:00"},
	{id: 1382, name: "20-maas-02-dhcp-unconfigured-ifaces", tags: []string{"node"}, timeout: "0:05:00"},
	{id: 1384, name: "20-maas-03-machine-resources", tags: []string{"deploy-info", "node"}, timeout: "0:05:00"},
	{id: 1383, name: "30-maas-01-bmc-config", tags: []string{"bmc-config", "node"}, timeout: "0:05:00"},
	{id: 1385, name: "40-maas-01-machine-config-hints", tags: []string{"deploy-info", "node"}, timeout: "0:01:00"},
	{id: 1386, name: "50-maas-01-commissioning", tags: []string{"deploy-info", "node"}, timeout: "0:01:00"},
	{id: 1393, name: "maas-capture-lldpd", tags: []string{"deploy-info", "node"}, timeout: "0:01:00", parallel: 2},
	{id: 1390, name: "maas-get-fruid-api-data", tags: []string{"node"}, timeout: "0:01:00", parallel: 2},
	{id: 1391, name: "maas-kernel-cmdline", tags: []string{"node"}, timeout: "0:00:10", parallel: 2},
	{id: 1389, name: "maas-list-modaliases", tags: []string{"node"}, timeout: "0:00:10", parallel: 2},
	{id: 1388, name: "maas-lshw", tags: []string{"deploy-info", "node"}, timeout: "0:05:00", parallel: 2},
	{id: 1392, name: "maas-serial-ports", tags: []string{"deploy-info", "node"}, timeout: "0:00:10", parallel: 2},
	{id: 1387, name: "maas-support-info", tags: []string{"deploy-info", "node"}, timeout: "0:05:00", parallel: 2},
	{id: 1394, name: "smartctl-validate", title: "Storage status", description: "Validate SMART health for all drives in parallel.",
		kind: scriptTesting, tags: []string{"commissioning", "storage"}, hardware: 3, timeout: "0:05:00", parallel: 1, perDisk: true},
	{id: 1395, name: "smartctl-short", title: "Storage short self test", kind: scriptTesting, tags: []string{"storage"}, hardware: 3,
		timeout: "0:10:00", parallel: 1, perDisk: true},
	{id: 1398, name: "memtester", title: "Memory integrity", kind: scriptTesting, tags: []string{"memory"}, hardware: 2, timeout: "0:00:00"},
	{id: 1399, name: "internet-connectivity", title: "Network validation", kind: scriptTesting,
		tags: []string{"internet", "network-validation", "network"}, hardware: 4, timeout: "0:05:00", parallel: 1},
	{id: 1400, name: "stress-ng-cpu-short", title: "CPU validation", kind: scriptTesting, tags: []string{"cpu"}, hardware: 1, timeout: "0:10:00"},
	{id: 1402, name: "fio", title: "Storage benchmark", kind: scriptTesting, tags: []string{"storage", "destructive"}, hardware: 3,
		timeout: "0:00:00", parallel: 1, perDisk: true, destructive: true},
	{id: 1405, name: "rack-controller-connectivity", title: "Rack controller connectivity", kind: scriptTesting,
		tags: []string{"network-validation", "network"}, hardware: 4, timeout: "0:05:00", parallel: 1},
}

// scriptsByName finds scripts by name, id or tag.
func scriptsByName(name string, kind int) []*script {
	var out []*script
	for _, x := range builtinScripts {
		if x.kind == kind && (x.name == name || contains(x.tags, name) || text("%d", x.id) == name) {
			out = append(out, x)
		}
	}
	return out
}

func (s *Server) commissioningScripts() []*script {
	var out []*script
	for _, x := range builtinScripts {
		if x.kind == scriptCommissioning {
			out = append(out, x)
		}
	}
	return out
}

func (x *script) body() obj {
	kinds := map[int]string{scriptCommissioning: "Commissioning script", scriptTesting: "Testing script"}
	parallel := []string{"Disabled", "Run along other instances of this script", "Run along any other script."}
	hardware := []string{"Node", "CPU", "Memory", "Storage", "Network"}
	parameters := obj{}
	if x.perDisk {
		parameters["storage"] = obj{"type": "storage", "argument_format": "{path}"}
	}
	return obj{"name": x.name, "title": x.title, "description": x.description, "tags": x.tags, "hardware_type": x.hardware,
		"hardware_type_name": hardware[x.hardware], "parallel": x.parallel, "parallel_name": parallel[x.parallel], "results": obj{},
		"parameters": parameters, "timeout": x.timeout, "destructive": x.destructive, "default": true, "for_hardware": []string{},
		"may_reboot": false, "recommission": false, "apply_configured_networking": false, "id": x.id, "type": x.kind,
		"type_name": kinds[x.kind], "resource_uri": apiRoot + "scripts/" + x.name}
}

func (s *Server) routeScripts(t *router) {
	const all, one = "scripts/", "scripts/{name}" // no trailing slash
	t.on(all, "GET", "", users, func(c *call) (any, error) {
		out := []obj{}
		for _, x := range builtinScripts {
			kind := c.get("type")
			if kind == "commissioning" && x.kind != scriptCommissioning || (kind == "testing" || kind == "test") && x.kind != scriptTesting {
				continue
			}
			wanted := c.words("filters")
			match := len(wanted) == 0
			for _, f := range wanted {
				match = match || f == x.name || contains(x.tags, f)
			}
			if match {
				out = append(out, x.body())
			}
		}
		return out, nil
	})
	t.missing(all, "POST", "")
	t.on(one, "GET", "", users, func(c *call) (any, error) {
		for _, x := range builtinScripts {
			if x.name == c.vars["name"] || text("%d", x.id) == c.vars["name"] {
				return x.body(), nil
			}
		}
		return nil, notFound("Script")
	})
	t.missing(one, http.MethodPut, "")
	t.missing(one, http.MethodDelete, "")
	t.missing(one, http.MethodGet, "download")
	t.missing(one, http.MethodPost, "add_tag", "remove_tag", "revert")
}
