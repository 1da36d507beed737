// Package secret has the type of every secret on its way from the front end to what needs it.
package secret

import (
	"fmt"
	"io"
)

// Text is a secret that formatting does not reveal: only Reveal returns it. The value is held in
// a closure, because fmt prints the unexported fields of a struct without calling its methods.
type Text struct{ value func() string }

// New returns a secret with the given value; "" means no secret.
func New(value string) Text { return Text{func() string { return value }} }

// Reveal returns the secret.
func (t Text) Reveal() string {
	if t.value == nil {
		return ""
	}
	return t.value()
}

// Empty reports whether there is no secret.
func (t Text) Empty() bool { return t.Reveal() == "" }

const redacted = "***"

// String implements fmt.Stringer.
func (t Text) String() string {
	if t.Empty() {
		return ""
	}
	return redacted
}

// GoString implements fmt.GoStringer.
func (t Text) GoString() string { return t.String() }

// Format implements fmt.Formatter: verbs like %x would bypass String.
func (t Text) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, t.String()) }

// MarshalText implements encoding.TextMarshaler, which JSON uses too.
func (t Text) MarshalText() ([]byte, error) { return []byte(t.String()), nil }
