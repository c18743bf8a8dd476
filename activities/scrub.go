package activities

import (
	"bytes"
	"encoding/json"

	"drydock/design/build"
)

// model is a build model without secrets: a BMC may repeat in an alarm or a log what it was sent.
func (s scrubber) model(known build.Node) (build.Node, error) {
	text, err := json.Marshal(known)
	if err != nil {
		return known, err
	}
	var tree any
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&tree); err != nil {
		return known, err
	}
	if !s.strings(tree) {
		return known, nil // nearly always
	}
	if text, err = json.Marshal(tree); err != nil {
		return known, err
	}
	var clean build.Node
	return clean, json.Unmarshal(text, &clean)
}

// strings cleans all strings of a JSON value, and reports whether there was anything to clean.
func (s scrubber) strings(value any) (changed bool) {
	one := func(v any, set func(any)) {
		if text, ok := v.(string); ok {
			if clean := s.clean(text); clean != text {
				set(clean)
				changed = true
			}
			return
		}
		changed = s.strings(v) || changed
	}
	switch v := value.(type) {
	case map[string]any:
		for key, e := range v {
			one(e, func(clean any) { v[key] = clean })
		}
	case []any:
		for i, e := range v {
			one(e, func(clean any) { v[i] = clean })
		}
	}
	return changed
}
