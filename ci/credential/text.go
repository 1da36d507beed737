// Package credential binds secrets to those they are for. A token of a cargo registry is
// sent to the registry that it was given for and to no other, whatever a workspace calls
// its own.
package credential

import (
	"fmt"
	"io"
)

// Text is a secret that no formatting shows: only Reveal returns it. It is kept in a
// function because fmt shows the unexported fields of other values without asking them.
type Text struct{ value func() string }

// NewText makes a secret of a value; "" is none.
func NewText(value string) Text { return Text{func() string { return value }} }

// Reveal returns the secret.
func (t Text) Reveal() string {
	if t.value == nil {
		return ""
	}
	return t.value()
}

// Empty reports whether there is none.
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

// Format implements fmt.Formatter: %x and its like would go round String.
func (t Text) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, t.String()) }

// MarshalText implements encoding.TextMarshaler, which JSON uses too.
func (t Text) MarshalText() ([]byte, error) { return []byte(t.String()), nil }
