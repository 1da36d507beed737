package module

import (
	"context"

	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/console"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/release"
)

// Train holds the arguments of a train.
type Train struct {
	// Plan prints the plan and runs nothing. DryRun changes nothing remotely.
	Plan, DryRun bool
	JSON         bool
	Signing      Signing
	To           Publishing
}

// Train plans, dry-runs or releases the crates of the inputs, and returns the plan or the
// summary.
func (s *Session) Train(ctx context.Context, o Train) (_ string, failed error) {
	defer console.ForPeople(&failed)
	signer, signErr := s.sign(o.Signing) // before planning, because the plans say how they sign
	s.in.RegistryToken = o.To.RegistryToken
	w, p, err := s.trainPlan(ctx)
	if err != nil {
		return "", err
	}
	if err := p.CheckInitial(o.To.InitialRelease); err != nil {
		return "", err
	}
	if o.Plan {
		return either(o.JSON, p.Text, p.JSON)
	}
	train := &release.Train{Plan: p}
	var remotes func(*plan.Plan) release.Remotes
	if !o.DryRun {
		if signer, err = signerOf(p.Crates, signer, signErr); err != nil {
			return "", err
		}
		if remotes, err = s.remotes(o.To, "release-train"); err != nil {
			return "", err
		}
	}
	if train.Releases, err = s.prepareAll(ctx, w, p.Crates); err != nil {
		return "", err
	}
	var summary *release.TrainSummary
	if o.DryRun {
		summary, err = train.DryRun(ctx)
	} else {
		for _, r := range train.Releases {
			r.Signer = signer
		}
		summary, err = train.Publish(ctx, remotes)
	}
	if err != nil {
		return "", err
	}
	return either(o.JSON, func() (string, error) { return summary.Text(""), nil }, summary.JSON)
}

func (s *Session) trainPlan(ctx context.Context) (*cargo.Workspace, *plan.Train, error) {
	w, request, err := s.request(ctx)
	if err != nil {
		return nil, nil, err
	}
	p, err := plan.NewTrain(w, s.in.Crates, request)
	return w, p, err
}

// either returns JSON or text.
func either(json bool, text func() (string, error), asJSON func() ([]byte, error)) (string, error) {
	if !json {
		return text()
	}
	raw, err := asJSON()
	return string(raw), err
}
