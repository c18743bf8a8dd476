package drivers

// Action is the name of one driver operation; the same word in code, plans, histories, API and documents.
type Action string

// Actions of the OOB family.
const (
	ConfigNodePxe  Action = "ConfigNodePxe"
	SetNodeBoot    Action = "SetNodeBoot"
	PowerOffNode   Action = "PowerOffNode"
	PowerOnNode    Action = "PowerOnNode"
	PowerCycleNode Action = "PowerCycleNode"
	InterrogateOob Action = "InterrogateOob"
)

// VerifyHardware is the one step that calls no driver: it compares what InterrogateOob and InterrogateNode found with the
// design.
const VerifyHardware Action = "VerifyHardware"

// Actions of the Node family that concern the site.
const (
	ValidateNodeServices     Action = "ValidateNodeServices"
	CreateNetworkTemplate    Action = "CreateNetworkTemplate"
	CreateStorageTemplate    Action = "CreateStorageTemplate"
	CreateBootMedia          Action = "CreateBootMedia"
	PrepareHardwareConfig    Action = "PrepareHardwareConfig"
	ConfigureUserCredentials Action = "ConfigureUserCredentials"
	ConfigureNodeProvisioner Action = "ConfigureNodeProvisioner"
)

// Actions of the Node family that concern one node.
const (
	IdentifyNode        Action = "IdentifyNode"
	ConfigureHardware   Action = "ConfigureHardware"
	InterrogateNode     Action = "InterrogateNode"
	ApplyNodeNetworking Action = "ApplyNodeNetworking"
	ApplyNodeStorage    Action = "ApplyNodeStorage"
	ApplyNodePlatform   Action = "ApplyNodePlatform"
	DeployNode          Action = "DeployNode"
	DestroyNode         Action = "DestroyNode"
)

// Actions of the Network family.
const (
	InterrogatePort           Action = "InterrogatePort"
	ConfigurePortProvisioning Action = "ConfigurePortProvisioning"
	ConfigurePortProduction   Action = "ConfigurePortProduction"
)
