package release

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"dagger/slipway/ci/archive"
	"dagger/slipway/ci/beneath"
	"dagger/slipway/ci/dist"
	"dagger/slipway/ci/github"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/sign"
	"dagger/slipway/ci/verify"
)

// earlier holds Sigstore bundles that an earlier run of this release may have made, by what
// they sign: binaries by their name in the provenance, statements by their artifact's name.
// They are untrusted: one is reused instead of a new signature only if it verifies for the
// current signing identity and what was built now. The artifacts made from them are verified
// like those of any other release.
type earlier map[string][][]byte

// maxBundle is the size limit of an earlier bundle in bytes.
const maxBundle = sign.MaxBundle

// signFile signs a binary, or reuses an earlier run's signature.
func (r *Release) signFile(ctx context.Context, signer *sign.Signer, subject, file string) (sign.Signature, error) {
	sum, err := dist.Digest(file)
	if err != nil {
		return sign.Signature{}, err
	}
	for _, bundle := range r.earlier[subject] {
		sig, err := signer.Again(bundle, r.who)
		if err == nil && verify.Signature(ctx, sig.Bundle, sum, r.expected) == nil {
			r.reused.Add(1)
			return sig, nil
		}
	}
	return signer.File(ctx, file)
}

// signStatement signs a statement about a file with the digest about, or reuses an earlier run's
// statement for which same returns true.
func (r *Release) signStatement(ctx context.Context, signer *sign.Signer, name string, statement []byte, about [sha256.Size]byte, same func(earlier []byte) bool) ([]byte, error) {
	for _, bundle := range r.earlier[name] {
		sig, err := signer.Again(bundle, r.who)
		if err != nil {
			continue
		}
		if said, err := verify.Statement(ctx, sig.Bundle, about, r.expected); err == nil && same(said) {
			r.reused.Add(1)
			return sig.Bundle, nil
		}
	}
	return signer.Statement(ctx, statement)
}

// readEarlier collects the bundles that an earlier run of this release left in the draft and in
// the output directory. What cannot be read is signed again.
func (p *publishing) readEarlier(ctx context.Context) error {
	if p.Plan.Signing == "" {
		return nil
	}
	found := earlier{}
	if draft := p.github.Found(); draft.ID != 0 {
		dir, err := os.MkdirTemp("", "slipway-earlier-")
		if err != nil {
			return fmt.Errorf("reading the draft: %w", err)
		}
		defer func() { _ = os.RemoveAll(dir) }()
		if err := p.downloadSigned(ctx, draft, dir); err != nil {
			p.warnings = append(p.warnings, fmt.Sprintf("what the draft has is not read, and signed again: %v", err))
		}
		p.collect(dir, found)
	}
	p.collect(p.Out, found)
	if len(found) > 0 {
		p.earlier = found
	}
	return nil
}

// downloadSigned downloads the planned assets of a draft that contain signatures.
func (p *publishing) downloadSigned(ctx context.Context, draft github.Release, dir string) error {
	list, err := p.to.GitHub.Assets(ctx, draft.ID)
	if err != nil {
		return err
	}
	list = slices.DeleteFunc(list, func(a github.Asset) bool {
		return !a.Uploaded() || !slices.ContainsFunc(p.Plan.Artifacts, func(planned plan.Artifact) bool {
			return planned.Name == a.Name && holdsSignatures(planned)
		})
	})
	return p.to.GitHub.DownloadAssets(ctx, list, dir)
}

func holdsSignatures(a plan.Artifact) bool {
	return a.Kind == plan.Tarball || a.Kind == plan.Attestation || a.Kind == plan.Provenance
}

// collect adds the bundles found in the plan's artifacts in a directory. Missing and unreadable
// files are skipped.
func (r *Release) collect(dir string, into earlier) {
	for _, a := range r.Plan.Artifacts {
		file := filepath.Join(dir, a.Name)
		switch {
		case !holdsSignatures(a):
		case a.Kind == plan.Tarball:
			_ = collectTarball(file, a, into)
		default:
			into.add(a.Name, file)
		}
	}
}

// collectTarball adds the bundles found in a tarball.
func collectTarball(name string, a plan.Artifact, into earlier) error {
	f, err := beneath.OpenFile(name)
	if err != nil {
		return err
	}
	defer f.Close()
	dir, err := os.MkdirTemp("", "slipway-earlier-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if _, err := archive.Read(f, dir, archive.ReleaseLimits()); err != nil {
		return err
	}
	for _, binary := range a.Binaries {
		into.add(plan.SubjectName(a.Target, binary), filepath.Join(dir, binary+plan.BundleFile))
	}
	return nil
}

// add adds the content of a file, unless it is missing, unreadable or too large.
func (e earlier) add(subject, file string) {
	if raw, err := beneath.ReadFile(file, maxBundle); err == nil {
		e[subject] = append(e[subject], raw)
	}
}
