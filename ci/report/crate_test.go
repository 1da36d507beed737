package report

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"dagger/slipway/ci/build"
	"dagger/slipway/ci/dist"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/publish"
	"dagger/slipway/ci/triple"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestSummaryText(t *testing.T) {
	s := &Crate{
		Crate: "app", Tag: "app/v1.2.3",
		Tests: []build.Tests{
			{Target: triple.X8664, How: "natively", Passed: 5, Ignored: 1, Binaries: 3},
			{Target: triple.AArch64, How: "emulated by qemu-aarch64-static", Ignored: 2, Cached: true},
		},
		Artifacts: []dist.File{{Name: "app-x86_64-linux-musl.tar.gz", Target: triple.X8664, Size: 1 << 21, SHA256: "22"}, {Name: plan.SumsName, Size: 97, SHA256: "33"}},
		Unit: Unit{
			Run: Run{DryRun: true, Plan: "sha256:11", Seconds: 12.5}, Version: "1.2.3", Runner: "local", Toolchain: "rust:1.96.0", Rust: "1.96.0",
			Effects: []plan.Effect{{Kind: "draft", About: `make a draft of GitHub release "app/v1.2.3"`}, {Kind: "tag", About: "make tag"}},
			Steps:   []string{"fetch", "build " + triple.X8664},
			Notes:   []string{"the working tree has uncommitted changes"},
		},
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
		{Kind: "draft", About: s.Effects[0].About, State: publish.Unchanged, URL: s.URL, Seconds: 0.12},
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
