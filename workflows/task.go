package workflows

import (
	"strings"

	"drydock/activities"
	"drydock/design"
)

// Kind is one kind of task: a workflow type that people and programs start.
type Kind struct {
	// Type is the workflow type, such as DeployNodes.
	Type string
	// Action is the name in the REST API, such as deploy_nodes; the CLI spells it deploy-nodes.
	Action string
	// Touches says that the task may reboot or wipe machines: it then wants an explicit selection of nodes.
	Touches bool
	// PerNode says that the task runs a child workflow per node.
	PerNode bool
	// About is one line for help texts.
	About string
}

// Word is the name of the kind on the command line, such as deploy-nodes.
func (k Kind) Word() string { return strings.ReplaceAll(k.Action, "_", "-") }

// Kinds of tasks.
var (
	ValidateDesign = Kind{Type: "ValidateDesign", Action: "validate_design", About: "check a site design"}
	VerifySite     = Kind{Type: "VerifySite", Action: "verify_site", About: "check that the bootstrapper is reachable, healthy and has the images"}
	PrepareSite    = Kind{Type: "PrepareSite", Action: "prepare_site", About: "configure networks, repositories, keys and images at the bootstrapper"}
	VerifyNodes    = Kind{Type: "VerifyNodes", Action: "verify_nodes", PerNode: true, About: "check nodes through their BMCs; changes nothing"}
	PrepareNodes   = Kind{Type: "PrepareNodes", Action: "prepare_nodes", PerNode: true, Touches: true, About: "boot nodes from the network, commission and configure them"}
	DeployNodes    = Kind{Type: "DeployNodes", Action: "deploy_nodes", PerNode: true, Touches: true, About: "install the operating system on prepared nodes"}
	DestroyNodes   = Kind{Type: "DestroyNodes", Action: "destroy_nodes", PerNode: true, Touches: true, About: "erase nodes and give them back"}
	DeploySite     = Kind{Type: "DeploySite", Action: "deploy_site", PerNode: true, Touches: true, About: "the whole way: validate, verify, prepare and deploy, each node as fast as it can"}
)

// Kinds returns all kinds of tasks, in the order of a site's life.
func Kinds() []Kind {
	return []Kind{ValidateDesign, VerifySite, PrepareSite, VerifyNodes, PrepareNodes, DeployNodes, DestroyNodes, DeploySite}
}

// KindOf finds a kind by any of its spellings: DeployNodes, deploy_nodes or deploy-nodes.
func KindOf(name string) (Kind, bool) {
	for _, k := range Kinds() {
		if name == k.Type || name == k.Action || name == k.Word() {
			return k, true
		}
	}
	return Kind{}, false
}

// Request is the input of every task workflow. Its JSON is a public interface: fields are added, never changed.
type Request struct {
	// DesignRef says where the design is: file:///path, http(s)://..., deckhand+http(s)://..., design:sha256:<digest>.
	// It is resolved by the worker.
	DesignRef string `json:"design_ref"`
	// NodeFilter selects nodes; absent, a task that reboots or wipes is refused unless AllNodes is set.
	NodeFilter *design.NodeFilter `json:"node_filter,omitempty"`
	// AllNodes says explicitly that all nodes of the design are meant.
	AllNodes bool   `json:"all_nodes,omitempty"`
	Policy   Policy `json:"policy,omitzero"`
	// RequestedBy and Reason are kept for the record.
	RequestedBy string `json:"requested_by,omitempty"`
	Reason      string `json:"reason,omitempty"`
	// RetryOf is the task whose failed nodes this task takes up again.
	RetryOf string `json:"retry_of,omitempty"`
}

// What to do about a failed step, and about a node that another task holds.
const (
	PolicyFail = "fail" // the node fails (default)
	PolicyWait = "wait" // the node waits: for a person at a gate, or for the other task to end
	PolicySkip = "skip" // OnBusy only: the node is skipped
)

// Policy is how a task goes about failure, business and speed.
type Policy struct {
	OnFailure string `json:"on_failure,omitempty"` // PolicyFail or PolicyWait
	OnBusy    string `json:"on_busy,omitempty"`    // PolicyFail, PolicyWait or PolicySkip
	// MaxParallel bounds how many nodes are worked on at once; 0 means 50.
	MaxParallel int `json:"max_parallel,omitempty"`
}

