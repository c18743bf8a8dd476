package maas

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// scriptFields are the fields of a script's form, in the order of its checks.
var scriptFields = []string{"name", "title", "description", "tags", "script_type", "hardware_type", "parallel", "packages", "timeout",
	"destructive", "script", "for_hardware", "may_reboot", "recommission", "apply_configured_networking"}

// editScript applies a form to a draft of a script: all fields of a new one, and those given of one that is there. What the
// text says about itself, in its metadata, counts as given.
func (s *Server) editScript(c *call, x *script) error {
	var v invalid
	fresh := x.id == 0
	f := s.scriptForm(c)
	if data, ok := f["script"]; ok {
		readMetadata(data, x, f, fresh, &v)
	}
	if fresh {
		for _, need := range []string{"name", "script"} {
			if strings.TrimSpace(f[need]) == "" {
				v.add(need, fieldRequired)
			}
		}
	}
	if x.builtin {
		for _, k := range scriptFields {
			if _, given := f[k]; given && k != "tags" && k != "timeout" {
				v.add(k, "Not allowed to change on default scripts.")
			}
		}
	}
	s.nameScript(x, f, &v)
	f.text("title", &x.title)
	f.text("description", &x.description)
	f.enum("script_type", &x.kind, s.scriptKind, &v)
	f.enum("hardware_type", &x.hardware, hardwareType, &v)
	f.enum("parallel", &x.parallel, scriptParallel, &v)
	f.flag("destructive", &x.destructive)
	f.flag("may_reboot", &x.mayReboot)
	f.flag("recommission", &x.recommission)
	f.flag("apply_configured_networking", &x.applyNetworking)
	if given, ok := f["tags"]; ok {
		x.tags = commaList(given)
	}
	if given := f["timeout"]; given != "" {
		d, ok := parseDuration(given)
		if !ok {
			v.add("timeout", "Enter a valid duration.")
		}
		x.timeout = d
	}
	if given := f["packages"]; given != "" {
		var packages obj
		if json.Unmarshal([]byte(given), &packages) != nil {
			v.add("packages", "Enter valid JSON.")
		}
		x.packages = packages
	}
	if given := f["for_hardware"]; given != "" {
		x.forHardware = forHardware(given, &v)
	}
	comment, commented := f["comment"]
	if _, ok := f["script"]; commented && !ok {
		v.add("comment", "\"comment\" may only be used when specifying a \"script\" as well.")
	}
	if err := v.err(); err != nil {
		return err
	}
	if x.tags = remove(x.tags, "destructive"); x.destructive {
		x.tags = append(x.tags, "destructive")
	}
	if data := f["script"]; data != "" {
		s.addRevision(x, data, orNull(comment))
	}
	return nil
}

// scriptForm reads the fields of a script, type being another word for script_type.
func (s *Server) scriptForm(c *call) fields {
	f := fields{}
	for _, k := range append([]string{"comment"}, scriptFields...) {
		if c.has(k) {
			f[k] = strings.TrimSpace(c.get(k))
		}
	}
	if c.has("script") {
		f["script"] = c.get("script")
	} else if len(c.files) == 1 {
		f["name"], f["script"] = c.files[0], c.get(c.files[0])
	}
	if _, ok := f["script_type"]; !ok && c.has("type") {
		f["script_type"] = c.get("type")
	}
	return f
}

// unquoted is what a shell takes as it stands.
var unquoted = regexp.MustCompile(`^[\w@%+=:,./-]+$`)

func (s *Server) nameScript(x *script, f fields, v *invalid) {
	name, ok := f["name"]
	if !ok || name == "" {
		return
	}
	_, err := strconv.Atoi(name)
	switch {
	case strings.EqualFold(name, "none"):
		v.add("name", "\"none\" is a reserved name.")
	case err == nil:
		v.add("name", "Cannot be a number.")
	case !unquoted.MatchString(name):
		v.add("name", "Name '%s' contains disallowed characters, e.g. space or quotes.", name)
	}
	for _, y := range s.scripts {
		if y.name == name && y.id != x.id {
			v.add("name", "Script with this Name already exists.")
		}
	}
	x.name = name
}

