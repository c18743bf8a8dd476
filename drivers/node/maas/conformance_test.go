package maas

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"drydock/drivers"
	"drydock/drivers/conformance"
	"drydock/simulator/world"
)

// TestTheDriverKeepsTheContractOfTheNodeFamily runs the contract against the simulated region, which shares no code with
// the driver.
func TestTheDriverKeepsTheContractOfTheNodeFamily(t *testing.T) {
	conformance.Node(t, func(t *testing.T) conformance.NodeTarget {
		const node = "harbor-n1"
		w := &writes{}
		r := newRegion(t, testSite(), func(c *Config) { c.Transport = w })
		m, ok := r.world.Machine(node)
		require.True(t, ok)
		id := func() string {
			var list []machine
			require.NoError(t, r.admin("").get("machines/", "", form("hostname", node), &list))
			require.Len(t, list, 1)
			return list[0].SystemID
		}
		return conformance.NodeTarget{
			Driver: r.driver, Site: r.siteCall(), Call: drivers.NodeCall{Site: r.site, Node: r.site.Node(node)},
			Secrets: []string{testBMCPassword, r.driver.wire.creds.secret, r.maas.APIKey()},
			Start:   func() { r.boot(node) },
			Writes:  w.count,
			Done: func() conformance.NodeDone {
				c := m.Counters()
				return conformance.NodeDone{Commissions: c.Commissions, Deploys: c.Deploys, Erases: c.Erases}
			},
			LoseAnswer: w.lose,
			Fail: func(fail bool) {
				m.SetFault(world.FaultCommission, fail)
				m.SetFault(world.FaultInstall, fail)
			},
			Lock: func() { require.NoError(t, r.admin("").post("machines/"+id()+"/", "lock", nil, nil)) },
			Take: func() string {
				require.NoError(t, r.admin(r.maas.AddUser("neighbour", true)).post("machines/", "allocate", form("system_id", id()), nil))
				return "neighbour"
			},
			ChangeBMC: func() {
				require.NoError(t, r.admin("").put("machines/"+id()+"/", form("power_parameters_power_address", "10.40.1.77"), nil))
			},
			Silence: w.silence,
		}
	})
}

// writes is a carrier that counts writes, loses the answer to one, or answers nothing any more.
type writes struct {
	mu     sync.Mutex
	n      int
	loseAt int
	lost   bool
	silent bool
}

func (w *writes) RoundTrip(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	lose := false
	if r.Method != http.MethodGet {
		w.n++
		lose = w.n == w.loseAt
		w.lost = w.lost || lose
	}
	silent := w.silent
	w.mu.Unlock()
	if silent {
		<-r.Context().Done()
		return nil, context.Cause(r.Context())
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if lose && err == nil {
		resp.Body.Close()
		return nil, errors.New("connection reset before the answer came")
	}
	return resp, err
}

func (w *writes) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.n
}

func (w *writes) lose(n int) func() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.loseAt, w.lost = w.n+n, false
	return func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.lost
	}
}

func (w *writes) silence() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.silent = true
}