// Status of a task's result.
const (
	StatusSuccess        = "success"
	StatusPartialSuccess = "partial_success"
	StatusFailure        = "failure"
)

// Result is what a task came to. Every selected node stands in exactly one of Successes, Failures and Skipped.
type Result struct {
	Status  string `json:"status"`
	Message string `json:"message,omitempty"`
	Site    string `json:"site,omitempty"`
	Design  string `json:"design,omitempty"` // digest
	// Steps of the site, for tasks that have some.
	Steps     []StepResult `json:"steps,omitempty"`
	Successes []NodeResult `json:"successes"`
	Failures  []NodeResult `json:"failures"`
	Skipped   []NodeResult `json:"skipped"`
	// Findings about the design, errors first; at most 200.
	Findings design.Messages `json:"findings,omitempty"`
}

// StepResult is what one step came to.
type StepResult struct {
	ID       string   `json:"id"`
	Action   string   `json:"action"`
	Outcome  string   `json:"outcome"` // changed, already, unsupported, skipped, failed
	Messages []string `json:"messages,omitempty"`
}

// NodeResult is what became of one node.
type NodeResult struct {
	Node string `json:"node"`
	Rack string `json:"rack,omitempty"`
	// Outcome is changed or already for a success.
	Outcome string `json:"outcome,omitempty"`
	// Reason says why: what was already so, what failed and what to do, or why the node was skipped.
	Reason string `json:"reason,omitempty"`
	// Class and Step of a failure.
	Class string `json:"class,omitempty"`
	Step  string `json:"step,omitempty"`
	// LeftAs is the state in which a cancelled or failed task left the node.
	LeftAs string `json:"left_as,omitempty"`
	// Warnings are messages of steps that a person should read although the step did not fail.
	Warnings []string `json:"warnings,omitempty"`
}

// Phases of a node within a task.
const (
	PhaseWaiting = "waiting" // for its turn
	PhaseRunning = "running"
	PhaseGate    = "gate" // for a person
	PhaseDone    = "done"
	PhaseFailed  = "failed"
	PhaseSkipped = "skipped"
)

// Progress answers the query "status" of a task.
type Progress struct {
	Site   string         `json:"site,omitempty"`
	Design string         `json:"design,omitempty"`
	Phase  string         `json:"phase"` // what the task does: loading, verifying site, preparing site, nodes, done
	Steps  []StepResult   `json:"steps,omitempty"`
	Nodes  []NodeProgress `json:"nodes,omitempty"`
}

// NodeProgress is one node in the progress of a task.
type NodeProgress struct {
	Node     string `json:"node"`
	Rack     string `json:"rack,omitempty"`
	Phase    string `json:"phase"`
	Workflow string `json:"workflow,omitempty"` // ID of the child workflow, once started
	Outcome  string `json:"outcome,omitempty"`
	Reason   string `json:"reason,omitempty"`
}

// Names of the query, the signals and the updates of tasks and nodes. Signals and updates of one name take the same
// argument; an update answers, a signal does not.
const (
	QueryStatus = "status"
	Retry       = "retry" // try the failed step of the named nodes again
	Skip        = "skip"  // go on without the failed step of the named nodes
	Abort       = "abort" // let the named nodes fail
	// SignalReason says who cancels a task and why, just before the cancellation, which can't carry it.
	SignalReason = "reason"
)

// Steer is the argument of Retry, Skip and Abort.
type Steer struct {
	// Nodes are names; for a task, empty means all nodes that wait at a gate.
	Nodes  []string `json:"nodes,omitempty"`
	Reason string   `json:"reason,omitempty"`
	By     string   `json:"by,omitempty"`
}

// NodeWorkflowID is the ID of the workflow that works on a node, and so the lock of the node: whatever is done to the
// node runs under this ID.
func NodeWorkflowID(site, node string) string { return activities.NodeWorkflowID(site, node) }

// Search attributes that tasks and nodes carry.
const (
	AttributeSite         = "Site"         // Keyword
	AttributeNode         = "Node"         // Keyword
	AttributeTaskType     = "TaskType"     // Keyword
	AttributePhase        = "Phase"        // Keyword
	AttributeDesignDigest = "DesignDigest" // Keyword
	AttributeFailedNodes  = "FailedNodes"  // Int
)
