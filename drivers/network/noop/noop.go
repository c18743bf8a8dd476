// Package noop is the network driver of a site whose switch ports Drydock does not manage. It says so, so that plans leave
// the port actions out; it refuses to report a port as configured that it has never seen.
package noop

import (
	"context"

	"drydock/drivers"
)

// Name is the word that configuration selects this driver by.
const Name = "noop"

const reason = "Switch ports of this site are not managed by Drydock; the provisioning network must reach the node's boot NIC already."

// Driver implements drivers.Network. It keeps no state.
type Driver struct{}

var _ drivers.Network = (*Driver)(nil)

// New makes the driver.
func New() *Driver { return &Driver{} }

// Name is "noop".
func (*Driver) Name() string { return Name }

// Lacks names every action of the family.
func (*Driver) Lacks() map[drivers.Action]string {
	return map[drivers.Action]string{
		drivers.InterrogatePort:           reason,
		drivers.ConfigurePortProvisioning: reason,
		drivers.ConfigurePortProduction:   reason,
	}
}

// InterrogatePort is Unsupported.
func (*Driver) InterrogatePort(context.Context, drivers.NodeCall) (drivers.Report, error) {
	return drivers.UnsupportedReport(reason), nil
}

// ConfigurePortProvisioning is Unsupported.
func (*Driver) ConfigurePortProvisioning(context.Context, drivers.NodeCall) (drivers.Report, error) {
	return drivers.UnsupportedReport(reason), nil
}

// ConfigurePortProduction is Unsupported.
func (*Driver) ConfigurePortProduction(context.Context, drivers.NodeCall) (drivers.Report, error) {
	return drivers.UnsupportedReport(reason), nil
}
