package maas

import (
	"net/url"

	"drydock/drivers"
)

// whoami remembers the user of the API key: it can't change while the key is the same.
type whoami struct {
	gate  chan struct{} // one asks, the others wait for the answer
	name  string
	admin bool
}

// user is the name of our MAAS user, and whether it administers the region (users/?op=whoami).
func (s *session) user() (name string, admin bool, err error) {
	w := &s.d.who
	select {
	case w.gate <- struct{}{}:
		defer func() { <-w.gate }()
	case <-s.Done():
		return "", false, s.fail(s.Err(), "ask MAAS who we are")
	}
	if w.name != "" && w.admin {
		return w.name, w.admin, nil
	}
	me, err := s.gmc.Users.Whoami()
	if err != nil {
		return "", false, s.fail(err, "ask MAAS who we are")
	}
	if me.UserName == "" {
		return "", false, s.errorf(drivers.AuthFailed, "Check the API key of the MAAS driver.", "ask MAAS who we are: it knows no user")
	}
	w.name, w.admin = me.UserName, me.IsSuperUser
	return w.name, w.admin, nil
}

// ours reports whether the machine is allocated to us: to our user and under our agent name.
//
// The machine's body does not show the agent name at MAAS 3.x, so that MAAS is asked for it as a filter, by a positive
// match only: a machine that our user took by another way, or that MAAS does not say we took, is not ours.
func (s *session) ours(m *machine) (bool, error) {
	if m.Owner == "" || !m.held() {
		return false, nil
	}
	me, _, err := s.user()
	if err != nil || m.Owner != me {
		return false, err
	}
	if m.SystemID == s.proven {
		return true, nil
	}
	found, err := s.machines(url.Values{"id": {m.SystemID}, "agent_name": {s.d.cfg.AgentName}})
	if err != nil {
		return false, err
	}
	if len(found) != 1 || found[0].SystemID != m.SystemID || found[0].Owner != me {
		return false, nil
	}
	s.proven = m.SystemID
	return true, nil
}

// refuseForeign stops at a machine that somebody else holds.
func (s *session) refuseForeign(m *machine) error {
	if !m.held() {
		return nil
	}
	ours, err := s.ours(m)
	if err == nil && !ours {
		err = s.foreign(m)
	}
	return err
}

// foreign is the refusal of a machine that somebody else holds.
func (s *session) foreign(m *machine) error {
	me, _, err := s.user()
	if err != nil {
		return err
	}
	if m.Owner == me {
		return s.errorf(drivers.Conflict, "It was allocated with our API key, but by a person or another agent: release it at MAAS if it is free.",
			"machine %s is %s, but not for the agent %s of user %s", m, m.StatusName, s.d.cfg.AgentName, m.Owner)
	}
	return s.errorf(drivers.Conflict, "Ask the owner to release it at MAAS, or take the node out of the task.",
		"machine %s is %s and belongs to %s", m, m.StatusName, ownerText(m.Owner))
}

func ownerText(owner string) string {
	if owner == "" {
		return "nobody that MAAS names"
	}
	return "user " + owner
}

// locked is the refusal of a machine that a person locked.
func (s *session) locked(m *machine) error {
	return s.errorf(drivers.Conflict, "Unlock it at MAAS if it may be changed.", "machine %s is locked at MAAS; it is %s and belongs to %s", m, m.StatusName, ownerText(m.Owner))
}
