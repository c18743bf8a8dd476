package redfish

import (
	"net/http"
	"strconv"
	"strings"
	"sync"

	"drydock/simulator/world"
)

// tasks are the resets that were answered with 202.
type tasks struct {
	mu   sync.Mutex
	last int
}

const tasksPath = root + "/TaskService/TaskMonitors/"

// accepted answers a reset with 202: where to ask, and when.
func (s *Service) accepted(w http.ResponseWriter) {
	s.tasks.mu.Lock()
	s.tasks.last++
	id := strconv.Itoa(s.tasks.last)
	s.tasks.mu.Unlock()
	w.Header().Set("Location", tasksPath+id)
	w.Header().Set("Retry-After", "1")
	answer(w, http.StatusAccepted, s.task(id, "Running"))
}

func (s *Service) task(id, state string) object {
	return object{
		"@odata.type": "#Task.v1_7_2.Task", "@odata.id": root + "/TaskService/Tasks/" + id, "Id": id,
		"Name": "Reset " + s.id, "TaskState": state, "TaskStatus": "OK", "TaskMonitor": tasksPath + id,
	}
}

// taskMonitor says 202 as long as the power moves, and then 200 with the finished task.
func (s *Service) taskMonitor(path string) (resource, bool) {
	id, ok := strings.CutPrefix(path, tasksPath)
	n, err := strconv.Atoi(id)
	s.tasks.mu.Lock()
	known := ok && err == nil && n >= 1 && n <= s.tasks.last
	s.tasks.mu.Unlock()
	if !known {
		return resource{}, false
	}
	return resource{serve: func(w http.ResponseWriter, _ *http.Request) {
		switch s.machine.Power() {
		case world.PoweringOn, world.PoweringOff:
			w.Header().Set("Location", path)
			w.Header().Set("Retry-After", "1")
			answer(w, http.StatusAccepted, s.task(id, "Running"))
		default:
			answer(w, http.StatusOK, s.task(id, "Completed"))
		}
	}}, true
}