// fields are those of a form that are given.
type fields map[string]string

func (f fields) text(name string, into *string) {
	if given, ok := f[name]; ok {
		*into = given
	}
}

func (f fields) flag(name string, into *bool) {
	if given, ok := f[name]; ok {
		*into = isTrue(given)
	}
}

func (f fields) enum(name string, into *int, read func(string) (int, string), v *invalid) {
	if f[name] == "" {
		return
	}
	n, problem := read(f[name])
	if problem != "" {
		v.add(name, "%s", problem)
		return
	}
	*into = n
}

// enumeration reads a number below a bound, or one of the words for it.
func enumeration(word string, valid map[string]int, numeric, other string) (int, string) {
	if n, err := strconv.Atoi(word); err == nil {
		for _, x := range valid {
			if x == n {
				return n, ""
			}
		}
		return -1, numeric
	}
	if n, ok := valid[word]; ok {
		return n, ""
	}
	return -1, other
}

func (s *Server) scriptKind(word string) (int, string) {
	kinds := map[string]int{"test": scriptTesting, "testing": scriptTesting, "commission": scriptCommissioning,
		"commissioning": scriptCommissioning}
	words := "Script type must be testing or commissioning"
	if s.version.atLeast(5) {
		kinds["release"] = scriptRelease
		words = "Script type must be commissioning, testing or release"
	}
	return enumeration(word, kinds, "Invalid script type numeric value.", words)
}

func hardwareType(word string) (int, string) {
	return enumeration(word, map[string]int{"node": 0, "machine": 0, "controller": 0, "cpu": 1, "processor": 1, "memory": 2, "ram": 2,
		"storage": 3, "disk": 3, "ssd": 3, "network": 4, "net": 4, "interface": 4, "gpu": 5, "graphics": 5},
		"Invalid hardware type numeric value.", "Hardware type must be node, cpu, memory, storage, or gpu")
}

func scriptParallel(word string) (int, string) {
	return enumeration(word, map[string]int{"disabled": 0, "none": 0, "instance": 1, "name": 1, "any": 2, "enabled": 2},
		"Invalid script parallel numeric value.", "Script parallel must be disabled, instance, or any.")
}

func commaList(given string) []string {
	out := []string{}
	for _, x := range strings.Split(given, ",") {
		if x = strings.TrimSpace(x); x != "" && !contains(out, x) {
			out = append(out, x)
		}
	}
	return out
}

// parseDuration reads seconds, or [hours:]minutes:seconds.
func parseDuration(given string) (time.Duration, bool) {
	parts := strings.Split(given, ":")
	if len(parts) > 3 {
		return 0, false
	}
	seconds := 0
	for _, p := range parts {
		n, err := strconv.Atoi(p)
		if err != nil || n < 0 || n > 1<<31 {
			return 0, false
		}
		seconds = seconds*60 + n
	}
	return time.Duration(seconds) * time.Second, true
}

var hardwareID = regexp.MustCompile(`(?i)^modalias:.+|pci:[\da-f]{4}:[\da-f]{4}|usb:[\da-f]{4}:[\da-f]{4}|` +
	`(system_vendor|system_product|system_version|mainboard_vendor|mainboard_product):.*$`)

// forHardware reads a JSON list, or texts separated by commas.
func forHardware(given string, v *invalid) []string {
	var ids []string
	if json.Unmarshal([]byte(given), &ids) != nil {
		ids = commaList(strings.Trim(given, `"`))
	}
	for _, id := range ids {
		if !hardwareID.MatchString(id) {
			v.add("for_hardware", "Hardware identifier '%s' must be a modalias, PCI ID, USB ID, system vendor, system product, "+
				"system version, mainboard vendor, or mainboard product.", id)
		}
	}
	return ids
}
