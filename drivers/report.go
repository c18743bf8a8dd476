package drivers

import "drydock/design/build"

// Outcome is what an action that did not fail came to.
type Outcome string

// Outcomes.
const (
	// Changed: this action (this or an earlier attempt of it) changed something.
	Changed Outcome = "changed"
	// Already: all was as desired; nothing was touched.
	Already Outcome = "already"
	// Unsupported: the driver can't do this action; a message says why. Nothing was touched.
	Unsupported Outcome = "unsupported"
)

// Report is the answer of an action that did not fail.
type Report struct {
	Outcome Outcome
	// Messages say what was found and changed, each a sentence that makes sense without the others.
	Messages []string
	// Build is the build model with what the action learned; nil when it learned nothing.
	Build *build.Node
	// Evidence is raw data to keep, such as lshw XML.
	Evidence []build.Element
}

// UnsupportedReport is the report of an action that a driver can't do.
func UnsupportedReport(reason string) Report {
	return Report{Outcome: Unsupported, Messages: []string{reason}}
}

// warning marks a message that a person should read although the action did not fail.
const warning = "warning: "

// Warning makes such a message.
func Warning(text string) string { return warning + text }

// IsWarning reports whether a message is one.
func IsWarning(message string) bool {
	return len(message) > len(warning) && message[:len(warning)] == warning
}
