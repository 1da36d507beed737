package console

import (
	"fmt"
	"io"
	"strings"
)

// Lines is text of several lines that is already safe because it was made with this
// package. [Sprintf] does not escape it.
type Lines string

// List renders each item on an indented line of its own.
func List(indent string, items []string) Lines {
	shown := make([]string, len(items))
	for i, item := range items {
		shown[i] = indent + Inline(item)
	}
	return Lines(strings.Join(shown, "\n"))
}

// Sprintf formats like fmt.Sprintf, but escapes every argument with [Inline] unless it is
// of type [Lines]. So line breaks come from the format only, and no line is a workflow
// command.
func Sprintf(format string, args ...any) string {
	for i, a := range args {
		if _, ok := a.(Lines); !ok {
			args[i] = inline{a}
		}
	}
	return Clean(fmt.Sprintf(format, args...))
}

// Fprintf writes the result of [Sprintf].
func Fprintf(w io.Writer, format string, args ...any) {
	_, _ = io.WriteString(w, Sprintf(format, args...))
}

// inline is an argument that is formatted on one line.
type inline struct{ value any }

func (a inline) Format(f fmt.State, verb rune) {
	_, _ = io.WriteString(f, Inline(fmt.Sprintf(fmt.FormatString(f, verb), a.value)))
}
