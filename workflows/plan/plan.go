// Package plan decides, before anything is touched, which steps a node or a site needs: a pure function of the applied
// model, the build model and what the drivers can do. The plan is data: it is kept in the history, shown by
// "task plan", and carried out by the workflow step by step.
//
// It refuses to guess: where the observed state does not say what to do, the plan has no steps and says why.
package plan

import "drydock/drivers"

// Operation is what is to become of a node.
type Operation string

// Operations on nodes.
const (
	Verify    Operation = "verify"
	Prepare   Operation = "prepare"
	Deploy    Operation = "deploy"
	Destroy   Operation = "destroy"
	Provision Operation = "provision" // verify, prepare and deploy, without a stop between
)

// Effect is what a step does to the machine.
type Effect string

// Effects, from harmless to final.
const (
	EffectNone   Effect = "none"
	EffectPort   Effect = "port"
	EffectReboot Effect = "reboot"
	EffectWipe   Effect = "wipe"
)

// Step is one action of a plan.
type Step struct {
	// ID is unique in the plan and stable: the number of the step and its action, such as 04-PowerCycleNode.
	ID     string              `json:"id"`
	Phase  string              `json:"phase"` // verify, prepare, deploy, destroy
	Action drivers.Action      `json:"action"`
	Effect Effect              `json:"effect"`
	Reason string              `json:"reason"`
	Boot   *drivers.BootTarget `json:"boot,omitempty"`
}

// Plan is the ordered list of steps for one node, or for the site.
type Plan struct {
	Node      string    `json:"node,omitempty"`
	Rack      string    `json:"rack,omitempty"`
	Operation Operation `json:"operation,omitempty"`
	// Observed says in what state the machine was found.
	Observed string `json:"observed,omitempty"`
	Steps    []Step `json:"steps"`
	// Already says why there is nothing to do; set only when there are no steps that change anything.
	Already string `json:"already,omitempty"`
	// Refused says why there is no plan; nothing is done then.
	Refused *Refusal `json:"refused,omitempty"`
	// Left out: actions that the chosen drivers can't do, with the reason.
	LeftOut []string `json:"left_out,omitempty"`
}

// Refusal is why a node can't be worked on.
type Refusal struct {
	Class  drivers.Class `json:"class"`
	Reason string        `json:"reason"`
	Advice string        `json:"advice"`
}

// Effects counts the steps of a plan by effect.
func (p Plan) Effects() map[Effect]int {
	n := map[Effect]int{}
	for _, s := range p.Steps {
		n[s.Effect]++
	}
	return n
}
