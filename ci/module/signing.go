package module

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"dagger.io/dagger"
	"github.com/sigstore/sigstore-go/pkg/root"

	"dagger/slipway/ci/console"
	"dagger/slipway/ci/github"
	"dagger/slipway/ci/handover"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/release"
	"dagger/slipway/ci/sign"
	"dagger/slipway/ci/verify"
)

// Signing holds the arguments that say how to sign; "" means none.
type Signing struct {
	// RequestURL and RequestToken are those of GitHub Actions for OpenID Connect tokens.
	RequestURL, RequestToken string
	Token                    string
	Key, KeyPassword         string
	Fulcio, Rekor, Timestamp string
	TrustedRoot              string // JSON
}

func (o Signing) signer() (*sign.Signer, error) {
	opts := sign.Options{Fulcio: o.Fulcio, Rekor: o.Rekor, Timestamp: o.Timestamp, KeyPassword: []byte(o.KeyPassword)}
	switch {
	case o.Key != "":
		opts.Key = []byte(o.Key)
	case o.Token != "":
		opts.Token = sign.GivenToken(o.Token)
	case o.RequestURL != "" && o.RequestToken != "":
		opts.Token = sign.GitHubToken(o.RequestURL, o.RequestToken)
	}
	var err error
	if o.TrustedRoot != "" {
		if opts.Root, err = trusted(o.TrustedRoot); err != nil {
			return nil, err
		}
	}
	return sign.New(opts)
}

func trusted(json string) (root.TrustedMaterial, error) {
	r, err := root.NewTrustedRootFromJSON([]byte(json))
	if err != nil {
		return nil, fmt.Errorf("reading the trusted root: %w", err)
	}
	return r, nil
}

// sign returns the signer, and sets how the plan says that the release is signed.
func (s *Session) sign(o Signing) (*sign.Signer, error) {
	s.planSigning(o, o.Key != "")
	return o.signer()
}

// planSigning sets how the plan says that the release is signed. It needs no secret.
func (s *Session) planSigning(o Signing, byKey bool) {
	s.in.SigningServices = sign.Options{Fulcio: o.Fulcio, Rekor: o.Rekor, Timestamp: o.Timestamp}.Services()
	if byKey {
		s.in.Signing = plan.SignedByKey
	}
}

// Sign builds, tests, packages and signs, and returns the ID of the directory to upload. A
// missing signer is an error before anything is built.
func (s *Session) Sign(ctx context.Context, o Signing) (_ string, failed error) {
	defer console.ForPeople(&failed)
	signer, err := s.sign(o)
	if err != nil {
		return "", err
	}
	return s.Files(ctx, func(r *release.Release, ctx context.Context) error {
		r.Signer = signer
		_, err := r.Dist(ctx)
		return err
	})
}

// Stage runs every step, signs nothing, and returns the ID of the directory for SignStaged in
// another session. It needs only the addresses for signing and whether a key will be used, but
// no secret.
func (s *Session) Stage(ctx context.Context, o Signing, byKey bool) (_ string, failed error) {
	defer console.ForPeople(&failed)
	s.planSigning(o, byKey)
	return s.Files(ctx, func(r *release.Release, ctx context.Context) error {
		_, err := r.Stage(ctx)
		return err
	})
}

// SignStaged packages and signs what Stage has left in the directory with the ID staged, and
// returns the ID of the directory to upload. digest is the directory's digest, obtained through
// another channel. No step runs.
func (s *Session) SignStaged(ctx context.Context, o Signing, staged, digest string) (_ string, failed error) {
	defer console.ForPeople(&failed)
	want, err := handover.ParseDigest(digest)
	if err != nil {
		return "", err
	}
	signer, err := s.sign(o)
	if err != nil {
		return "", err
	}
	w, p, err := s.Plan(ctx)
	if err != nil {
		return "", err
	}
	from := filepath.Join(s.work, "staged")
	if _, err := s.client.LoadDirectoryFromID(dagger.DirectoryID(staged)).Export(ctx, from); err != nil {
		return "", fmt.Errorf("reading what was staged: %w", err)
	}
	r := &release.Release{Workspace: w, Plan: p, Signer: signer, Out: s.out()}
	if err := r.UseStaged(release.Staged{Dir: from, Digest: want}, filepath.Join(s.work, "copy")); err != nil {
		return "", err
	}
	if _, err := r.Dist(ctx); err != nil {
		return "", err
	}
	id, err := s.client.Host().Directory(r.Out, dagger.HostDirectoryOpts{NoCache: true}).ID(ctx)
	return string(id), err
}

// Verification holds the arguments of Verify.
type Verification struct {
	Dist                         string // ID of a directory
	Tag, Image, GitHubToken      string
	Repository, Identity, Issuer string
	SourceRef, Runner            string // of the signing run; "" means verify.Expect's defaults
	Key, TrustedRoot             string // contents of files
	JSON                         bool
}

// ErrBad is the error if a verification did not succeed completely.
var ErrBad = errors.New("verifying: not all of it is good")

// Verify verifies a GitHub release, an image, or a directory with tarballs or with an unpacked
// one.
func Verify(ctx context.Context, v Verification) (_ string, failed error) {
	defer console.ForPeople(&failed)
	e, err := expectation(v)
	if err != nil {
		return "", err
	}
	switch {
	case v.Tag != "":
		r, err := verify.Tag(ctx, github.Options{Repository: v.Repository, Token: v.GitHubToken}, v.Tag, e)
		if err != nil {
			return "", err
		}
		return report(r, v.JSON)
	case v.Image != "":
		if v.Identity == "" {
			e.Identity = verify.Identity(v.Repository, verify.ImageWorkflow)
		}
		return report(verify.Image(ctx, v.Image, e), v.JSON)
	case v.Dist != "":
		return verifyDirectory(ctx, v, e)
	}
	return "", errors.New("checking what to verify: name a directory (--dist), a release (--tag crate/v1.2.3) or an image (--image)")
}

// expectation returns who must have signed.
func expectation(v Verification) (verify.Expectation, error) {
	var key []byte
	if v.Key != "" {
		key = []byte(v.Key)
	}
	e, err := verify.Expect(v.Repository, v.Identity, v.Issuer, key)
	if err != nil {
		return e, err
	}
	e = e.From(v.SourceRef, v.Runner)
	if v.TrustedRoot != "" {
		e.Root, err = trusted(v.TrustedRoot)
	} else {
		e.Root, err = root.FetchTrustedRoot()
	}
	return e, err
}

func verifyDirectory(ctx context.Context, v Verification, e verify.Expectation) (string, error) {
	client, err := dagger.Connect(ctx)
	if err != nil {
		return "", fmt.Errorf("joining the Dagger session: %w", err)
	}
	dir, err := os.MkdirTemp("", "slipway-verify-")
	if err != nil {
		return "", err
	}
	if _, err := client.LoadDirectoryFromID(dagger.DirectoryID(v.Dist)).Export(ctx, dir); err != nil {
		return "", fmt.Errorf("reading what to verify: %w", err)
	}
	return report(verify.Path(ctx, dir, e), v.JSON)
}

// report renders a report. Unless everything is good, it is returned as an error.
func report(r *verify.Report, asJSON bool) (string, error) {
	text := r.Text()
	if asJSON {
		raw, err := r.JSON()
		if err != nil {
			return "", err
		}
		text = string(raw)
	}
	if r.Verdict != verify.Good {
		return "", console.Errorf("%w\n%s", ErrBad, console.Lines(text))
	}
	return text, nil
}
