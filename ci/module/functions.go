package module

import (
	"context"
	"time"

	"dagger.io/dagger"

	"dagger/slipway/ci/console"
	"dagger/slipway/ci/prepare"
	"dagger/slipway/ci/release"
	"dagger/slipway/ci/sourcefs"
)

// PlanText returns the plan as text or, with json, as JSON.
func (s *Session) PlanText(ctx context.Context, json bool) (_ string, failed error) {
	defer console.ForPeople(&failed)
	_, p, err := s.Plan(ctx)
	if err != nil {
		return "", err
	}
	return either(json, p.Text, p.JSON)
}

// Prepare returns the new content, by path, of the files that change for the crate's next
// version.
func (s *Session) Prepare(ctx context.Context) (_ map[string]string, failed error) {
	defer console.ForPeople(&failed)
	w, err := s.workspace(ctx)
	if err != nil {
		return nil, err
	}
	files, err := sourcefs.Open(ctx, s.taken.Dir)
	if err != nil {
		return nil, err
	}
	defer files.Close()
	changes, err := prepare.New(w, files, prepare.Request{Crate: s.in.Crate, Version: s.in.Version, Date: time.Now().UTC()})
	if err != nil {
		return nil, err
	}
	contents := map[string]string{}
	for _, f := range changes.Files {
		contents[f.Path] = f.New
	}
	return contents, nil
}

// Test runs the crate's tests and returns a description of what ran.
func (s *Session) Test(ctx context.Context) (_ string, failed error) {
	defer console.ForPeople(&failed)
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

// Files runs the part of the release given by do, which writes files, and returns the ID of the
// directory with them.
func (s *Session) Files(ctx context.Context, do func(*release.Release, context.Context) error) (_ string, failed error) {
	defer console.ForPeople(&failed)
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

// DryRun makes a dry run of the crate's release.
func (s *Session) DryRun(ctx context.Context) (_ *release.Summary, failed error) {
	defer console.ForPeople(&failed)
	r, err := s.Release(ctx)
	if err != nil {
		return nil, err
	}
	return r.DryRun(ctx)
}
