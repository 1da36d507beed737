package kit

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Summary is the --json output of release-crate.
type Summary struct {
	DryRun                        bool
	Plan, Runner, Toolchain, Rust string
	Crates                        []CrateSummary
	Effects                       []struct{ Kind, Crate, About string }
	Notes                         []string
	Findings                      []struct{ Stops, What string }

	CrateSummary `json:"-"` // that of the only crate
}

// CrateSummary is the part of a summary about one crate.
type CrateSummary struct {
	Name, Version, Tag, State, URL string
	Tests                          []struct {
		Target, How     string
		Passed, Ignored int
		Cached          bool
	}
	Artifacts []struct {
		Name, Target, SHA256 string
		Size                 int64
	}
}

// ParseSummary parses the summary of one crate, and ends the test if it is none.
func ParseSummary(t testing.TB, raw string) Summary {
	t.Helper()
	var s Summary
	if err := json.Unmarshal([]byte(raw), &s); err != nil || len(s.Crates) != 1 {
		t.Fatalf("reading the summary: %v\n%s", err, Tail(raw))
	}
	s.CrateSummary = s.Crates[0]
	return s
}

// The target triples of the example.
const (
	X8664   = "x86_64-unknown-linux-musl"
	AArch64 = "aarch64-unknown-linux-musl"
)

// WantDemo fails the test unless the summary is of shim-demo 0.1.0 and of the files in
// out.
func (s Summary) WantDemo(t testing.TB, out string) {
	t.Helper()
	if !s.DryRun || s.Name != "shim-demo" || s.Version != "0.1.0" || s.Tag != "shim-demo/v0.1.0" || !strings.HasPrefix(s.Plan, "sha256:") {
		t.Errorf("the summary is of something else: %+v", s)
	}
	if len(s.Tests) != 2 || s.Tests[0].Target != X8664 || s.Tests[1].Target != AArch64 {
		t.Fatalf("tests of both targets, x86_64 first, expected: %+v", s.Tests)
	}
	for _, tests := range s.Tests {
		if tests.Passed < 6 {
			t.Errorf("%s: %d tests passed, expected 6 or more", tests.Target, tests.Passed)
		}
	}
	var kinds []string
	for _, e := range s.Effects {
		if kinds = append(kinds, e.Kind); e.Crate != s.Name {
			t.Errorf("effect %+v is not of %s", e, s.Name)
		}
	}
	if got, want := strings.Join(kinds, " "), "sign draft"+strings.Repeat(" asset", 12)+" tag release"; got != want {
		t.Errorf("effects are %q, expected %q", got, want)
	}
	sums := Digests(t, out)
	if len(sums) != len(s.Artifacts) || len(sums) != 12 {
		t.Errorf("%d files in %q, %d artifacts in the summary, expected 12", len(sums), out, len(s.Artifacts))
	}
	for _, a := range s.Artifacts {
		info, err := os.Stat(filepath.Join(out, a.Name))
		Check(t, err)
		if sums[a.Name] != a.SHA256 || info.Size() != a.Size {
			t.Errorf("artifact %q is not the file: %+v, on disk %d bytes, %s", a.Name, a, info.Size(), sums[a.Name])
		}
	}
}

// WantText fails the test unless the text for people says what the summary does.
func (s Summary) WantText(t testing.TB, text string) {
	t.Helper()
	want := []string{"Dry run of " + s.Tag, s.Plan, s.Runner, s.Toolchain, "Rust " + s.Rust}
	for _, tests := range s.Tests {
		want = append(want, fmt.Sprintf("%s: %d passed, %d ignored, %s", tests.Target, tests.Passed, tests.Ignored, tests.How))
	}
	for _, a := range s.Artifacts {
		want = append(want, a.Name, a.SHA256)
	}
	for i, e := range s.Effects {
		want = append(want, fmt.Sprintf("%d. %s\n", i+1, e.About))
	}
	for _, f := range s.Findings {
		want = append(want, f.What)
	}
	for _, text2 := range append(want, s.Notes...) {
		if !strings.Contains(text, text2) {
			t.Errorf("the text does not say %q:\n%s", text2, text)
		}
	}
}
