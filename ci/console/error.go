package console

import (
	"errors"
	"fmt"
	"strings"
)

// Errorf returns an error of several lines: those of its format, to which its arguments
// cannot add; see [Sprintf]. Errors among the arguments keep their own lines, as rendered
// by [ErrorText]. For an error of one line use fmt.Errorf.
func Errorf(format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	shown := make([]any, len(args))
	for i, a := range args {
		if shown[i] = a; a != nil {
			if e, ok := a.(error); ok {
				shown[i] = Lines(ErrorText(e))
			}
		}
	}
	return &message{text: Sprintf(strings.ReplaceAll(format, "%w", "%v"), shown...), err: err}
}

// message is an error whose text is safe to print.
type message struct {
	text string
	err  error
}

func (m *message) Error() string { return m.text }

func (m *message) Unwrap() error { return m.err }

// Printed returns the text, which is already safe to print.
func (m *message) Printed() string { return m.text }

// ErrorText renders an error for people. Line breaks of joined errors and of [Errorf] are
// kept; any others come from outside, and their lines are [Marked].
func ErrorText(err error) string {
	if err == nil {
		return ""
	}
	switch e := err.(type) {
	case interface{ Printed() string }:
		return e.Printed()
	case interface{ Unwrap() []error }:
		return around(err.Error(), e.Unwrap())
	case interface{ Unwrap() error }:
		return around(err.Error(), []error{e.Unwrap()})
	}
	return Marked(err.Error())
}

// ErrorLine is like ErrorText, on one line.
func ErrorLine(err error) string {
	return strings.ReplaceAll(strings.ReplaceAll(ErrorText(err), mark, "; "), "\n", "; ")
}

// around renders the text of an error that wraps others: the wrapped errors by ErrorText,
// and the text around them as another program's.
func around(text string, wrapped []error) string {
	var texts, shown []string
	for _, err := range wrapped {
		if err != nil {
			texts, shown = append(texts, err.Error()), append(shown, ErrorText(err))
		}
	}
	if text == strings.Join(texts, "\n") { // made by errors.Join
		return strings.Join(shown, "\n")
	}
	var b strings.Builder
	for i, inner := range texts {
		if before, after, ok := strings.Cut(text, inner); ok && inner != "" {
			b.WriteString(Marked(before) + shown[i])
			text = after
		}
	}
	return Clean(b.String() + Marked(text))
}

// ForPeople makes the text of a returned error safe to print, for a caller that prints
// errors itself: the Dagger engine. Use it in a defer statement.
func ForPeople(err *error) {
	var done *message
	if *err == nil || errors.As(*err, &done) && error(done) == *err {
		return
	}
	*err = &message{text: ErrorText(*err), err: *err}
}
