package step

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"dagger/slipway/ci/secret"
)

// Secrets maps names of secrets to their values. Formatting and JSON show only the names.
type Secrets map[string]secret.Text

// Format implements fmt.Formatter.
func (v Secrets) Format(s fmt.State, _ rune) {
	_, _ = io.WriteString(s, fmt.Sprintf("secrets %q", slices.Sorted(maps.Keys(v))))
}

// MarshalJSON implements json.Marshaler.
func (v Secrets) MarshalJSON() ([]byte, error) {
	return json.Marshal(slices.Sorted(maps.Keys(v)))
}

// Of returns the values of a step's secrets as KEY=VALUE. A missing secret is an error.
func (v Secrets) Of(s Step) ([]string, error) {
	var env []string
	for _, wanted := range s.Secrets {
		value := v[wanted.Name]
		if value.Empty() {
			return nil, fmt.Errorf("running step %q: the secret %q was not passed", s.Name, wanted.Name)
		}
		env = append(env, wanted.Env+"="+value.Reveal())
	}
	return env, nil
}

// Own returns the secrets that a step has. Only these are hidden in a step's result: any other
// value in it is a coincidence, and replacing it would change what is built.
func (v Secrets) Own(s Step) Secrets {
	own := Secrets{}
	for _, wanted := range s.Secrets {
		own[wanted.Name] = v[wanted.Name]
	}
	return own
}

// Hide replaces every secret's value in a text for people with "***".
func (v Secrets) Hide(text string) string {
	for _, value := range v {
		if !value.Empty() {
			text = strings.ReplaceAll(text, value.Reveal(), "***")
		}
	}
	return text
}
