package assemble

import (
	"context"
	"fmt"
	"strings"

	"github.com/sigstore/sigstore-go/pkg/root"

	"dagger/slipway/ci/console"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/sign"
	"dagger/slipway/ci/verify"
)

// unsigned ends the error of a failed signing.
const unsigned = "nothing was published, and what was built is kept: run the same command again to sign it"

// Signing is who signs a release, and what a verifier then expects of it.
type Signing struct {
	// Signer signs; nil means a dry run, which signs with a throw-away key.
	Signer *sign.Signer
	// How is the plan's description of the signer, "" if nothing is signed.
	How     string
	Version string
	Source  plan.Source
	// Repository is the GitHub repository that is published in, as owner/name; "" if unknown.
	Repository string
	// Staged means that another job has built what is signed.
	Staged bool

	// Who is the signing identity, once [Signing.Identify] has asked for it.
	Who sign.Identity
}

// DryRun reports whether the signatures are those of a dry run, which say nothing about who
// signed.
func (s *Signing) DryRun() bool { return s.Signer == nil }

// Words describes how the files are signed, or returns "" if none are.
func (s *Signing) Words() string {
	switch {
	case s.How == "":
		return ""
	case s.DryRun():
		return "with a throw-away dry-run key: not a release; nothing reached a transparency log"
	}
	return s.How + ", recorded in the transparency log"
}

// Identify determines the signing identity. It rejects a workflow run on a commit other than
// the built one, because the certificate and the provenance would contradict each other, and a
// run of a repository other than the one published in, because verification would expect the
// latter.
func (s *Signing) Identify(ctx context.Context, signer *sign.Signer) (err error) {
	if s.Who, err = signer.Identity(ctx); err != nil {
		return err
	}
	if s.Who.Commit != "" && s.Who.Commit != s.Source.Commit {
		return fmt.Errorf("checking who signs: the identity is that of a run on commit %q, and what was built is commit %q: check out the run's commit", s.Who.Commit, s.Source.Commit)
	}
	if from := s.Who.RepositoryPath(); s.Repository != "" && s.Who.Repository != "" && from != s.Repository {
		return fmt.Errorf("checking who signs: the identity is that of a run of repository %q, and the release is to be one of %q: run the workflow there, or name that repository (--repository)", from, s.Repository)
	}
	if s.Staged {
		return checkCaller(s.Who, s.Source.ReleaseBranch)
	}
	return nil
}

// checkCaller returns an error if the identity is that of another repository's workflow, or of
// a run on a branch other than the release branch. Any repository may call a reusable workflow
// of a public one, and gets certificates in its name. This check is part of that workflow, so a
// caller cannot remove it.
func checkCaller(who sign.Identity, branch string) error {
	if !who.IsWorkflow() {
		return nil // a person's identity, or a key
	}
	if workflow, _, _ := strings.Cut(who.Subject, "/.github/workflows/"); workflow != who.Repository {
		return fmt.Errorf("checking who signs: the identity %q is that of a workflow of another repository than %q, which runs it: call the workflow of your own repository (slipway workflows --write)", who.Subject, who.Repository)
	}
	if want := "refs/heads/" + branch; who.Ref != want {
		return fmt.Errorf("checking who signs: the run is on %q, and releases are made from %q: run the workflow there", who.Ref, want)
	}
	return nil
}

// Expectation returns what a verifier expects of the release, and who its signer is.
func (s *Signing) Expectation(signer *sign.Signer) (verify.Expectation, error) {
	e := verify.Expectation{
		Identity: s.Who.Subject, Issuer: s.Who.Issuer, SourceURI: s.Who.Repository, SourceRef: s.Who.Ref, Runner: s.Who.Runner,
		Version: s.Version, Commit: s.Source.Built(), DryRun: s.DryRun(), Root: signer.Root(),
	}
	if e.DryRun {
		return e, nil
	}
	var err error
	if s.How == plan.SignedByKey {
		if e.PublicKey, err = signer.PublicKey(); err != nil {
			return e, err
		}
	}
	if e.Root == nil {
		e.Root, err = root.FetchTrustedRoot()
	}
	return e, err
}

// verify verifies the artifacts as a downloader would, before anything is published, so that a
// release that cannot be verified fails in the run that made it.
func (m *making) verify(ctx context.Context) error {
	if m.Signing.How == "" {
		return nil
	}
	e, err := m.Signing.Expectation(m.signer)
	if err == nil {
		e, err = ofPlan(e, m.Build.Plan)
	}
	if err != nil {
		return console.Errorf("verifying what was made: %w\n%s", err, unsigned)
	}
	if report := verify.Release(ctx, m.out, e); report.Verdict != verify.Good {
		return console.Errorf("verifying what was made, as whoever downloads it would:\n%s\n%s", console.Lines(report.Text()), unsigned)
	}
	return nil
}
