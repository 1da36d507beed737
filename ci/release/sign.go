package release

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sync/errgroup"

	"dagger/slipway/ci/console"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/sign"
)

// signing is how many files are signed at once. Signing mostly waits for servers.
const signing = 64

// unsigned ends the error of a failed signing.
const unsigned = "nothing was published, and what was built is kept: run the same command again to sign it"

// signAll signs every binary of every target, writing the signature files next to it, and
// writes the signed attestations of its SBOMs to out. All of it happens in parallel.
func (r *Release) signAll(ctx context.Context, signer *sign.Signer, out string, documents map[string]document, place func(target, name string) string) error {
	if r.Plan.Signing == "" {
		return nil
	}
	if err := r.identify(ctx, signer); err != nil {
		return console.Errorf("%w\n%s", err, unsigned)
	}
	if r.earlier != nil {
		var err error
		if r.expected, err = r.expectation(signer); err != nil {
			return console.Errorf("verifying what an earlier run has signed: %w\n%s", err, unsigned)
		}
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(signing)
	for _, a := range r.Plan.Artifacts {
		to := filepath.Join(out, a.Name)
		switch a.Kind {
		case plan.SBOM:
			continue // written before
		case plan.Attestation:
			group.Go(func() error { return r.writeAttestation(ctx, signer, to, a, documents[a.Name]) })
			continue
		}
		for _, name := range a.Binaries {
			file := place(a.Target, name)
			group.Go(func() error {
				sig, err := r.signFile(ctx, signer, plan.SubjectName(a.Target, name), file)
				if err != nil {
					return fmt.Errorf("signing binary %q for %s: %w", name, a.Target, err)
				}
				return r.writeSignature(signer, file, sig)
			})
		}
	}
	if err := group.Wait(); err != nil {
		return console.Errorf("%w\n%s", err, unsigned)
	}
	return nil
}

// identify determines the signing identity. It rejects a workflow run on a commit other than
// the built one, because the certificate and the provenance would contradict each other, and a
// run of a repository other than the one published in, because verification would expect the
// latter.
func (r *Release) identify(ctx context.Context, signer *sign.Signer) (err error) {
	if r.who, err = signer.Identity(ctx); err != nil {
		return err
	}
	if built := r.Plan.Source.Commit; r.who.Commit != "" && r.who.Commit != built {
		return fmt.Errorf("checking who signs: the identity is that of a run on commit %q, and what was built is commit %q: check out the run's commit", r.who.Commit, built)
	}
	if r.repository != "" && r.who.Repository != "" && repositoryOf(r.who.Repository) != r.repository {
		return fmt.Errorf("checking who signs: the identity is that of a run of repository %q, and the release is to be one of %q: run the workflow there, or name that repository (--repository)", repositoryOf(r.who.Repository), r.repository)
	}
	if r.fromStaged {
		return checkCaller(r.who, r.Plan.Source.ReleaseBranch)
	}
	return nil
}

// repositoryOf returns the path of a repository's URI, like owner/name.
func repositoryOf(uri string) string {
	u, err := url.Parse(uri)
	if err != nil {
		return uri
	}
	return strings.Trim(u.Path, "/")
}

// signer returns the release's signer, or a dry run's.
func (r *Release) signer() (*sign.Signer, error) {
	if r.Signer != nil {
		return r.Signer, nil
	}
	return sign.DryRun(r.Plan.Tag)
}

// signedBy describes how the binaries are signed, or returns "" if there are none.
func (r *Release) signedBy() string {
	switch {
	case r.Plan.Signing == "":
		return ""
	case r.Signer == nil:
		return "by a key of no worth, which anyone can make: this is no release; nothing reached a log"
	}
	return r.Plan.Signing + ", recorded in the transparency log"
}

// writeSignature writes the signature files that the plan lists for a file.
func (r *Release) writeSignature(signer *sign.Signer, file string, sig sign.Signature) error {
	for _, ending := range r.Plan.Signatures() {
		var content []byte
		var err error
		switch ending {
		case plan.SignatureFile:
			content = sig.Sig
		case plan.CertificateFile:
			content = sig.Cert
		case plan.PublicKeyFile:
			content, err = signer.PublicKey()
		case plan.BundleFile:
			content = sig.Bundle
		}
		if err == nil && content == nil {
			err = fmt.Errorf("writing %q: the signature has no such form: the plan says that the release is signed %s", file+ending, r.Plan.Signing)
		}
		if err = errors.Join(err, os.WriteFile(file+ending, content, 0o644)); err != nil {
			return fmt.Errorf("signing: %w", err)
		}
	}
	return nil
}
