package maas

import (
	"strconv"
	"strings"

	"drydock/drivers"
)

// Keys of the journal. Each is noted before the request whose answer might be lost.
const (
	noteCommission = "maas-commission"
	noteTest       = "maas-test"
	noteDeploy     = "maas-deploy"
	noteRelease    = "maas-release"
	noteReRelease  = "maas-release-failed-deployment"
	noteFailure    = "maas-deploy-failure" // why it failed
	noteImport     = "maas-import"
	noteDelete     = "maas-delete"
	noteIdentity   = "maas-identity"
	noteUserData   = "maas-user-data" // what is to be said of the user data that was handed over, a line each
)

// attempt is what an earlier try of an action noted about an operation of MAAS.
type attempt struct {
	noted   bool
	begun   bool // MAAS confirmed, or was seen at, the operation
	machine string
	before  int // id of the newest run of scripts before the operation
}

// A note is "<system id> <run before> intended" and later "... begun".
func (a attempt) String() string {
	state := "intended"
	if a.begun {
		state = "begun"
	}
	return a.machine + " " + strconv.Itoa(a.before) + " " + state
}

// took reports whether the operation happened: MAAS confirmed it, or it has started a newer run of scripts since.
func (a attempt) took(m *machine, run int) bool {
	return a.noted && a.machine == m.SystemID && (a.begun || run != a.before)
}

func (s *session) recall(call drivers.NodeCall, key string) (attempt, error) {
	text, ok, err := call.Journal.Noted(s, key)
	if err != nil {
		return attempt{}, s.journalError(err)
	}
	if !ok {
		return attempt{}, nil
	}
	parts := strings.Fields(text)
	if len(parts) != 3 {
		return attempt{}, s.errorf(drivers.Internal, "Start a new task.", "read journal: note %s is not of the form that this driver writes", key)
	}
	before, err := strconv.Atoi(parts[1])
	if err != nil {
		return attempt{}, s.errorf(drivers.Internal, "Start a new task.", "read journal: note %s: %w", key, err)
	}
	return attempt{noted: true, machine: parts[0], before: before, begun: parts[2] == "begun"}, nil
}

// intend notes that an operation is about to be asked for.
func (s *session) intend(call drivers.NodeCall, key string, m *machine, run int) (attempt, error) {
	a := attempt{noted: true, machine: m.SystemID, before: run}
	return a, s.note(call, key, a)
}

// begun notes that MAAS was seen at the operation, once.
func (s *session) began(call drivers.NodeCall, key string, a attempt) error {
	if !a.noted || a.begun {
		return nil
	}
	a.begun = true
	return s.note(call, key, a)
}

func (s *session) note(call drivers.NodeCall, key string, a attempt) error {
	if err := call.Journal.Note(s, key, a.String()); err != nil {
		return s.journalError(err)
	}
	return nil
}

func (s *session) journalError(err error) error {
	return &drivers.Error{Class: drivers.ClassOf(err), Action: s.action, Subject: s.subject, Err: err}
}
