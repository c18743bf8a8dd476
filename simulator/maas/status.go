package maas

import "strings"

// status is the state of a machine, with MAAS's numbers.
type status int

const (
	statusNew                 status = 0
	statusCommissioning       status = 1
	statusFailedCommissioning status = 2
	statusMissing             status = 3
	statusReady               status = 4
	statusReserved            status = 5
	statusDeployed            status = 6
	statusRetired             status = 7
	statusBroken              status = 8
	statusDeploying           status = 9
	statusAllocated           status = 10
	statusFailedDeployment    status = 11
	statusReleasing           status = 12
	statusFailedReleasing     status = 13
	statusErasing             status = 14
	statusFailedErasing       status = 15
	statusRescue              status = 16
	statusEnteringRescue      status = 17
	statusFailedEnterRescue   status = 18
	statusExitingRescue       status = 19
	statusFailedExitRescue    status = 20
	statusTesting             status = 21
	statusFailedTesting       status = 22
)

var statusNames = []string{
	"New", "Commissioning", "Failed commissioning", "Missing", "Ready", "Reserved", "Deployed", "Retired", "Broken",
	"Deploying", "Allocated", "Failed deployment", "Releasing", "Releasing failed", "Disk erasing", "Failed disk erasing",
	"Rescue mode", "Entering rescue mode", "Failed to enter rescue mode", "Exiting rescue mode",
	"Failed to exit rescue mode", "Testing", "Failed testing",
}

func (st status) String() string { return statusNames[st] }

// statusFilters are the words of the status filter of machine lists: the lower-case names of MAAS's enumeration.
var statusFilters = map[string]status{
	"new": 0, "default": 0, "commissioning": 1, "failed_commissioning": 2, "missing": 3, "ready": 4, "reserved": 5,
	"deployed": 6, "retired": 7, "broken": 8, "deploying": 9, "allocated": 10, "failed_deployment": 11, "releasing": 12,
	"failed_releasing": 13, "releasing_failed": 13, "disk_erasing": 14, "failed_disk_erasing": 15, "rescue_mode": 16,
	"entering_rescue_mode": 17, "failed_entering_rescue_mode": 18, "exiting_rescue_mode": 19,
	"failed_exiting_rescue_mode": 20, "testing": 21, "failed_testing": 22,
}

func statusFilter(word string) (status, bool) {
	st, ok := statusFilters[strings.ReplaceAll(strings.ToLower(word), " ", "_")]
	return st, ok
}

func (st status) in(set ...status) bool {
	for _, x := range set {
		if x == st {
			return true
		}
	}
	return false
}

// failedAs is the state that a failure or time-out of an operation in progress leads to; false for a state at rest.
func (st status) failedAs() (status, bool) {
	switch st {
	case statusCommissioning:
		return statusFailedCommissioning, true
	case statusDeploying:
		return statusFailedDeployment, true
	case statusReleasing:
		return statusFailedReleasing, true
	case statusErasing:
		return statusFailedErasing, true
	case statusEnteringRescue:
		return statusFailedEnterRescue, true
	case statusExitingRescue:
		return statusFailedExitRescue, true
	case statusTesting:
		return statusFailedTesting, true
	}
	return st, false
}

// Sets of states in which operations are legal, as measured at a real region.
var (
	canCommission = []status{statusNew, statusFailedCommissioning, statusReady, statusBroken}
	canRelease    = []status{statusReserved, statusDeployed, statusBroken, statusDeploying, statusAllocated,
		statusFailedDeployment, statusFailedReleasing, statusFailedErasing}
	cannotTest = []status{statusCommissioning, statusDeploying, statusReleasing, statusErasing, statusEnteringRescue,
		statusExitingRescue, statusTesting}
	canRescue = []status{statusNew, statusFailedCommissioning, statusMissing, statusReady, statusReserved, statusDeployed,
		statusRetired, statusBroken, statusAllocated, statusFailedDeployment, statusFailedErasing,
		statusFailedEnterRescue, statusFailedTesting}
	canExitRescue   = []status{statusRescue, statusEnteringRescue, statusFailedEnterRescue, statusFailedExitRescue}
	canNetwork      = []status{statusNew, statusReady, statusBroken, statusAllocated, statusFailedTesting}
	canNetworkPut   = []status{statusNew, statusReady, statusBroken, statusAllocated, statusFailedTesting, statusDeployed}
	canFormat       = []status{statusReady, statusAllocated}
	canRestore      = []status{statusReady, statusFailedTesting}
	inDeployment    = []status{statusDeployed, statusDeploying, statusFailedDeployment}
	canLock         = []status{statusDeployed, statusDeploying}
	previousIsOwned = []status{statusAllocated, statusDeployed, statusReserved}
)
