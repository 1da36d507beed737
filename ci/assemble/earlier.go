package assemble

import (
	"context"
	"crypto/sha256"
	"os"
	"path/filepath"

	"dagger/slipway/ci/archive"
	"dagger/slipway/ci/beneath"
	"dagger/slipway/ci/dist"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/sign"
	"dagger/slipway/ci/verify"
)

// Earlier holds Sigstore bundles that an earlier run of this release may have made, by what
// they sign: binaries by their name in the provenance, statements by their artifact's name.
// They are untrusted: one is reused instead of a new signature only if it verifies for the
// current signing identity and what was built now. The artifacts made from them are verified
// like those of any other release.
type Earlier map[string][][]byte

// maxBundle is the size limit of an earlier bundle in bytes.
const maxBundle = sign.MaxBundle

// signFile signs a binary, or reuses an earlier run's signature.
func (m *making) signFile(ctx context.Context, subject, file string) (sign.Signature, error) {
	sum, err := dist.Digest(file)
	if err != nil {
		return sign.Signature{}, err
	}
	for _, bundle := range m.Earlier[subject] {
		sig, err := m.signer.Again(bundle, m.Signing.Who)
		if err == nil && verify.Signature(ctx, sig.Bundle, sum, m.expected) == nil {
			m.reused.Add(1)
			return sig, nil
		}
	}
	return m.signer.File(ctx, file)
}

// signStatement signs a statement about a file with the digest about, or reuses an earlier run's
// statement for which same returns true.
func (m *making) signStatement(ctx context.Context, name string, statement []byte, about [sha256.Size]byte, same func(earlier []byte) bool) ([]byte, error) {
	for _, bundle := range m.Earlier[name] {
		sig, err := m.signer.Again(bundle, m.Signing.Who)
		if err != nil {
			continue
		}
		if said, err := verify.Statement(ctx, sig.Bundle, about, m.expected); err == nil && same(said) {
			m.reused.Add(1)
			return sig.Bundle, nil
		}
	}
	return m.signer.Statement(ctx, statement)
}

// Collect adds the bundles found in the plan's artifacts in a directory. Missing and unreadable
// files are skipped.
func (e Earlier) Collect(dir string, artifacts []plan.Artifact) {
	for _, a := range artifacts {
		file := filepath.Join(dir, a.Name)
		switch {
		case !a.HoldsSignatures():
		case a.Kind == plan.Tarball:
			_ = e.collectTarball(file, a)
		default:
			e.add(a.Name, file)
		}
	}
}

// collectTarball adds the bundles found in a tarball.
func (e Earlier) collectTarball(name string, a plan.Artifact) error {
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
		e.add(plan.SubjectName(a.Target, binary), filepath.Join(dir, binary+plan.BundleFile))
	}
	return nil
}

// add adds the content of a file, unless it is missing, unreadable or too large.
func (e Earlier) add(subject, file string) {
	if raw, err := beneath.ReadFile(file, maxBundle); err == nil {
		e[subject] = append(e[subject], raw)
	}
}
