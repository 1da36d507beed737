package release

import (
	"os"
	"path/filepath"
	"testing"

	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/publish"
	"dagger/slipway/ci/step"
	"dagger/slipway/ci/triple"
)

// Outputs of `cargo test` on standard output, as printed by cargo 1.96 and libtest.
const (
	threeGroups = `
running 2 tests
test tests::one ... ok
test tests::two ... ok

test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s


running 3 tests
test start ... ok
test slow ... ignored
test stop ... ok

test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 1.20s


running 1 test
test src/lib.rs - run (line 10) ... ok

test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.31s; merged doctests compilation took 0.30s

`
	none = `
running 0 tests

test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s

`
	allIgnored = `
running 1 test
test needs_root ... ignored, needs root

test result: ok. 0 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s
`
	failing = `
running 2 tests
test tests::fails ... FAILED
test tests::passes ... ok

failures:

---- tests::fails stdout ----
test result: ok. 100 passed; 0 failed; 0 ignored

failures:
    tests::fails

test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s
`
	filtered = `
running 1 test
test a ... ok

test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 7 filtered out; finished in 0.00s
`
	ownHarness = "all 12 scenarios passed\n"
)

func TestReadTests(t *testing.T) {
	tests := []struct {
		name, stdout string
		cached       bool
		want         string
		binaries     int
	}{
		{"three groups", threeGroups, false, "x86_64-unknown-linux-musl: 5 passed, 1 ignored, natively", 3},
		{"cached", threeGroups, true, "x86_64-unknown-linux-musl: 5 passed, 1 ignored, natively, from an earlier run on the same inputs", 3},
		{"none", none, false, "x86_64-unknown-linux-musl: NO TEST RAN (0 ignored), natively", 1},
		{"all ignored", allIgnored, false, "x86_64-unknown-linux-musl: NO TEST RAN (1 ignored), natively", 1},
		{"nothing printed", "", false, "x86_64-unknown-linux-musl: NO TEST RAN (0 ignored), natively", 0},
		{"failing", failing, false, "x86_64-unknown-linux-musl: NO TEST RAN (0 ignored), natively", 0},
		{"filtered", filtered, false, "x86_64-unknown-linux-musl: 1 passed, 0 ignored, natively", 1},
		{"a harness of its own", ownHarness, false, "x86_64-unknown-linux-musl: NO TEST RAN (0 ignored), natively", 0},
		{"absurd number", "test result: ok. 99999999999999999999 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n", false, "x86_64-unknown-linux-musl: NO TEST RAN (0 ignored), natively", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := readTests(triple.X8664, step.Step{About: "run the crate's tests, natively"}, step.Result{Stdout: tt.stdout, Cached: tt.cached})
			if got.String() != tt.want || got.Binaries != tt.binaries {
				t.Errorf("%s (%d binaries), want %s (%d)", got, got.Binaries, tt.want, tt.binaries)
			}
		})
	}
}

func TestSummaryText(t *testing.T) {
	s := &Summary{
		DryRun: true, Crate: "app", Version: "1.2.3", Tag: "app/v1.2.3", Plan: "sha256:11", Runner: "local", Toolchain: "rust:1.96.0", Rust: "1.96.0",
		Tests: []Tests{
			{Target: triple.X8664, How: "natively", Passed: 5, Ignored: 1, Binaries: 3},
			{Target: triple.AArch64, How: "emulated by qemu-aarch64-static", Ignored: 2, Cached: true},
		},
		Artifacts: []File{{Name: "app-x86_64-linux-musl.tar.gz", Target: triple.X8664, Size: 1 << 21, SHA256: "22"}, {Name: plan.SumsName, Size: 97, SHA256: "33"}},
		Effects:   []plan.Effect{{Kind: "draft", About: `make a draft of GitHub release "app/v1.2.3"`}, {Kind: "tag", About: "make tag"}},
		Steps:     []string{"fetch", "build " + triple.X8664},
		Remarks:   []string{"the working tree has uncommitted changes"},
		Seconds:   12.5,
	}
	golden(t, "summary.txt", s.Text("dist"))
	golden(t, "summary-remote.txt", s.Text(""))
	raw, err := s.JSON()
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "summary.json", string(raw))
	golden(t, "summary.md", s.Markdown())

	s.DryRun, s.Published, s.URL = false, true, "https://example.org/app/v1.2.3"
	s.Outcomes = []publish.Outcome{
		{Kind: "draft", About: s.Effects[0].About, State: publish.FoundDone, URL: s.URL, Seconds: 0.12},
		{Kind: "tag", About: "make a | tag", State: publish.WasDone, Seconds: 1.3},
	}
	golden(t, "released.txt", s.Text("dist"))
	golden(t, "released.md", s.Markdown())
	s.Published, s.Error, s.Outcomes[1].State = false, "performing \"make tag\": ```422```", publish.Failed
	golden(t, "failed.md", s.Markdown())
}

func golden(t *testing.T, name, text string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if text != string(want) {
		t.Errorf("%s differs (run with -update if that is meant); got\n%s", file, text)
	}
}
