package app

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/sigstore/sigstore-go/pkg/root"

	"dagger/slipway/ci/github"
	"dagger/slipway/ci/verify"
)

// Verify verifies releases, tarballs, unpacked ones, and images.
type Verify struct {
	Paths      []string  // on this machine
	Dist       Directory `name:"dist" help:"directory with tarballs and the other files of a release, or with a binary and its signatures" only:"module"`
	Tag        string    `name:"tag" help:"verify the GitHub release of this <tag>; $GITHUB_TOKEN is used if set" module:"tag of a GitHub release, like crate/v1.2.3, to download and verify"`
	Image      string    `name:"image" help:"verify the image of this <reference>"`
	Repository string    `name:"repository" env:"GITHUB_REPOSITORY" help:"GitHub <owner/name> whose release it is"`
	Released
	Output
}

var errNotGood = errors.New("verifying: not everything is good")

// Run verifies everything that is named. The verdict is the worst one.
func (v *Verify) Run(ctx context.Context, h Host) (Outcome, error) {
	if err := v.check(); err != nil {
		return Outcome{}, err
	}
	reports, err := v.reports(ctx, h)
	if err != nil {
		return Outcome{Verdict: Unknown}, err
	}
	var out strings.Builder
	worst := verify.Good
	for _, r := range reports {
		words, err := v.either(func() (string, error) { return r.Text(), nil }, r.JSON)
		if err != nil {
			return Outcome{}, err
		}
		out.WriteString(words)
		if worst == verify.Good || r.Verdict == verify.Bad {
			worst = r.Verdict
		}
	}
	made := Outcome{Output: out.String()}
	switch worst {
	case verify.Bad:
		made.Verdict, made.Finding = Bad, errNotGood
	case verify.Unknown:
		made.Verdict, made.Finding = Unknown, errNotGood
	}
	return made, nil
}

func (v *Verify) check() error {
	if len(v.Paths) == 0 && !v.Dist.Set && v.Tag == "" && v.Image == "" {
		return errors.New("checking what to verify: name files or directories, a release (--tag crate/v1.2.3) or an image (--image)")
	}
	return nil
}

func (v *Verify) reports(ctx context.Context, h Host) (list []*verify.Report, err error) {
	e, err := v.expectation(ctx, v.Repository)
	if err != nil {
		return nil, err
	}
	paths := v.Paths
	if v.Dist.Set {
		dir, err := v.Dist.path(ctx, h, "what to verify")
		if err != nil {
			return nil, err
		}
		paths = append(paths, dir)
	}
	for _, name := range paths {
		list = append(list, verify.Path(ctx, name, e))
	}
	if v.Tag != "" {
		token, err := v.GitHubToken.read(ctx)
		if err != nil {
			return nil, err
		}
		r, err := verify.Tag(ctx, github.Options{Repository: v.Repository, Token: token, API: v.GitHubAPI}, v.Tag, e)
		if err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	if v.Image != "" {
		if v.Identity == "" {
			e.Identity = verify.Identity(v.Repository, verify.ImageWorkflow)
		}
		list = append(list, verify.Image(ctx, v.Image, e))
	}
	return list, nil
}

// expect returns who must have signed, without a trusted root. The signing run must have been in
// the repository.
func (s *SignedBy) expect(repository string, key []byte) (verify.Expectation, error) {
	e, err := verify.Expect(repository, s.Identity, s.Issuer, key)
	return e.From(s.SourceRef, s.RunnerEnvironment), err
}

// expectation returns who must have signed, and whom to trust about that.
func (r *Released) expectation(ctx context.Context, repository string) (verify.Expectation, error) {
	key, err := r.Key.read(ctx, "the public key")
	if err != nil {
		return verify.Expectation{}, err
	}
	e, err := r.expect(repository, key)
	if err != nil {
		return e, err
	}
	if r.TrustedRoot.Given() {
		e.Root, err = r.TrustedRoot.trustedRoot(ctx)
		return e, err
	}
	if e.Root, err = root.FetchTrustedRoot(); err != nil {
		return e, fmt.Errorf("reading the trusted root: %w: name a file with --trusted-root", err)
	}
	return e, nil
}
