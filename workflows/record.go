package workflows

import (
	"go.temporal.io/sdk/workflow"

	"drydock/activities"
)

// Workflow types about the record of one node. They call no driver.
const (
	TypeShowNode   = "ShowNode"   // input NodeRef, answer NodeRecord
	TypeForgetNode = "ForgetNode" // input Forgetting, answer the NodeRecord that was forgotten; runs under NodeWorkflowID
)

// What these workflows take and answer.
type (
	NodeRef    = activities.NodeRef
	NodeRecord = activities.NodeRecord
	Forgetting = activities.Forgetting
)

func showNode(ctx workflow.Context, in NodeRef) (known NodeRecord, err error) {
	options := activities.Options(activities.ReadNode, "", "")
	err = workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, options), activities.ReadNode, in).Get(ctx, &known)
	return known, err
}

func forgetNode(ctx workflow.Context, in Forgetting) (known NodeRecord, err error) {
	options := activities.Options(activities.ForgetNode, "", "")
	err = workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, options), activities.ForgetNode, in).Get(ctx, &known)
	return known, err
}
