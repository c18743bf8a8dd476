package config

import (
	"slices"
	"strings"
)

// prefix of the variables that belong to Drydock.
const prefix = "DRYDOCK_"

// FileVariable names the configuration file where no --config does.
const FileVariable = prefix + "CONFIG"

// Variables with these prefixes belong to the tests and the build.
var foreignPrefixes = []string{prefix + "TEST_", prefix + "REQUIRE_"}

// environment is what the variables say: keys of the configuration with their values, and from which variable each came.
type environment struct {
	values    map[string]any
	variables map[string]string // key to variable
	problems  Problems
}

func readEnvironment(environ []string) environment {
	e := environment{values: map[string]any{}, variables: map[string]string{}}
	known := knownKeys()
	for _, entry := range environ {
		name, value, ok := strings.Cut(entry, "=")
		if !ok || !strings.HasPrefix(name, prefix) || name == FileVariable {
			continue
		}
		if slices.ContainsFunc(foreignPrefixes, func(p string) bool { return strings.HasPrefix(name, p) }) {
			continue
		}
		key := strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(name, prefix), "__", "."))
		e.add(known, name, key, value)
	}
	return e
}

func (e *environment) add(known map[string]keyForm, variable, key, value string) {
	form, ok := known[key]
	if !ok {
		if parent, _, found := cutLast(key, "."); found && known[parent] == formWordMap {
			form, ok = formScalar, true
		}
	}
	switch {
	case !ok:
		e.problems = append(e.problems, Problem{Where: variable, Text: unknownVariable(known, key)})
		return
	case form == formFileOnly:
		e.problems = append(e.problems, Problem{Where: variable, Key: key, Text: "can't be set by a variable: set it in the configuration file"})
		return
	case form == formWordMap:
		e.problems = append(e.problems, Problem{Where: variable, Key: key,
			Text: "names a group of keys: set one of them, such as " + variable + "__REDFISH"})
		return
	case form == formList:
		var items []any
		for item := range strings.SplitSeq(value, ",") {
			if item = strings.TrimSpace(item); item != "" {
				items = append(items, item)
			}
		}
		e.values[key] = items
	default:
		e.values[key] = value
	}
	e.variables[key] = variable
}

func unknownVariable(known map[string]keyForm, key string) string {
	text := "unknown variable: there is no key " + key
	// The usual mistake is one underscore where two are needed.
	flat := strings.NewReplacer(".", "_").Replace(key)
	for k := range known {
		if strings.ReplaceAll(k, ".", "_") == flat {
			return text + "; " + k + " is " + variableOf(k)
		}
	}
	return text + " (two underscores stand between levels, such as " + variableOf("drivers.maas.url") + ")"
}

// variableOf is the name of the variable that sets a key.
func variableOf(key string) string {
	return prefix + strings.ToUpper(strings.ReplaceAll(key, ".", "__"))
}

func lookup(environ []string, name string) string {
	for _, entry := range slices.Backward(environ) { // the last one counts, as in a process
		if n, v, ok := strings.Cut(entry, "="); ok && n == name {
			return v
		}
	}
	return ""
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}
