package maas

import (
	"fmt"
	"sort"
	"strings"

	"drydock/design/build"
)

// Numeric states of a machine at MAAS; the same in all versions.
const (
	stNew = iota
	stCommissioning
	stFailedCommissioning
	stMissing
	stReady
	stReserved
	stDeployed
	stRetired
	stBroken
	stDeploying
	stAllocated
	stFailedDeployment
	stReleasing
	stFailedReleasing
	stErasing
	stFailedErasing
	stRescue
	stEnteringRescue
	stFailedEnteringRescue
	stExitingRescue
	stFailedExitingRescue
	stTesting
	stFailedTesting
)

var statusOf = map[int]build.Status{
	stNew:                  build.StatusNew,
	stCommissioning:        build.StatusCommissioning,
	stFailedCommissioning:  build.StatusCommissionFailed,
	stMissing:              build.StatusOutOfService,
	stReady:                build.StatusReady,
	stReserved:             build.StatusOutOfService,
	stDeployed:             build.StatusDeployed,
	stRetired:              build.StatusOutOfService,
	stBroken:               build.StatusOutOfService,
	stDeploying:            build.StatusDeploying,
	stAllocated:            build.StatusAllocated,
	stFailedDeployment:     build.StatusDeployFailed,
	stReleasing:            build.StatusReleasing,
	stFailedReleasing:      build.StatusReleaseFailed,
	stErasing:              build.StatusReleasing,
	stFailedErasing:        build.StatusReleaseFailed,
	stRescue:               build.StatusOutOfService,
	stEnteringRescue:       build.StatusOutOfService,
	stFailedEnteringRescue: build.StatusOutOfService,
	stExitingRescue:        build.StatusOutOfService,
	stFailedExitingRescue:  build.StatusOutOfService,
	stTesting:              build.StatusTesting,
	stFailedTesting:        build.StatusTestFailed,
}

// status is the machine's state in our words.
func (m *machine) status() build.Status {
	st, ok := statusOf[m.Status]
	if !ok {
		return build.StatusUnknown
	}
	return st
}

// held reports whether the state means that the owner has the machine in use. Before and after that MAAS may name an owner
// who only enlisted or commissioned the machine.
func (m *machine) held() bool {
	switch m.Status {
	case stReserved, stDeployed, stDeploying, stAllocated, stFailedDeployment,
		stReleasing, stFailedReleasing, stErasing, stFailedErasing:
		return true
	case stBroken, stRescue, stEnteringRescue, stFailedEnteringRescue, stExitingRescue, stFailedExitingRescue, stTesting, stFailedTesting:
		return m.OSystem != "" // rescue and tests keep what was deployed
	}
	return false
}

// String names the machine for people: host name and system id.
func (m *machine) String() string { return fmt.Sprintf("%s (%s)", m.Hostname, m.SystemID) }

// progress is what MAAS says of the machine.
func (m *machine) progress() string {
	if m.StatusMessage == "" || m.StatusMessage == m.StatusName {
		return m.StatusName
	}
	return m.StatusName + ": " + m.StatusMessage
}

// macs are the addresses of the physical interfaces, lower case, sorted.
func (m *machine) macs() []string {
	var out []string
	for _, n := range m.Interfaces {
		if n.Type == "physical" && n.MAC != "" {
			out = append(out, strings.ToLower(n.MAC))
		}
	}
	sort.Strings(out)
	return out
}
