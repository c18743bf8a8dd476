package config

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// How the value of a key may be given.
type keyForm int

const (
	formScalar   keyForm = iota // one value
	formList                    // a list of plain values
	formWordMap                 // a map from plain words to plain values
	formFileOnly                // keyed by addresses, or a list of further keys: not sayable in a variable's name
)

// knownKeys lists every key of Config by its full name. It follows the struct, so that a new field is known at once.
func knownKeys() map[string]keyForm {
	keys := map[string]keyForm{}
	collectKeys(reflect.TypeFor[Config](), "", keys)
	keys["drivers.oob"] = formWordMap
	return keys
}

func collectKeys(t reflect.Type, prefix string, into map[string]keyForm) {
	for i := range t.NumField() {
		f := t.Field(i)
		key := prefix + f.Tag.Get("koanf")
		switch {
		case f.Type.Kind() == reflect.Struct:
			collectKeys(f.Type, key+".", into)
		case f.Type.Kind() == reflect.Map, f.Type.Kind() == reflect.Slice && f.Type.Elem().Kind() == reflect.Struct:
			into[key] = formFileOnly
		case f.Type.Kind() == reflect.Slice:
			into[key] = formList
		default:
			into[key] = formScalar
		}
	}
}

// unknownKeys lists the keys of a value that its type has no field for. The decoder could do it too, but keeps silent
// about them in every group that has another mistake.
func unknownKeys(t reflect.Type, value any, prefix string) []string {
	var unknown []string
	switch t.Kind() {
	case reflect.Struct:
		group, _ := value.(map[string]any) // another form is a mistake that the decoder reports
		fields := map[string]reflect.Type{}
		for i := range t.NumField() {
			fields[t.Field(i).Tag.Get("koanf")] = t.Field(i).Type
		}
		for key, inner := range group {
			full := strings.TrimPrefix(prefix+"."+key, ".")
			if field, ok := fields[key]; ok {
				unknown = append(unknown, unknownKeys(field, inner, full)...)
			} else {
				unknown = append(unknown, full)
			}
		}
	case reflect.Slice:
		items, _ := value.([]any)
		for i, item := range items {
			unknown = append(unknown, unknownKeys(t.Elem(), item, prefix+"["+strconv.Itoa(i)+"]")...)
		}
	}
	return unknown
}

// positions maps the full name of every key of a YAML document to its line, so that a mistake can be pointed at. What is
// no mapping is refused here, before a decoder does it and quotes the text, which could be a secret.
func positions(text []byte) (map[string]int, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, fmt.Errorf("is no YAML: %s", strings.TrimPrefix(err.Error(), "yaml: "))
	}
	lines := map[string]int{}
	if doc.Kind == 0 { // an empty file
		return lines, nil
	}
	if doc.Content[0].Kind != yaml.MappingNode && doc.Content[0].Tag != "!!null" {
		return nil, errors.New("must hold keys and values, such as task_queue: drydock")
	}
	collectPositions(&doc, "", lines)
	return lines, nil
}

func collectPositions(n *yaml.Node, prefix string, into map[string]int) {
	switch n.Kind {
	case yaml.DocumentNode:
		for _, c := range n.Content {
			collectPositions(c, prefix, into)
		}
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := strings.TrimPrefix(prefix+"."+n.Content[i].Value, ".")
			into[key] = n.Content[i].Line
			collectPositions(n.Content[i+1], key, into)
		}
	case yaml.SequenceNode:
		for i, c := range n.Content {
			key := prefix + "[" + strconv.Itoa(i) + "]"
			into[key] = c.Line
			collectPositions(c, key, into)
		}
	}
}
