package activities

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"drydock/design/build"
	"drydock/design/verify"
	"drydock/drivers"
)

// verifyHardware compares what is known of a machine with its design, keeps the table in the build model and as evidence,
// and fails where a policy is violated that nobody has waived. Differences that stop nothing, and what was waived, are
// warnings.
func (a *Activities) verifyHardware(ctx context.Context, in NodeInput) (Output, error) {
	name := string(drivers.VerifyHardware)
	scrub := newScrubber(a.Drivers.Secrets())
	call, err := a.nodeCall(ctx, drivers.VerifyHardware, in)
	if err != nil {
		return Output{}, a.fail(ctx, name, err, scrub)
	}
	scrub = newScrubber(a.Drivers.Secrets(), call.Node)
	table := verify.Node(call.Node, call.Build, a.Waivers, time.Now().UTC())
	known := call.Build
	known.Verification = &table
	report := verified(in.Node, table)
	report.Build = &known
	if report.Evidence, err = evidenceOf(table, scrub); err == nil {
		err = a.keep(ctx, drivers.VerifyHardware, call, report)
	}
	if err != nil {
		return Output{}, a.fail(ctx, name, err, scrub)
	}
	a.Log.InfoContext(ctx, "hardware compared with the design", "node", in.Node, "level", table.Level, "table", scrub.clean(verify.Table(table)))
	if err := violated(call, table); err != nil {
		a.logFailure(ctx, name, "node "+in.Node, err, scrub)
		return Output{}, a.fail(ctx, name, err, scrub)
	}
	return a.output(ctx, name, in.Node, report, scrub), nil
}

// evidenceOf is the table as evidence, where the build data of node and task show it.
func evidenceOf(table build.Verification, scrub scrubber) ([]build.Element, error) {
	data, err := json.Marshal(table)
	if err != nil {
		return nil, fmt.Errorf("keep the verification: %w", err)
	}
	return []build.Element{{Generator: verify.Generator, Format: "application/json", Data: scrub.clean(string(data)), Collected: table.At}}, nil
}

// verified is the report of a machine that may be used.
func verified(node string, table build.Verification) drivers.Report {
	matches, unknown := len(verify.Having(table, verify.Match)), len(verify.Having(table, verify.Unknown))
	out := drivers.Report{Outcome: drivers.Already, Messages: []string{fmt.Sprintf(
		"Of %d checks of the machine that is %s, %d match and %d could not be made.", len(table.Rows), table.Level, matches, unknown)}}
	differ := append(verify.Having(table, verify.Mismatch), verify.Having(table, verify.Waived)...)
	if len(differ) > 0 {
		out.Messages = append(out.Messages, drivers.Warning(fmt.Sprintf("%d of %d checks differ from the design; %s", len(differ), len(table.Rows), whole(node))))
	}
	for _, row := range differ {
		out.Messages = append(out.Messages, drivers.Warning(verify.Sentence(row)))
	}
	return out
}

// whole says where the whole table is shown.
func whole(node string) string { return "the table: drydock node show " + node }

// violated is the failure of a machine that must not be used; nil when it may.
func violated(call drivers.NodeCall, table build.Verification) error {
	rows := verify.Having(table, verify.Violation)
	if len(rows) == 0 {
		return nil
	}
	var said, checks []string
	for _, row := range rows {
		said, checks = append(said, verify.Sentence(row)), append(checks, row.Name)
	}
	return drivers.NodeError(drivers.HardwareFault, drivers.VerifyHardware, call,
		"mend the machine, or waive "+strings.Join(checks, ", ")+" for this node under verify.waivers in the configuration, with a reason; "+whole(call.Node.Name),
		"the machine violates the policy: %s", strings.Join(said, "; "))
}
