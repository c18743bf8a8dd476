package maas

import (
	"net/http"
	"strings"
	"time"

	"drydock/design/build"
	"drydock/drivers"
)

// controllersAge is how long the list of controllers serves. Controllers come and go with the work of people, and a node is
// taken for unknown, and so started from the network, on the strength of it.
const controllersAge = 5 * time.Minute

// controllers remembers the machines that run MAAS itself. They are in no list of machines: a machine that became one is
// gone from there, and would be taken for one that has still to enlist.
type controllers struct {
	gate chan struct{} // one asks, the others wait for the answer
	at   time.Time
	list []controller
}

type controller struct {
	machine
	bmc string // host of its BMC, "" where MAAS knows none
}

// controllers lists rack and region controllers (rackcontrollers/ with op=power_parameters, regioncontrollers/), once per
// controllersAge for all nodes together.
func (s *session) controllers() ([]controller, error) {
	c := &s.d.racks
	select {
	case c.gate <- struct{}{}:
		defer func() { <-c.gate }()
	case <-s.Done():
		return nil, s.fail(s.Err(), "list the controllers of MAAS")
	}
	now := s.d.now()
	if !c.at.IsZero() && now.Sub(c.at) < controllersAge {
		return c.list, nil
	}
	var racks, regions []machine
	var bmcs map[string]map[string]any
	if err := s.get("rackcontrollers/", "", nil, &racks); err != nil {
		return nil, s.fail(err, "list the rack controllers of MAAS")
	}
	if err := s.get("regioncontrollers/", "", nil, &regions); err != nil {
		return nil, s.fail(err, "list the region controllers of MAAS")
	}
	// No recording has this operation on racks. A region without it leaves names, MACs and UUIDs to go by.
	if err := s.get("rackcontrollers/", "power_parameters", nil, &bmcs); err != nil && !isAnswer(err, http.StatusBadRequest) && !isAnswer(err, http.StatusNotFound) {
		return nil, s.fail(err, "read the BMC addresses of the rack controllers of MAAS")
	}
	c.list = nil
	for _, m := range append(racks, regions...) {
		c.list = append(c.list, controller{machine: m, bmc: bmcHost(textOf(bmcs[m.SystemID]["power_address"]))})
	}
	c.at = now
	return c.list, nil
}

// refuseControllers stops where a controller has the name, a MAC, the BMC or the system UUID of the node.
func (s *session) refuseControllers(call drivers.NodeCall) error {
	list, err := s.controllers()
	if err != nil {
		return err
	}
	macs, bmc := knownMACs(call), bmcHost(call.Node.BMCAddress())
	for i := range list {
		c := &list[i]
		var why string
		switch shared := common(macs, c.macs()); {
		case strings.EqualFold(c.Hostname, call.Node.Name):
			why = "host name"
		case bmc != "" && c.bmc == bmc:
			why = "BMC address " + bmc
		case len(shared) > 0:
			why = "MAC address " + strings.Join(shared, ", ")
		case call.Build.Identity.UUID != "" && c.HardwareUUID != "" && build.SameUUID(call.Build.Identity.UUID, c.HardwareUUID):
			why = "system UUID " + call.Build.Identity.UUID
		default:
			continue
		}
		kind := strings.ToLower(c.NodeTypeName)
		fill(&kind, "controller")
		return s.errorf(drivers.Conflict, "Take the node out of the design, or correct its name, BMC address and MACs there.",
			"%s is a %s of MAAS and not a machine to manage, and has the %s of the node", &c.machine, kind, why)
	}
	return nil
}
