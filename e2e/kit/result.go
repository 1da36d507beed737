package kit

import (
	"strings"
	"testing"
	"time"
)

// Result is the outcome of a command.
type Result struct {
	Command
	Stdout, Stderr string
	Code           int
	Took           time.Duration
}

// WantCode ends the test unless the command exited with the given status.
func (r Result) WantCode(t testing.TB, code int) Result {
	t.Helper()
	if r.Code != code {
		t.Fatalf("%q exited with status %d, expected %d\nstdout: %s\nstderr: %s", r.Args, r.Code, code, Tail(r.Stdout), Tail(r.Stderr))
	}
	return r
}

// WantStdout fails the test unless stdout contains each text.
func (r Result) WantStdout(t testing.TB, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(r.Stdout, text) {
			t.Errorf("stdout does not say %q:\n%s", text, Tail(r.Stdout))
		}
	}
}

// WantStderr fails the test unless stderr contains each text.
func (r Result) WantStderr(t testing.TB, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(r.Stderr, text) {
			t.Errorf("stderr does not say %q:\n%s", text, Tail(r.Stderr))
		}
	}
}

// Message returns the error message of the slipway command, "" if it printed none.
func (r Result) Message() string {
	text := "\n" + r.Stderr
	if i := strings.LastIndex(text, "\nslipway: "); i >= 0 {
		return text[i+1:]
	}
	return ""
}

// WantError fails the test unless the error message contains each text and is not a panic.
func (r Result) WantError(t testing.TB, texts ...string) {
	t.Helper()
	message := r.Message()
	if message == "" || strings.Contains(r.Stderr, "goroutine ") {
		t.Errorf("no error for people on stderr:\n%s", Tail(r.Stderr))
	}
	for _, text := range texts {
		if !strings.Contains(message, text) {
			t.Errorf("the error does not say %q:\n%s", text, Tail(message))
		}
	}
}
