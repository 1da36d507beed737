package kit

import (
	"crypto/rand"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// WorkspaceOfTest returns a request to release the workspace of the test data that a
// subtest is named after. The copy is unique, so that no runner has cached results of it.
func WorkspaceOfTest(t *testing.T) Release {
	t.Helper()
	name := t.Name()[strings.LastIndex(t.Name(), "/")+1:]
	source := Workspace(t, name)
	Write(t, rand.Text(), source, "nonce.txt")
	return Release{Source: source, Crate: name, Version: "0.1.0", Out: filepath.Join(t.TempDir(), "out")}
}

// report matches the lines that hostile workspaces print (testdata/workspaces/README.md),
// as cargo shows them; the output of a failed script is indented.
var report = regexp.MustCompile(`(HOSTILE|BLOCKED|SKIPPED|SEARCHED|WROTE|PLANTED|DAEMON): [^\r\n]*`)

// Attempts returns the lines of the given kinds that a hostile workspace printed. It fails
// the test if an attack succeeded or was not tried.
func Attempts(t *testing.T, r Result, kinds ...string) []string {
	t.Helper()
	var list []string
	for _, line := range report.FindAllString(r.Stderr, -1) {
		kind, _, _ := strings.Cut(line, ": ")
		switch {
		case kind == "HOSTILE" || kind == "SKIPPED":
			t.Errorf("the workspace said %q", line)
		case slices.Contains(kinds, kind):
			list = append(list, line)
		}
	}
	return list
}

// WantPrefixes fails the test unless a line begins with each prefix.
func WantPrefixes(t *testing.T, lines []string, prefixes ...string) {
	t.Helper()
	for _, p := range prefixes {
		if !slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, p) }) {
			t.Errorf("no line %q in\n%s", p, strings.Join(lines, "\n"))
		}
	}
}

// WantSearched checks that the build script and the test looked for tokens in the right
// places.
func WantSearched(t *testing.T, lines []string) {
	t.Helper()
	for _, who := range []string{"", "test "} {
		for _, place := range []string{"/proc", "/cargo", "/tmp", "/etc"} {
			WantPrefixes(t, lines, "SEARCHED: "+who+place+": ")
		}
		if slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, "SEARCHED: "+who+"/proc: 0 ") }) {
			t.Errorf("it read the environment of no process, not even its own:\n%s", strings.Join(lines, "\n"))
		}
	}
}
