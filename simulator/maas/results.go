package maas

import (
	"encoding/base64"
	"strconv"
	"time"
)

// Kinds of script sets, and of their results' states, with MAAS's numbers.
const (
	setCommissioning = 0
	setInstallation  = 1
	setTesting       = 2

	resultPending  = 0
	resultRunning  = 1
	resultPassed   = 2
	resultFailed   = 3
	resultTimedOut = 4
	resultAborted  = 5
)

// curtinLog is the name of the installer's result.
const curtinLog = "/tmp/install.log"

var (
	resultNames = map[int]string{-1: "Unknown", resultPending: "Pending", resultRunning: "Running", resultPassed: "Passed",
		resultFailed: "Failed", resultTimedOut: "Timed out", resultAborted: "Aborted"}
	setNames = map[int]string{setCommissioning: "Commissioning", setInstallation: "Installation", setTesting: "Testing"}
	setWords = map[string]int{"commissioning": setCommissioning, "installation": setInstallation, "testing": setTesting}
)

// scriptSet is one run of scripts on a machine.
type scriptSet struct {
	id      int
	kind    int
	results []*result
	pinged  time.Time
}

type result struct {
	id                              int
	script                          *script
	disk                            *blockDevice
	status                          int
	exit                            any
	created, updated, started, done time.Time
	output                          string
}

func (r *result) title() string {
	if r.disk != nil {
		return r.script.name + " on " + r.disk.name()
	}
	return r.script.name
}

func (s *Server) newSet(kind int, scripts []*script) *scriptSet {
	set := &scriptSet{id: s.id("set"), kind: kind}
	for _, x := range scripts {
		set.results = append(set.results, s.newResult(x, nil))
	}
	return set
}

func (s *Server) newResult(x *script, d *blockDevice) *result {
	now := time.Now()
	return &result{id: s.id("result"), script: x, disk: d, created: now, updated: now}
}

// newTestSet has one result per script, and per disk where the script tests disks.
func (s *Server) newTestSet(m *machine, scripts []*script) *scriptSet {
	set := &scriptSet{id: s.id("set"), kind: setTesting}
	for _, x := range scripts {
		disks := 0
		for _, d := range m.disks {
			if x.perDisk && d.kind == devicePhysical {
				set.results = append(set.results, s.newResult(x, d))
				disks++
			}
		}
		if disks == 0 {
			set.results = append(set.results, s.newResult(x, nil))
		}
	}
	return set
}

// retarget gives pending tests the disks that commissioning has just found.
func (s *Server) retarget(m *machine) {
	set := m.latest(setTesting)
	if set == nil || set.status() != resultPending {
		return
	}
	fresh := s.newTestSet(m, m.afterwards.tests)
	set.results = fresh.results
}

func (m *machine) latest(kind int) *scriptSet {
	for i := len(m.sets) - 1; i >= 0; i-- {
		if m.sets[i].kind == kind {
			return m.sets[i]
		}
	}
	return nil
}

func (set *scriptSet) resultsOrNone() []*result {
	if set == nil {
		return nil
	}
	return set.results
}

// status of a set is the worst of its results.
func (set *scriptSet) status() int {
	if set == nil {
		return -1
	}
	counts := map[int]int{}
	for _, r := range set.results {
		counts[r.status]++
	}
	for _, st := range []int{resultRunning, resultFailed, resultTimedOut, resultAborted, resultPending} {
		if counts[st] > 0 {
			return st
		}
	}
	return resultPassed
}

func (m *machine) startSet(kind int) {
	now := time.Now()
	for _, r := range m.latest(kind).resultsOrNone() {
		if r.status == resultPending {
			r.status, r.started, r.updated = resultRunning, now, now
		}
	}
}

// finishSet ends the latest set of a kind. A failure is that of a script, or else, as the world does not know scripts, of the
// one that reads the hardware, and of all tests.
func (m *machine) finishSet(kind int, ok bool, script, why string) {
	now := time.Now()
	set := m.latest(kind)
	for n, r := range set.resultsOrNone() {
		if r.started.IsZero() {
			r.started = now
		}
		r.done, r.updated = now, now
		r.status, r.exit = resultPassed, 0
		guilty := r.script.name == script
		if script == "" {
			guilty = kind != setCommissioning || r.script.name == "20-maas-03-machine-resources" || n == len(set.results)-1 && !m.anyFailed(set)
		}
		if !ok && guilty {
			r.status, r.exit, r.output = resultFailed, 1, why+"\n"
			if kind == setInstallation {
				r.exit = 3
			}
		}
	}
	if set != nil {
		set.pinged = now
	}
}

