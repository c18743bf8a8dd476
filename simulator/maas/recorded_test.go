package maas_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// take makes of an answer what is compared: its text, or the shape of its body and the words that say how things are.
func (x *exchange) take(a recordedAnswer) {
	switch body := a.Body.(type) {
	case map[string]any:
		if body["<binary>"] != nil {
			x.Long = true
			return
		}
		x.Trimmed = trimmed(body, body, a.Bytes)
	case []any:
		x.Trimmed = trimmed(body, firstOf(body), a.Bytes)
	case string:
		x.Long = len(body) > 1000 || x.Type == "application/bson"
	}
	if x.Shape = summary(x, a); x.Shape != nil {
		return
	}
	if size(a.Body) == 0 || a.Status >= 400 {
		if !x.Long {
			x.Body = a.Body
		}
		return
	}
	x.Shape = shapeOf(a.Body)
	x.Learn = learned(x, a.Body)
	if object, ok := a.Body.(map[string]any); ok && object["status_name"] != nil {
		x.Words = map[string]any{}
		for _, w := range statusWords {
			if v, ok := object[w]; ok {
				x.Words[w] = v
			}
		}
	}
}

// summary is the shape of what the recordings only count, or name the fields of; nil for all others.
func summary(x *exchange, a recordedAnswer) any {
	switch body := a.Body.(type) {
	case float64:
		if a.Bytes > 20 {
			return "list"
		}
	case []any:
		if _, name := firstOf(body).(string); !name || wireSize(body) > a.Bytes*9/10 {
			return nil
		}
		if !slices.Contains(x.Query, [2]string{"op", "power_parameters"}) {
			return "list" // of which the names are recorded
		}
		fields := map[string]any{}
		for _, name := range body {
			fields[fmt.Sprint(name)] = "any"
		}
		return fields
	}
	return nil
}

// statusWords are fields of a machine that say how far it is. Their values are compared, not only their types.
var statusWords = []string{"hostname", "status", "status_name", "status_message", "status_action", "power_state", "owner", "osystem",
	"distro_series", "hwe_kernel", "netboot", "locked", "testing_status_name", "commissioning_status_name", "ephemeral_deploy"}

func size(v any) int {
	switch v := v.(type) {
	case map[string]any:
		return len(v)
	case []any:
		return len(v)
	}
	return 0
}

// trimmed reports whether the recording shows some fields only of an object, or of those on a list: it is shorter than what
// came over the wire. A list may also be short because the rest of it is left out; its objects are whole if they have addresses.
func trimmed(body, first any, wire int) bool {
	object, ok := first.(map[string]any)
	if _, list := body.([]any); !ok || list && object["resource_uri"] != nil {
		return false
	}
	for _, v := range object {
		if text, ok := v.(string); ok && strings.HasPrefix(text, "<") {
			return false // what is short is a text
		}
	}
	return wireSize(body) < wire*9/10
}

// wireSize is how many bytes a region needs for a body.
func wireSize(body any) int {
	text, err := json.MarshalIndent(body, "", "    ")
	if err != nil {
		return 0
	}
	return len(text)
}

func firstOf(list []any) any {
	if len(list) == 0 {
		return nil
	}
	return list[0]
}

var systemID = regexp.MustCompile(`^[34678abcdefghkmnpqrstwxy]{6}$`)

// named reports whether the key of an object is not that of a field, but the name of what is there: of a machine, or of what
// repeats it.
func named(key string, v any) bool {
	object, ok := v.(map[string]any)
	return ok && (systemID.MatchString(key) || object["version"] == key || object["filename"] == key)
}

func shapeOf(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		names := len(v) > 0
		for k, x := range v {
			out[k] = shapeOf(x)
			if _, number := x.(float64); number && k == "vlan" {
				out[k] = "object" // of which the id is recorded
			}
			names = names && named(k, x)
		}
		if names {
			for _, x := range out {
				return map[string]any{"*": x}
			}
		}
		return out
	case []any:
		if size(firstOf(v)) > 0 {
			return []any{shapeOf(v[0])}
		}
		return "list"
	}
	return typeOf(v)
}

// plurals are the names of collections whose members have addresses with another one.
var plurals = map[string]string{"partition": "partitions", "volume-group": "volume-groups", "resourcepool": "resourcepools", "raid": "raids"}

// learned says what of an answer has ids that later calls may name: kind, id, and where it is.
func learned(x *exchange, body any) (out [][]any) {
	object, ok := body.(map[string]any)
	if !ok {
		if list, ok := body.([]any); ok && x.File == "boot-resources" {
			for n, item := range list {
				if object, ok := item.(map[string]any); ok {
					out = append(out, []any{"boot-resources", object["id"], []any{n, "id"}})
				}
			}
		}
		return out
	}
	if uri, ok := object["resource_uri"].(string); ok {
		parts := strings.Split(strings.Trim(uri, "/"), "/")
		kind := parts[len(parts)-2]
		if p, ok := plurals[kind]; ok {
			kind = p
		}
		for _, id := range []string{"system_id", "id"} {
			if v := object[id]; v != nil && (id == "id" || kind == "machines" || kind == "devices") {
				if kind != "machines" || x.Method == "POST" && x.Path == "machines/" {
					out = append(out, []any{kind, v, []any{id}})
				}
				break
			}
		}
		if kind == "raids" {
			out = append(out, []any{"blockdevices", object["virtual_device"].(map[string]any)["id"], []any{"virtual_device", "id"}})
		}
	}
	for _, inner := range []struct{ field, kind string }{{"links", "links"}, {"vlans", "vlans"}} {
		list, _ := object[inner.field].([]any)
		for n, item := range list {
			if item, ok := item.(map[string]any); ok && item["id"] != nil {
				out = append(out, []any{inner.kind, item["id"], []any{inner.field, n, "id"}})
			}
		}
	}
	return slices.Clip(out)
}
