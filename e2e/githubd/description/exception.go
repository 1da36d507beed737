package description

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// exception is a place where the description allows less than GitHub does. It is applied to
// the document before anything is checked against it. Exceptions that cannot be expressed
// in the document are in the code: response statuses in describedElsewhere, the body and
// media type of uploads in Request.
type exception struct {
	at     string // a JSON pointer to a list
	add    string // an entry to add to the list, as JSON; empty for none
	as     string // a new key for the list; empty to keep its key
	reason string
}

// exceptions lists all exceptions.
var exceptions = []exception{
	{
		at:     "/components/schemas/release-asset/properties/state/enum",
		add:    `"starter"`,
		reason: "the text of the upload operation says that a failed upload may leave an asset of state starter",
	},
	{
		at:     "/paths/~1repos~1{owner}~1{repo}~1issues~1{issue_number}~1labels/post/requestBody/content/application~1json/schema/oneOf",
		add:    `{"type": "array", "minItems": 1, "items": {"type": "string"}}`,
		reason: "the text of this body says that the labels may be passed as a list, and go-github does so",
	},
	{
		at:     "/paths/~1repos~1{owner}~1{repo}~1git~1blobs/post/responses/422/content/application~1json/schema/oneOf",
		as:     "anyOf",
		reason: "an error with a message alone is one of both kinds, neither of which wants more",
	},
}

// except applies the exceptions whose place is in the document; a cut may lack some.
func except(document node) error {
	for _, e := range exceptions {
		if err := e.apply(document); err != nil {
			return fmt.Errorf("applying the exception at %q: %w", e.at, err)
		}
	}
	return nil
}

func (e exception) apply(document node) error {
	keys := strings.Split(e.at, "/")[1:]
	for i := range keys {
		keys[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(keys[i])
	}
	last := len(keys) - 1
	parent := document
	for _, key := range keys[:last] {
		child, ok := parent[key].(node)
		if !ok {
			return nil
		}
		parent = child
	}
	list, ok := parent[keys[last]].([]any)
	if !ok {
		return fmt.Errorf("there is no list %q", keys[last])
	}
	if e.add != "" {
		var add any
		if err := json.Unmarshal([]byte(e.add), &add); err != nil {
			return err
		}
		// A newer description may have made the exception unnecessary.
		if slices.ContainsFunc(list, func(v any) bool { return reflect.DeepEqual(v, add) }) {
			return fmt.Errorf("the description has it; expected that it lacks %s", e.add)
		}
		list = append(list, add)
	}
	key := keys[last]
	if e.as != "" {
		delete(parent, key)
		key = e.as
	}
	parent[key] = list
	return nil
}
