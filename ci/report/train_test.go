package report

import (
	"encoding/json"
	"strings"
	"testing"

	"dagger/slipway/ci/build"
	"dagger/slipway/ci/dist"
	"dagger/slipway/ci/golden"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/publish"
	"dagger/slipway/ci/triple"
)

// newTrain returns the report of a train whose second crate is half done.
func newTrain() *Report {
	s := &Report{
		Title: "3 crates", Plan: "sha256:11", Seconds: 12.5, Runner: "local", Toolchain: "rust:1.96.0", Rust: "1.96.0",
		Error: "releasing \"core/v1.2.3\": performing \"publish core\": 502",
	}
	for _, c := range []struct{ name, state, draft, upload string }{
		{"kit", Released, publish.WasDone, publish.WasDone},
		{"core", Incomplete, publish.WasDone, publish.Failed},
		{"last", NotBegun, publish.NotBegun, publish.NotBegun},
	} {
		s.Crates = append(s.Crates, &Crate{
			Name: c.name, Version: "1.2.3", Tag: c.name + "/v1.2.3", Plan: "sha256:" + c.name, State: c.state, Dir: c.name,
			Tests: []build.Tests{{Target: triple.X8664, How: "natively", Passed: 5, Binaries: 3}},
		})
		s.Effects = append(s.Effects, plan.Effect{Kind: plan.EffectDraft, Crate: c.name, About: "make a draft of " + c.name}, plan.Effect{Kind: plan.EffectRegistry, Crate: c.name, About: "publish " + c.name})
		s.Outcomes = append(s.Outcomes,
			publish.Outcome{Kind: plan.EffectDraft, Crate: c.name, About: "make a draft of " + c.name, State: c.draft, Seconds: 0.5},
			publish.Outcome{Kind: plan.EffectRegistry, Crate: c.name, About: "publish " + c.name, State: c.upload, Seconds: 1.5})
	}
	s.Crates[0].URL = "https://example.org/kit/v1.2.3"
	return s
}

func TestTrain(t *testing.T) {
	s := newTrain()
	golden.Compare(t, "train-failed.md", s.Markdown())
	raw, err := s.JSON()
	if err != nil {
		t.Fatal(err)
	}
	var back Report
	if err := json.Unmarshal(raw, &back); err != nil || back.Error == "" || len(back.Crates) != 3 || back.Crates[1].State != Incomplete || back.Published {
		t.Errorf("the JSON reads as %+v, %v", back, err)
	}
	s.Error, s.Published = "", true
	for _, c := range s.Crates {
		c.State, c.URL = Released, "https://example.org/"+c.Tag
	}
	for i := range s.Outcomes {
		s.Outcomes[i].State = publish.Unchanged
	}
	golden.Compare(t, "train-released.txt", s.Text("dist"))
	golden.Compare(t, "train-released.md", s.Markdown())
	s.Published, s.DryRun, s.Outcomes = false, true, nil
	for _, c := range s.Crates {
		c.State, c.URL = "", ""
		c.Artifacts = []dist.File{{Name: plan.SumsName, Size: 97, SHA256: "33"}}
	}
	golden.Compare(t, "train-dry-run.txt", s.Text("dist"))
}

// TestTrainLacksPackage checks that a dry run does not say that every step ran if a crate could not
// be packaged.
func TestTrainLacksPackage(t *testing.T) {
	s := newTrain()
	s.Published, s.Error, s.DryRun = false, "", true
	for lacks, want := range map[bool]string{false: ": every step ran, nothing was changed", true: ": every step ran except those that package a crate, nothing was changed"} {
		s.Crates[1].unpackaged = lacks
		if text := s.Text(""); !strings.Contains(text, want) {
			t.Errorf("lacking a package: %t, it says\n%s", lacks, text)
		}
	}
}

// TestStatus checks the status after a run that ended early.
func TestStatus(t *testing.T) {
	const again = "slipway release-train …"
	s := newTrain()
	s.Effects = append(s.Effects, plan.Effect{Kind: plan.EffectSign, Crate: "core"})
	golden.Compare(t, "status-train.txt", s.Status(again))
	one := newTrain()
	one.Effects, one.Crates = s.Effects, one.Crates[1:2]
	golden.Compare(t, "status-crate.txt", one.Status(again))
	s.Outcomes[3].State = publish.WasDone
	golden.Compare(t, "status-published.txt", s.Status(again))
	s.Outcomes = nil
	golden.Compare(t, "status-steps.txt", s.Status(again))
}
