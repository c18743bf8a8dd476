package maas_test

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"drydock/simulator/maas"
	"drydock/simulator/world"
)

// life is what goes on between recorded calls: time passes, and things are done that were not recorded.
type life struct {
	*replay
	t  *testing.T
	wm *world.Machine // the one that the recorded machines are, one after the other
	id string
}

// become makes the machine that a recording names, Ready and off.
func (l *life) become(recorded, hostname string) {
	if l.id != "" {
		require.Equal(l.t, 204, l.do("DELETE", "machines/"+l.id+"/", l.key, nil).status)
	}
	l.id = l.maas.PrepareTested(l.wm.Name(), hostname)
	l.ids["machines/"+recorded] = l.id
}

// until lets time pass until the machine has a status.
func (l *life) until(status string) {
	l.t.Helper()
	for range 1440 {
		if l.machine(l.id)["status_name"] == status {
			return
		}
		time.Sleep(5 * time.Second)
	}
	require.Equal(l.t, status, l.machine(l.id)["status_name"])
}

func (l *life) op(op string, pairs ...string) {
	l.t.Helper()
	a := l.post("machines/"+l.id+"/?op="+op, pairs...)
	require.Equal(l.t, 200, a.status, a.text)
}

func (l *life) deployed() {
	l.op("deploy", "distro_series", "jammy", "hwe_kernel", "ga-22.04")
	l.until("Deployed")
}

// freed takes the machine back to Ready.
func (l *life) freed() {
	l.op("release")
	l.until("Ready")
}

// lives are the groups of calls, and what happened before the calls by their numbers; before 0 the machine is made. The
// numbers are those of the recordings.
var lives = map[string]map[int]func(*life){
	"lifecycle": {
		0: func(l *life) {
			l.become("etne3b", "node05")
			nic := l.machine(l.id)["boot_interface"].(map[string]any)
			l.ids["interfaces/24"], l.ids["vlans/2"], l.ids["subnets/2"] = num(nic["id"]), "5001", "1"
			for _, x := range nic["links"].([]any) {
				a := l.post("nodes/"+l.id+"/interfaces/"+num(nic["id"])+"/?op=unlink_subnet", "id", num(x.(map[string]any)["id"]))
				require.Equal(l.t, 200, a.status, a.text)
			}
		},
		3: func(l *life) { l.op("deploy", "distro_series", "focal") },
		7: func(l *life) {
			l.op("set_workload_annotations", "site", "x", "drv", "x")
			l.until("Deployed")
		},
		11: func(l *life) { l.until("Ready") },
		13: func(l *life) { time.Sleep(3 * time.Second) },
		14: func(l *life) { l.until("Allocated") },
		15: func(l *life) { time.Sleep(time.Minute) },
		17: func(l *life) { l.until("Deployed") },
		19: func(l *life) { l.until("Ready") },
		24: func(l *life) { time.Sleep(3 * time.Second) },
		25: func(l *life) { l.until("New") },
		27: func(l *life) { l.until("Ready") },
		28: func(l *life) { time.Sleep(time.Minute) },
		32: func(l *life) { l.until("Deployed") },
		35: func(l *life) { l.until("Deployed"); time.Sleep(10 * time.Minute) },
	},
	"import": {
		1: func(l *life) { time.Sleep(time.Hour) },
	},
	"deploy": {
		0: func(l *life) { l.become("etne3b", "node05") },
		3: func(l *life) { l.op("abort"); l.until("Allocated") },
		4: func(l *life) { time.Sleep(3 * time.Second) },
		5: func(l *life) { l.until("Allocated") },
		6: func(l *life) { time.Sleep(10 * time.Second) },
	},
	"curtin": {
		0: func(l *life) { l.become("etne3b", "node05"); l.op("deploy", "distro_series", "jammy") },
		1: func(l *life) { l.freed() },
	},
	"blank": {
		0: func(l *life) {
			l.become("etne3b", "node05")
			l.deployed()
			l.freed()
			l.op("set_storage_layout", "storage_layout", "blank")
		},
	},
	"broken": {
		0: func(l *life) { l.become("etne3b", "node05") },
		1: func(l *life) { time.Sleep(20 * time.Second) },
		2: func(l *life) { l.until("Rescue mode") },
		5: func(l *life) { l.until("Ready") },
		6: func(l *life) {
			l.deployed()
			l.freed()
			require.Equal(l.t, 200, l.post("machines/?op=allocate", "system_id", l.id).status)
		},
	},
	"failures": {
		0: func(l *life) {
			l.become("asysan", "node10-failcomm")
			l.wm.SetFault(world.FaultCommission, true)
			l.op("commission")
			l.until("Failed commissioning")
			l.wm.SetFault(world.FaultCommission, false)
		},
		3: func(l *life) {
			l.become("p6tahc", "node11-failtest")
			l.wm.SetFault(world.FaultTest, true)
			l.op("commission")
			l.until("Failed testing")
			l.wm.SetFault(world.FaultTest, false)
		},
		6: func(l *life) { l.op("power_off"); time.Sleep(time.Minute) },
		7: func(l *life) {
			l.become("mnfy43", "node12-faildeploy")
			l.wm.SetFault(world.FaultInstall, true)
		},
		8:  func(l *life) { l.until("Failed deployment") },
		12: func(l *life) { l.until("Ready") },
	},
	"power": {
		0: func(l *life) { l.become("a6tbek", "node16") },
		3: func(l *life) {
			time.Sleep(time.Minute)
			require.Equal(l.t, 200, l.post("machines/?op=allocate", "system_id", l.id).status)
		},
		4:  func(l *life) { l.until("Deployed") },
		6:  func(l *life) { time.Sleep(time.Minute) },
		9:  func(l *life) { time.Sleep(time.Minute) },
		15: func(l *life) { time.Sleep(3 * time.Second) },
		17: func(l *life) { l.wm.SetFault(world.FaultBMCAuth, true) },
		20: func(l *life) { time.Sleep(4 * time.Second) },
		22: func(l *life) { time.Sleep(4 * time.Second) },
		23: func(l *life) { l.wm.SetFault(world.FaultBMCAuth, false) },
		24: func(l *life) { l.until("Ready") },
		25: func(l *life) { l.wm.SetFault(world.FaultBMCSilent, true) },
		26: func(l *life) { time.Sleep(4 * time.Second) },
		27: func(l *life) {
			l.wm.SetFault(world.FaultBMCSilent, false)
			l.freed()
			l.wm.SetFault(world.FaultBMCSilent, true)
		},
		28: func(l *life) { time.Sleep(4 * time.Second) },
		29: func(l *life) {
			a := l.post("machines/", "architecture", "amd64", "mac_addresses", "52:54:00:bb:00:79", "power_type", "manual", "commission", "false")
			require.Equal(l.t, 200, a.status, a.text)
			l.ids["machines/xp4wb3"] = a.object(l.t)["system_id"].(string)
		},
	},
}

