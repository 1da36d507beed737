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

// newTrainReport returns the report of a train whose second crate is half done.
func newTrainReport() *Train {
	crate := func(name string, outcomes ...publish.Outcome) *Crate {
		return &Crate{
			Crate: name, Tag: name + "/v1.2.3", Tests: []build.Tests{{Target: triple.X8664, How: "natively", Passed: 5, Binaries: 3}},
			Unit: Unit{
				Run: Run{Plan: "sha256:" + name}, Version: "1.2.3", Runner: "local", Toolchain: "rust:1.96.0", Rust: "1.96.0",
				Effects:  []plan.Effect{{Kind: "draft", About: "make a draft of " + name}, {Kind: "registry", About: "publish " + name}},
				Outcomes: outcomes,
			},
		}
	}
	draft := func(name, state string) publish.Outcome {
		return publish.Outcome{Kind: "draft", About: "make a draft of " + name, State: state, Seconds: 0.5}
	}
	upload := func(name, state string) publish.Outcome {
		return publish.Outcome{Kind: "registry", About: "publish " + name, State: state, Seconds: 1.5}
	}
	s := &Train{Run: Run{Plan: "sha256:11", Seconds: 12.5}, Title: "3 crates", Crates: []*Crate{
		crate("kit", draft("kit", publish.WasDone), upload("kit", publish.WasDone)),
		crate("core", draft("core", publish.WasDone), upload("core", publish.Failed)),
		crate("last", draft("last", publish.NotBegun), upload("last", publish.NotBegun)),
	}}
	s.Crates[0].Published, s.Crates[0].URL = true, "https://example.org/kit/v1.2.3"
	s.Crates[1].Error = "performing \"publish core\": 502"
	s.Error = "releasing \"core/v1.2.3\": performing \"publish core\": 502"
	return s
}

func TestTrain(t *testing.T) {
	s := newTrainReport()
	golden.Compare(t, "train-failed.md", s.Markdown())
	raw, err := s.JSON()
	if err != nil {
		t.Fatal(err)
	}
	var back Train
	if err := json.Unmarshal(raw, &back); err != nil || !back.Failed() || len(back.Crates) != 3 || back.Crates[1].Error == "" || back.Published {
		t.Errorf("the JSON reads as %+v, %v", back, err)
	}
	s.Error, s.Published = "", true
	for _, c := range s.Crates {
		c.Published, c.Error, c.URL = true, "", "https://example.org/"+c.Tag
		for i := range c.Outcomes {
			c.Outcomes[i].State = publish.Unchanged
		}
	}
	golden.Compare(t, "train-released.txt", s.Text("dist"))
	golden.Compare(t, "train-released.md", s.Markdown())
	s.Published, s.DryRun = false, true
	for _, c := range s.Crates {
		c.Published, c.DryRun, c.URL, c.Outcomes = false, true, "", nil
		c.Artifacts = []dist.File{{Name: plan.SumsName, Size: 97, SHA256: "33"}}
	}
	golden.Compare(t, "train-dry-run.txt", s.Text("dist"))
}

// TestTrainLacksPackage checks that a dry run does not say that every step ran if a crate could not
// be packaged.
func TestTrainLacksPackage(t *testing.T) {
	s := newTrainReport()
	s.Published, s.Error = false, ""
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
	var all []Status
	for i, c := range newTrainReport().Crates {
		state := []string{Released, Incomplete, NotBegun}[i]
		all = append(all, Status{Crate: c.Crate, Tag: c.Tag, State: state, Signed: i == 1, Outcomes: c.Outcomes})
	}
	golden.Compare(t, "status-train.txt", StatusText(all, true, again))
	golden.Compare(t, "status-crate.txt", StatusText(all[1:2], true, again))
	all[1].Outcomes[1].State = publish.WasDone
	golden.Compare(t, "status-published.txt", StatusText(all, true, again))
	for i := range all {
		all[i].Outcomes = nil
	}
	golden.Compare(t, "status-steps.txt", StatusText(all, false, again))
}
