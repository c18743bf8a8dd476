package redfish_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

func (s *service) tag(m *machine) string {
	switch s.etags {
	case "weak", "stripped":
		return fmt.Sprintf(`W/"%d"`, m.version)
	case "empty":
		return `W/""`
	}
	return fmt.Sprintf(`"%d"`, m.version)
}

func (m *machine) bootView(s *service) map[string]any {
	enabled := m.enabled
	if s.persistentOnce && enabled == "Once" {
		enabled = "Continuous"
	}
	target := m.target
	if s.uefiTarget && target == "Pxe" {
		target = "UefiTarget"
	}
	b := map[string]any{
		"BootSourceOverrideTarget": target, "BootSourceOverrideEnabled": enabled,
		"BootSourceOverrideTarget@Redfish.AllowableValues": []string{"None", "Pxe", "Hdd", "BiosSetup"},
	}
	if !s.noMode {
		b["BootSourceOverrideMode"] = m.mode
		if s.modes != nil {
			b["BootSourceOverrideMode@Redfish.AllowableValues"] = s.modes
		}
	}
	return b
}

func (s *service) patch(w http.ResponseWriter, r *http.Request, m *machine, body map[string]any, settings bool) {
	raw, _ := json.Marshal(body)
	s.bodies = append(s.bodies, string(raw))
	if len(s.refusePatch) > 0 {
		f := s.refusePatch[0]
		s.refusePatch = s.refusePatch[1:]
		if f != nil {
			answer(w, f)
			return
		}
	}
	match := r.Header.Get("If-Match")
	switch {
	case s.etags != "" && match == "" && s.etags != "empty":
		answer(w, &refusal{status: 428, id: "Ami.1.0.PreconditionHeaderMissing", text: "If-Match is missing."})
		return
	case match != "" && (s.rejectIfMatch || s.etags == "empty"),
		s.etags == "stripped" && match != strings.TrimPrefix(s.tag(m), "W/"),
		s.etags != "" && s.etags != "empty" && s.etags != "stripped" && match != "*" && match != s.tag(m):
		answer(w, &refusal{status: 412, id: "Base.1.8.PreconditionFailed", text: "The ETag does not match."})
		return
	}
	boot, _ := body["Boot"].(map[string]any)
	mode, sent := boot["BootSourceOverrideMode"].(string)
	if s.wantLeast && len(boot) > 2 {
		answer(w, &refusal{status: 400, id: "Base.1.8.PropertyUnknown", text: "Too many properties."})
		return
	}
	if !sent && s.resetsMode {
		m.mode = "Legacy"
	}
	if sent && s.noWritableMode {
		answer(w, &refusal{status: 400, id: "Base.1.8.PropertyNotWritable", text: "BootSourceOverrideMode is read-only."})
		return
	}
	if !sent && s.wantMode {
		answer(w, &refusal{status: 400, id: "Base.1.8.PropertyMissing", text: "BootSourceOverrideMode is missing."})
		return
	}
	if !s.forgetBoot {
		if sent {
			m.mode = mode
		}
		if v, ok := boot["BootSourceOverrideTarget"].(string); ok {
			m.target = v
		}
		if v, ok := boot["BootSourceOverrideEnabled"].(string); ok {
			m.enabled = v
		}
	}
	m.version++
	if s.loseBoot {
		s.loseBoot = false
		panic(http.ErrAbortHandler)
	}
	w.WriteHeader(http.StatusNoContent)
}
