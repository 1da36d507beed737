package console

import (
	"errors"
	"fmt"
	"strings"
)

// Errorf makes an error of several lines: those of its format, which its arguments
// cannot add to; see [Sprintf]. Errors among them keep the lines of their own, as
// [ErrorText] renders them. fmt.Errorf is for errors of one line.
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

// message is an error whose text is safe to print as it is.
type message struct {
	text string
	err  error
}

func (m *message) Error() string { return m.text }

func (m *message) Unwrap() error { return m.err }

// Printed returns the text as it is.
func (m *message) Printed() string { return m.text }

// ErrorText renders an error for people. Where its text has several lines because
// errors were joined, or because it was made by [Errorf], they are lines; any others
// come from outside, and are [Marked].
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

// ErrorLine is ErrorText in one line.
func ErrorLine(err error) string {
	return strings.ReplaceAll(strings.ReplaceAll(ErrorText(err), mark, "; "), "\n", "; ")
}

// around renders the text of an error that wraps others: theirs as they render, and
// what is around them as foreign.
func around(text string, wrapped []error) string {
	var texts, shown []string
	for _, err := range wrapped {
		if err != nil {
			texts, shown = append(texts, err.Error()), append(shown, ErrorText(err))
		}
	}
	if text == strings.Join(texts, "\n") { // errors.Join
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

// ForPeople makes the text of an error that a function returns safe to print, for
// callers that print it themselves: the Dagger engine. It is meant to be deferred.
func ForPeople(err *error) {
	var done *message
	if *err == nil || errors.As(*err, &done) && error(done) == *err {
		return
	}
	*err = &message{text: ErrorText(*err), err: *err}
}
