package kit

import (
	"regexp"
	"strings"
	"testing"
)

// Tail returns the last 6 KiB of a text.
func Tail(s string) string {
	const limit = 6 << 10
	if len(s) > limit {
		return "…" + s[len(s)-limit:]
	}
	return s
}

var planDigest = regexp.MustCompile(`(?m)^  plan +(sha256:[0-9a-f]{64})$`)

// PlanDigest returns the plan's digest as printed for people, and ends the test if there
// is none.
func PlanDigest(t testing.TB, text string) string {
	t.Helper()
	m := planDigest.FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("no plan digest in\n%s", Tail(text))
	}
	return m[1]
}

// Section returns what a plan prints below a title, "" if it has no such section.
func Section(text, title string) string {
	_, rest, _ := strings.Cut(text, "\n"+title+"\n")
	within, _, _ := strings.Cut(rest, "\n\n")
	return within
}

// WantAll fails the test unless a text contains each of the others.
func WantAll(t *testing.T, text string, wants []string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not said:\n%s", want, text)
		}
	}
}
