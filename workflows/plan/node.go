package plan

import (
	"fmt"

	"drydock/design"
	"drydock/design/build"
	"drydock/drivers"
)

// Node plans an operation on a node, from what was observed just now. Lacks are the actions that the chosen drivers
// can't do, with their reasons: they are left out of the plan, and the plan says so.
func Node(op Operation, node *design.Node, known build.Node, lacks map[drivers.Action]string) Plan {
	b := builder{plan: Plan{
		Node: node.Name, Rack: node.Rack, Operation: op, Observed: observed(known), Steps: []Step{},
	}, lacks: lacks}
	state := known.Provisioner
	switch op {
	case Verify:
		b.verify()
	case Prepare:
		if b.refuse(state, "prepare") {
			break
		}
		if beyondPrepare(state.Status) {
			b.plan.Already = "the machine is " + string(state.Status) + ", which is beyond prepared"
			break
		}
		if state.Status == build.StatusDeployFailed {
			b.refusal(drivers.NeedsPerson, "its last deployment failed",
				"run deploy-nodes, which installs it again, or destroy-nodes")
			break
		}
		if state.Status == build.StatusAbsent {
			b.phase = "prepare"
			b.add(drivers.InterrogateOob, EffectNone, "before it is restarted, the machine has to be the recorded one, and no other node's")
		}
		b.prepare(state)
		b.add(drivers.InterrogateNode, EffectNone, "what was found goes into the build model")
		b.compare("what the operating system found has to be what the hardware profile says")
	case Deploy:
		if b.refuse(state, "deploy") {
			break
		}
		if notPrepared(state.Status) {
			b.refusal(drivers.Conflict, "the machine is "+string(state.Status)+" at the bootstrapper, not prepared",
				"run prepare-nodes first, or deploy-site, which does both")
			break
		}
		b.deploy(state, known.Port, true)
	case Provision:
		if b.refuse(state, "deploy") {
			break
		}
		if state.Status != build.StatusDeployed {
			b.verify()
			if !beyondPrepare(state.Status) && state.Status != build.StatusDeployFailed {
				b.prepare(state)
			}
		}
		b.deploy(state, known.Port, false)
	case Destroy:
		b.destroy(state)
	default:
		b.refusal(drivers.NotSupported, fmt.Sprintf("there is no operation %q", op), "use verify, prepare, deploy, provision or destroy")
	}
	return b.done()
}

// Site plans the steps of a task on the whole site.
func Site(verify, prepare bool, lacks map[drivers.Action]string) Plan {
	b := builder{plan: Plan{Steps: []Step{}}, lacks: lacks}
	if verify {
		b.phase = "verify"
		b.add(drivers.ValidateNodeServices, EffectNone, "the bootstrapper has to be reachable and healthy")
	}
	if prepare {
		b.phase = "prepare"
		b.add(drivers.CreateNetworkTemplate, EffectNone, "nodes are wired into the networks of the design")
		b.add(drivers.ConfigureNodeProvisioner, EffectNone, "nodes install from the repositories of the design")
		b.add(drivers.ConfigureUserCredentials, EffectNone, "deployed nodes accept the keys of the design")
		b.add(drivers.CreateBootMedia, EffectNone, "every image and kernel of the nodes has to be at hand")
		b.add(drivers.CreateStorageTemplate, EffectNone, "commissioned machines get a known storage default")
		b.add(drivers.PrepareHardwareConfig, EffectNone, "commissioning needs its environment")
	}
	return b.done()
}

// builder collects steps; it numbers them and leaves out what drivers lack.
type builder struct {
	plan  Plan
	phase string
	lacks map[drivers.Action]string
}

func (b *builder) add(action drivers.Action, effect Effect, reason string) *Step {
	if why, lacking := b.lacks[action]; lacking {
		b.plan.LeftOut = append(b.plan.LeftOut, fmt.Sprintf("%s: %s", action, why))
		return nil
	}
	b.plan.Steps = append(b.plan.Steps, Step{
		ID: fmt.Sprintf("%02d-%s", len(b.plan.Steps)+1, action), Phase: b.phase,
		Action: action, Effect: effect, Reason: reason,
	})
	return &b.plan.Steps[len(b.plan.Steps)-1]
}

