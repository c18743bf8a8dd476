package activities

import (
	"context"

	"drydock/design"
	"drydock/drivers"
)

// What the adapters call: methods of a family's interface, as functions of the driver.
type (
	oobAction     = func(drivers.OOB, context.Context, drivers.NodeCall) (drivers.Report, error)
	networkAction = func(drivers.Network, context.Context, drivers.NodeCall) (drivers.Report, error)
	nodeAction    = func(drivers.Node, context.Context, drivers.NodeCall) (drivers.Report, error)
	siteAction    = func(drivers.Node, context.Context, drivers.SiteCall) (drivers.Report, error)
)

// nodeActions are the actions of the Node family on one node, by name.
func (a *Activities) nodeActions() map[drivers.Action]nodeActivity {
	choose := func(site *design.Site, _ *design.Node) (drivers.Node, error) { return a.Drivers.Node(site) }
	of := func(action drivers.Action, act nodeAction) nodeActivity { return onNode(a, action, choose, act) }
	return map[drivers.Action]nodeActivity{
		drivers.IdentifyNode:        of(drivers.IdentifyNode, drivers.Node.IdentifyNode),
		drivers.ConfigureHardware:   of(drivers.ConfigureHardware, drivers.Node.ConfigureHardware),
		drivers.InterrogateNode:     of(drivers.InterrogateNode, drivers.Node.InterrogateNode),
		drivers.ApplyNodeNetworking: of(drivers.ApplyNodeNetworking, drivers.Node.ApplyNodeNetworking),
		drivers.ApplyNodeStorage:    of(drivers.ApplyNodeStorage, drivers.Node.ApplyNodeStorage),
		drivers.ApplyNodePlatform:   of(drivers.ApplyNodePlatform, drivers.Node.ApplyNodePlatform),
		drivers.DeployNode:          of(drivers.DeployNode, drivers.Node.DeployNode),
		drivers.DestroyNode:         of(drivers.DestroyNode, drivers.Node.DestroyNode),
	}
}
