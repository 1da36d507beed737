package description

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Operation is one operation of the description: a method, and a path with its
// parameters in braces.
type Operation struct{ Method, Path string }

func (o Operation) String() string { return o.Method + " " + o.Path }

// node is a JSON object of the description.
type node = map[string]any

// errorSchemas are included in every cut, to check errors that an operation does not
// describe.
var errorSchemas = []string{"basic-error", "validation-error", "validation-error-simple"}

// cut returns the part of the description that the operations need: themselves and what
// they refer to. Loading the whole description, 13 MB, takes the validator more than a
// second and 600 MB; loading a cut takes a tenth of that.
func cut(raw []byte, operations []Operation) (node, error) {
	var whole struct {
		OpenAPI    string
		Info       json.RawMessage
		Paths      map[string]map[string]json.RawMessage
		Components map[string]map[string]json.RawMessage
	}
	if err := json.Unmarshal(raw, &whole); err != nil {
		return nil, fmt.Errorf("reading the description: %w", err)
	}
	paths := node{}
	for _, o := range operations {
		described, ok := whole.Paths[o.Path][strings.ToLower(o.Method)]
		if !ok {
			return nil, fmt.Errorf("the description has no operation %q", o)
		}
		operation, err := decode(described)
		if err != nil {
			return nil, fmt.Errorf("reading operation %q: %w", o, err)
		}
		item, _ := paths[o.Path].(node)
		if item == nil {
			item = node{}
			paths[o.Path] = item
		}
		item[strings.ToLower(o.Method)] = operation
	}
	components, err := referred(paths, whole.Components)
	if err != nil {
		return nil, err
	}
	return node{"openapi": whole.OpenAPI, "info": whole.Info, "paths": paths, "components": components}, nil
}

// referred returns the components that paths refer to, directly or indirectly.
func referred(paths node, all map[string]map[string]json.RawMessage) (node, error) {
	components := node{}
	wanted := refs(paths, nil)
	for _, name := range errorSchemas {
		wanted = append(wanted, "#/components/schemas/"+name)
	}
	for len(wanted) > 0 {
		ref := wanted[0]
		wanted = wanted[1:]
		parts := strings.Split(ref, "/")
		if len(parts) != 4 || parts[0] != "#" || parts[1] != "components" {
			return nil, fmt.Errorf("the description refers to %q; expected a component", ref)
		}
		kind, _ := components[parts[2]].(node)
		if kind == nil {
			kind = node{}
			components[parts[2]] = kind
		}
		if _, ok := kind[parts[3]]; ok {
			continue
		}
		component, err := decode(all[parts[2]][parts[3]])
		if err != nil {
			return nil, fmt.Errorf("reading component %q: %w", ref, err)
		}
		kind[parts[3]] = component
		wanted = refs(component, wanted)
	}
	return components, nil
}

// decode parses an object and drops its examples, which are not rules.
func decode(raw json.RawMessage) (node, error) {
	var n node
	if err := json.Unmarshal(raw, &n); err != nil {
		return nil, err
	}
	dropExamples(n)
	return n, nil
}

// dropExamples removes the examples of media types and parameters, recognised by having a
// schema.
func dropExamples(value any) {
	switch v := value.(type) {
	case node:
		if _, ok := v["schema"]; ok {
			delete(v, "examples")
		}
		for _, child := range v {
			dropExamples(child)
		}
	case []any:
		for _, child := range v {
			dropExamples(child)
		}
	}
}

// refs appends the references in value to found.
func refs(value any, found []string) []string {
	switch v := value.(type) {
	case node:
		if ref, ok := v["$ref"].(string); ok {
			return append(found, ref)
		}
		for key, child := range v {
			// A discriminator's mapping has references as plain strings; they are also in the oneOf
			// next to it.
			if key != "discriminator" {
				found = refs(child, found)
			}
		}
	case []any:
		for _, child := range v {
			found = refs(child, found)
		}
	}
	return found
}
