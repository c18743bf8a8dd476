package maas_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// unlike are fields that are null in the recordings and not here, or the other way round, by the end of their path, and why.
var unlike = map[string]string{
	"spaces[].subnets[].vlan.primary_rack":                "DHCP was turned on later there",
	"regioncontrollers[].architecture":                    "the recorded controller had never described itself",
	"regioncontrollers[].current_commissioning_result_id": "this region does not keep results of its own controllers",
	"lifecycle.boot_interface.firmware_version":           "the simulated NICs have none",
	"lifecycle.interface_set[].firmware_version":          "the simulated NICs have none",
	"lifecycle.hardware_uuid":                             "the recorded machine had none",
	"lifecycle.bios_boot_method":                          "the recorded machine told no rack how it boots",
	"rackcontrollers[].version":                           "the recorded controller had never said its version",
	"rackcontrollers.version":                             "the same",
	"interface_set[].discovered":                          "this region does not guess networks by traffic",
}

// similar compares names of fields, types and nulls.
func similar(t *testing.T, where string, want, got any, trimmed bool) {
	t.Helper()
	require.Empty(t, difference(where, want, got, trimmed))
}

// difference says where a value has other fields, types or nulls than a shape; "" when it has not. Of a trimmed object only
// the fields that are recorded are compared. Of a list the recordings show the shape of the first, which one of it has to have.
func difference(where string, want, got any, trimmed bool) string {
	switch want := want.(type) {
	case map[string]any:
		object, ok := got.(map[string]any)
		if !ok {
			return differs(where, want, got)
		}
		return differentFields(where, want, object, trimmed)
	case []any:
		list, ok := got.([]any)
		if !ok {
			return differs(where, want, got)
		}
		first := ""
		for _, x := range list {
			d := difference(where+"[]", want[0], x, trimmed)
			if d == "" {
				return ""
			}
			if first == "" {
				first = d
			}
		}
		return first
	}
	if want == "any" || want == typeOf(got) {
		return ""
	}
	for end := range unlike {
		if strings.HasSuffix(where, end) && (want == "null" || got == nil) {
			return ""
		}
	}
	return differs(where, want, got)
}

func differs(where string, want, got any) string {
	return fmt.Sprintf("%s is %v, recorded as %v", where, got, want)
}

func differentFields(where string, want, got map[string]any, trimmed bool) string {
	if by := want["*"]; by != nil { // keys are names of things
		for name, x := range got {
			if d := difference(where+"."+name, by, x, trimmed); d != "" {
				return d
			}
		}
		return ""
	}
	// What a link shows depends on its mode.
	trimmed = trimmed || strings.HasSuffix(where, ".links[]") && got["id"] != nil && got["mode"] != nil
	for _, k := range slices.Sorted(maps.Keys(want)) {
		if x, ok := got[k]; ok {
			if d := difference(where+"."+k, want[k], x, trimmed); d != "" {
				return d
			}
		} else if !trimmed || want[k] != "null" && !strings.HasSuffix(where, ".links[]") { // there a null may stand for a field that is not there
			return where + " lacks " + k
		}
	}
	for _, k := range slices.Sorted(maps.Keys(got)) {
		if _, ok := want[k]; !ok && !trimmed {
			return where + " has " + k
		}
	}
	return ""
}

func typeOf(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "bool"
	case float64:
		return "number"
	case string:
		return "string"
	case []any:
		return "list"
	}
	return "object"
}
