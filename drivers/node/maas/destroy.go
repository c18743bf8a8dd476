package maas

import (
	"context"
	"net/url"

	"drydock/drivers"
)

// DestroyNode releases the machine with the erase that the driver's policy says (machines/{system_id}/?op=release) and ends
// when it is back in the pool. Before it touches anything it proves the machine's identity. A machine that MAAS does not know,
// or that holds no deployment, is Already; one that is locked or that somebody else holds is a Conflict.
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
		b, err := d.Observe(ctx, call)
		if err != nil {
			return drivers.Report{}, err
		}
		return drivers.Report{Outcome: drivers.Already, Messages: []string{"MAAS knows no machine of the node."}, Build: &b}, nil
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
			return s.report(call, m, drivers.Changed, "Machine "+m.String()+" was released and is "+m.StatusName+".")
		}
		return s.report(call, m, drivers.Already, "Machine "+m.String()+" holds no deployment; it is "+m.StatusName+".")
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
		return s.report(call, after, drivers.Changed, "Machine "+after.String()+" was released and is "+after.StatusName+".")
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
	params := url.Values{"comment": {"drydock: " + s.subject}}
	switch policy {
	case EraseNone:
		params.Set("erase", "false")
	case EraseQuick:
		params.Set("erase", "true")
		params.Set("secure_erase", "false")
		params.Set("quick_erase", "true")
	case EraseSecure:
		params.Set("erase", "true")
		params.Set("secure_erase", "true")
		params.Set("quick_erase", "true")
	case EraseFull:
		params.Set("erase", "true")
		params.Set("secure_erase", "false")
		params.Set("quick_erase", "false")
	}
	after, err := s.actOn(m.SystemID, "release", params)
	if err != nil {
		return nil, s.fail(err, "release machine %s", m)
	}
	return after, nil
}
