package description

import "strings"

// closeObjects disallows members that the description does not name. By default any object
// may have additional members, so a misspelt optional one ("makeLatest") would pass in
// requests and responses. Parts of an allOf stay open, because each sees the members of the
// others.
func closeObjects(document node) {
	components, _ := document["components"].(node)
	schemas, _ := components["schemas"].(node)
	open := map[string]bool{}
	eachSchema(document, func(schema node) {
		parts, _ := schema["allOf"].([]any)
		for _, part := range parts {
			if ref, ok := part.(node)["$ref"].(string); ok {
				open[ref[strings.LastIndex(ref, "/")+1:]] = true
			}
			part.(node)["x-open"] = true
		}
	})
	for name := range open {
		if schema, ok := schemas[name].(node); ok {
			schema["x-open"] = true
		}
	}
	eachSchema(document, func(schema node) {
		_, named := schema["properties"].(node)
		_, said := schema["additionalProperties"]
		_, isOpen := schema["x-open"]
		if named && !said && !isOpen {
			schema["additionalProperties"] = false
		}
	})
}

// eachSchema calls f for every schema in the document, outer ones first.
func eachSchema(document node, f func(node)) {
	if components, ok := document["components"].(node); ok {
		if schemas, ok := components["schemas"].(node); ok {
			for _, schema := range schemas {
				inSchema(schema, f)
			}
		}
	}
	inRest(document["paths"], f)
	inRest(document["components"], f)
}

// inRest looks for schemas in a value that is not one itself.
func inRest(value any, f func(node)) {
	switch v := value.(type) {
	case node:
		for key, child := range v {
			switch key {
			case "schemas": // handled by eachSchema
			case "schema":
				inSchema(child, f)
			default:
				inRest(child, f)
			}
		}
	case []any:
		for _, child := range v {
			inRest(child, f)
		}
	}
}

// inSchema calls f for a schema and those inside it.
func inSchema(value any, f func(node)) {
	schema, ok := value.(node)
	if !ok {
		return
	}
	f(schema)
	for _, key := range []string{"items", "additionalProperties", "not"} {
		inSchema(schema[key], f)
	}
	if properties, ok := schema["properties"].(node); ok {
		for _, property := range properties {
			inSchema(property, f)
		}
	}
	for _, key := range []string{"allOf", "anyOf", "oneOf"} {
		parts, _ := schema[key].([]any)
		for _, part := range parts {
			inSchema(part, f)
		}
	}
}
