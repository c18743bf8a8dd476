package activities

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.temporal.io/sdk/activity"

	"drydock/design/build"
	"drydock/drivers"
)

// NodeRef names a node. Site may be empty where one site only knows a node of the name.
type NodeRef struct {
	Site string `json:"site,omitempty"`
	Node string `json:"node"`
}

// NodeRecord is what is known of a node of a site.
type NodeRecord struct {
	Site string `json:"site"`
	build.Node
}

// Forgetting asks to forget which machine a node is.
type Forgetting struct {
	NodeRef
	By     string `json:"by,omitempty"`
	Reason string `json:"reason,omitempty"`
}

// GeneratorIdentity is the name of forgotten identities among the evidence about a node.
const GeneratorIdentity = "forgotten-identity"

// readNode reads the build model. The list of all devices is left out: it is long, and stands in the evidence.
func (a *Activities) readNode(ctx context.Context, in NodeRef) (NodeRecord, error) {
	r, err := a.record(ctx, ReadNode, in)
	r.Devices = nil
	return r, a.fail(ctx, ReadNode, err, newScrubber(a.Drivers.Secrets()))
}

func (a *Activities) record(ctx context.Context, action drivers.Action, in NodeRef) (NodeRecord, error) {
	refuse := func(class drivers.Class, advice, format string, args ...any) error {
		return &drivers.Error{Class: class, Action: action, Subject: "node " + in.Node, Err: fmt.Errorf(format, args...), Advice: advice}
	}
	if in.Node == "" {
		return NodeRecord{}, refuse(drivers.InvalidRequest, "name the node", "the request names no node")
	}
	sites, err := a.Store.BuildSites(ctx, in.Node)
	switch {
	case err != nil:
		return NodeRecord{}, err
	case len(sites) == 0:
		return NodeRecord{}, refuse(drivers.NotFound, "see the name; a node is known once a task has worked on it, such as verify-nodes",
			"nothing is known of a node of this name")
	case in.Site == "" && len(sites) > 1:
		return NodeRecord{}, refuse(drivers.InvalidRequest, "say which site", "the sites %s have a node of this name", strings.Join(sites, ", "))
	case in.Site == "":
		in.Site = sites[0]
	case !slices.Contains(sites, in.Site):
		return NodeRecord{}, refuse(drivers.NotFound, "see the name of the site", "site %s knows no node of this name; %s has one",
			in.Site, strings.Join(sites, ", "))
	}
	known, err := a.Store.Build(ctx, in.Site, in.Node)
	return NodeRecord{Site: in.Site, Node: known}, err
}

// forgetNode forgets which machine a node is and all that was observed of it, so that the machine that is found next is
// recorded at first sight. What was forgotten, by whom and why is kept as evidence. The switch port is no part of the
// machine, and stays known. It answers with what was known.
func (a *Activities) forgetNode(ctx context.Context, in Forgetting) (NodeRecord, error) {
	r, err := a.forget(ctx, in)
	r.Devices = nil
	return r, a.fail(ctx, ForgetNode, err, newScrubber(a.Drivers.Secrets()))
}

func (a *Activities) forget(ctx context.Context, in Forgetting) (NodeRecord, error) {
	info := activity.GetInfo(ctx)
	// As with plans: under this ID alone no task works on the node, whose activities would write back what is forgotten.
	if info.WorkflowExecution.ID != NodeWorkflowID(in.Site, in.Node) {
		return NodeRecord{}, &drivers.Error{Class: drivers.InvalidRequest, Action: ForgetNode, Subject: "node " + in.Node,
			Err:    errors.New("the workflow does not have the ID that is the lock of the node"),
			Advice: "use drydock node forget, which does it right"}
	}
	known, err := a.record(ctx, ForgetNode, in.NodeRef)
	if err != nil {
		return known, err
	}
	data, err := json.Marshal(struct {
		build.Identity
		Forgetting
	}{known.Identity, in})
	if err != nil {
		return known, fmt.Errorf("record the identity of node %s: %w", in.Node, err)
	}
	// Of the time at which it was asked for, so that an attempt that is repeated records nothing twice.
	err = a.Store.AddEvidence(ctx, known.Site, in.Node, info.WorkflowExecution.RunID, []build.Element{{
		Generator: GeneratorIdentity, Format: "application/json", Data: string(data), Collected: info.ScheduledTime}})
	if err == nil {
		err = a.Store.ForgetUUIDs(ctx, known.Site, in.Node)
	}
	if err == nil {
		err = a.Store.PutBuild(ctx, known.Site, build.Node{Name: in.Node, Port: known.Port})
	}
	if err != nil {
		return known, fmt.Errorf("forget the identity of node %s: %w", in.Node, err)
	}
	a.Log.InfoContext(ctx, "identity forgotten", "node", in.Node, "by", in.By, "reason", in.Reason,
		"serial", known.Identity.Serial, "uuid", known.Identity.UUID)
	return known, nil
}
