// Package verify compares a machine with its design: what the hardware profile says, what the BMC and the operating system
// found, and a verdict for each, as a table.
//
// It is pure: no network, no clock, no driver. It refuses to call a match what it could not see (the verdict is unknown
// then), and to let a person wave something through without a reason.
package verify

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"drydock/design"
	"drydock/design/build"
)

// Verdicts of a row.
const (
	Match     = "match"
	Unknown   = "unknown"   // nothing comparable was found, or the design says nothing
	Mismatch  = "mismatch"  // a person should look; the machine can be used
	Violation = "violation" // the machine must not be used
	Waived    = "waived"    // a mismatch or violation that a person allowed, with a reason
)

// Levels: what a comparison can see.
const (
	Present  = "present"  // what the BMC tells
	Prepared = "prepared" // also what the operating system of the commissioning found
)

// Generator is the name of verifications among the evidence about a node.
const Generator = "verification"

// Waiver allows rows of a verification to differ.
type Waiver struct {
	Nodes []string // names of nodes
	// Checks are names of rows, such as bios_version, drive:S1; the word before the colon stands for all of its kind.
	Checks []string
	Reason string
}

// covers is whether a waiver is about a row of a node.
func (w Waiver) covers(node, check string) bool {
	kind, _, _ := strings.Cut(check, ":")
	return w.Reason != "" && slices.Contains(w.Nodes, node) && (slices.Contains(w.Checks, check) || slices.Contains(w.Checks, kind))
}

// Node compares what is known of a machine with its node in the design, at the given time.
func Node(node *design.Node, known build.Node, waivers []Waiver, at time.Time) build.Verification {
	v := build.Verification{At: at, Level: levelOf(known)}
	if node.HardwareProfile != nil {
		v.Rows = append(v.Rows, profile(node, known)...)
	}
	v.Rows = append(v.Rows, policy(known)...)
	for i, row := range v.Rows {
		if row.Verdict != Mismatch && row.Verdict != Violation {
			continue
		}
		for _, w := range waivers {
			if w.covers(node.Name, row.Name) {
				v.Rows[i].Verdict, v.Rows[i].Waiver = Waived, row.Verdict+" waived: "+w.Reason
				break
			}
		}
	}
	return v
}

// levelOf tells by the model itself: only the operating system knows names, bus addresses and PCI addresses.
func levelOf(known build.Node) string {
	if len(known.Devices)+len(known.Disks) > 0 || slices.ContainsFunc(known.NICs, func(n build.NIC) bool { return n.Name != "" || n.PCI != "" }) {
		return Prepared
	}
	return Present
}

// Having are the rows with a verdict.
func Having(v build.Verification, verdict string) []build.Check {
	var out []build.Check
	for _, r := range v.Rows {
		if r.Verdict == verdict {
			out = append(out, r)
		}
	}
	return out
}

// Sentence says a row in words.
func Sentence(r build.Check) string {
	s := fmt.Sprintf("%s: designed %s, found %s", r.Name, orDash(r.Designed), orDash(r.Found))
	if r.Waiver != "" {
		s += " (" + r.Waiver + ")"
	}
	return s
}

// Table is the verification as lines of text: check, designed, found and verdict in columns.
func Table(v build.Verification) string {
	rows := [][4]string{{"CHECK", "DESIGNED", "FOUND", "VERDICT"}}
	for _, r := range v.Rows {
		verdict := r.Verdict
		if r.Waiver != "" {
			verdict = r.Waiver
		}
		rows = append(rows, [4]string{r.Name, orDash(r.Designed), orDash(r.Found), verdict})
	}
	var width [3]int
	for _, r := range rows {
		for i := range width {
			width[i] = max(width[i], len([]rune(r[i])))
		}
	}
	var b strings.Builder
	for _, r := range rows {
		fmt.Fprintf(&b, "%-*s  %-*s  %-*s  %s\n", width[0], r[0], width[1], r[1], width[2], r[2], r[3])
	}
	return b.String()
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
