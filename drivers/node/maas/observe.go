package maas

import (
	"context"
	"encoding/json"
	"strings"

	"drydock/design/build"
	"drydock/drivers"
)

// Observe reads the machine's state (GET machines/{system_id}/, or machines/ filtered by host name, BMC address or MAC).
// A machine that MAAS does not know is StatusAbsent. A machine that has the node's name and another BMC is a Conflict.
func (d *Driver) Observe(ctx context.Context, call drivers.NodeCall) (build.Node, error) {
	s, err := d.nodeSession(ctx, "Observe", call)
	if err != nil {
		return call.Build, err
	}
	m, err := s.locate(call)
	if err != nil {
		return call.Build, err
	}
	if m == nil {
		r, err := s.gone(call, drivers.Already)
		return *r.Build, err
	}
	b, err := s.built(call, m)
	if err != nil {
		return call.Build, err
	}
	return *b, nil
}

// built is the call's build model with what the machine's body tells.
func (s *session) built(call drivers.NodeCall, m *machine) (*build.Node, error) {
	ours, err := s.ours(m)
	if err != nil {
		return nil, err
	}
	b := m.into(call.Build, ours, s.d.now().UTC())
	fill(&b.Name, call.Node.Name)
	return &b, nil
}

// report makes a report with the build model.
func (s *session) report(call drivers.NodeCall, m *machine, outcome drivers.Outcome, messages ...string) (drivers.Report, error) {
	b, err := s.built(call, m)
	if err != nil {
		return drivers.Report{}, err
	}
	return drivers.Report{Outcome: outcome, Messages: messages, Build: b}, nil
}

// present locates a machine that has to be there.
func (s *session) present(call drivers.NodeCall) (*machine, error) {
	m, err := s.locate(call)
	if err != nil {
		return nil, err
	}
	if m == nil {
		return nil, s.errorf(drivers.NotFound, "Boot the machine from the network so that it enlists, and run IdentifyNode.", "find the machine at MAAS: it has no machine of this host name, BMC address or MAC")
	}
	return m, nil
}

// InterrogateNode reads disks, NICs and identity (GET machines/{system_id}/, op=details) into the build model, and keeps the
// lshw and lldp documents and the verdicts of the commissioning and testing scripts as evidence.
func (d *Driver) InterrogateNode(ctx context.Context, call drivers.NodeCall) (drivers.Report, error) {
	s, err := d.nodeSession(ctx, drivers.InterrogateNode, call)
	if err != nil {
		return drivers.Report{}, err
	}
	m, err := s.present(call)
	if err != nil {
		return drivers.Report{}, err
	}
	hw, err := s.hardware(m)
	if err != nil {
		return drivers.Report{}, err
	}
	r, err := s.report(call, m, drivers.Already)
	if err != nil {
		return drivers.Report{}, err
	}
	r.Build.NICs, r.Build.Disks, r.Build.Devices = hw.nics(m), hw.disks(m), hw.listed()
	at := d.now().UTC()
	if hw.lshw != "" {
		r.Evidence = append(r.Evidence, build.Element{Generator: "lshw", Format: "text/xml", Data: hw.lshw, Collected: at})
	}
	if hw.lldp != "" {
		r.Evidence = append(r.Evidence, build.Element{Generator: "lldp", Format: "text/xml", Data: hw.lldp, Collected: at})
	}
	for _, kind := range []string{"commissioning", "testing"} {
		set, err := s.scriptResults(m.SystemID, kind)
		if err != nil {
			return drivers.Report{}, err
		}
		if set == nil {
			continue
		}
		data, err := json.Marshal(set)
		if err != nil {
			return drivers.Report{}, s.fail(err, "keep results of %s", kind)
		}
		r.Evidence = append(r.Evidence, build.Element{Generator: "maas-" + kind + "-results", Format: "application/json", Data: s.clean(string(data)), Collected: at})
		if failed := set.failed(); len(failed) > 0 {
			r.Messages = append(r.Messages, "Of the scripts of the last "+kind+", these did not pass: "+strings.Join(failed, ", ")+".")
		}
	}
	if hw.lshw == "" {
		r.Messages = append(r.Messages, "MAAS has no hardware data of machine "+m.String()+": it was never commissioned.")
	}
	return r, nil
}
