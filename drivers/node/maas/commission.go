package maas

import (
	"context"
	"slices"
	"strings"

	"drydock/design"
	"drydock/drivers"
)

// ConfigureHardware commissions the machine (machines/{system_id}/?op=commission) and ends when it is Ready. It commissions
// once per task: a failure after that is a HardwareFault with the failed scripts, one from before is tried again. A machine
// that was Ready to begin with is Already.
func (d *Driver) ConfigureHardware(ctx context.Context, call drivers.NodeCall) (drivers.Report, error) {
	s, err := d.nodeSession(ctx, drivers.ConfigureHardware, call)
	if err != nil {
		return drivers.Report{}, err
	}
	commission, err := s.recall(call, noteCommission)
	if err != nil {
		return drivers.Report{}, err
	}
	test, err := s.recall(call, noteTest)
	if err != nil {
		return drivers.Report{}, err
	}
	for _, a := range []attempt{commission, test} {
		if progress, still := s.busy(a, stCommissioning, stTesting); still {
			return drivers.Report{}, s.waiting("%s", progress)
		}
	}
	m, err := s.present(call)
	if err != nil {
		return drivers.Report{}, err
	}
	if m.Locked {
		return drivers.Report{}, s.locked(m)
	}
	switch m.Status {
	case stNew:
		if commission.took(m, m.CommissioningResult) && strings.HasPrefix(m.StatusMessage, "Aborted commissioning") {
			return drivers.Report{}, s.errorf(drivers.NeedsPerson, "Find out who aborted it at MAAS and why, then run the task again.", "the commissioning of machine %s that we began was aborted", m)
		}
		return drivers.Report{}, s.commission(call, m)
	case stFailedCommissioning:
		if commission.took(m, m.CommissioningResult) {
			return drivers.Report{}, s.faulty(m, "commissioning", "commissioning")
		}
		return drivers.Report{}, s.commission(call, m)
	case stCommissioning:
		if err := s.began(call, noteCommission, commission); err != nil {
			return drivers.Report{}, err
		}
		return drivers.Report{}, s.waiting("%s", m.progress())
	case stTesting:
		if m.held() {
			return drivers.Report{}, s.notForCommissioning(m)
		}
		if err := s.began(call, noteCommission, commission); err != nil {
			return drivers.Report{}, err
		}
		if err := s.began(call, noteTest, test); err != nil {
			return drivers.Report{}, err
		}
		return drivers.Report{}, s.waiting("%s", m.progress())
	case stFailedTesting:
		if m.held() {
			return drivers.Report{}, s.notForCommissioning(m)
		}
		if commission.took(m, m.CommissioningResult) || test.noted && test.begun {
			return drivers.Report{}, s.faulty(m, "testing", "testing")
		}
		return drivers.Report{}, s.testAgain(call, m, test)
	case stReady:
		if commission.noted || test.noted {
			return s.report(call, m, drivers.Changed, "Machine "+m.String()+" was commissioned and is ready.")
		}
		return s.report(call, m, drivers.Already, "Machine "+m.String()+" is ready; it was commissioned before.")
	case stAllocated:
		ours, err := s.ours(m)
		if err != nil {
			return drivers.Report{}, err
		}
		if !ours {
			return drivers.Report{}, s.foreign(m)
		}
		return s.report(call, m, drivers.Already, "Machine "+m.String()+" is allocated to us already; it was commissioned before.")
	case stReleasing, stErasing:
		return drivers.Report{}, s.waiting("%s", m.progress())
	}
	return drivers.Report{}, s.notForCommissioning(m)
}

// commission asks for the commissioning, which boots the machine, once its identity is proven. What was noted before tells a
// later attempt whether it happened.
func (s *session) commission(call drivers.NodeCall, m *machine) error {
	if err := s.prove(call, m); err != nil {
		return err
	}
	a, err := s.intend(call, noteCommission, m, m.CommissioningResult)
	if err != nil {
		return err
	}
	params := s.d.cfg.scriptParams("commissioning_scripts", "testing_scripts")
	switch call.Node.OOB.Type {
	case design.OOBIPMI, design.OOBRedfish:
		// Otherwise MAAS would make a BMC account of its own and forget the one of the design.
		params.Set("skip_bmc_config", "1")
	}
	after, err := s.actOn(m.SystemID, "commission", params)
	if err != nil {
		return s.scriptsRefused(err, "commission machine %s", m)
	}
	if err := s.began(call, noteCommission, a); err != nil {
		return err
	}
	return s.waiting("%s", after.progress())
}

// testAgain runs the tests of a machine that failed them before this task: MAAS does not commission in that state. The call
// is not in gomaasclient.
func (s *session) testAgain(call drivers.NodeCall, m *machine, a attempt) error {
	if slices.Equal(s.d.cfg.TestingScripts, []string{noScripts}) {
		// To override a failure is to say that the machine is good, which nothing here knows.
		return s.errorf(drivers.NeedsPerson, "Look at the results on the machine's page at MAAS and override them there if the machine is good, or set drivers.maas.testing_scripts to other than none.",
			"machine %s has failed its tests before this task, and no test is configured that could show it good: %s", m, s.reason(m, "testing"))
	}
	if err := s.prove(call, m); err != nil {
		return err
	}
	a, err := s.intend(call, noteTest, m, m.CommissioningResult)
	if err != nil {
		return err
	}
	after, err := s.actOn(m.SystemID, "test", s.d.cfg.scriptParams("testing_scripts"))
	if err != nil {
		return s.scriptsRefused(err, "test machine %s again", m)
	}
	if err := s.began(call, noteTest, a); err != nil {
		return err
	}
	return s.waiting("%s", after.progress())
}

func (s *session) faulty(m *machine, what string, kinds ...string) error {
	return s.errorf(drivers.HardwareFault, "Look at the results on the machine's page at MAAS, repair it, and run the task again.",
		"%s of machine %s failed: %s", what, m, s.reason(m, kinds...))
}

// notForCommissioning tells for every other state why the machine is left alone.
func (s *session) notForCommissioning(m *machine) error {
	switch m.Status {
	case stDeployed, stDeploying, stFailedDeployment, stReserved, stTesting, stFailedTesting:
		if ours, err := s.ours(m); err != nil {
			return err
		} else if !ours {
			return s.foreign(m)
		}
		return s.errorf(drivers.Conflict, "Destroy the node first if it is to be commissioned again.", "machine %s is %s for us: commissioning would take it out of use", m, m.StatusName)
	}
	return s.outOfService(m)
}

// outOfService is the refusal of states that only a person leads a machine out of.
func (s *session) outOfService(m *machine) error {
	advice := map[int]string{
		stMissing:              "Find the machine, and commission it at MAAS when it is back.",
		stRetired:              "Take the node out of the design, or bring the machine back into service at MAAS.",
		stBroken:               "Repair the machine, and mark it as fixed at MAAS.",
		stRescue:               "End the rescue mode at MAAS.",
		stEnteringRescue:       "End the rescue mode at MAAS.",
		stExitingRescue:        "Wait until the machine has left rescue mode, and run the task again.",
		stFailedEnteringRescue: "End the rescue mode at MAAS.",
		stFailedExitingRescue:  "End the rescue mode at MAAS.",
		stFailedReleasing:      "Check the BMC, and release the machine at MAAS again.",
		stFailedErasing:        "Check the disks, and release the machine at MAAS again.",
	}[m.Status]
	fill(&advice, "Look at the machine's page at MAAS.")
	return s.errorf(drivers.NeedsPerson, advice, "machine %s is %s", m, m.progress())
}
