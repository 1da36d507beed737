package console

import (
	"fmt"
	"io"
	"strings"
)

// Lines is a text of several lines that is safe already: one that was made with
// this package. [Sprintf] takes it as it is.
type Lines string

// List renders items as lines of their own, each below the one before and indented.
func List(indent string, items []string) Lines {
	shown := make([]string, len(items))
	for i, item := range items {
		shown[i] = indent + Inline(item)
	}
	return Lines(strings.Join(shown, "\n"))
}

// Sprintf formats as fmt.Sprintf does, and shows every argument as [Inline] does,
// but for one of type [Lines]. So the lines are the format's, and none of them is a
// workflow command.
func Sprintf(format string, args ...any) string {
	for i, a := range args {
		if _, ok := a.(Lines); !ok {
			args[i] = inline{a}
		}
	}
	return Clean(fmt.Sprintf(format, args...))
}

// Fprintf writes what [Sprintf] formats.
func Fprintf(w io.Writer, format string, args ...any) {
	_, _ = io.WriteString(w, Sprintf(format, args...))
}

// inline is an argument that formats to one line.
type inline struct{ value any }

func (a inline) Format(f fmt.State, verb rune) {
	_, _ = io.WriteString(f, Inline(fmt.Sprintf(fmt.FormatString(f, verb), a.value)))
}
