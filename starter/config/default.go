package config

import (
	"time"

	"drydock/design"
)

// Default is the configuration of an empty file and an empty environment. It names no MAAS region, so CheckWorker
// refuses it.
func Default() Config {
	return Config{
		TaskQueue: "drydock",
		State:     State{DSN: "sqlite:.drydock/state.db"},
		Server:    Server{Listen: "127.0.0.1:9000"},
		Worker:    Worker{MaxActivities: 100},
		Design:    Design{Limits: defaultLimits()},
		Drivers: Drivers{
			Node:    "maas",
			Network: "noop",
			// A file that names some oob types keeps the others.
			OOB: map[string]string{
				design.OOBIPMI:    "ipmi",
				design.OOBRedfish: "redfish",
				design.OOBLibvirt: "libvirt",
				design.OOBManual:  "manual",
			},
			BMC: BMC{SessionIdle: 3 * time.Second, LoginCoolDown: time.Minute},
			MAAS: MAAS{
				PollInterval: 15 * time.Second, CallTimeout: 100 * time.Second, ConnectTimeout: 10 * time.Second, Connections: 8,
				AgentName: "drydock", Erase: EraseQuick, FailedDeployment: FailedRetry, StorageLayout: "flat",
			},
			Redfish: Redfish{ConnectTimeout: 5 * time.Second, Timeout: 30 * time.Second, PollInterval: 2 * time.Second},
			IPMI: IPMI{
				Port: 623, Privilege: "administrator", CipherSuites: []int{17, 3},
				Timeout: 2 * time.Second, PollInterval: 2 * time.Second,
			},
			Bmclib:  Bmclib{CipherSuites: []int{17, 3}, Timeout: 30 * time.Second, PollInterval: 2 * time.Second},
			Libvirt: Libvirt{Timeout: 30 * time.Second, PollInterval: time.Second},
		},
	}
}
