package control

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"

	"drydock/simulator/maas"
	"drydock/simulator/world"
)

// Fault is a fault of MAAS. Fields that are left out bound nothing; maas.Rule says what each of them means.
type Fault struct {
	ID         int                   `json:"id,omitempty"`
	Kind       maas.Kind             `json:"kind"`
	Requests   string                `json:"requests,omitempty"`
	Machine    string                `json:"machine,omitempty"`
	During     world.EnvironmentKind `json:"during,omitempty"`
	Script     string                `json:"script,omitempty"`
	Share      float64               `json:"share,omitempty"`
	Seed       int64                 `json:"seed,omitempty"`
	Count      int                   `json:"count,omitempty"`
	RetryAfter int                   `json:"retry_after,omitempty"` // seconds
	Delay      Duration              `json:"delay,omitzero"`
	PerMachine Duration              `json:"per_machine,omitzero"`
	Jitter     Duration              `json:"jitter,omitzero"`
	Struck     int                   `json:"struck"` // how often so far
}

// Duration is written as text, such as "1.5s".
type Duration time.Duration

// MarshalText writes the duration.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads the duration; an error shows what was given.
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	*d = Duration(parsed)
	return err
}

// MAAS is what the API needs to know of the region; *maas.Server is one.
type MAAS interface {
	AddFault(maas.Rule) (maas.Fault, error)
	Faults() []maas.Fault
	ClearFault(id int) bool
	ClearFaults()
	Calls() map[string]int
}

func faultOf(f maas.Fault) Fault {
	return Fault{ID: f.ID, Kind: f.Kind, Requests: f.Requests, Machine: f.Machine, During: f.During, Script: f.Script, Share: f.Share,
		Seed: f.Seed, Count: f.Count, RetryAfter: f.RetryAfter, Delay: Duration(f.Delay), PerMachine: Duration(f.PerMachine),
		Jitter: Duration(f.Jitter), Struck: f.Struck}
}

func (f Fault) rule() maas.Rule {
	return maas.Rule{Kind: f.Kind, Requests: f.Requests, Machine: f.Machine, During: f.During, Script: f.Script, Share: f.Share,
		Seed: f.Seed, Count: f.Count, RetryAfter: f.RetryAfter, Delay: time.Duration(f.Delay), PerMachine: time.Duration(f.PerMachine),
		Jitter: time.Duration(f.Jitter)}
}

func (a *api) regionFaults(w http.ResponseWriter, _ *http.Request) {
	out := []Fault{}
	for _, f := range a.maas.Faults() {
		out = append(out, faultOf(f))
	}
	answer(w, out)
}

func (a *api) addFault(w http.ResponseWriter, r *http.Request) {
	var body Fault
	decoder := json.NewDecoder(io.LimitReader(r.Body, maxBody))
	decoder.DisallowUnknownFields() // a field that is misspelt would bound nothing
	if err := decoder.Decode(&body); err != nil {
		refuse(w, http.StatusBadRequest, fmt.Errorf("read fault: %w", err))
		return
	}
	if body.ID != 0 || body.Struck != 0 {
		refuse(w, http.StatusBadRequest, fmt.Errorf("read fault: id and struck are not for you to give"))
		return
	}
	f, err := a.maas.AddFault(body.rule())
	if err != nil {
		refuse(w, http.StatusBadRequest, err)
		return
	}
	answerWith(w, http.StatusCreated, faultOf(f))
}

func (a *api) clearFaults(w http.ResponseWriter, r *http.Request) {
	a.maas.ClearFaults()
	a.regionFaults(w, r)
}

// regionFault shows a fault, and makes it end where the method says so.
func (a *api) regionFault(w http.ResponseWriter, r *http.Request) {
	id, _ := strconv.Atoi(r.PathValue("id")) // 0 where it is no number, which is no fault's
	faults := a.maas.Faults()
	at := slices.IndexFunc(faults, func(f maas.Fault) bool { return f.ID == id })
	if at < 0 || r.Method == http.MethodDelete && !a.maas.ClearFault(id) {
		refuse(w, http.StatusNotFound, fmt.Errorf("find fault %q of maas: GET /maas/faults lists them", r.PathValue("id")))
		return
	}
	answer(w, faultOf(faults[at]))
}
