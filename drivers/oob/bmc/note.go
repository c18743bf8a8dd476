package bmc

import (
	"context"
	"encoding/json"
	"time"

	"drydock/drivers"
)

// Keys of the journal.
const (
	CycleKey    = "power-cycle" // what PowerCycleNode has begun
	ShutDownKey = "power-off"   // when PowerOffNode asked the system to shut down
)

// phase is how far a restart is known to have come.
type phase string

const (
	begun    phase = "begun"    // noted before the command; it may or may not have reached the BMC
	accepted phase = "accepted" // the BMC took the command
	refused  phase = "refused"  // the BMC said no: nothing happened
	finished phase = "finished" // the machine was seen on afterwards
)

// Marks are what a BMC shows that a restart leaves changed. Empty fields are not readable at this BMC.
type Marks struct {
	// LastReset is when the machine was last reset (Redfish LastResetTime), as the BMC writes it.
	LastReset string `json:"last_reset,omitempty"`
	// Cause is why the machine last started (IPMI Get System Restart Cause); CauseCommand for a command to the BMC.
	Cause string `json:"cause,omitempty"`
	// Once is the boot override that waits for the next boot; the boot uses it up.
	Once string `json:"once,omitempty"`
	// OnceLasts: nothing but a boot uses the override up. An IPMI BMC may clear it by a timer.
	OnceLasts bool `json:"once_lasts,omitempty"`
}

// CauseCommand is the restart cause that a command to the BMC leaves.
const CauseCommand = "command"

// verdict is what marks before and after say about a restart in between.
type verdict int

const (
	doubtful verdict = iota
	happened
	missing
)

// compare judges whether the machine restarted between two readings of its marks. A reset time or cause that moved, or an
// override that was used up, is evidence for it. Evidence against it takes two witnesses: the override still waits, and the
// BMC shows the same reset time, or the same cause where a restart by us would have changed it.
func compare(before, after Marks) verdict {
	switch {
	case after.LastReset != "" && before.LastReset != after.LastReset:
		return happened
	case before.Cause != after.Cause && before.Cause != "" && after.Cause == CauseCommand:
		return happened
	case before.Once != "" && before.OnceLasts && after.Once == "":
		return happened
	case before.Once == "" || before.Once != after.Once:
		return doubtful
	case before.LastReset != "" && before.LastReset == after.LastReset:
		return missing
	case before.Cause != "" && before.Cause == after.Cause && before.Cause != CauseCommand:
		return missing
	}
	return doubtful
}

// booted judges whether the machine has come as far as booting between two readings of its marks: the override was used up,
// and either nothing but a boot uses it up, or the BMC shows a start as well.
func booted(before, after Marks) bool {
	started := (after.LastReset != "" && before.LastReset != after.LastReset) ||
		(after.Cause == CauseCommand && before.Cause != after.Cause)
	return before.Once != "" && after.Once == "" && (before.OnceLasts || started)
}

// cycleNote is what is remembered of a restart.
type cycleNote struct {
	Phase phase     `json:"phase"`
	Power string    `json:"power"` // before the restart
	Marks Marks     `json:"marks"` // before the restart
	At    time.Time `json:"at"`
}

func readNote(ctx context.Context, j drivers.Journal, key string, into any) (bool, error) {
	text, ok, err := j.Noted(ctx, key)
	if err != nil {
		return false, Failf(drivers.Internal, "", "read the journal entry %q: %w", key, err)
	}
	if !ok {
		return false, nil
	}
	if err := json.Unmarshal([]byte(text), into); err != nil {
		// An entry that can't be read still says that something was begun.
		return true, Failf(drivers.Conflict, "see in which state the machine is, then skip the step or run the task anew",
			"read the journal entry %q: %w", key, err)
	}
	return true, nil
}

func writeNote(ctx context.Context, j drivers.Journal, key string, note any) error {
	text, err := json.Marshal(note)
	if err == nil {
		err = j.Note(ctx, key, string(text))
	}
	if err != nil {
		return Failf(drivers.Internal, "", "note in the journal what is about to be done (%q): %w", key, err)
	}
	return nil
}
