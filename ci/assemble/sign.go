package assemble

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sync/errgroup"

	"dagger/slipway/ci/console"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/sign"
)

// parallel is how many files are signed at once. Signing mostly waits for servers.
const parallel = 64

// signAll signs every binary of every target, writing the signature files next to it, and
// writes the signed attestations of its SBOMs. All of it happens in parallel.
func (m *making) signAll(ctx context.Context) (err error) {
	if m.Signing.How == "" {
		return nil
	}
	if m.signer = m.Signing.Signer; m.signer == nil {
		if m.signer, err = sign.DryRun(m.Build.Plan.Tag); err != nil {
			return err
		}
	}
	if err := m.Signing.Identify(ctx, m.signer); err != nil {
		return console.Errorf("%w\n%s", err, unsigned)
	}
	if m.Earlier != nil {
		if m.expected, err = m.Signing.Expectation(m.signer); err != nil {
			return console.Errorf("verifying what an earlier run has signed: %w\n%s", err, unsigned)
		}
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	for _, a := range m.Build.Plan.Artifacts {
		switch a.Kind {
		case plan.Attestation:
			group.Go(func() error { return m.writeAttestation(ctx, filepath.Join(m.out, a.Name), a) })
		case plan.Tarball:
			for _, name := range a.Binaries {
				group.Go(func() error { return m.signBinary(ctx, a.Target, name) })
			}
		}
	}
	if err := group.Wait(); err != nil {
		return console.Errorf("%w\n%s", err, unsigned)
	}
	return nil
}

// signBinary signs a binary and writes the signature files that the plan lists.
func (m *making) signBinary(ctx context.Context, target, name string) error {
	file := m.place(target, name)
	sig, err := m.signFile(ctx, plan.SubjectName(target, name), file)
	if err != nil {
		return fmt.Errorf("signing binary %q for %s: %w", name, target, err)
	}
	for _, ending := range m.Build.Plan.Signatures() {
		content, err := m.signature(sig, ending)
		if err == nil && content == nil {
			err = fmt.Errorf("writing %q: the signer provides no such file: the plan says that the release is signed %s", file+ending, m.Signing.How)
		}
		if err = errors.Join(err, os.WriteFile(file+ending, content, 0o644)); err != nil {
			return fmt.Errorf("signing: %w", err)
		}
	}
	return nil
}

// signature returns the content of the signature file with an ending, nil if there is none.
func (m *making) signature(sig sign.Signature, ending string) ([]byte, error) {
	switch ending {
	case plan.SignatureFile:
		return sig.Sig, nil
	case plan.CertificateFile:
		return sig.Cert, nil
	case plan.PublicKeyFile:
		return m.signer.PublicKey()
	case plan.BundleFile:
		return sig.Bundle, nil
	}
	return nil, nil
}
