package maas

import (
	"context"
	"encoding/base64"
	"net/url"
	"strings"

	"drydock/drivers"
)

// DeployNode allocates the machine to us (machines/?op=allocate by system id), sets its annotations, deploys the image of
// the design (machines/{system_id}/?op=deploy) and ends when it is Deployed. Before it touches anything it proves the
// machine's identity. It deploys once per task: a failure after that is a HardwareFault with the reason that MAAS knows.
// What becomes of the machine then, and of one whose deployment an earlier task has failed, is said by Config.FailedDeployment.
func (d *Driver) DeployNode(ctx context.Context, call drivers.NodeCall) (drivers.Report, error) {
	s, err := d.nodeSession(ctx, drivers.DeployNode, call)
	if err != nil {
		return drivers.Report{}, err
	}
	deploy, err := s.recall(call, noteDeploy)
	if err != nil {
		return drivers.Report{}, err
	}
	if progress, still := s.busy(deploy, stDeploying); still {
		return drivers.Report{}, s.waiting("%s", progress)
	}
	m, err := s.present(call)
	if err != nil {
		return drivers.Report{}, err
	}
	if err := s.prove(call, m); err != nil {
		return drivers.Report{}, err
	}
	rerelease, err := s.recall(call, noteReRelease)
	if err != nil {
		return drivers.Report{}, err
	}
	if why, told, err := call.Journal.Noted(s, noteFailure); err != nil {
		return drivers.Report{}, s.journalError(err)
	} else if told && m.Status != stFailedDeployment {
		return drivers.Report{}, s.deploymentFailed(m, why+" It was released.")
	}
	took := deploy.took(m, m.InstallationResult)
	if m.Status == stReleasing || m.Status == stErasing {
		// MAAS has dropped the agent name by now; the user is still there.
		if err := s.stillOurs(m, rerelease.noted); err != nil {
			return drivers.Report{}, err
		}
		return drivers.Report{}, s.waiting("%s", m.progress())
	}
	if err := s.refuseForeign(m); err != nil {
		return drivers.Report{}, err
	}
	if m.Locked && m.Status != stDeployed {
		return drivers.Report{}, s.locked(m)
	}
	switch m.Status {
	case stDeployed:
		return s.deployed(call, m, deploy)
	case stDeploying:
		if err := s.began(call, noteDeploy, deploy); err != nil {
			return drivers.Report{}, err
		}
		return drivers.Report{}, s.waiting("%s", m.progress())
	case stReady:
		if took {
			return drivers.Report{}, s.errorf(drivers.NeedsPerson, "Find out who released it at MAAS and why, then run the task again.", "machine %s was released after we began to deploy it", m)
		}
		if m, err = s.allocate(m); err != nil {
			return drivers.Report{}, err
		}
		return drivers.Report{}, s.deploy(call, m)
	case stAllocated:
		if took {
			return drivers.Report{}, s.errorf(drivers.NeedsPerson, "Find out who aborted it at MAAS and why, then run the task again.", "the deployment of machine %s that we began was aborted", m)
		}
		return drivers.Report{}, s.deploy(call, m)
	case stFailedDeployment:
		switch policy := d.cfg.FailedDeployment; {
		case took && policy == FailedRelease:
			return drivers.Report{}, s.failAndRelease(call, m)
		case took:
			return drivers.Report{}, s.deploymentFailed(m, s.reason(m, "installation"))
		case policy == FailedKeep:
			return drivers.Report{}, s.errorf(drivers.NeedsPerson, "Destroy the node, or release the machine at MAAS, and run the task again; drivers.maas.failed_deployment: retry lets Drydock release it.",
				"machine %s is kept as a failed deployment of an earlier task left it: %s", m, s.reason(m, "installation"))
		}
		return drivers.Report{}, s.releaseFailed(call, m)
	case stNew, stCommissioning, stFailedCommissioning, stTesting, stFailedTesting:
		return drivers.Report{}, s.errorf(drivers.Conflict, "Run ConfigureHardware first.", "machine %s is %s and not ready to be deployed", m, m.progress())
	}
	return drivers.Report{}, s.outOfService(m)
}

// deployed ends the action. What runs on the machine is told, not changed: another image on a machine in production is no
// reason to install it anew.
func (s *session) deployed(call drivers.NodeCall, m *machine, deploy attempt) (drivers.Report, error) {
	outcome, said := drivers.Already, []string{"Machine " + m.String() + " runs " + m.OSystem + "/" + m.DistroSeries + " already."}
	if deploy.noted {
		outcome, said = drivers.Changed, []string{"Machine " + m.String() + " was deployed with " + m.OSystem + "/" + m.DistroSeries + "."}
		// The attempt that handed the user data over is long gone; what had to be said of it is in the journal.
		told, ok, err := call.Journal.Noted(s, noteUserData)
		if err != nil {
			return drivers.Report{}, s.journalError(err)
		}
		if ok {
			said = append(said, strings.Split(told, "\n")...)
		}
	}
	if want := series(call.Node.Platform.Image); want != m.OSystem+"/"+m.DistroSeries {
		said = append(said, drivers.Warning("the design says "+want+"; destroy and deploy the node to change it."))
	}
	if want := call.Node.Platform.Kernel; want != "" && m.HWEKernel != "" && m.HWEKernel != want {
		said = append(said, drivers.Warning("it runs kernel "+m.HWEKernel+" and the design says "+want+": MAAS takes the default where it does not have a kernel."))
	}
	return s.report(call, m, outcome, said...)
}

