package maas

import (
	"encoding/base64"
	"strings"
	"time"
)

// Kinds of scripts, with MAAS's numbers.
const (
	scriptCommissioning = 0
	scriptTesting       = 2
	scriptRelease       = 3 // from 3.5
)

var (
	scriptKindNames = map[int]string{scriptCommissioning: "Commissioning script", scriptTesting: "Testing script",
		scriptRelease: "Release script"}
	parallelNames = []string{"Disabled", "Run along other instances of this script", "Run along any other script."}
	hardwareNames = []string{"Node", "CPU", "Memory", "Storage", "Network", "GPU"}
)

// script is something that machines run: one that comes with MAAS, or one that somebody has uploaded.
type script struct {
	id          int
	name, title string
	description string
	kind        int
	tags        []string
	hardware    int // 0 node, 1 CPU, 2 memory, 3 storage, 4 network, 5 GPU
	timeout     time.Duration
	parallel    int
	perDisk     bool
	destructive bool
	builtin     bool // "default" in MAAS's words

	packages, parameters, results any
	forHardware                   []string
	mayReboot, recommission       bool
	applyNetworking               bool
	history                       []revision // oldest first, never empty
}

// revision is one version of a script's text.
type revision struct {
	id      int
	comment any // text or null
	created time.Time
	data    string
}

func (x *script) text() string { return x.history[len(x.history)-1].data }

// is reports whether a word that selects scripts selects this one: by name, id or tag.
func (x *script) is(word string) bool {
	return x.name == word || text("%d", x.id) == word || contains(x.tags, word)
}

// fits reports whether a script that is meant for certain hardware may run on a machine, by what commissioning has found
// out about it.
func (x *script) fits(m *machine) bool {
	if len(x.forHardware) == 0 {
		return true
	}
	for _, id := range x.forHardware {
		if k, v, ok := strings.Cut(id, ":"); ok && v != "" && m.hardware[k] == v {
			return true
		}
	}
	return false
}

// selected finds scripts of a kind by name, id or tag.
func (s *Server) selected(word string, kind int) []*script {
	var out []*script
	for _, x := range s.scripts {
		if x.kind == kind && x.is(word) {
			out = append(out, x)
		}
	}
	return out
}

// commissioningScripts are those that run where nobody has chosen: all but the ones for certain hardware, and those that
// are not to run by themselves.
func (s *Server) commissioningScripts() []*script {
	var out []*script
	for _, x := range s.scripts {
		if x.kind == scriptCommissioning && len(x.forHardware) == 0 && !contains(x.tags, "noauto") {
			out = append(out, x)
		}
	}
	return out
}

// selectCommissioning reads which commissioning scripts are to run. Those of MAAS run always; "none" is none of the others.
func (s *Server) selectCommissioning(c *call, m *machine, v *invalid) []*script {
	words := c.words("commissioning_scripts")
	if len(words) == 0 {
		return s.commissioningScripts()
	}
	chosen := s.choose(words, "commissioning_scripts", scriptCommissioning, m, v)
	var out []*script
	for _, x := range s.scripts {
		if x.kind == scriptCommissioning && x.builtin || containsScript(chosen, x) {
			out = append(out, x)
		}
	}
	return out
}

// selectTests reads which tests are to run; where nobody has chosen, those with the tag commissioning.
func (s *Server) selectTests(c *call, m *machine, v *invalid) []*script {
	words := c.words("testing_scripts")
	if len(words) == 0 {
		words = []string{"commissioning"}
	}
	return s.choose(words, "testing_scripts", scriptTesting, m, v)
}

// choose finds scripts by names, ids or tags, each once; a word that selects none is refused.
func (s *Server) choose(words []string, field string, kind int, m *machine, v *invalid) []*script {
	if contains(words, "none") {
		return nil
	}
	var out []*script
	for _, word := range words {
		found := s.selected(word, kind)
		if len(found) == 0 {
			v.add(field, noSuchChoice, word)
		}
		for _, x := range found {
			if x.fits(m) && !containsScript(out, x) {
				out = append(out, x)
			}
		}
	}
	return out
}

func containsScript(list []*script, x *script) bool {
	for _, y := range list {
		if x == y {
			return true
		}
	}
	return false
}

func (x *script) body(includeText bool) obj {
	history := []obj{}
	for i := len(x.history) - 1; i >= 0; i-- {
		r := x.history[i]
		b := obj{"id": r.id, "comment": r.comment, "created": stamp(r.created)}
		if includeText {
			b["data"] = base64.StdEncoding.EncodeToString([]byte(r.data))
		}
		history = append(history, b)
	}
	return obj{"name": x.name, "title": x.title, "description": x.description, "tags": orEmpty(x.tags), "hardware_type": x.hardware,
		"hardware_type_name": hardwareNames[x.hardware], "parallel": x.parallel, "parallel_name": parallelNames[x.parallel],
		"results": orObject(x.results), "parameters": orObject(x.parameters), "packages": orObject(x.packages),
		"timeout": duration(x.timeout), "destructive": x.destructive, "default": x.builtin, "for_hardware": orEmpty(x.forHardware),
		"may_reboot": x.mayReboot, "recommission": x.recommission, "apply_configured_networking": x.applyNetworking, "id": x.id,
		"type": x.kind, "type_name": scriptKindNames[x.kind], "history": history, "resource_uri": apiRoot + "scripts/" + x.name}
}

func orObject(v any) any {
	if v == nil {
		return obj{}
	}
	return v
}

// duration is written as Python does: "0:05:00", "1 day, 0:00:00".
func duration(d time.Duration) string {
	n := int(d / time.Second)
	days := n / 86400
	n -= days * 86400
	out := text("%d:%02d:%02d", n/3600, n/60%60, n%60)
	switch days {
	case 0:
		return out
	case 1:
		return "1 day, " + out
	}
	return text("%d days, %s", days, out)
}
