package plan_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/design"
	"drydock/design/build"
	"drydock/drivers"
	"drydock/workflows/plan"
)

func actions(p plan.Plan) []drivers.Action {
	out := []drivers.Action{}
	for _, s := range p.Steps {
		out = append(out, s.Action)
	}
	return out
}

func known(status build.Status, ours bool) build.Node {
	n := build.Node{Name: "n1", Provisioner: build.Provisioner{Status: status, Ours: ours}}
	if status == build.StatusDeployed && !ours {
		n.Provisioner.Owner = "somebody"
	}
	return n
}

var unmanagedPorts = map[drivers.Action]string{
	drivers.InterrogatePort:           "ports are not managed",
	drivers.ConfigurePortProvisioning: "ports are not managed",
	drivers.ConfigurePortProduction:   "ports are not managed",
}

func TestNode(t *testing.T) {
	node := &design.Node{Name: "n1", Rack: "r1"}
	boot := []drivers.Action{drivers.ConfigNodePxe, drivers.SetNodeBoot, drivers.PowerCycleNode}
	configure := []drivers.Action{drivers.ApplyNodeNetworking, drivers.ApplyNodeStorage}
	install := []drivers.Action{drivers.ApplyNodePlatform, drivers.DeployNode, drivers.SetNodeBoot, drivers.InterrogateNode}
	join := func(parts ...[]drivers.Action) []drivers.Action {
		all := []drivers.Action{}
		for _, p := range parts {
			all = append(all, p...)
		}
		return all
	}
	one := func(a ...drivers.Action) []drivers.Action { return a }

	for name, c := range map[string]struct {
		operation plan.Operation
		known     build.Node
		want      []drivers.Action
		already   string
		refused   drivers.Class
	}{
		"an unknown machine is looked at, booted from the network, commissioned and configured": {
			plan.Prepare, known(build.StatusAbsent, false),
			join(one(drivers.InterrogateOob), boot, one(drivers.IdentifyNode, drivers.ConfigureHardware), configure, one(drivers.InterrogateNode, drivers.VerifyHardware)), "", "",
		},
		"a machine that has enlisted is not power-cycled": {
			plan.Prepare, known(build.StatusNew, false),
			join(one(drivers.IdentifyNode, drivers.ConfigureHardware), configure, one(drivers.InterrogateNode, drivers.VerifyHardware)), "", "",
		},
		"a machine that commissions is waited for": {
			plan.Prepare, known(build.StatusCommissioning, false),
			join(one(drivers.IdentifyNode, drivers.ConfigureHardware), configure, one(drivers.InterrogateNode, drivers.VerifyHardware)), "", "",
		},
		"a ready machine is only configured": {
			plan.Prepare, known(build.StatusReady, false),
			join(one(drivers.IdentifyNode), configure, one(drivers.InterrogateNode, drivers.VerifyHardware)), "", "",
		},
		"a deployed machine of ours is beyond prepared":      {plan.Prepare, known(build.StatusDeployed, true), nil, "beyond prepared", ""},
		"a deployed machine of somebody else is not touched": {plan.Prepare, known(build.StatusDeployed, false), nil, "", drivers.Conflict},
		"a failed deployment is no matter for prepare":       {plan.Prepare, known(build.StatusDeployFailed, true), nil, "", drivers.NeedsPerson},
		"a machine in an unknown state stops the node":       {plan.Prepare, known(build.StatusUnknown, false), nil, "", drivers.NeedsPerson},
		"a machine never observed stops the node":            {plan.Deploy, known("", false), nil, "", drivers.NeedsPerson},
		"a machine that is being released is waited for":     {plan.Deploy, known(build.StatusReleasing, true), nil, "", drivers.Busy},
		"a broken machine waits for a person":                {plan.Provision, known(build.StatusOutOfService, false), nil, "", drivers.NeedsPerson},
		"deploying alone looks at the configuration once more": {
			plan.Deploy, known(build.StatusReady, false), join(configure, install), "", "",
		},
		"deploying an allocated machine of ours goes on":      {plan.Deploy, known(build.StatusAllocated, true), join(configure, install), "", ""},
		"deploying a machine allocated to another is refused": {plan.Deploy, known(build.StatusAllocated, false), nil, "", drivers.Conflict},
		"deploying an unprepared machine is refused":          {plan.Deploy, known(build.StatusNew, false), nil, "", drivers.Conflict},
		"a running deployment of ours is waited for": {
			plan.Deploy, known(build.StatusDeploying, true), one(drivers.DeployNode, drivers.SetNodeBoot, drivers.InterrogateNode), "", "",
		},
		"a deployed machine is already there":            {plan.Deploy, known(build.StatusDeployed, true), nil, "deployed", ""},
		"a failed deployment of ours is installed again": {plan.Deploy, known(build.StatusDeployFailed, true), install, "", ""},
		"the whole way has every step once": {
			plan.Provision, known(build.StatusAbsent, false),
			join(one(drivers.InterrogateOob, drivers.VerifyHardware), boot, one(drivers.IdentifyNode, drivers.ConfigureHardware), configure, install), "", "",
		},
		"the whole way of a deployed machine is no step at all": {plan.Provision, known(build.StatusDeployed, true), nil, "deployed", ""},
		"verifying asks the BMC only, and compares":             {plan.Verify, build.Node{}, one(drivers.InterrogateOob, drivers.VerifyHardware), "", ""},
		"destroying looks at the machine before it erases": {
			plan.Destroy, known(build.StatusDeployed, true), one(drivers.InterrogateOob, drivers.DestroyNode), "", "",
		},
		"destroying what somebody else owns is refused": {plan.Destroy, known(build.StatusDeployed, false), nil, "", drivers.Conflict},
		"destroying an unknown machine is nothing":      {plan.Destroy, known(build.StatusAbsent, false), nil, "does not know", ""},
		"destroying a ready machine is nothing":         {plan.Destroy, known(build.StatusReady, false), nil, "nothing of ours", ""},
		"destroying in an unknown state is refused":     {plan.Destroy, known(build.StatusUnknown, true), nil, "", drivers.NeedsPerson},
		"an operation that does not exist is refused":   {"paint", known(build.StatusReady, true), nil, "", drivers.NotSupported},
	} {
		t.Run(name, func(t *testing.T) {
			p := plan.Node(c.operation, node, c.known, unmanagedPorts)
			if c.refused != "" {
				require.NotNil(t, p.Refused)
				assert.Equal(t, c.refused, p.Refused.Class)
				assert.NotEmpty(t, p.Refused.Advice)
				assert.Empty(t, p.Steps, "a refused plan does nothing")
				return
			}
			require.Nil(t, p.Refused)
			assert.ElementsMatch(t, c.want, actions(p))
			if c.want != nil {
				assert.Equal(t, c.want, actions(p), "the order of the steps")
			}
			assert.Contains(t, p.Already, c.already)
		})
	}
}

