package server

import (
	"encoding/json"
	"fmt"
	"time"

	"drydock/design"
	"drydock/design/state"
	"drydock/starter"
	"drydock/workflows"
)

// wireTask is a task as the original's clients read it.
type wireTask struct {
	Kind          string             `json:"kind"` // "Task"
	APIVersion    string             `json:"apiVersion"`
	ID            string             `json:"task_id"`
	Action        string             `json:"action"`
	Parent        *string            `json:"parent_task_id"` // always null
	DesignRef     string             `json:"design_ref"`
	Status        string             `json:"status"`
	NodeFilter    *design.NodeFilter `json:"node_filter"`
	Subtasks      []string           `json:"subtask_id_list"` // always empty
	Created       string             `json:"created"`
	CreatedBy     string             `json:"created_by"`
	Updated       string             `json:"updated"`
	Terminated    *string            `json:"terminated"`
	TerminatedBy  *string            `json:"terminated_by"`
	Terminate     bool               `json:"terminate"`
	Retry         int                `json:"retry"`
	Result        wireResult         `json:"result"`
	BuildData     *[]wireEvidence    `json:"build_data,omitempty"`
	SubtaskErrors *map[string]any    `json:"subtask_errors,omitempty"`
	Progress      *wireProgress      `json:"progress,omitempty"` // ours, only when asked for
}

// Status of a task on the wire.
const (
	wireRunning    = "running"
	wireComplete   = "complete"
	wireTerminated = "terminated"

	resultIncomplete = "incomplete"
)

type wireResult struct {
	Kind       string            `json:"kind"` // "Status"
	APIVersion string            `json:"apiVersion"`
	Metadata   struct{}          `json:"metadata"`
	Message    *string           `json:"message"`
	Reason     *string           `json:"reason"`
	Status     string            `json:"status"`
	Successes  []string          `json:"successes"`
	Failures   []string          `json:"failures"`
	Links      []wireLink        `json:"links"`
	Details    wireResultDetails `json:"details"`
}

type wireLink struct {
	Rel  string `json:"rel"`
	Href string `json:"href"`
}

type wireResultDetails struct {
	ErrorCount  int           `json:"errorCount"`
	MessageList []wireMessage `json:"messageList"`
}

// wireMessage is one status message of a task. Extra is JSON within a string, as the original has it.
type wireMessage struct {
	Message     string `json:"message"`
	Error       bool   `json:"error"`
	ContextType string `json:"context_type"`
	Context     string `json:"context"`
	TS          string `json:"ts"`
	Extra       string `json:"extra"`
}

// wireEvidence is one element of build data.
type wireEvidence struct {
	Node      string `json:"node_name"`
	Task      string `json:"task_id"`
	Collected string `json:"collected_date"`
	Generator string `json:"generator"`
	Format    string `json:"data_format"`
	Data      string `json:"data_element"`
}

// taskToWire writes a task in the original's form. link is the address of the task's build data.
func taskToWire(t starter.Task, link string) wireTask {
	updated := t.Started
	if !t.Closed.IsZero() {
		updated = t.Closed
	}
	action := t.Kind.Action
	if action == "" {
		action = t.Type
		if kind, ok := workflows.KindOf(t.Type); ok {
			action = kind.Action
		}
	}
	w := wireTask{
		Kind: "Task", APIVersion: "v1", ID: t.ID, Action: action,
		DesignRef: withoutSecrets(t.Request.DesignRef), NodeFilter: t.Request.NodeFilter,
		Status: wireStatus(t.State), Subtasks: []string{},
		Created: pythonTime(t.Started), CreatedBy: t.Request.RequestedBy, Updated: pythonTime(updated),
		Terminate: t.State == starter.Canceled || t.State == starter.Terminated,
		Result:    resultToWire(t, pythonTime(updated)),
	}
	if w.Terminate {
		ended := pythonTime(updated)
		w.Terminated = &ended
	}
	w.Result.Links = append(w.Result.Links, wireLink{Rel: "detail_logs", Href: link})
	return w
}

// wireStatus maps the state of a task. A task that failed as a whole is complete, with a result that says so: terminated
// is for tasks that somebody ended.
func wireStatus(s starter.State) string {
	switch s {
	case starter.Completed, starter.Failed:
		return wireComplete
	case starter.Canceled, starter.Terminated:
		return wireTerminated
	}
	return wireRunning
}

