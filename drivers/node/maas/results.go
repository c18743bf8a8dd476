package maas

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/canonical/gomaasclient/entity"
	"github.com/canonical/gomaasclient/entity/event"
)

// scriptSet is one run of scripts (nodes/{system_id}/results/...). gomaasclient knows only the older installation-results/.
type scriptSet struct {
	ID      int            `json:"id"`
	Status  string         `json:"status_name"`
	Started string         `json:"started,omitempty"`
	Ended   string         `json:"ended,omitempty"`
	Results []scriptResult `json:"results"`
}

type scriptResult struct {
	Name    string `json:"name"`
	Status  int    `json:"status"`
	Verdict string `json:"status_name"`
	Exit    *int   `json:"exit_status,omitempty"`
	Output  string `json:"output,omitempty"` // base64
}

// Statuses of a script result that are a failure: failed, timed out, aborted, degraded, dependencies not installed, and
// custom network configuration not applied.
var failedScript = map[int]bool{3: true, 4: true, 5: true, 6: true, 8: true, 11: true}

func (set *scriptSet) failed() []string {
	var out []string
	seen := map[string]bool{}
	for _, r := range set.Results {
		if failedScript[r.Status] && !seen[r.Name] {
			seen[r.Name] = true
			out = append(out, r.Name)
		}
	}
	return out
}

// scriptResults reads the newest run of a kind (commissioning, testing, installation) without outputs; nil when there is
// none.
func (s *session) scriptResults(id, kind string) (*scriptSet, error) {
	var set scriptSet
	err := s.get("nodes/"+id+"/results/current-"+kind+"/", "", nil, &set)
	// No run of the kind is 400 at 3.x, and may be 404.
	if isAnswer(err, http.StatusBadRequest, http.StatusNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, s.fail(err, "read results of %s", kind)
	}
	return &set, nil
}

// reason collects why a machine failed: the failed scripts of the kind with the tail of their output, what MAAS says, and
// its newest warnings. What can't be read is left out, as the failure itself must be told in any case.
func (s *session) reason(m *machine, kinds ...string) string {
	var parts []string
	if m.StatusMessage != "" && m.StatusMessage != m.StatusName {
		parts = append(parts, m.StatusMessage)
	}
	for _, kind := range kinds {
		set, err := s.scriptResults(m.SystemID, kind)
		if err != nil || set == nil {
			continue
		}
		failed := set.failed()
		if len(failed) == 0 {
			continue
		}
		what := "scripts of " + kind + " that failed: " + strings.Join(failed, ", ")
		if tail := s.outputTail(m.SystemID, kind); tail != "" {
			what += "; output ends with: " + tail
		}
		parts = append(parts, what)
	}
	parts = append(parts, s.warnings(m)...)
	if len(parts) == 0 {
		return m.StatusName
	}
	return s.clean(strings.Join(parts, "; "))
}

// outputTail is the end of the output of the first failed script that has one.
func (s *session) outputTail(id, kind string) string {
	var set scriptSet
	if s.get("nodes/"+id+"/results/current-"+kind+"/", "", url.Values{"include_output": {"true"}}, &set) != nil {
		return ""
	}
	for _, r := range set.Results {
		if !failedScript[r.Status] || r.Output == "" {
			continue
		}
		text, err := base64.StdEncoding.DecodeString(r.Output)
		if err != nil {
			continue
		}
		if t := tail(string(text), 400); t != "" {
			return strconv.Quote(t)
		}
	}
	return ""
}

// tail is the last n bytes or so of a text, from the start of a line where possible.
func tail(text string, n int) string {
	text = strings.TrimSpace(text)
	if len(text) > n {
		text = text[len(text)-n:]
		if _, rest, ok := strings.Cut(text, "\n"); ok {
			text = rest
		}
	}
	return strings.ToValidUTF8(text, "")
}

// warnings are the newest events about the machine that MAAS calls a warning or worse.
func (s *session) warnings(m *machine) []string {
	page, err := s.gmc.Events.Get(&entity.EventParams{ID: m.SystemID, Limit: "3", Level: event.WARNING})
	if err != nil {
		return nil
	}
	var out []string
	for _, e := range page.Events {
		text := e.Type
		if e.Description != "" {
			text += ": " + e.Description
		}
		if text != "" && !strings.Contains(m.StatusMessage, text) {
			out = append(out, shorten(text, 200))
		}
	}
	return out
}
