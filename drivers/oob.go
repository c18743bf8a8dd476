package drivers

import "context"

// OOB controls a machine through its BMC. Implementations are safe for concurrent use; calls for one node come one at a
// time, calls for different nodes at once.
//
// All actions return an *Error on failure, end within a second of their context, and lose no session at the BMC. A driver
// that keeps one open for the next call deletes it by itself soon after, and is an io.Closer, whose Close deletes it at once.
type OOB interface {
	Driver
	// ConfigNodePxe makes the machine able to boot from the network in the boot mode of its hardware profile.
	ConfigNodePxe(context.Context, NodeCall) (Report, error)
	// SetNodeBoot sets call.Boot and reads it back.
	SetNodeBoot(context.Context, NodeCall) (Report, error)
	// PowerOffNode ends with the machine off, gracefully where that is possible in time; off already is Already.
	PowerOffNode(context.Context, NodeCall) (Report, error)
	// PowerOnNode ends with the machine on; on already is Already.
	PowerOnNode(context.Context, NodeCall) (Report, error)
	// PowerCycleNode restarts the machine, or starts it when it is off. It notes its intent in the journal before it acts,
	// and never acts a second time when the answer to the first was lost.
	PowerCycleNode(context.Context, NodeCall) (Report, error)
	// InterrogateOob reads what the BMC knows into the build model: power, identity, firmware, health. It changes nothing.
	InterrogateOob(context.Context, NodeCall) (Report, error)
}

// Driver is what all families have in common.
type Driver interface {
	// Name is the word that configuration selects the driver by, such as "redfish".
	Name() string
	// Lacks says which actions the driver answers with Unsupported, and why; the planner leaves them out.
	Lacks() map[Action]string
}
