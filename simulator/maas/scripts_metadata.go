package maas

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// metadataBorder begins and ends what a script says about itself, in comments of its own.
var metadataBorder = regexp.MustCompile(`(?i)\s*#\s*-+\s*(Start|End) MAAS (\d+\.\d+) script metadata\s+-+`)

// readMetadata reads the YAML in a script's comments. It sets results and parameters of the draft, and adds the rest to the
// form, where it may not say otherwise. Tags and timeout count for new scripts only, so that an update of the text keeps
// what people have set.
func readMetadata(data string, x *script, f fields, fresh bool, v *invalid) {
	lines := strings.Split(strings.ReplaceAll(data, "\r\n", "\n"), "\n")
	if data != "" && !strings.HasPrefix(lines[0], "#!/") {
		v.add("script", "Must start with shebang.")
	}
	var embedded strings.Builder
	inside := ""
	for _, line := range lines[min(1, len(lines)):] {
		if border := metadataBorder.FindStringSubmatch(line); border != nil {
			if inside == "" && border[2] == "1.0" {
				inside = border[2]
				continue
			}
			if inside == border[2] {
				break
			}
			continue
		}
		if inside == "" || strings.TrimSpace(line) == "" {
			continue
		}
		_, rest, ok := strings.Cut(line, "#")
		if !ok {
			v.add("script", "Missing \"#\" on YAML line.")
			return
		}
		embedded.WriteString(rest + "\n")
	}
	var metadata map[string]any
	if err := yaml.Unmarshal([]byte(embedded.String()), &metadata); err != nil {
		v.add("script", "Invalid YAML: %v", err)
		return
	}
	if metadata == nil {
		return
	}
	x.results, x.parameters = metadata["results"], metadata["parameters"]
	x.perDisk = false
	if parameters, ok := x.parameters.(map[string]any); ok {
		for _, p := range parameters {
			if p, ok := p.(map[string]any); ok && p["type"] == "storage" {
				x.perDisk = true
			}
		}
	}
	for k, value := range metadata {
		if value == nil || !slices.Contains(scriptFields, k) || k == "script" || (k == "tags" || k == "timeout") && !fresh {
			continue
		}
		embed(k, value, f, v)
	}
}

// embed adds one value of the metadata to the form.
func embed(k string, value any, f fields, v *invalid) {
	given, ok := f[k]
	said := fmt.Sprint(value)
	switch list, isList := value.([]any); {
	case k == "packages" || k == "for_hardware":
		if b, err := json.Marshal(value); err == nil {
			said = string(b)
		}
	case k == "tags" && isList:
		words := make([]string, len(list))
		for i, x := range list {
			words[i] = fmt.Sprint(x)
		}
		said = strings.Join(words, ",")
	}
	switch {
	case !ok:
		f[k] = said
	case k == "tags" || k == "timeout" || k == "packages" || k == "for_hardware" || given == said:
	case k == "script_type" && strings.HasPrefix(given, "test") && strings.HasPrefix(said, "test"):
	case k == "script_type" && strings.HasPrefix(given, "commission") && strings.HasPrefix(said, "commission"):
	default:
		v.add(k, "May not override values defined in embedded YAML.")
	}
}
