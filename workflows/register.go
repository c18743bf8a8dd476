package workflows

import (
	"go.temporal.io/sdk/workflow"

	"drydock/workflows/plan"
)

// Registry is the part of a worker, or of a replayer, that workflows register with.
type Registry interface {
	RegisterWorkflowWithOptions(w any, options workflow.RegisterOptions)
}

// operationOf is what the tasks on nodes do to each node.
var operationOf = map[string]plan.Operation{
	VerifyNodes.Type:  plan.Verify,
	PrepareNodes.Type: plan.Prepare,
	DeployNodes.Type:  plan.Deploy,
	DestroyNodes.Type: plan.Destroy,
	DeploySite.Type:   plan.Provision,
}

// Register registers every workflow under its type. Types are stored in histories: they never change.
func Register(r Registry) {
	add := func(name string, w any) { r.RegisterWorkflowWithOptions(w, workflow.RegisterOptions{Name: name}) }
	task := func(kind Kind, work func(workflow.Context, *taskRun) error) { add(kind.Type, taskWorkflow(kind, work)) }
	task(ValidateDesign, validateDesign)
	task(VerifySite, verifySite)
	task(PrepareSite, prepareSite)
	task(VerifyNodes, onNodes(plan.Verify))
	task(PrepareNodes, onNodes(plan.Prepare))
	task(DeployNodes, onNodes(plan.Deploy))
	task(DestroyNodes, onNodes(plan.Destroy))
	task(DeploySite, deploySite)
	add(nodeTypes[plan.Verify], nodeWorkflow(plan.Verify))
	add(nodeTypes[plan.Prepare], nodeWorkflow(plan.Prepare))
	add(nodeTypes[plan.Deploy], nodeWorkflow(plan.Deploy))
	add(nodeTypes[plan.Destroy], nodeWorkflow(plan.Destroy))
	add(nodeTypes[plan.Provision], nodeWorkflow(plan.Provision))
	add(TypePlanTask, planTask)
	add(TypeShowNode, showNode)
	add(TypeForgetNode, forgetNode)
}