// otherWords are words about a machine that come out differently here, and why, as far as the recordings tell.
var otherWords = map[string]map[string]string{
	"norack/1":     {"power_state": "the rack there had failed to ask before it was lost"},
	"norack/4":     {"power_state": "the same"},
	"norack/8":     {"power_state": "the same"},
	"lifecycle/8":  {"power_state": "the power had been asked for, and not been told, when the machine was released there"},
	"lifecycle/9":  {"power_state": "the same"},
	"lifecycle/25": {"commissioning_status_name": "the scripts there had run when the abort came through"},
	"deploy/5":     {"hwe_kernel": "the images there are said to run every kernel"},
	"deploy/6":     {"hwe_kernel": "the images there are said to run every kernel"},
	"power/20":     {"power_state": "the rack there had not reported yet"},
	"power/21":     {"power_state": "the rack there had not reported yet"},
	"failures/0":   {"commissioning_status_name": "the recorded machine ran no script", "testing_status_name": "this machine had passed its tests before"},
}

// TestRecordedLivesAreLivedAgain replays what was recorded while machines were deployed, tested, released and broken, in
// simulated time. The world that they are lived in shares a bubble with the test: waiting costs nothing, and nothing depends on chance.
func TestRecordedLivesAreLivedAgain(t *testing.T) {
	for name, calls := range grouped(readContract(t, "contract_life")) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.NotNil(t, lives[name])
			synctest.Test(t, func(t *testing.T) {
				l := newLife(t)
				for n, x := range calls {
					if step := lives[name][n]; step != nil {
						step(l)
					}
					where := fmt.Sprintf("%s/%d %s", name, n, x.Note)
					path, a := l.call(x)
					l.compare(where+" ", x, path, a)
					l.compareWords(where, fmt.Sprintf("%s/%d", name, n), x, a)
				}
			})
		})
	}
}

// newLife is a region and a machine whose time is that of the bubble: it passes only while everybody waits.
func newLife(t *testing.T) *life {
	w := world.New(site(), world.Options{Seed: 7, Speed: 1})
	t.Cleanup(w.Close)
	s := maas.New(w, maas.Options{RackNetworks: []netip.Prefix{netip.MustParsePrefix("10.2.0.0/24")}, Images: []string{"ubuntu/focal", "ubuntu/jammy"}})
	t.Cleanup(s.Close)
	wm, ok := w.Machine("n1")
	require.True(t, ok)
	r := &replay{rig: &rig{t: t, world: w, maas: s, url: "http://region/MAAS", key: s.APIKey(), inner: true}, ids: map[string]string{}}
	rack := r.get("rackcontrollers/").list(t)[0]["system_id"].(string)
	require.Equal(t, 200, r.put("subnets/1/", "gateway_ip", "10.2.0.1").status)
	require.Equal(t, 200, r.post("ipranges/", "type", "dynamic", "start_ip", "10.2.0.200", "end_ip", "10.2.0.250").status)
	require.Equal(t, 200, r.put("vlans/5001/", "dhcp_on", "true", "primary_rack", rack).status)
	return &life{replay: r, t: t, wm: wm}
}

// compareWords compares what says how far a machine is.
func (r *replay) compareWords(where, call string, x exchange, a answer) {
	if x.Words == nil {
		return
	}
	got := a.object(r.t)
	words := make([]string, 0, len(x.Words))
	for w := range x.Words {
		words = append(words, w)
	}
	slices.Sort(words)
	for _, w := range words {
		if why := otherWords[call][w]; why != "" {
			require.NotEqual(r.t, x.Words[w], got[w], "%s: %s is as recorded after all: %s", where, w, why)
			continue
		}
		require.Equal(r.t, x.Words[w], got[w], "%s: %s", where, w)
	}
}
