package maas

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"drydock/drivers"
)

// netRounds bounds the rounds of a reconfiguration: each phase needs one, and removing a tower of interfaces may need some.
const netRounds = 12

// ApplyNodeNetworking makes the machine's network configuration that of the design (nodes/{system_id}/interfaces/): VLANs,
// bonds, VLAN interfaces, MTUs, links and the default gateway, with the requests that are missing and no others. It ends
// when what it reads back equals the design. MAAS allows it while the machine is New, Ready, Allocated, Broken or has failed
// testing; in other states an equal configuration is Already and another one a Conflict.
func (d *Driver) ApplyNodeNetworking(ctx context.Context, call drivers.NodeCall) (drivers.Report, error) {
	s, err := d.nodeSession(ctx, drivers.ApplyNodeNetworking, call)
	if err != nil {
		return drivers.Report{}, err
	}
	m, err := s.present(call)
	if err != nil {
		return drivers.Report{}, err
	}
	if err := s.refuseForeign(m); err != nil {
		return drivers.Report{}, err
	}
	wanted, err := s.wantedNetwork(call, m)
	if err != nil {
		return drivers.Report{}, err
	}
	steps := netDiff(m, wanted)
	if len(steps) == 0 {
		return s.report(call, m, drivers.Already, fmt.Sprintf("The network configuration of machine %s is as designed: %d interfaces.", m, len(wanted)))
	}
	if err := s.mayConfigureNetwork(m, steps); err != nil {
		return drivers.Report{}, err
	}
	var said []string
	last := ""
	for range netRounds {
		for _, step := range steps {
			err := s.call(step.method, "nodes/"+m.SystemID+"/interfaces/"+step.path, step.op, step.form, nil)
			if step.method == http.MethodDelete && isAnswer(err, http.StatusNotFound) {
				err = nil // gone with what it stood on
			}
			if err != nil {
				return drivers.Report{}, s.fail(err, "configure the network of machine %s: %s", m, step.text)
			}
			said = append(said, sentence(step.text))
		}
		if m, err = s.machineByID(m.SystemID); err != nil {
			return drivers.Report{}, err
		}
		if m == nil {
			return drivers.Report{}, s.errorf(drivers.NotFound, "Run IdentifyNode.", "the machine was deleted at MAAS while its network was configured")
		}
		if steps = netDiff(m, wanted); len(steps) == 0 {
			return s.report(call, m, drivers.Changed, said...)
		}
		now := stepTexts(steps)
		if now == last {
			break // MAAS takes it and shows something else: going on would change that for ever
		}
		last = now
	}
	return drivers.Report{}, s.errorf(drivers.Conflict, "Compare the machine's network page at MAAS with the design; somebody else may be changing it.",
		"configure the network of machine %s: MAAS took all requests, but this still differs: %s", m, stepTexts(steps))
}

// mayConfigureNetwork refuses states in which MAAS does not let interfaces be changed.
func (s *session) mayConfigureNetwork(m *machine, steps []netStep) error {
	if m.Locked {
		return s.locked(m)
	}
	switch m.Status {
	case stNew, stReady, stAllocated, stBroken, stFailedTesting:
		return nil
	}
	return s.errorf(drivers.Conflict, "Destroy the node first if its network is to be changed, or wait until MAAS has finished with it.",
		"machine %s is %s, and its network differs from the design: %s", m, m.StatusName, stepTexts(steps))
}

func stepTexts(steps []netStep) string {
	var out []string
	for _, s := range steps {
		out = append(out, s.text)
	}
	return strings.Join(out, "; ")
}

// sentence makes a message of a text.
func sentence(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:] + "."
}
