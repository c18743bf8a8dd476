// Package schema writes JSON Schemas (draft 2020-12) of the kinds of design documents, for editors. They are generated from
// the reader's own table of fields, so that an editor and Drydock can't disagree about what a document may look like.
//
// A schema knows one document: what needs a second one, such as a reference, and the meaning of text, such as an address, is
// left to design validate. It refuses kinds that do not exist.
package schema

import (
	"encoding/json"
	"fmt"
	"strings"

	"drydock/design"
)

// Dialect is the draft that the schemas are written in.
const Dialect = "https://json-schema.org/draft/2020-12/schema"

// object is a JSON object; encoding/json sorts its keys, so the same table gives the same bytes.
type object = map[string]any

// Of is the schema of the documents of a kind, indented, with a line end.
func Of(kind string) ([]byte, error) {
	form, ok := design.FormOf(kind)
	if !ok {
		return nil, fmt.Errorf("write schema of %q: there is no such kind of document: use one of %s", kind, strings.Join(design.Kinds(), ", "))
	}
	name := "drydock/" + kind + "/v1"
	data, err := json.MarshalIndent(object{
		"$schema": Dialect,
		"$id":     "urn:drydock:" + kind + ":v1",
		"title":   name,
		"type":    "object",
		"properties": object{
			"schema": object{"const": name},
			"metadata": object{
				"type": "object",
				"properties": object{"name": object{
					"type": []string{"string", "number", "boolean"}, "minLength": 1,
					"description": "identity of the document within its kind",
				}},
				"required": []string{"name"},
			},
			"data": of(form),
		},
		"required":             []string{"schema", "metadata", "data"},
		"additionalProperties": false,
	}, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write schema of %s: %w", kind, err)
	}
	return append(data, '\n'), nil
}

// of is the schema of one value.
func of(f design.Form) object {
	out := object{}
	switch f.Is() {
	case design.FormText:
		out = text(f)
	case design.FormNumber:
		out["type"] = "integer"
	case design.FormFlag:
		// Readers of YAML 1.1 take these words for booleans, and so does Drydock; to an editor they are text.
		words := []any{true, false}
		for _, w := range []string{"yes", "no", "on", "off"} {
			words = append(words, w, strings.ToUpper(w[:1])+w[1:], strings.ToUpper(w))
		}
		out["enum"] = words
	case design.FormScalar:
		out["type"] = []string{"string", "number", "boolean"}
	case design.FormList:
		out["type"], out["items"] = "array", of(f.Item())
		if f.NotEmpty() {
			out["minItems"] = 1
		}
	case design.FormTable:
		out["type"], out["additionalProperties"] = "object", of(f.Item())
	case design.FormObject:
		out = fields(f)
	}
	if f.Nullable() {
		return object{"anyOf": []object{out, {"type": "null"}}}
	}
	if f.Unsettable() {
		return object{"anyOf": []object{out, {"enum": []any{"!", "-1", -1}}}}
	}
	return out
}

func text(f design.Form) object {
	out := object{"type": "string"}
	if words := f.Words(); len(words) > 0 {
		out["enum"] = words
	}
	if expression, means := f.Pattern(); expression != "" {
		out["pattern"], out["description"] = expression, means
	}
	if f.Secret() {
		out["writeOnly"] = true
	}
	return out
}

func fields(f design.Form) object {
	properties := make(map[string]object)
	for name, field := range f.Fields() {
		properties[name] = of(field)
	}
	out := object{"type": "object", "additionalProperties": false}
	if len(properties) > 0 {
		out["properties"] = properties
	}
	if required := f.Required(); len(required) > 0 {
		out["required"] = required
	}
	if further, ok := f.Further(); ok {
		out["additionalProperties"] = of(further)
	}
	return out
}

// Kind finds a kind by its name in any case; a kind that is not there is returned as it is, for Of to refuse.
func Kind(name string) string {
	for _, kind := range design.Kinds() {
		if strings.EqualFold(kind, name) {
			return kind
		}
	}
	return name
}
