package drivers

import "context"

// Network configures the switch port of a node's provisioning interface.
type Network interface {
	Driver
	// InterrogatePort reads the state of the port into the build model. It changes nothing.
	InterrogatePort(context.Context, NodeCall) (Report, error)
	// ConfigurePortProvisioning makes the port fit for booting from the network.
	ConfigurePortProvisioning(context.Context, NodeCall) (Report, error)
	// ConfigurePortProduction makes the port what the design says.
	ConfigurePortProduction(context.Context, NodeCall) (Report, error)
}