func TestNodeNeverActsOnForeignMachines(t *testing.T) {
	held := []build.Status{build.StatusAllocated, build.StatusDeploying, build.StatusDeployed, build.StatusDeployFailed}
	for _, status := range held {
		for _, op := range []plan.Operation{plan.Prepare, plan.Deploy, plan.Provision, plan.Destroy} {
			p := plan.Node(op, &design.Node{Name: "n1"}, known(status, false), nil)
			require.NotNil(t, p.Refused, "%s of a machine that is %s and not ours", op, status)
			assert.Empty(t, p.Steps)
		}
	}
}

func TestNodeNeverRebootsOrWipesWhatIsDeployed(t *testing.T) {
	for _, op := range []plan.Operation{plan.Verify, plan.Prepare, plan.Deploy, plan.Provision} {
		effects := plan.Node(op, &design.Node{Name: "n1"}, known(build.StatusDeployed, true), nil).Effects()
		assert.Zero(t, effects[plan.EffectReboot], op)
		assert.Zero(t, effects[plan.EffectWipe], op)
	}
}

func TestNodePutsAForgottenPortRight(t *testing.T) {
	machine := known(build.StatusDeployed, true)
	machine.Port.Purpose = "provisioning"
	p := plan.Node(plan.Deploy, &design.Node{Name: "n1"}, machine, nil)
	assert.Equal(t, []drivers.Action{drivers.ConfigurePortProduction}, actions(p))
}

func TestPlanSaysWhatItLeavesOut(t *testing.T) {
	p := plan.Node(plan.Prepare, &design.Node{Name: "n1"}, known(build.StatusAbsent, false), unmanagedPorts)
	assert.Equal(t, []string{"ConfigurePortProvisioning: ports are not managed"}, p.LeftOut)
	assert.Equal(t, "02-ConfigNodePxe", p.Steps[1].ID)
	assert.Equal(t, 2, p.Effects()[plan.EffectReboot], "power cycle and commissioning")
}

func TestSite(t *testing.T) {
	assert.Equal(t, []drivers.Action{drivers.ValidateNodeServices}, actions(plan.Site(true, false, nil)))
	prepare := plan.Site(false, true, map[drivers.Action]string{drivers.CreateBootMedia: "no images here"})
	assert.NotContains(t, actions(prepare), drivers.CreateBootMedia)
	assert.Equal(t, []string{"CreateBootMedia: no images here"}, prepare.LeftOut)
	assert.Len(t, prepare.Steps, 5)
}
