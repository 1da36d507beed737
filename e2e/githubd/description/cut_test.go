package description

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

// excepted lists the operations with exceptions.
var excepted = []Operation{
	{"POST", "/repos/{owner}/{repo}/git/blobs"},
	{"POST", "/repos/{owner}/{repo}/issues/{issue_number}/labels"},
	{"POST", "/repos/{owner}/{repo}/releases/{release_id}/assets"},
}

// TestGithubdDescriptionExceptions checks that each exception changes the description, and
// that none is applied twice.
func TestGithubdDescriptionExceptions(t *testing.T) {
	raw, err := read()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range exceptions {
		before, err := cut(raw, excepted)
		if err != nil {
			t.Fatal(err)
		}
		after, err := cut(raw, excepted)
		if err != nil {
			t.Fatal(err)
		}
		if err := e.apply(after); err != nil || reflect.DeepEqual(before, after) {
			t.Errorf("the exception at %q changes nothing: %v", e.at, err)
		}
		if err := e.apply(after); err == nil {
			t.Errorf("the exception at %q was made twice", e.at)
		}
		if e.reason == "" {
			t.Errorf("the exception at %q has no reason", e.at)
		}
	}
}

// TestGithubdDescriptionCut checks that a cut has what an operation refers to and nothing
// else.
func TestGithubdDescriptionCut(t *testing.T) {
	raw, err := read()
	if err != nil {
		t.Fatal(err)
	}
	document, err := cut(raw, []Operation{{"GET", "/repos/{owner}/{repo}/releases/{release_id}"}})
	if err != nil {
		t.Fatal(err)
	}
	schemas := document["components"].(node)["schemas"].(node)
	for name, want := range map[string]bool{"release": true, "release-asset": true, "nullable-simple-user": true, "pull-request": false} {
		if _, ok := schemas[name]; ok != want {
			t.Errorf("schema %q is there: %t, expected %t", name, ok, want)
		}
	}
	if _, err := Load([]Operation{{"PUT", "/repos/{owner}/{repo}/releases"}}); err == nil || !strings.Contains(err.Error(), "no operation") {
		t.Errorf("an operation that is none: %v", err)
	}
}

// TestGithubdDescriptionCloses checks that objects allow no additional members, except
// parts of an allOf.
func TestGithubdDescriptionCloses(t *testing.T) {
	var document node
	if err := json.Unmarshal([]byte(`{"paths": {"/x": {"get": {"parameters": [{"schema": {"properties": {}}}]}}}, "components": {"schemas": {
		"plain": {"properties": {"a": {"properties": {}}, "b": {"items": {"properties": {}}}}},
		"free": {"properties": {}, "additionalProperties": true},
		"part": {"properties": {}},
		"whole": {"allOf": [{"$ref": "#/components/schemas/part"}, {"properties": {}}]},
		"choice": {"oneOf": [{"properties": {}}]},
		"map": {"type": "object"}
	}}}`), &document); err != nil {
		t.Fatal(err)
	}
	closeObjects(document)
	closed := func(at ...any) any {
		place := any(document)
		for _, key := range at {
			if i, ok := key.(int); ok {
				place = place.([]any)[i]
			} else {
				place = place.(node)[key.(string)]
			}
		}
		return place.(node)["additionalProperties"]
	}
	schema := func(at ...any) []any { return append([]any{"components", "schemas"}, at...) }
	for _, want := range []struct {
		at []any
		is any
	}{
		{schema("plain"), false},
		{schema("plain", "properties", "a"), false},
		{schema("plain", "properties", "b", "items"), false},
		{schema("free"), true},
		{schema("part"), nil},
		{schema("whole", "allOf", 1), nil},
		{schema("choice", "oneOf", 0), false},
		{schema("map"), nil},
		{[]any{"paths", "/x", "get", "parameters", 0, "schema"}, false},
	} {
		if got := closed(want.at...); got != want.is {
			t.Errorf("%v takes other members: %v, expected %v", want.at, got, want.is)
		}
	}
}

// BenchmarkGithubdDescriptionLoad measures the cost that every test process has once.
func BenchmarkGithubdDescriptionLoad(b *testing.B) {
	for b.Loop() {
		if _, err := Load(excepted); err != nil {
			b.Fatal(err)
		}
	}
}
