package world

// Fault is something that is wrong with a machine until it is mended.
type Fault string

// Faults.
const (
	FaultBMCSilent      Fault = "bmc-silent"       // the BMC answers nothing
	FaultBMCAuth        Fault = "bmc-auth"         // the BMC refuses the designed credentials
	FaultBMCBusy        Fault = "bmc-busy"         // the BMC answers that it is busy, and does nothing
	FaultBMCFull        Fault = "bmc-full"         // somebody else holds all sessions of the BMC
	FaultAnswerLost     Fault = "answer-lost"      // the BMC carries out power commands, and its answer never arrives
	FaultCommission     Fault = "commission"       // commissioning scripts fail
	FaultTest           Fault = "test"             // testing scripts fail
	FaultInstall        Fault = "install"          // the installer fails
	FaultErase          Fault = "erase"            // erasing the disks fails
	FaultNoNetboot      Fault = "no-netboot"       // PXE requests are never answered
	FaultPowerStuck     Fault = "power-stuck"      // power commands are accepted, and nothing happens
	FaultSoftOffIgnored Fault = "soft-off-ignored" // the running system does not react to a graceful shutdown
	FaultBootIgnored    Fault = "boot-ignored"     // the firmware consumes the boot override, and does not obey it
	FaultDriveFailed    Fault = "drive-failed"     // the first disk has failed, says its controller
	FaultDriveWorn      Fault = "drive-worn"       // the first disk predicts its failure
	FaultOverheated     Fault = "overheated"       // a processor is above its critical temperature
)

// AllFaults lists every fault there is.
func AllFaults() []Fault {
	return []Fault{
		FaultBMCSilent, FaultBMCAuth, FaultBMCBusy, FaultBMCFull, FaultAnswerLost, FaultCommission, FaultTest,
		FaultInstall, FaultErase, FaultNoNetboot, FaultPowerStuck, FaultSoftOffIgnored, FaultBootIgnored,
		FaultDriveFailed, FaultDriveWorn, FaultOverheated,
	}
}

// failure says why an environment fails on a machine with the given faults; "" when it does not.
func failure(kind EnvironmentKind, faults map[Fault]bool) string {
	for _, f := range []struct {
		kind   EnvironmentKind
		fault  Fault
		reason string
	}{
		{EnvCommission, FaultCommission, "commissioning script 20-hardware-inventory exited with status 1"},
		{EnvTest, FaultTest, "smartctl-validate: sda: SMART overall-health self-assessment test result: FAILED"},
		{EnvInstall, FaultInstall, "curtin: Installation failed with exception: block-meta: no space left on device"},
		{EnvErase, FaultErase, "wipe-disks: sda: input/output error"},
	} {
		if f.kind == kind && faults[f.fault] {
			return f.reason
		}
	}
	return ""
}
