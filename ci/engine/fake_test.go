package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
)

// fakeEngine is a connection of the Dagger client that runs nothing: it records what it is asked,
// and answers as the tests say.
type fakeEngine struct {
	// images holds the environment, KEY=VALUE, of images by their address. Others do not exist.
	images map[string][]string
	// imageRef is the name with digest of every image.
	imageRef string
	// commands holds what commands do, by their command line. Others succeed and leave nothing.
	commands map[string]command
	// before is called before a value is returned, and may return an error instead.
	before func(ctx context.Context, asked chain) error

	mu      sync.Mutex
	queries []string // as they were sent
	asked   []chain  // the values that were asked for, except IDs
	objects []chain  // by the number in their ID
}

// Host implements engineconn.EngineConn.
func (e *fakeEngine) Host() string { return "engine.invalid" }

// Close implements engineconn.EngineConn.
func (e *fakeEngine) Close() error { return nil }

// Do implements engineconn.EngineConn. Errors are GraphQL's, as those of an engine are, except
// that of an ended context, which is HTTP's.
func (e *fakeEngine) Do(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	var sent struct{ Query string }
	if err := json.Unmarshal(body, &sent); err != nil {
		return nil, err
	}
	e.mu.Lock()
	e.queries = append(e.queries, sent.Query)
	e.mu.Unlock()
	answer := map[string]any{}
	if answer["data"], err = e.query(req.Context(), sent.Query); err != nil {
		if req.Context().Err() != nil {
			return nil, err
		}
		answer = map[string]any{"errors": []any{map[string]any{"message": err.Error()}}}
	}
	raw, err := json.Marshal(answer)
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(bytes.NewReader(raw))}, err
}

func (e *fakeEngine) query(ctx context.Context, text string) (any, error) {
	doc, err := parser.ParseQuery(&ast.Source{Input: text})
	if err != nil {
		return nil, err
	}
	return e.selected(ctx, nil, doc.Operations[0].SelectionSet)
}

// selected returns the answer to a selection from an object. The client selects one field at a
// time.
func (e *fakeEngine) selected(ctx context.Context, of chain, set ast.SelectionSet) (any, error) {
	if len(set) != 1 {
		return nil, fmt.Errorf("the fake engine knows selections of one field, not of %d", len(set))
	}
	if fragment, ok := set[0].(*ast.InlineFragment); ok {
		return e.selected(ctx, of, fragment.SelectionSet)
	}
	field := set[0].(*ast.Field)
	next := call{field.Name, map[string]any{}}
	for _, arg := range field.Arguments {
		value, err := e.value(arg.Value)
		if err != nil {
			return nil, err
		}
		next.args[arg.Name] = value
	}
	of = append(slices.Clone(of), next)
	var value any
	var err error
	switch {
	case field.Name == "node":
		value, err = e.selected(ctx, next.args["id"].(chain), field.SelectionSet)
	case field.Name == "envVariables":
		value, err = e.variables(ctx, of)
	case field.Name == "id":
		value = e.id(of[:len(of)-1])
	case len(field.SelectionSet) > 0:
		value, err = e.selected(ctx, of, field.SelectionSet)
	default:
		value, err = e.answer(ctx, of)
	}
	return map[string]any{field.Alias: value}, err
}

const idPrefix = "object of the fake engine "

// id returns a new ID of an object.
func (e *fakeEngine) id(of chain) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.objects = append(e.objects, of)
	return idPrefix + strconv.Itoa(len(e.objects)-1)
}

// object returns the object that has an ID.
func (e *fakeEngine) object(id string) (chain, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	n, err := strconv.Atoi(strings.TrimPrefix(id, idPrefix))
	if err != nil || n >= len(e.objects) {
		return nil, fmt.Errorf("no object has the ID %q", id)
	}
	return e.objects[n], nil
}

// value returns an argument's value, with objects instead of their IDs.
func (e *fakeEngine) value(v *ast.Value) (any, error) {
	switch v.Kind {
	case ast.ListValue:
		list := []any{}
		for _, child := range v.Children {
			item, err := e.value(child.Value)
			if err != nil {
				return nil, err
			}
			list = append(list, item)
		}
		return list, nil
	case ast.BooleanValue:
		return strconv.ParseBool(v.Raw)
	case ast.IntValue:
		return strconv.Atoi(v.Raw)
	case ast.StringValue, ast.EnumValue:
		if strings.HasPrefix(v.Raw, idPrefix) {
			return e.object(v.Raw)
		}
		return v.Raw, nil
	}
	return nil, fmt.Errorf("the fake engine knows no value of kind %d: %q", v.Kind, v.Raw)
}

// variables returns the objects of an image's variables, each made by a call of "variable".
func (e *fakeEngine) variables(ctx context.Context, of chain) (any, error) {
	if err := e.ask(ctx, of); err != nil {
		return nil, err
	}
	env := []string{"PATH=/imported/bin"}
	if from := of.calls("from"); len(from) > 0 {
		var ok bool
		if env, ok = e.images[from[0].text("address")]; !ok {
			return nil, fmt.Errorf("%q: not found", from[0].text("address"))
		}
	}
	list := []any{}
	for _, v := range env {
		name, value, _ := strings.Cut(v, "=")
		made := append(slices.Clone(of), call{"variable", map[string]any{"name": name, "value": value}})
		list = append(list, map[string]any{"id": e.id(made)})
	}
	return list, nil
}

// ask records that a value is asked for.
func (e *fakeEngine) ask(ctx context.Context, of chain) error {
	e.mu.Lock()
	e.asked = append(e.asked, of)
	e.mu.Unlock()
	if e.before == nil {
		return nil
	}
	return e.before(ctx, of)
}

// answer returns the value of a chain's last call.
func (e *fakeEngine) answer(ctx context.Context, of chain) (any, error) {
	if err := e.ask(ctx, of); err != nil {
		return nil, err
	}
	last := of[len(of)-1]
	if last.name == "imageRef" {
		return e.imageRef, nil
	}
	if variable := of[len(of)-2]; variable.name == "variable" {
		return variable.text(last.name), nil
	}
	at := of.after()
	if at < 0 {
		return nil, errors.New("no command has been set")
	}
	_, _, own := of[at].command()
	ran := e.commands[strings.Join(own, " ")]
	if ran.code != 0 && of[at].text("expect") != "ANY" {
		return nil, fmt.Errorf("exit code: %d", ran.code)
	}
	switch last.name {
	case "exitCode":
		return ran.code, nil
	case "stdout":
		return ran.stdout, nil
	case "stderr":
		return ran.stderr, nil
	}
	return ran.file(of[at+1:])
}
