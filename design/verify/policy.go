package verify

import (
	"fmt"
	"strings"

	"drydock/design/build"
)

// policy is what holds for every machine, whatever its design: no critical alarm and no failed drive.
func policy(known build.Node) []build.Check {
	rows := []build.Check{health(known.OOB)}
	for _, s := range known.OOB.Sensors {
		if v := byHealth(s.Health); v == Mismatch || v == Violation {
			rows = append(rows, build.Check{Name: "sensor:" + s.Name, Designed: "no alarm", Verdict: v,
				Found: strings.TrimSpace(fmt.Sprintf("%s %g %s", s.Health, s.Value, s.Unit))})
		}
	}
	rows = append(rows, drives(known)...)
	return append(rows, log(known.OOB.Log)...)
}

func byHealth(word string) string {
	switch word {
	case build.HealthOK:
		return Match
	case build.HealthWarning:
		return Mismatch
	case build.HealthCritical:
		return Violation
	}
	return Unknown
}

// health is the rollup over the whole machine, with the alarms behind it.
func health(o build.OOB) build.Check {
	row := build.Check{Name: "health", Designed: "no critical alarm", Found: o.Health, Verdict: byHealth(o.Health)}
	if len(o.Alarms) > 0 {
		row.Found = strings.TrimSpace(o.Health + ": " + strings.Join(o.Alarms, "; "))
	}
	return row
}

// drives has a row for each drive that is not healthy, and one for all others.
func drives(known build.Node) []build.Check {
	var rows []build.Check
	healthy, seen := 0, map[string]bool{}
	add := func(name, serial, word string, predicted bool) {
		if serial != "" && seen[serial] {
			return
		}
		seen[serial] = true
		row := build.Check{Name: "drive:" + name, Designed: "not failed", Found: word, Verdict: byHealth(word)}
		if serial != "" {
			row.Name = "drive:" + serial
		}
		if predicted {
			row.Found = strings.TrimSpace(word + ", predicts its failure")
			if row.Verdict != Violation {
				row.Verdict = Mismatch
			}
		}
		switch row.Verdict {
		case Match:
			healthy++
		case Mismatch, Violation:
			rows = append(rows, row)
		}
	}
	for _, d := range known.OOB.Drives {
		add(d.Name, d.Serial, d.Health, d.PredictedFailure)
	}
	all := build.Check{Name: "drives", Designed: "none failed", Verdict: Unknown}
	if healthy > 0 {
		all.Found, all.Verdict = fmt.Sprintf("%d healthy", healthy), Match
	}
	return append([]build.Check{all}, rows...)
}

// log has a row where the event log holds a critical event that has not ended. A log is history: what is wrong now shows
// in the health, so this stops nothing.
func log(entries []build.LogEntry) []build.Check {
	var last *build.LogEntry
	n := 0
	for i, e := range entries {
		if e.Severity == build.HealthCritical && !e.Cleared {
			last, n = &entries[i], n+1
		}
	}
	if last == nil {
		return nil
	}
	found := fmt.Sprintf("%d critical, the last: %s", n, last.Text)
	if !last.At.IsZero() {
		found += " at " + last.At.UTC().Format("2006-01-02 15:04:05 UTC")
	}
	return []build.Check{{Name: "event_log", Designed: "no critical event", Found: found, Verdict: Mismatch}}
}
