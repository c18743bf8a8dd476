package activities

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"drydock/drivers"
)

// Policy is how often and how long an activity may be tried.
type Policy struct {
	// Attempt bounds one attempt (StartToClose), Total all of them with their pauses (ScheduleToClose).
	Attempt, Total time.Duration
	// Heartbeat is after which silence an attempt counts as dead; 0 for attempts that are short.
	Heartbeat time.Duration
	// First and Longest pause between attempts; each pause is twice the one before. NotReady brings its own pause.
	First, Longest time.Duration
	// Errors is how many failures in a row, NotReady not counted, end the retries.
	Errors int
}

// Classes of activities. Waiting for hardware costs attempts, not errors: only real failures count against Errors.
var (
	local    = Policy{Attempt: 30 * time.Second, Total: 10 * time.Minute, First: time.Second, Longest: 10 * time.Second, Errors: 20}
	read     = Policy{Attempt: time.Minute, Total: 15 * time.Minute, First: time.Second, Longest: 30 * time.Second, Errors: 4}
	oobRead  = Policy{Attempt: 2 * time.Minute, Total: 15 * time.Minute, Heartbeat: 15 * time.Second, First: 2 * time.Second, Longest: 30 * time.Second, Errors: 3}
	oobWrite = Policy{Attempt: 10 * time.Minute, Total: 45 * time.Minute, Heartbeat: 15 * time.Second, First: 5 * time.Second, Longest: time.Minute, Errors: 4}
	apiWrite = Policy{Attempt: 5 * time.Minute, Total: 30 * time.Minute, Heartbeat: 15 * time.Second, First: 2 * time.Second, Longest: 30 * time.Second, Errors: 8}
	waitLong = Policy{Attempt: 5 * time.Minute, Total: 3 * time.Hour, Heartbeat: 15 * time.Second, First: 2 * time.Second, Longest: time.Minute, Errors: 10}
	erase    = Policy{Attempt: 5 * time.Minute, Total: 24 * time.Hour, Heartbeat: 15 * time.Second, First: 2 * time.Second, Longest: time.Minute, Errors: 10}
)

// policies is the one table of timeouts and retries.
var policies = map[string]Policy{
	LoadDesign:   {Attempt: 2 * time.Minute, Total: 10 * time.Minute, First: time.Second, Longest: 30 * time.Second, Errors: 4},
	PlanNode:     {Attempt: time.Minute, Total: time.Hour, First: time.Second, Longest: 30 * time.Second, Errors: 4},
	PlanSite:     local,
	LockSite:     local,
	UnlockSite:   local,
	RecordLeftAs: local,
	FindHolder:   read,
	ReadNode:     local,
	ForgetNode:   local,
	AwaitNode:    {Attempt: time.Minute, Total: 24 * time.Hour, First: time.Second, Longest: 30 * time.Second, Errors: 20},

	string(drivers.VerifyHardware): local,

	string(drivers.InterrogateOob): oobRead,
	string(drivers.ConfigNodePxe):  oobWrite,
	string(drivers.SetNodeBoot):    oobWrite,
	string(drivers.PowerOffNode):   oobWrite,
	string(drivers.PowerOnNode):    oobWrite,
	string(drivers.PowerCycleNode): oobWrite,

	string(drivers.InterrogatePort):           oobRead,
	string(drivers.ConfigurePortProvisioning): oobWrite,
	string(drivers.ConfigurePortProduction):   oobWrite,

	string(drivers.ValidateNodeServices):     read,
	string(drivers.CreateNetworkTemplate):    {Attempt: 20 * time.Minute, Total: time.Hour, Heartbeat: 15 * time.Second, First: 2 * time.Second, Longest: 30 * time.Second, Errors: 8},
	string(drivers.CreateStorageTemplate):    apiWrite,
	string(drivers.CreateBootMedia):          waitLong,
	string(drivers.PrepareHardwareConfig):    apiWrite,
	string(drivers.ConfigureUserCredentials): apiWrite,
	string(drivers.ConfigureNodeProvisioner): apiWrite,

	string(drivers.IdentifyNode):        {Attempt: 5 * time.Minute, Total: time.Hour, Heartbeat: 15 * time.Second, First: 2 * time.Second, Longest: time.Minute, Errors: 10},
	string(drivers.ConfigureHardware):   waitLong,
	string(drivers.InterrogateNode):     apiWrite,
	string(drivers.ApplyNodeNetworking): apiWrite,
	string(drivers.ApplyNodeStorage):    apiWrite,
	string(drivers.ApplyNodePlatform):   apiWrite,
	string(drivers.DeployNode):          waitLong,
	string(drivers.DestroyNode):         erase,
}

// PolicyOf is the policy of an activity.
func PolicyOf(name string) Policy {
	if p, ok := policies[name]; ok {
		return p
	}
	return read
}

// Options are the activity options of a policy, for workflows. An activity that touches hardware is always waited for
// when its workflow is cancelled: the workflow must not end while a machine is still being acted upon.
func Options(name, id, summary string) workflow.ActivityOptions {
	p := PolicyOf(name)
	return workflow.ActivityOptions{
		ActivityID:             id,
		StartToCloseTimeout:    p.Attempt,
		ScheduleToCloseTimeout: p.Total,
		HeartbeatTimeout:       p.Heartbeat,
		WaitForCancellation:    true,
		Summary:                summary,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval: p.First, BackoffCoefficient: 2, MaximumInterval: p.Longest,
		},
	}
}
