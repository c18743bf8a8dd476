package drivers

import (
	"context"

	"drydock/design/build"
)

// Node drives the bootstrapper that enlists, commissions, configures and deploys machines. Implementations are safe for
// concurrent use; calls for one node come one at a time.
//
// An action that has to wait for hardware looks once and returns an *Error of class NotReady that says what it waits for
// and when to look again; it is then called again. It never sleeps through a wait.
type Node interface {
	Driver
	SiteActions
	NodeActions
}

// SiteActions are the actions that make the bootstrapper fit the site. Each is idempotent and reports every difference.
type SiteActions interface {
	// ValidateNodeServices checks that the bootstrapper can be reached, takes our credentials, is healthy and has the images.
	ValidateNodeServices(context.Context, SiteCall) (Report, error)
	// CreateNetworkTemplate makes the bootstrapper's network model that of the design.
	CreateNetworkTemplate(context.Context, SiteCall) (Report, error)
	// CreateStorageTemplate sets site-wide defaults of storage.
	CreateStorageTemplate(context.Context, SiteCall) (Report, error)
	// CreateBootMedia makes images and kernels of every platform of call.Nodes available.
	CreateBootMedia(context.Context, SiteCall) (Report, error)
	// PrepareHardwareConfig makes ready what commissioning needs.
	PrepareHardwareConfig(context.Context, SiteCall) (Report, error)
	// ConfigureUserCredentials makes the design's SSH keys known, so that deployed nodes accept them.
	ConfigureUserCredentials(context.Context, SiteCall) (Report, error)
	// ConfigureNodeProvisioner sets package repositories and similar services.
	ConfigureNodeProvisioner(context.Context, SiteCall) (Report, error)
}

// NodeActions are the actions on one machine.
type NodeActions interface {
	// Observe reads the state of the machine for planning. A machine that the bootstrapper does not know is StatusAbsent,
	// not an error. It changes nothing.
	Observe(context.Context, NodeCall) (build.Node, error)
	// IdentifyNode finds the machine at the bootstrapper, by evidence and not by guess, names it, and tells the bootstrapper
	// how to control its power. Not there yet is NotReady; two candidates, or a known name on another machine, is Conflict.
	IdentifyNode(context.Context, NodeCall) (Report, error)
	// ConfigureHardware commissions the machine and ends when it is ready for configuration.
	ConfigureHardware(context.Context, NodeCall) (Report, error)
	// InterrogateNode reads what the bootstrapper knows of the machine into the build model. It changes nothing.
	InterrogateNode(context.Context, NodeCall) (Report, error)
	// ApplyNodeNetworking makes the machine's network configuration that of the design.
	ApplyNodeNetworking(context.Context, NodeCall) (Report, error)
	// ApplyNodeStorage makes the machine's storage configuration that of the design.
	ApplyNodeStorage(context.Context, NodeCall) (Report, error)
	// ApplyNodePlatform sets tags, owner data, kernel and kernel parameters.
	ApplyNodePlatform(context.Context, NodeCall) (Report, error)
	// DeployNode installs the operating system and ends when the machine runs it. It checks the machine's identity live.
	DeployNode(context.Context, NodeCall) (Report, error)
	// DestroyNode erases the machine and gives it back to the pool. It checks the machine's identity live.
	DestroyNode(context.Context, NodeCall) (Report, error)
}
