package maas

import (
	"context"
	"net/http"
	"net/url"

	"drydock/design/build"
	"drydock/drivers"
)

// DestroyNode releases the machine with the erase that the driver's policy says (machines/{system_id}/?op=release) and ends
// when it is back in the pool. Before it touches anything it proves the machine's identity. A machine that MAAS does not know,
// or that holds no deployment, is Already (and is deleted at MAAS where Config.DeleteReleased asks for that); one that is locked or that somebody else holds is a Conflict.
func (d *Driver) DestroyNode(ctx context.Context, call drivers.NodeCall) (drivers.Report, error) {
	s, err := d.nodeSession(ctx, drivers.DestroyNode, call)
	if err != nil {
		return drivers.Report{}, err
	}
	release, err := s.recall(call, noteRelease)
	if err != nil {
		return drivers.Report{}, err
	}
	if progress, still := s.busy(release, stReleasing, stErasing); still {
		return drivers.Report{}, s.waiting("%s", progress)
	}
	m, err := s.locate(call)
	if err != nil {
		return drivers.Report{}, err
	}
	if m == nil {
		_, deleted, err := call.Journal.Noted(s, noteDelete)
		if err != nil {
			return drivers.Report{}, s.journalError(err)
		}
		if deleted {
			return s.gone(call, drivers.Changed, "The machine of the node was deleted at MAAS.")
		}
		return s.gone(call, drivers.Already, "MAAS knows no machine of the node.")
	}
	if err := s.prove(call, m); err != nil {
		return drivers.Report{}, err
	}
	if m.Locked {
		return drivers.Report{}, s.locked(m)
	}
	took := release.noted && release.begun && release.machine == m.SystemID
	switch m.Status {
	case stReady, stNew, stFailedCommissioning, stFailedTesting:
		if m.held() {
			return drivers.Report{}, s.outOfService(m)
		}
		if release.noted {
			return s.released(call, m, drivers.Changed, "Machine "+m.String()+" was released and is "+m.StatusName+".")
		}
		return s.released(call, m, drivers.Already, "Machine "+m.String()+" holds no deployment; it is "+m.StatusName+".")
	case stCommissioning:
		return drivers.Report{}, s.waiting("%s", m.progress())
	case stTesting:
		if !m.held() {
			return drivers.Report{}, s.waiting("%s", m.progress())
		}
		return drivers.Report{}, s.outOfService(m)
	case stReleasing, stErasing:
		// MAAS has dropped the agent name by now; the user is still there.
		if err := s.stillOurs(m, release.noted); err != nil {
			return drivers.Report{}, err
		}
		if err := s.began(call, noteRelease, release); err != nil {
			return drivers.Report{}, err
		}
		return drivers.Report{}, s.waiting("%s", m.progress())
	case stFailedReleasing, stFailedErasing:
		if err := s.stillOurs(m, release.noted); err != nil {
			return drivers.Report{}, err
		}
		if took {
			return drivers.Report{}, s.errorf(drivers.HardwareFault, "Check the BMC and the disks of the machine, then run the task again; it may hold data.",
				"release of machine %s failed: %s", m, s.reason(m, "release"))
		}
	case stDeployed, stDeploying, stAllocated, stFailedDeployment, stReserved:
		ours, err := s.ours(m)
		if err != nil {
			return drivers.Report{}, err
		}
		if !ours {
			return drivers.Report{}, s.foreign(m)
		}
	default:
		return drivers.Report{}, s.outOfService(m)
	}
	a, err := s.intend(call, noteRelease, m, m.InstallationResult)
	if err != nil {
		return drivers.Report{}, err
	}
	after, err := s.release(m, d.cfg.Erase)
	if err != nil {
		return drivers.Report{}, err
	}
	if err := s.began(call, noteRelease, a); err != nil {
		return drivers.Report{}, err
	}
	if after.Status == stReady || after.Status == stNew {
		// Where the power is off or manual and nothing is erased, the answer says so at once.
		return s.released(call, after, drivers.Changed, "Machine "+after.String()+" was released and is "+after.StatusName+".")
	}
	return drivers.Report{}, s.waiting("%s", after.progress())
}

// stillOurs refuses a machine that is being released by somebody else.
func (s *session) stillOurs(m *machine, noted bool) error {
	me, _, err := s.user()
	if err != nil {
		return err
	}
	if m.Owner == me || noted && m.Owner == "" {
		return nil
	}
	return s.foreign(m)
}

// release gives the machine back, with one form of the erase parameters per policy. gomaasclient can't send erase=false, so
// that with it the region's setting would always win.
func (s *session) release(m *machine, policy Erase) (*machine, error) {
	params := policy.params()
	params.Set("comment", "drydock: "+s.subject)
	after, err := s.actOn(m.SystemID, "release", params)
	if err != nil {
		return nil, s.fail(err, "release machine %s", m)
	}
	return after, nil
}

// params are the parameters of op=release; none where the region decides.
func (e Erase) params() url.Values {
	switch e {
	case EraseNone:
		return form("erase", "false")
	case EraseQuick:
		return form("erase", "true", "secure_erase", "false", "quick_erase", "true")
	case EraseSecure:
		return form("erase", "true", "secure_erase", "true", "quick_erase", "true")
	case EraseFull:
		return form("erase", "true", "secure_erase", "false", "quick_erase", "false")
	}
	return url.Values{}
}

// released ends the action at a machine that is back in the pool. Where that is asked for, MAAS is then made to forget it.
func (s *session) released(call drivers.NodeCall, m *machine, outcome drivers.Outcome, message string) (drivers.Report, error) {
	if !s.d.cfg.DeleteReleased {
		return s.report(call, m, outcome, message)
	}
	if err := call.Journal.Note(s, noteDelete, m.SystemID); err != nil {
		return drivers.Report{}, s.journalError(err)
	}
	if err := s.call(http.MethodDelete, "machines/"+m.SystemID+"/", "", nil, nil); err != nil && !isAnswer(err, http.StatusNotFound) {
		return drivers.Report{}, s.fail(err, "delete machine %s", m)
	}
	return s.gone(call, drivers.Changed, message, "It was then deleted at MAAS.")
}

// gone is the report about a node without a machine.
func (s *session) gone(call drivers.NodeCall, outcome drivers.Outcome, messages ...string) (drivers.Report, error) {
	b := call.Build
	b.Provisioner = build.Provisioner{Driver: "maas", Status: build.StatusAbsent, ObservedAt: s.d.now().UTC()}
	return drivers.Report{Outcome: outcome, Messages: messages, Build: &b}, nil
}