// series is the image as MAAS wants it: with the name of the system, as the parameter osystem is ignored or overruled.
func series(image string) string {
	if strings.Contains(image, "/") {
		return image
	}
	return "ubuntu/" + image
}

// allocate takes a Ready machine for us.
func (s *session) allocate(m *machine) (*machine, error) {
	var got machine
	err := s.post("machines/", "allocate", form("system_id", m.SystemID, "agent_name", s.d.cfg.AgentName, "comment", "drydock: "+s.subject), &got)
	if isAnswer(err, 409) {
		// Somebody may have been faster; who, is what helps.
		if now, readErr := s.machineByID(m.SystemID); readErr == nil && now != nil && now.held() {
			if ours, oursErr := s.ours(now); oursErr == nil && !ours {
				return nil, s.foreign(now)
			}
		}
	}
	if err != nil {
		return nil, s.fail(err, "allocate machine %s", m)
	}
	if got.SystemID != m.SystemID {
		return nil, s.errorf(drivers.Conflict, "Release the wrongly allocated machine at MAAS.", "allocate machine %s: MAAS allocated %s", m, &got)
	}
	return &got, nil
}

// deploy asks for the deployment of a machine that is allocated to us.
func (s *session) deploy(call drivers.NodeCall, m *machine) error {
	if call.Node.Platform.Image == "" {
		return s.errorf(drivers.InvalidDesign, "Give platform.image in the design.", "deploy machine %s: the design names no image", m)
	}
	params := url.Values{"distro_series": {series(call.Node.Platform.Image)}, "comment": {"drydock: " + s.subject}}
	if k := call.Node.Platform.Kernel; k != "" {
		params.Set("hwe_kernel", k)
	}
	data, err := s.userData(call, m)
	if err != nil {
		return err
	}
	if len(data) > 0 {
		params.Set("user_data", base64.StdEncoding.EncodeToString(data))
	}
	if _, err := s.annotate(call, m); err != nil {
		return err
	}
	a, err := s.intend(call, noteDeploy, m, m.InstallationResult)
	if err != nil {
		return err
	}
	after, err := s.actOn(m.SystemID, "deploy", params)
	if err != nil {
		return s.fail(err, "deploy machine %s", m)
	}
	if err := s.began(call, noteDeploy, a); err != nil {
		return err
	}
	return s.waiting("%s", after.progress())
}

// userData is what the machine gets besides its image. What is to be said of it is noted, for the end of the action.
func (s *session) userData(call drivers.NodeCall, m *machine) ([]byte, error) {
	if s.d.cfg.UserData == nil {
		return nil, nil
	}
	data, told, err := s.d.cfg.UserData(call.Site, call.Node)
	if err != nil {
		return nil, s.fail(err, "make user data for machine %s", m)
	}
	if len(told) > 0 {
		if err := call.Journal.Note(s, noteUserData, strings.Join(told, "\n")); err != nil {
			return nil, s.journalError(err)
		}
	}
	return data, nil
}

func (s *session) deploymentFailed(m *machine, why string) error {
	return s.errorf(drivers.HardwareFault, "Look at the installation output on the machine's page at MAAS, repair what it names, and run the task again.",
		"deployment of machine %s failed: %s", m, why)
}

// failAndRelease gives back a machine whose deployment this task has failed. The reason is noted ahead of it, as MAAS may
// tell another one afterwards, or none.
func (s *session) failAndRelease(call drivers.NodeCall, m *machine) error {
	why := s.reason(m, "installation")
	if err := call.Journal.Note(s, noteFailure, why); err != nil {
		return s.journalError(err)
	}
	if _, err := s.release(m, EraseNone); err != nil {
		return err
	}
	return s.deploymentFailed(m, why+" It was released.")
}

// releaseFailed gives back a machine whose deployment failed in an earlier task: MAAS deploys again only after that. The
// disks are not erased, as the next installation writes them anew.
func (s *session) releaseFailed(call drivers.NodeCall, m *machine) error {
	if _, err := s.intend(call, noteReRelease, m, m.InstallationResult); err != nil {
		return err
	}
	after, err := s.release(m, EraseNone)
	if err != nil {
		return err
	}
	return s.waiting("released after the failed deployment of an earlier task: %s", after.progress())
}