func (b *builder) boot(target drivers.BootTarget, reason string) {
	if s := b.add(drivers.SetNodeBoot, EffectNone, reason); s != nil {
		s.Boot = &target
	}
}

func (b *builder) refusal(class drivers.Class, reason, advice string) {
	b.plan.Steps = []Step{}
	b.plan.Refused = &Refusal{Class: class, Reason: reason, Advice: advice}
}

func (b *builder) done() Plan { return b.plan }

// refuse stops operations on machines in states that only a person, or time, leads out of.
func (b *builder) refuse(state build.Provisioner, verb string) bool {
	switch {
	case state.Locked && state.Status != build.StatusDeployed:
		b.refusal(drivers.Conflict, "the machine is locked at the bootstrapper"+by(state), "unlock it there first")
	case held(state.Status) && !state.Ours:
		b.refusal(drivers.Conflict, fmt.Sprintf("the machine is %s%s, not to us", state.Status, by(state)),
			"make sure that the design means this machine; its owner has to release it before we "+verb+" it")
	case state.Status == build.StatusReleasing:
		b.refusal(drivers.Busy, "the machine is being released", "it is tried again when that has ended")
	case state.Status == build.StatusReleaseFailed:
		b.refusal(drivers.NeedsPerson, "its release failed: "+state.StatusText, "find out why its power could not be switched, then run destroy-nodes")
	case state.Status == build.StatusOutOfService:
		b.refusal(drivers.NeedsPerson, "the machine is out of service: "+state.StatusText, "mark it fixed at the bootstrapper when it is")
	case state.Status == build.StatusUnknown, state.Status == "":
		b.refusal(drivers.NeedsPerson, "its state could not be told: "+state.StatusText, "look at the machine at the bootstrapper")
	default:
		return false
	}
	return true
}

func (b *builder) verify() {
	b.phase = "verify"
	b.add(drivers.InterrogateOob, EffectNone, "the BMC has to answer, and to be that of the designed machine")
	b.add(drivers.InterrogatePort, EffectNone, "the port has to be that of the designed machine")
	b.compare("the machine has to be what the hardware profile says, without failed parts")
}

// compare adds the comparison with the design where a BMC told anything to compare.
func (b *builder) compare(reason string) {
	if _, blind := b.lacks[drivers.InterrogateOob]; !blind {
		b.add(drivers.VerifyHardware, EffectNone, reason)
	}
}

func (b *builder) prepare(state build.Provisioner) {
	b.phase = "prepare"
	if state.Status == build.StatusAbsent {
		b.add(drivers.ConfigurePortProvisioning, EffectPort, "the port of an unknown machine has to lead to the bootstrapper")
		b.add(drivers.ConfigNodePxe, EffectNone, "its firmware has to be able to boot from the network")
		b.boot(drivers.BootTarget{Device: drivers.BootPXE, Once: true}, "the next boot is from the network")
		b.add(drivers.PowerCycleNode, EffectReboot, "the bootstrapper does not know the machine: it enlists when it boots")
	}
	b.add(drivers.IdentifyNode, EffectNone, "the machine has to be the designed one, under its name")
	switch state.Status {
	case build.StatusReady, build.StatusAllocated:
	case build.StatusCommissioning, build.StatusTesting:
		b.add(drivers.ConfigureHardware, EffectNone, "the machine is "+string(state.Status)+" already: wait for it")
	case build.StatusCommissionFailed, build.StatusTestFailed:
		b.add(drivers.ConfigureHardware, EffectReboot, "it failed before ("+string(state.Status)+"): commission it again")
	default:
		b.add(drivers.ConfigureHardware, EffectReboot, "the machine was never commissioned")
	}
	b.configure("the configuration is made that of the design")
}

func (b *builder) configure(reason string) {
	b.add(drivers.ApplyNodeNetworking, EffectNone, reason)
	b.add(drivers.ApplyNodeStorage, EffectNone, reason)
}

