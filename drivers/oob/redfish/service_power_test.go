package redfish_test

import (
	"net/http"
	"slices"
	"time"
)

func (s *service) reset(w http.ResponseWriter, r *http.Request, m *machine, kind string) {
	s.postTags = append(s.postTags, r.Header.Get("If-Match"))
	if s.postWantsTag && r.Header.Get("If-Match") != s.tag(m) {
		answer(w, &refusal{status: 428, id: "Base.1.8.PreconditionRequired", text: "If-Match is missing."})
		return
	}
	s.resets = append(s.resets, kind)
	if len(s.refuseReset) > 0 {
		f := s.refuseReset[0]
		s.refuseReset = s.refuseReset[1:]
		if f != nil {
			answer(w, f)
			return
		}
	}
	if !slices.Contains(s.resetTypes, kind) {
		answer(w, &refusal{status: 400, id: "Base.1.8.ActionParameterNotSupported", text: "ResetType " + kind + " is not supported."})
		return
	}
	if m.state != "On" && m.state != "Off" || kind == "On" && m.state == "On" || kind != "On" && kind != "ForceOn" && kind != "PushPowerButton" && m.state == "Off" {
		answer(w, &refusal{status: 409, id: "Base.1.8.InvalidOperationForSystemState", text: "The operation is invalid for the current system state."})
		return
	}
	if !s.deaf && s.task != "exception" {
		s.act(m, kind)
	}
	if s.loseAnswer {
		s.loseAnswer = false
		panic(http.ErrAbortHandler)
	}
	switch s.task {
	case "empty":
		w.WriteHeader(http.StatusAccepted)
	case "done":
		reply(w, map[string]any{"@odata.type": "#Task.v1_4_3.Task", "TaskState": "Completed", "TaskStatus": "OK"})
	case "location", "gone":
		w.Header().Set("Location", "/redfish/v1/Tasks/1/Monitor")
		w.WriteHeader(http.StatusAccepted)
	case "body", "exception":
		w.WriteHeader(http.StatusAccepted)
		reply(w, map[string]any{"@odata.type": "#Task.v1_4_3.Task", "@odata.id": "/redfish/v1/Tasks/1", "TaskState": "Running"})
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}

func (s *service) taskMonitor(w http.ResponseWriter) {
	if s.tasks > 0 {
		s.tasks--
		w.Header().Set("Retry-After", s.taskAfter)
		w.WriteHeader(http.StatusAccepted)
		reply(w, map[string]any{"@odata.type": "#Task.v1_4_3.Task", "@odata.id": "/redfish/v1/Tasks/1", "TaskState": "Running"})
		return
	}
	switch s.task {
	case "gone":
		answer(w, &refusal{status: 404})
	case "exception":
		reply(w, map[string]any{"@odata.type": "#Task.v1_4_3.Task", "TaskState": "Exception", "TaskStatus": "Critical",
			"Messages": []any{map[string]any{"Message": "The power supply failed."}}})
	case "body":
		reply(w, map[string]any{"@odata.type": "#Task.v1_4_3.Task", "TaskState": "Completed", "TaskStatus": "OK"})
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}

// act does what the machine does.
func (s *service) act(m *machine, kind string) {
	boots := func() {
		m.starts++
		m.lastReset = m.lastReset.Add(time.Minute)
		if m.enabled == "Once" {
			m.enabled = "Disabled"
		}
	}
	switch kind {
	case "On", "ForceOn", "PushPowerButton":
		boots()
		s.move(m, "PoweringOn", "On")
	case "ForceOff":
		s.move(m, "PoweringOff", "Off")
	case "GracefulShutdown":
		if s.graceful {
			s.move(m, "PoweringOff", "Off")
		}
	case "ForceRestart", "PowerCycle", "GracefulRestart":
		boots()
		s.move(m, "PoweringOn", "On")
	}
}

func (s *service) move(m *machine, through, to string) {
	if s.transition == 0 {
		m.state = to
		return
	}
	m.state = through
	time.AfterFunc(s.transition, func() { s.do(func() { m.state = to }) })
}