func (m *machine) anyFailed(set *scriptSet) bool { return set.status() == resultFailed }

// abortPending ends what has not ended.
func (m *machine) abortPending(as int) {
	now := time.Now()
	for _, set := range m.sets {
		for _, r := range set.results {
			if r.status == resultPending || r.status == resultRunning {
				r.status, r.updated = as, now
			}
		}
	}
}

func (m *machine) lastCommissioningPassed() bool {
	set := m.latest(setCommissioning)
	return set != nil && set.status() == resultPassed || set == nil && m.inventory
}

// resultFields fills in the summary of results in a machine's body.
func (m *machine) resultFields(b obj) {
	for _, k := range []string{"cpu_test", "memory_test", "network_test", "interface_test", "other_test", "storage_test"} {
		b[k+"_status"], b[k+"_status_name"] = -1, resultNames[-1]
	}
	kinds := []string{"other_test", "cpu_test", "memory_test", "storage_test", "network_test"}
	worst := map[string]*scriptSet{}
	for _, r := range m.latest(setTesting).resultsOrNone() {
		k := kinds[r.script.hardware]
		if worst[k] == nil {
			worst[k] = &scriptSet{}
		}
		worst[k].results = append(worst[k].results, r)
	}
	for k, set := range worst {
		b[k+"_status"], b[k+"_status_name"] = set.status(), resultNames[set.status()]
	}
	for k, kind := range setWords {
		set := m.latest(kind)
		b["current_"+k+"_result_id"] = nil
		if set != nil {
			b["current_"+k+"_result_id"] = set.id
		}
		if kind != setInstallation {
			b[k+"_status"], b[k+"_status_name"] = set.status(), resultNames[set.status()]
		}
	}
}

const resultTime = "Mon, 02 Jan 2006 15:04:05 -0000"

func stamp(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format(resultTime)
}

func unix(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return float64(t.UnixMicro()) / 1e6
}

func runtime(a, b time.Time) string {
	if a.IsZero() || b.IsZero() {
		return ""
	}
	d := b.Sub(a).Round(time.Second)
	return text("%d:%02d:%02d", int(d.Hours()), int(d.Minutes())%60, int(d.Seconds())%60)
}

func (r *result) body(output bool) obj {
	parameters := obj{}
	if r.disk != nil {
		parameters["storage"] = obj{"type": "storage", "argument_format": "{path}", "value": obj{"id": r.disk.id, "name": r.disk.name(),
			"model": r.disk.model, "serial": r.disk.serial, "id_path": r.disk.idPath}}
	}
	b := obj{"id": r.id, "created": stamp(r.created), "updated": stamp(r.updated), "name": r.script.name, "status": r.status,
		"status_name": resultNames[r.status], "exit_status": r.exit, "started": stamp(r.started), "ended": stamp(r.done),
		"runtime": runtime(r.started, r.done), "starttime": unix(r.started), "endtime": unix(r.done), "estimated_runtime": "0:00:00",
		"parameters": parameters, "script_id": nil, "script_revision_id": nil, "suppressed": false}
	if r.script.id != 0 {
		b["script_id"], b["script_revision_id"] = r.script.id, r.script.id
	}
	if output {
		text64 := base64.StdEncoding.EncodeToString([]byte(r.output))
		b["output"], b["stdout"], b["stderr"], b["result"] = text64, text64, "", ""
	}
	return b
}

func (set *scriptSet) body(m *machine, filters []string, output bool) obj {
	var started, done time.Time
	results := []obj{}
	for _, r := range set.results {
		if !r.started.IsZero() && (started.IsZero() || r.started.Before(started)) {
			started = r.started
		}
		if r.done.After(done) {
			done = r.done
		}
		if len(filters) == 0 || contains(filters, r.script.name) || contains(filters, strconv.Itoa(r.id)) {
			results = append(results, r.body(output))
		}
	}
	return obj{"id": set.id, "type": set.kind, "type_name": setNames[set.kind], "status": set.status(),
		"status_name": resultNames[set.status()], "system_id": m.systemID, "results": results, "started": stamp(started),
		"ended": stamp(done), "runtime": runtime(started, done), "last_ping": stamp(set.pinged),
		"resource_uri": text("%snodes/%s/results/%d/", apiRoot, m.systemID, set.id)}
}
