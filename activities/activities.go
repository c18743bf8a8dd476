package activities

import (
	"context"
	"log/slog"
	"time"

	"drydock/design"
	"drydock/design/build"
	"drydock/design/validate"
	"drydock/design/verify"
	"drydock/drivers"
)

// Store is what activities keep: designs, the site's lock, the build model, evidence and journals. *state.Store, behind
// the adapter of package worker, implements it.
type Store interface {
	PutDesign(ctx context.Context, digest, site string, canonical []byte) error
	Design(ctx context.Context, digest string) ([]byte, error)
	SetCurrent(ctx context.Context, site, digest, task string) error
	Lock(ctx context.Context, site, digest, task string) error
	Unlock(ctx context.Context, site, task string) error
	// Holder is the task that holds the site's design, if any.
	Holder(ctx context.Context, site string) (task string, held bool, err error)
	Build(ctx context.Context, site, node string) (build.Node, error)
	PutBuild(ctx context.Context, site string, n build.Node) error
	// BuildSites are the sites that know a node of the name.
	BuildSites(ctx context.Context, node string) ([]string, error)
	// ClaimUUID records that a machine is that of a node, unless it is another's of the site, and returns whose it is.
	ClaimUUID(ctx context.Context, site, node, uuid string) (owner string, err error)
	ForgetUUIDs(ctx context.Context, site, node string) error
	AddEvidence(ctx context.Context, site, node, task string, elements []build.Element) error
	Journal(workflowID, runID, activityID string) drivers.Journal
}

// Drivers chooses the drivers of a site and its nodes.
type Drivers interface {
	OOB(site *design.Site, node *design.Node) (drivers.OOB, error)
	Node(site *design.Site) (drivers.Node, error)
	Network(site *design.Site, node *design.Node) (drivers.Network, error)
	// Secrets are values that no message may hold besides those of the design: keys and passwords of the configuration.
	Secrets() []design.Secret
}

// Load reads, compiles and checks the design of a reference.
type Load func(ctx context.Context, ref string) (validate.Result, error)

// Activities are all activities, with what they depend on.
type Activities struct {
	Store   Store
	Drivers Drivers
	Load    Load
	Log     *slog.Logger
	// Waivers allow machines to differ from their design.
	Waivers []verify.Waiver
	// Limits that stored designs are read within.
	Limits design.Limits
	// Retry of a refused plan that time alone will change; 0 means 15 s.
	BusyRetry time.Duration

	sites siteCache
}

// Registry is the part of a worker that activities register with.
type Registry interface {
	RegisterActivity(name string, fn any)
}

// Register registers every activity under its name. Names are stored in histories: they never change.
func (a *Activities) Register(r Registry) {
	r.RegisterActivity(LoadDesign, a.loadDesign)
	r.RegisterActivity(PlanNode, a.planNode)
	r.RegisterActivity(PlanSite, a.planSite)
	r.RegisterActivity(LockSite, a.lockSite)
	r.RegisterActivity(UnlockSite, a.unlockSite)
	r.RegisterActivity(RecordLeftAs, a.recordLeftAs)
	r.RegisterActivity(FindHolder, a.findHolder)
	r.RegisterActivity(AwaitNode, a.awaitNode)
	r.RegisterActivity(ReadNode, a.readNode)
	r.RegisterActivity(ForgetNode, a.forgetNode)
	r.RegisterActivity(string(drivers.VerifyHardware), a.verifyHardware)
	for action, fn := range a.oobActions() {
		r.RegisterActivity(string(action), fn)
	}
	for action, fn := range a.networkActions() {
		r.RegisterActivity(string(action), fn)
	}
	for action, fn := range a.nodeActions() {
		r.RegisterActivity(string(action), fn)
	}
	for action, fn := range a.siteActions() {
		r.RegisterActivity(string(action), fn)
	}
}

// Names of the activities that are no driver actions.
const (
	LoadDesign   = "LoadDesign"   // read, check and store a design; select its nodes
	PlanNode     = "PlanNode"     // observe a node and plan its steps
	PlanSite     = "PlanSite"     // plan the steps of the site
	LockSite     = "LockSite"     // lock the design of the site to the task
	UnlockSite   = "UnlockSite"   // and unlock it
	RecordLeftAs = "RecordLeftAs" // record in which state a task left a node
	FindHolder   = "FindHolder"   // say which task works on a node
	AwaitNode    = "AwaitNode"    // wait until no task works on a node
	ReadNode     = "ReadNode"     // read what is known of a node
	ForgetNode   = "ForgetNode"   // forget which machine a node is
)
