package activities

import "drydock/drivers"

// oobActions are the actions of the OOB family, by name.
func (a *Activities) oobActions() map[drivers.Action]nodeActivity {
	of := func(action drivers.Action, act oobAction) nodeActivity { return onNode(a, action, a.Drivers.OOB, act) }
	return map[drivers.Action]nodeActivity{
		drivers.ConfigNodePxe:  of(drivers.ConfigNodePxe, drivers.OOB.ConfigNodePxe),
		drivers.SetNodeBoot:    of(drivers.SetNodeBoot, drivers.OOB.SetNodeBoot),
		drivers.PowerOffNode:   of(drivers.PowerOffNode, drivers.OOB.PowerOffNode),
		drivers.PowerOnNode:    of(drivers.PowerOnNode, drivers.OOB.PowerOnNode),
		drivers.PowerCycleNode: of(drivers.PowerCycleNode, drivers.OOB.PowerCycleNode),
		drivers.InterrogateOob: of(drivers.InterrogateOob, drivers.OOB.InterrogateOob),
	}
}
