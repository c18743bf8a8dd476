package activities

import "drydock/drivers"

// networkActions are the actions of the Network family, by name.
func (a *Activities) networkActions() map[drivers.Action]nodeActivity {
	of := func(action drivers.Action, act networkAction) nodeActivity {
		return onNode(a, action, a.Drivers.Network, act)
	}
	return map[drivers.Action]nodeActivity{
		drivers.InterrogatePort:           of(drivers.InterrogatePort, drivers.Network.InterrogatePort),
		drivers.ConfigurePortProvisioning: of(drivers.ConfigurePortProvisioning, drivers.Network.ConfigurePortProvisioning),
		drivers.ConfigurePortProduction:   of(drivers.ConfigurePortProduction, drivers.Network.ConfigurePortProduction),
	}
}
