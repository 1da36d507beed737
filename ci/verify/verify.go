// Package verify checks what a release ships, from the point of view of someone who trusts
// none of it: every binary is signed by exactly the expected identity, in both formats, and
// there is no unsigned file.
package verify

import (
	"bytes"
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/sigstore/sigstore/pkg/cryptoutils"

	"dagger/slipway/ci/beneath"
	"dagger/slipway/ci/dist"
	"dagger/slipway/ci/plan"
)

// endings lists the endings of files that belong to the signature of another file.
var endings = []string{plan.SignatureFile, plan.CertificateFile, plan.PublicKeyFile, plan.BundleFile}

// Directory verifies an unpacked tarball: a flat directory of binaries and their
// signatures.
func Directory(ctx context.Context, dir string, e Expectation) *Report {
	return Unpacked(ctx, dir, "", e)
}

// Unpacked verifies the unpacked tarball of a target: a directory of programs for its
// architecture.
func Unpacked(ctx context.Context, dir, target string, e Expectation) *Report {
	r := &Report{}
	r.directory(ctx, dir, target, e)
	return r
}

// directory verifies the files of a directory and returns the digests of those that are not
// signatures, by name. If target is not "", they must be programs for its architecture.
func (r *Report) directory(ctx context.Context, dir, target string, e Expectation) digests {
	entries, err := os.ReadDir(dir)
	if err != nil {
		r.unknown(dir, fmt.Errorf("reading the directory: %w", err))
		return nil
	}
	names := map[string]bool{}
	for _, f := range entries {
		names[f.Name()] = true
	}
	signed := digests{}
	for _, f := range entries {
		name := f.Name()
		if !f.Type().IsRegular() {
			r.bad(name, errors.New("it is not a regular file, and a release holds no others"))
			continue
		}
		if of, ok := signs(name); ok {
			if signer, _ := signs(of); !names[of] {
				r.bad(name, fmt.Errorf("it signs %q, which is missing", of))
			} else if names[signer] {
				r.bad(name, fmt.Errorf("it signs %q, which signs %q itself: a release holds no such file", of, signer))
			}
			continue
		}
		signed[name] = r.file(ctx, filepath.Join(dir, name), target, e)
	}
	if len(signed) == 0 {
		r.bad(dir, errors.New("it holds no file that could be signed"))
	}
	return signed
}

// signs returns the name of the file that a signature file belongs to.
func signs(name string) (string, bool) {
	for _, ending := range endings {
		if of, ok := strings.CutSuffix(name, ending); ok && of != "" {
			return of, true
		}
	}
	return "", false
}

// file verifies a binary and its signatures, and returns its digest.
func (r *Report) file(ctx context.Context, name, target string, e Expectation) [sha256.Size]byte {
	base := filepath.Base(name)
	sum, err := digest(name)
	if err != nil {
		r.unknown(base, err)
		return sum
	}
	raw, err := beneath.ReadFile(name+plan.BundleFile, maxBundle)
	var refused *beneath.Refused
	if errors.Is(err, os.ErrNotExist) {
		r.bad(base, fmt.Errorf("it is not signed: %q is missing", base+plan.BundleFile))
		return sum
	} else if errors.As(err, &refused) {
		r.bad(base+plan.BundleFile, err)
		return sum
	} else if err != nil {
		r.unknown(base, err)
		return sum
	}
	b, err := parse(raw)
	if err != nil {
		r.bad(base+plan.BundleFile, err)
		return sum
	}
	if r.signedFile(ctx, base, b, sum, e) && target != "" { // files of unknown origin are not parsed
		if err := dist.CheckStatic(name, target); err != nil {
			r.bad(base, err)
		}
	}
	r.classic(name, b, e)
	return sum
}

