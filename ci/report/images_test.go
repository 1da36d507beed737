package report

import (
	"testing"

	"dagger/slipway/ci/build"
	"dagger/slipway/ci/golden"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/publish"
	"dagger/slipway/ci/sign"
	"dagger/slipway/ci/triple"
)

func TestImages(t *testing.T) {
	s := &Report{
		DryRun: true, Title: "2 images in version 1.0.0", Plan: "sha256:11", Version: "1.0.0", Runner: "local", Toolchain: "rust:1.96.0", Rust: "1.96.0",
		Crates:  []*Crate{{Name: "app", Version: "0.1.0", Plan: "sha256:app", Steps: []string{"build " + triple.X8664}, Tests: []build.Tests{{Target: triple.X8664, How: "natively", Passed: 5, Binaries: 3}}}},
		Effects: []plan.Effect{{Kind: plan.EffectPush, Image: "app", About: "push app"}, {Kind: plan.EffectTag, Image: "app", About: "tag app"}},
	}
	s.Staged = true
	golden.Compare(t, "images-staged.txt", s.Text("out"))
	s.Staged = false
	s.Images = []Image{{Name: "app", Kind: "image", Digest: "sha256:22"}, {Name: "hello", Kind: "module", Digest: "sha256:33"}}
	golden.Compare(t, "images-dry-run.txt", s.Text("out"))
	s.DryRun, s.Published = false, true
	for i := range s.Images {
		s.Images[i].Reference = "example.org/" + s.Images[i].Name + ":1.0.0"
	}
	s.AddSigner(sign.Identity{Subject: "me@example.org", Issuer: "https://issuer.example.org"})
	for _, e := range s.Effects {
		s.Outcomes = append(s.Outcomes, publish.Outcome{Kind: e.Kind, Image: e.Image, About: e.About, State: publish.WasDone, Seconds: 1.5})
	}
	golden.Compare(t, "images-released.txt", s.Text("out"))
	golden.Compare(t, "images-released.md", s.Markdown())
}
