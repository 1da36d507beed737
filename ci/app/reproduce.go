package app

import (
	"cmp"
	"context"
	"errors"

	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/reproduce"
)

// Reproduce builds a published release again and compares the two.
type Reproduce struct {
	OneCrate
	Signing    `only:"setup"`
	Repository string `name:"repository" env:"GITHUB_REPOSITORY" help:"GitHub <owner/name> whose release it is"`
	Released
	RegistryToken Secret `name:"registry-token" env:"CARGO_REGISTRY_TOKEN" help:"token of the registry, if it requires one for reading" only:"module"`
	Fulcio        string `name:"fulcio-url" help:"<address> of your own Fulcio that the release was signed with, as in its plan"`
	Rekor         string `name:"rekor-url" help:"<address> of your own Rekor, likewise"`
	Timestamp     string `name:"timestamp-url" help:"<address> of an RFC 3161 timestamp authority, likewise"`
}

// The errors for a release that differs from one built from its source, and for one of which that
// could not be determined.
var (
	errDiffers = errors.New("reproducing: not everything is the same")
	errUnsure  = errors.New("reproducing: cannot say")
)

// Run checks the checkout before it builds anything.
func (v *Reproduce) Run(ctx context.Context, h Host) (Outcome, error) {
	report, err := v.report(ctx, h)
	if err != nil {
		return Outcome{Verdict: Unknown}, err
	}
	words, err := v.either(func() (string, error) { return report.Text(), nil }, report.JSON)
	made := Outcome{Output: words}
	switch report.Verdict {
	case reproduce.Differs:
		made.Verdict, made.Finding = Bad, errDiffers
	case reproduce.Unknown:
		made.Verdict, made.Finding = Unknown, errUnsure
	}
	return made, err
}

func (v *Reproduce) report(ctx context.Context, h Host) (*reproduce.Report, error) {
	from, err := v.published(ctx, h)
	if err != nil {
		return nil, err
	}
	source, err := h.Source(ctx, v.Root)
	if err != nil {
		return nil, err
	}
	state, err := source.State(ctx, plan.ReleaseBranch)
	if err != nil {
		return nil, err
	}
	if err := reproduce.CheckCheckout(ctx, from.GitHub, v.Crate, v.Version, state); err != nil {
		return nil, err
	}
	planned, err := v.planOne(ctx, h, v.signedWith(), v.Subject)
	if err != nil {
		return nil, err
	}
	e := &execution{workspace: v.Workspace, running: v.Running}
	r, done, err := e.open(ctx, h, planned)
	if err != nil {
		return nil, err
	}
	report, err := r.Reproduce(ctx, from)
	return report, errors.Join(err, done())
}

// signedWith returns how the release was signed, which is a part of its plan.
func (v *Reproduce) signedWith() *Signing {
	s := v.Signing
	s.FulcioURL, s.RekorURL, s.TimestampURL = cmp.Or(v.Fulcio, s.FulcioURL), cmp.Or(v.Rekor, s.RekorURL), cmp.Or(v.Timestamp, s.TimestampURL)
	if v.Released.Key.Given() {
		s.Key = v.Released.Key
	}
	return &s
}

// published returns where the release is, and who must have signed it.
func (v *Reproduce) published(ctx context.Context, h Host) (from reproduce.Published, err error) {
	if from.GitHub, err = v.client(ctx, v.Repository, v.GitHubToken); err != nil {
		return from, err
	}
	if from.Registries, err = registries(ctx, h, v.RegistryToken); err != nil {
		return from, err
	}
	from.Expect, err = v.expectation(ctx, v.Repository)
	return from, err
}
