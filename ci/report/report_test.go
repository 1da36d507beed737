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

func TestCrate(t *testing.T) {
	s := &Report{
		DryRun: true, Title: "app/v1.2.3", Plan: "sha256:11", Seconds: 12.5, Runner: "local", Toolchain: "rust:1.96.0", Rust: "1.96.0",
		Crates: []*Crate{{
			Name: "app", Version: "1.2.3", Tag: "app/v1.2.3", Plan: "sha256:11", Steps: []string{"fetch", "build " + triple.X8664},
			Tests: []build.Tests{
				{Target: triple.X8664, How: "natively", Passed: 5, Ignored: 1, Binaries: 3},
				{Target: triple.AArch64, How: "emulated by qemu-aarch64-static", Ignored: 2, Cached: true},
			},
			Artifacts: []dist.File{{Name: "app-x86_64-linux-musl.tar.gz", Target: triple.X8664, Size: 1 << 21, SHA256: "22"}, {Name: plan.SumsName, Size: 97, SHA256: "33"}},
		}},
		Effects: []plan.Effect{{Kind: "draft", Crate: "app", About: `make a draft of GitHub release "app/v1.2.3"`}, {Kind: "tag", Crate: "app", About: "make tag"}},
		Notes:   []string{"the working tree has uncommitted changes"},
	}
	golden.Compare(t, "summary.txt", s.Text("dist"))
	golden.Compare(t, "summary-remote.txt", s.Text(""))
	raw, err := s.JSON()
	if err != nil {
		t.Fatal(err)
	}
	golden.Compare(t, "summary.json", string(raw))
	golden.Compare(t, "summary.md", s.Markdown())

	s.DryRun, s.Published, s.Crates[0].URL = false, true, "https://example.org/app/v1.2.3"
	s.Outcomes = []publish.Outcome{
		{Kind: "draft", Crate: "app", About: s.Effects[0].About, State: publish.Unchanged, URL: s.Crates[0].URL, Seconds: 0.12},
		{Kind: "tag", Crate: "app", About: "make a | tag", State: publish.WasDone, Seconds: 1.3},
	}
	golden.Compare(t, "released.txt", s.Text("dist"))
	golden.Compare(t, "released.md", s.Markdown())
	s.Published, s.Error, s.Outcomes[1].State = false, "performing \"make tag\": ```422```", publish.Failed
	golden.Compare(t, "failed.md", s.Markdown())
}
