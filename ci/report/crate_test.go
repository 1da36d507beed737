package report

import (
	"testing"

	"dagger/slipway/ci/build"
	"dagger/slipway/ci/dist"
	"dagger/slipway/ci/golden"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/publish"
	"dagger/slipway/ci/triple"
)

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
	golden.Compare(t, "summary.txt", s.Text("dist"))
	golden.Compare(t, "summary-remote.txt", s.Text(""))
	raw, err := s.JSON()
	if err != nil {
		t.Fatal(err)
	}
	golden.Compare(t, "summary.json", string(raw))
	golden.Compare(t, "summary.md", s.Markdown())

	s.DryRun, s.Published, s.URL = false, true, "https://example.org/app/v1.2.3"
	s.Outcomes = []publish.Outcome{
		{Kind: "draft", About: s.Effects[0].About, State: publish.Unchanged, URL: s.URL, Seconds: 0.12},
		{Kind: "tag", About: "make a | tag", State: publish.WasDone, Seconds: 1.3},
	}
	golden.Compare(t, "released.txt", s.Text("dist"))
	golden.Compare(t, "released.md", s.Markdown())
	s.Published, s.Error, s.Outcomes[1].State = false, "performing \"make tag\": ```422```", publish.Failed
	golden.Compare(t, "failed.md", s.Markdown())
}