func (b *builder) deploy(state build.Provisioner, port build.Port, alone bool) {
	b.phase = "deploy"
	if state.Status == build.StatusDeployed {
		b.plan.Already = "the machine is deployed"
		if state.Image != "" {
			b.plan.Already += " with " + state.Image
		}
		if port.Purpose == "provisioning" {
			b.plan.Already = ""
			b.add(drivers.ConfigurePortProduction, EffectPort, "the machine is deployed, but its port was left in provisioning")
		}
		return
	}
	// A deployment that runs, or one that failed, has its configuration already; only machines that wait for one are
	// configured. Deploying alone looks once more: a machine must never be installed with a layout that nobody designed.
	if alone && (state.Status == build.StatusReady || state.Status == build.StatusAllocated) {
		b.configure("what is installed has to be what the design says")
	}
	if state.Status == build.StatusDeploying {
		b.add(drivers.DeployNode, EffectNone, "the machine is deploying already: wait for it")
	} else {
		b.add(drivers.ApplyNodePlatform, EffectNone, "tags, kernel and its parameters are part of the installation")
		why := "the machine is to run the operating system of the design"
		if state.Status == build.StatusDeployFailed {
			why = "its last deployment failed: it is released, unless the configuration keeps such machines, and installed again"
		}
		b.add(drivers.DeployNode, EffectWipe, why)
	}
	b.add(drivers.ConfigurePortProduction, EffectPort, "the machine is installed: its port becomes that of the design")
	b.boot(drivers.BootTarget{Device: drivers.BootDisk}, "the machine is installed: it boots from its disk from now on")
	b.add(drivers.InterrogateNode, EffectNone, "the machine has to be seen deployed at the end, and goes into the build model")
}

func (b *builder) destroy(state build.Provisioner) {
	b.phase = "destroy"
	switch state.Status {
	case build.StatusAbsent:
		b.plan.Already = "the bootstrapper does not know the machine: nothing of ours is on it"
		return
	case build.StatusNew, build.StatusReady, build.StatusCommissionFailed, build.StatusTestFailed:
		b.plan.Already = "the machine is " + string(state.Status) + ": nothing of ours runs on it"
		return
	case build.StatusCommissioning, build.StatusTesting:
		b.refusal(drivers.Busy, "the machine is "+string(state.Status), "it is tried again when that has ended")
		return
	case build.StatusReleasing:
		b.add(drivers.DestroyNode, EffectNone, "the machine is being released already: wait for it")
		return
	case build.StatusReleaseFailed:
		// The way out of a failed release is the release, provided that the machine is still ours.
	default:
		if b.refuse(state, "destroy") {
			return
		}
	}
	if state.Status != build.StatusReleaseFailed && !state.Ours {
		b.refusal(drivers.Conflict, fmt.Sprintf("the machine is %s%s, not to us", state.Status, by(state)), "only its owner may have it erased")
		return
	}
	if state.Locked {
		b.refusal(drivers.Conflict, "the machine is locked at the bootstrapper"+by(state), "unlock it there first")
		return
	}
	b.add(drivers.InterrogateOob, EffectNone, "before anything is erased, the machine has to be the recorded one")
	b.add(drivers.DestroyNode, EffectWipe, "the machine is "+string(state.Status)+" and is to be blank")
}

// beyondPrepare: the machine has been prepared and has gone on.
func beyondPrepare(s build.Status) bool {
	return s == build.StatusDeploying || s == build.StatusDeployed
}

func notPrepared(s build.Status) bool {
	switch s {
	case build.StatusAbsent, build.StatusNew, build.StatusCommissioning, build.StatusTesting,
		build.StatusCommissionFailed, build.StatusTestFailed:
		return true
	}
	return false
}

// held: somebody owns the machine in this state.
func held(s build.Status) bool {
	switch s {
	case build.StatusAllocated, build.StatusDeploying, build.StatusDeployed, build.StatusDeployFailed:
		return true
	}
	return false
}

func by(state build.Provisioner) string {
	if state.Owner == "" {
		return ""
	}
	return " to " + state.Owner
}

func observed(known build.Node) string {
	s := string(known.Provisioner.Status)
	if t := known.Provisioner.StatusText; t != "" {
		s += " (" + t + ")"
	}
	return s
}
