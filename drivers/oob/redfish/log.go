package redfish

import (
	"slices"
	"strings"
	"time"

	"drydock/design/build"
)

// logEntry is what is used of the LogEntry resource.
type logEntry struct {
	ID        string `json:"Id"`
	Created   string
	Severity  string
	Message   string
	MessageID string `json:"MessageId"`
	EntryCode string
	Resolved  bool
}

// maxLog is how many entries of the log are kept: the newest, since a log of years says little about today.
const maxLog = 50

// entries keeps of a log what is no mere information, in the order of time. Services list either end first, and the first
// page has all that small logs hold.
func entries(all []logEntry) []build.LogEntry {
	var out []build.LogEntry
	for _, e := range all {
		if e.Severity != build.HealthWarning && e.Severity != build.HealthCritical {
			continue
		}
		text := strings.TrimSuffix(strings.TrimSpace(e.Message), ".")
		if text == "" {
			text = lastPart(e.MessageID)
		}
		at, _ := time.Parse(time.RFC3339, e.Created) // a BMC without a clock has entries without a time
		out = append(out, build.LogEntry{ID: e.ID, At: at.UTC(), Severity: e.Severity, Text: text,
			Cleared: e.Resolved || strings.HasPrefix(strings.ToLower(e.EntryCode), "deassert")})
	}
	slices.SortStableFunc(out, func(a, b build.LogEntry) int { return a.At.Compare(b.At) })
	return out[max(0, len(out)-maxLog):]
}