// resultToWire writes the result of a task.
//
// Skipped nodes stand in neither list, only among the messages. The original's upstream deploys the nodes in successes
// of the task before, so a node that nothing was done to must not be there. It takes failures as damage to look
// after, and a node that was left alone by order has none.
func resultToWire(t starter.Task, ts string) wireResult {
	w := wireResult{Kind: "Status", APIVersion: "v1.0", Status: resultIncomplete, Successes: []string{}, Failures: []string{}, Links: []wireLink{}}
	m := messages{ts: ts, list: []wireMessage{}}
	switch {
	case t.Result != nil:
		w.Status, w.Message, w.Reason = t.Result.Status, textOrNull(t.Result.Message), textOrNull(t.Failure)
		if w.Status == "" { // of a workflow that somebody else wrote
			w.Status = workflows.StatusFailure
		}
		for _, n := range t.Result.Successes {
			w.Successes = append(w.Successes, n.Node)
		}
		for _, n := range t.Result.Failures {
			w.Failures = append(w.Failures, n.Node)
		}
		m.result(t.Result)
		if w.Status != workflows.StatusSuccess && m.errors == 0 && t.Result.Message != "" {
			m.add(true, "task", t.ID, t.Result.Message, nil) // clients print messages, not the summary
		}
	case t.State == starter.Completed:
		// It had a result that can't be read. Clients take anything but a success for a failure, which is the safe side.
		w.Message = textOrNull("the task ended by itself, but its result can't be read")
	case wireStatus(t.State) != wireRunning:
		w.Status = workflows.StatusFailure
		text := "the task ended without a result: " + string(t.State)
		w.Message, w.Reason = &text, textOrNull(t.Failure)
		if t.Failure != "" {
			text += ": " + t.Failure
		}
		m.add(true, "task", t.ID, text, nil)
	}
	w.Details = wireResultDetails{ErrorCount: m.errors, MessageList: m.list}
	return w
}

// messages collects the messages of a result, errors and others, each with the node or action it is about.
type messages struct {
	ts     string
	errors int
	list   []wireMessage
}

func (m *messages) add(isError bool, contextType, context, text string, extra map[string]string) {
	more := "{}"
	for key, value := range extra {
		if value == "" {
			delete(extra, key)
		}
	}
	if len(extra) > 0 {
		if raw, err := json.Marshal(extra); err == nil { // of strings: never fails
			more = string(raw)
		}
	}
	if isError {
		m.errors++
	}
	m.list = append(m.list, wireMessage{Message: text, Error: isError, ContextType: contextType, Context: context, TS: m.ts, Extra: more})
}

func (m *messages) result(r *workflows.Result) {
	for _, f := range r.Findings {
		if f.Level != design.LevelInfo {
			m.add(f.Level == design.LevelError, "NA", "NA", f.String(), nil)
		}
	}
	for _, s := range r.Steps {
		texts := s.Messages
		if len(texts) == 0 {
			texts = []string{s.Outcome}
		}
		for _, text := range texts {
			m.add(s.Outcome == "failed", "NA", s.Action, s.Action+": "+text, map[string]string{"step": s.ID, "outcome": s.Outcome})
		}
	}
	for _, n := range r.Failures {
		text := n.Reason
		if text == "" {
			text = "node " + n.Node + " failed and no reason was recorded"
		}
		m.add(true, "node", n.Node, text, map[string]string{"class": n.Class, "step": n.Step, "left_as": n.LeftAs})
	}
	for _, n := range r.Skipped {
		m.add(false, "node", n.Node, "skipped: "+n.Reason, map[string]string{"outcome": "skipped"})
	}
	for _, list := range [][]workflows.NodeResult{r.Successes, r.Failures, r.Skipped} {
		for _, n := range list {
			for _, warning := range n.Warnings {
				m.add(false, "node", n.Node, warning, map[string]string{"level": "warning"})
			}
		}
	}
	for _, n := range r.Successes {
		if n.Reason != "" {
			m.add(false, "node", n.Node, n.Reason, map[string]string{"outcome": n.Outcome})
		}
	}
}

func evidenceToWire(all []state.Evidence) []wireEvidence {
	out := make([]wireEvidence, 0, len(all))
	for _, e := range all {
		out = append(out, wireEvidence{Node: e.Node, Task: e.Task, Collected: pythonTime(e.Collected), Generator: e.Generator, Format: e.Format, Data: e.Data})
	}
	return out
}

// pythonTime is a time as str() of a Python datetime writes it: UTC without zone, microseconds only when there are any.
func pythonTime(t time.Time) string {
	t = t.UTC()
	s := t.Format("2006-01-02 15:04:05")
	if us := t.Nanosecond() / 1000; us != 0 {
		s += fmt.Sprintf(".%06d", us)
	}
	return s
}

func textOrNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