// signedFile reports whether a bundle signs the file with the given digest as expected.
func (r *Report) signedFile(ctx context.Context, base string, b *signed, sum [sha256.Size]byte, e Expectation) bool {
	if b.dryRun() {
		intact := b.intact(sum)
		r.dryRun(base, intact, e)
		return intact == nil && e.DryRun
	}
	if err := b.verify(ctx, sum, e); err != nil {
		r.bad(base, err)
		return false
	}
	r.good(base, "signed by %s, sha256 %x%s", e.who(), sum, b.run())
	return true
}

// who describes the expected signer.
func (e Expectation) who() string {
	if e.PublicKey != nil {
		return "the expected key"
	}
	return e.Identity
}

// dryRun adds a check for a dry run's signature. intact is the error of verifying it with
// its own key.
func (r *Report) dryRun(base string, intact error, e Expectation) {
	r.DryRun = true
	switch {
	case intact != nil:
		r.bad(base, intact)
	case e.DryRun:
		r.good(base, "a dry run signed it")
	default:
		r.bad(base, errors.New("a dry run signed it: this is not a release"))
	}
}

// classic compares the signature files for cosign 2 with the bundle: they must have the
// same signature, and the same certificate or the expected key, so that the bundle's
// verification covers them too.
func (r *Report) classic(name string, b *signed, e Expectation) {
	base := filepath.Base(name)
	raw, err := beneath.ReadFile(name+plan.SignatureFile, maxBundle)
	if err != nil {
		r.bad(base+plan.SignatureFile, fmt.Errorf("reading the signature: %w", err))
		return
	}
	if sig, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(raw))); err != nil || !bytes.Equal(sig, b.signature) {
		r.bad(base+plan.SignatureFile, errors.New("it is not the bundle's signature"))
		return
	}
	err = sameCertificate(name+plan.CertificateFile, b.cert)
	if errors.Is(err, os.ErrNotExist) && (b.cert == nil || b.dryRun()) {
		err = nil // the verifier supplies the key, not the release
	}
	if err != nil {
		r.bad(base+plan.CertificateFile, err)
	}
	if wrong := sameKey(name+plan.PublicKeyFile, b, e); wrong != nil {
		r.bad(base+plan.PublicKeyFile, wrong)
		err = wrong
	}
	if err == nil {
		r.good(base+plan.SignatureFile, "the bundle's signature, for cosign 2")
	}
}

// sameKey returns an error if the file exists and holds another key than the expected one.
func sameKey(name string, b *signed, e Expectation) error {
	raw, err := beneath.ReadFile(name, maxBundle)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the public key: %w", err)
	}
	var want crypto.PublicKey
	switch {
	case b.dryRun():
		want = b.cert.PublicKey
	case b.cert != nil:
		return errors.New("signed with a certificate, to which no public key belongs")
	default:
		if want, err = cryptoutils.UnmarshalPEMToPublicKey(e.PublicKey); err != nil {
			return fmt.Errorf("reading the expected key: %w", err)
		}
	}
	text, err := cryptoutils.MarshalPublicKeyToPEM(want)
	if err != nil || !bytes.Equal(bytes.TrimSpace(raw), bytes.TrimSpace(text)) {
		return errors.New("it is not the key that signed, or more than one PEM key")
	}
	return nil
}

func sameCertificate(name string, cert *x509.Certificate) error {
	raw, err := beneath.ReadFile(name, maxBundle)
	if err != nil {
		return fmt.Errorf("reading the certificate: %w", err)
	}
	if cert == nil {
		return errors.New("signed with a key, to which no certificate belongs")
	}
	text, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(raw)))
	if err != nil {
		return errors.New("it is not base64, as cosign writes it")
	}
	want, err := cryptoutils.MarshalCertificateToPEM(cert)
	if err != nil || !bytes.Equal(bytes.TrimSpace(text), bytes.TrimSpace(want)) {
		return errors.New("it is not the bundle's certificate, or more than one in PEM")
	}
	return nil
}

func digest(name string) ([sha256.Size]byte, error) {
	sum, err := dist.Digest(name)
	if err != nil {
		return sum, fmt.Errorf("reading the file: %w", err)
	}
	return sum, nil
}
