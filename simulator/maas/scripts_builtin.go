package maas

import "time"

// perDisk is the parameter of tests that run once for each disk.
var perDisk = obj{"storage": obj{"type": "storage", "argument_format": "{path}"}}

// builtinScripts are the 30 of a 3.4 region.
var builtinScripts = []script{
	{name: "20-maas-01-install-lldpd", tags: []string{"node"}, timeout: 10 * time.Minute},
	{name: "20-maas-02-dhcp-unconfigured-ifaces", tags: []string{"node"}, timeout: 5 * time.Minute},
	{name: "30-maas-01-bmc-config", tags: []string{"bmc-config", "node"}, timeout: 5 * time.Minute},
	{name: "20-maas-03-machine-resources", tags: []string{"deploy-info", "node"}, timeout: 5 * time.Minute},
	{name: "40-maas-01-machine-config-hints", tags: []string{"deploy-info", "node"}, timeout: time.Minute},
	{name: "50-maas-01-commissioning", tags: []string{"deploy-info", "node"}, timeout: time.Minute},
	{name: "maas-support-info", tags: []string{"deploy-info", "node"}, timeout: 5 * time.Minute, parallel: 2},
	{name: "maas-lshw", tags: []string{"deploy-info", "node"}, timeout: 5 * time.Minute, parallel: 2},
	{name: "maas-list-modaliases", tags: []string{"node"}, timeout: 10 * time.Second, parallel: 2},
	{name: "maas-get-fruid-api-data", tags: []string{"node"}, timeout: time.Minute, parallel: 2},
	{name: "maas-kernel-cmdline", tags: []string{"node"}, timeout: 10 * time.Second, parallel: 2},
	{name: "maas-serial-ports", tags: []string{"deploy-info", "node"}, timeout: 10 * time.Second, parallel: 2},
	{name: "maas-capture-lldpd", tags: []string{"deploy-info", "node"}, timeout: time.Minute, parallel: 2},

	{name: "smartctl-validate", title: "Storage status", description: "Validate SMART health for all drives in parallel.",
		kind: scriptTesting, tags: []string{"commissioning", "storage"}, hardware: 3, timeout: 5 * time.Minute, parallel: 1, perDisk: true,
		packages: obj{"apt": []string{"smartmontools"}}},
	{name: "smartctl-short", title: "Storage short self test", kind: scriptTesting, tags: []string{"storage"}, hardware: 3,
		timeout: 10 * time.Minute, parallel: 1, perDisk: true},
	{name: "smartctl-long", title: "Storage long self test", kind: scriptTesting, tags: []string{"storage"}, hardware: 3, parallel: 1,
		perDisk: true},
	{name: "smartctl-conveyance", title: "Storage conveyance self test", kind: scriptTesting, tags: []string{"storage"}, hardware: 3,
		parallel: 1, perDisk: true},
	{name: "memtester", title: "Memory integrity", kind: scriptTesting, tags: []string{"memory"}, hardware: 2},
	{name: "internet-connectivity", title: "Network validation", kind: scriptTesting,
		tags: []string{"internet", "network-validation", "network"}, hardware: 4, timeout: 5 * time.Minute, parallel: 1},
	{name: "stress-ng-cpu-long", title: "CPU validation (12 hours)", kind: scriptTesting, tags: []string{"cpu"}, hardware: 1, timeout: 12 * time.Hour},
	{name: "stress-ng-cpu-short", title: "CPU validation", kind: scriptTesting, tags: []string{"cpu"}, hardware: 1, timeout: 10 * time.Minute},
	{name: "stress-ng-memory-long", title: "Memory validation (12 hours)", kind: scriptTesting, tags: []string{"memory"}, hardware: 2,
		timeout: 12 * time.Hour},
	{name: "stress-ng-memory-short", title: "Memory validation", kind: scriptTesting, tags: []string{"memory"}, hardware: 2,
		timeout: 10 * time.Minute},
	{name: "7z", title: "CPU benchmark", kind: scriptTesting, tags: []string{"cpu"}, hardware: 1, timeout: 10 * time.Minute},
	{name: "ntp", title: "NTP validation", kind: scriptTesting, tags: []string{"network"}, hardware: 4, timeout: time.Minute},
	{name: "badblocks", title: "Storage integrity", kind: scriptTesting, tags: []string{"storage"}, hardware: 3, parallel: 1, perDisk: true},
	{name: "badblocks-destructive", title: "Storage integrity", kind: scriptTesting, tags: []string{"storage", "destructive"}, hardware: 3,
		parallel: 1, perDisk: true, destructive: true},
	{name: "fio", title: "Storage benchmark", kind: scriptTesting, tags: []string{"storage", "destructive"}, hardware: 3,
		parallel: 1, perDisk: true, destructive: true},
	{name: "gateway-connectivity", title: "Gateway connectivity", kind: scriptTesting, tags: []string{"network-validation", "network"},
		hardware: 4, timeout: 5 * time.Minute, parallel: 1},
	{name: "rack-controller-connectivity", title: "Rack controller connectivity", kind: scriptTesting,
		tags: []string{"network-validation", "network"}, hardware: 4, timeout: 5 * time.Minute, parallel: 1},
}

// firstScriptID is the id of the first built-in script of the recorded region.
const firstScriptID = 1381

// seedScripts gives the region scripts of its own. What they would run is not here: their text only says whose they are.
func (s *Server) seedScripts() {
	s.ids["script"] = firstScriptID - 1
	for _, b := range builtinScripts {
		x := b
		x.id, x.builtin = s.id("script"), true
		x.tags = append([]string(nil), b.tags...)
		if x.perDisk {
			x.parameters = perDisk
		}
		x.history = []revision{{id: s.id("revision"), comment: "Created by maas-" + s.version.String(), created: time.Now(),
			data: "#!/bin/sh\n# " + x.name + " comes with MAAS.\n"}}
		s.scripts = append(s.scripts, &x)
	}
}
