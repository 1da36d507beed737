package module

import (
	"context"

	"dagger.io/dagger"

	"dagger/slipway/ci/release"
)

// PlanText is the plan for people or, as JSON, for programs.
func (s *Session) PlanText(ctx context.Context, json bool) (string, error) {
	_, p, err := s.Plan(ctx)
	if err != nil {
		return "", err
	}
	if !json {
		return p.Text()
	}
	raw, err := p.JSON()
	return string(raw), err
}

// Test runs the crate's tests and says what ran.
func (s *Session) Test(ctx context.Context) (string, error) {
	r, err := s.Release(ctx)
	if err != nil {
		return "", err
	}
	summary, err := r.Test(ctx)
	if err != nil {
		return "", err
	}
	return summary.TestText(), nil
}

// Files runs a part of the release that writes files and returns the ID of the
// directory that holds them.
func (s *Session) Files(ctx context.Context, do func(*release.Release, context.Context) error) (string, error) {
	r, err := s.Release(ctx)
	if err != nil {
		return "", err
	}
	if err := do(r, ctx); err != nil {
		return "", err
	}
	id, err := s.client.Host().Directory(r.Out, dagger.HostDirectoryOpts{NoCache: true}).ID(ctx)
	return string(id), err
}

// ReleaseText does a dry run and returns its summary for people.
func (s *Session) ReleaseText(ctx context.Context, dryRun bool) (string, error) {
	summary, err := s.dryRun(ctx, dryRun)
	if err != nil {
		return "", err
	}
	return summary.Text(""), nil
}

// ReleaseJSON does a dry run and returns its summary for programs.
func (s *Session) ReleaseJSON(ctx context.Context) (string, error) {
	summary, err := s.dryRun(ctx, true)
	if err != nil {
		return "", err
	}
	raw, err := summary.JSON()
	return string(raw), err
}

func (s *Session) dryRun(ctx context.Context, dryRun bool) (*release.Summary, error) {
	if !dryRun {
		_, p, err := s.Plan(ctx)
		if err != nil {
			return nil, err
		}
		return nil, release.Publish(p)
	}
	r, err := s.Release(ctx)
	if err != nil {
		return nil, err
	}
	return r.DryRun(ctx)
}
