package step

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// Secrets maps names of secrets to their values. Formatting and JSON show only the names.
type Secrets map[string]string

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
	for _, secret := range s.Secrets {
		value, ok := v[secret.Name]
		if !ok || value == "" {
			return nil, fmt.Errorf("running step %q: the secret %q was not passed", s.Name, secret.Name)
		}
		env = append(env, secret.Env+"="+value)
	}
	return env, nil
}

// Hide replaces every secret's value in text with "***".
func (v Secrets) Hide(text string) string {
	for _, value := range v {
		if value != "" {
			text = strings.ReplaceAll(text, value, "***")
		}
	}
	return text
}
