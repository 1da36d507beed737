package verify

import (
	"context"
	"errors"
	"fmt"
	"os"

	"dagger/slipway/ci/github"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/version"
)

// Tag verifies the GitHub release of a tag "crate/v1.2.3": all of its files, for that crate
// and version, from the commit of the tag. It returns an error if the release cannot be
// downloaded.
func Tag(ctx context.Context, from github.Options, tag string, e Expectation) (*Report, error) {
	crate, v, err := version.ParseTag(tag)
	if err != nil {
		return nil, err
	}
	client, err := github.New(from)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "slipway-verify-")
	if err != nil {
		return nil, fmt.Errorf("verifying the release %q: %w", tag, err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := client.DownloadRelease(ctx, tag, dir); err != nil {
		return nil, fmt.Errorf("verifying the release %q: %w", tag, err)
	}
	e.Crate, e.Version = crate, v.String()
	if e.Commit, err = client.Tag(ctx, tag); err != nil {
		return nil, fmt.Errorf("verifying the release %q: %w", tag, err)
	}
	return release(ctx, dir, tag, e)
}

// release verifies the files downloaded from the release of a tag.
func release(ctx context.Context, dir, tag string, e Expectation) (*Report, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("verifying the release %q: %w", tag, err)
	}
	r := &Report{}
	if len(entries) > 0 {
		r = Release(ctx, dir, e)
	} else {
		r.unknown(tag, fmt.Errorf("the release has no files, like a library's or one whose files were removed, and nothing signed says which: check out the tag and run `slipway reproduce --crate %s --version %s`", e.Crate, e.Version))
	}
	if e.Commit == "" {
		r.bad(tag, errors.New("the release exists, but GitHub has no tag of that name: its commit is unknown"))
	}
	if file := plan.CrateName(e.Crate, e.Version); exists(dir, file) {
		r.bad(file, errors.New("it is not a file of a GitHub release: only the registry has it"))
	}
	return r, nil
}
