package maas

import (
	"maps"
	"strings"
	"time"

	"drydock/drivers"
)

// bmcIndex remembers which machine has which BMC address, for an interval: many nodes that wait to be enlisted share one
// look at the power parameters of the region. It holds no credential.
type bmcIndex struct {
	gate   chan struct{} // one fetches, the others wait for the result
	at     time.Time
	byID   map[string]string // host of the BMC, "" where there is none, of every machine that MAAS knows
	byHost map[string][]string
	// absent is until when a node that was not found need not be looked for again; emptied when the machines change.
	absent map[string]time.Time
}

// bmcs runs f on the index of BMC addresses, made anew by one machines/?op=power_parameters where it is old.
func (s *session) bmcs(f func(*bmcIndex)) error {
	x := &s.d.bmcs
	select {
	case x.gate <- struct{}{}:
		defer func() { <-x.gate }()
	case <-s.Done():
		return s.fail(s.Err(), "read the BMC addresses of all machines")
	}
	if now := s.d.now(); x.byID == nil || now.Sub(x.at) >= s.d.watch.interval() {
		// gomaasclient does not have this call.
		var all map[string]map[string]any
		if err := s.get("machines/", "power_parameters", nil, &all); err != nil {
			return s.fail(err, "read the BMC addresses of all machines")
		}
		x.fill(all, now)
	}
	f(x)
	return nil
}

func (x *bmcIndex) fill(all map[string]map[string]any, now time.Time) {
	byID, byHost := make(map[string]string, len(all)), map[string][]string{}
	for _, id := range keys(all) {
		h := bmcHost(textOf(all[id]["power_address"]))
		if byID[id] = h; h != "" {
			byHost[h] = append(byHost[h], id)
		}
	}
	if x.absent == nil || !maps.Equal(byID, x.byID) {
		x.absent = map[string]time.Time{}
	}
	x.byID, x.byHost, x.at = byID, byHost, now
}

// machinesAtBMC finds the machines that MAAS controls through a BMC address.
func (s *session) machinesAtBMC(address string) (ids []string, err error) {
	host := bmcHost(address)
	if host == "" {
		return nil, nil
	}
	err = s.bmcs(func(x *bmcIndex) { ids = x.byHost[host] })
	return ids, err
}

// stillAbsent reports whether a node was not found a while ago, and MAAS knows the same machines since.
func (s *session) stillAbsent(call drivers.NodeCall) (absent bool, err error) {
	err = s.bmcs(func(x *bmcIndex) { absent = s.d.now().Before(x.absent[soughtBy(call)]) })
	return absent, err
}

// absent remembers that a node was not found. It is looked for again from time to time, as a machine may get its name or a
// MAC without any other change.
func (s *session) absent(call drivers.NodeCall) error {
	return s.bmcs(func(x *bmcIndex) { x.absent[soughtBy(call)] = s.d.now().Add(staleAfter * s.d.watch.interval()) })
}

// soughtBy is all that a node is looked for by.
func soughtBy(call drivers.NodeCall) string {
	return strings.Join(append([]string{call.Node.Name, call.Node.BMCAddress()}, knownMACs(call)...), " ")
}
