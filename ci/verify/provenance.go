package verify

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"dagger/slipway/ci/provenance"
	"dagger/slipway/ci/quote"
)

// Provenance returns the provenance in a bundle. It returns an error unless it was signed
// by the expected signer in a run on the commit that it names. The caller must check that
// this is the expected commit, and compare everything else.
func Provenance(ctx context.Context, bundle []byte, e Expectation) (provenance.Statement, error) {
	b, err := parse(bundle)
	if err != nil {
		return provenance.Statement{}, err
	}
	s, sum, err := b.provenance()
	if err == nil {
		e, err = e.onCommit(s)
	}
	if err == nil {
		err = b.verifyStatement(ctx, sum, e)
	}
	return s, err
}

// provenance reads the unverified provenance in a bundle, and the digest of its first
// subject.
func (s *signed) provenance() (p provenance.Statement, sum [sha256.Size]byte, err error) {
	if !s.envelope {
		return p, sum, errors.New("the bundle signs a file, expected one that signs a statement")
	}
	if p, err = provenance.Parse(s.payload); err != nil {
		return p, sum, err
	}
	if len(p.Subject) == 0 {
		return p, sum, errors.New("reading the provenance: it names no file")
	}
	sum, err = provenance.ParseDigest(p.Subject[0].Digest["sha256"])
	return p, sum, err
}

// onCommit returns e expecting the commit that a statement names. It returns an error if a
// GitHub Actions run is expected and the statement names no commit.
func (e Expectation) onCommit(s provenance.Statement) (Expectation, error) {
	e.Commit = provenance.Commit(s)
	if e.Commit == "" && e.PublicKey == nil && !e.DryRun && e.actions() {
		return e, errors.New("the provenance names no commit, expected the one that the run was on")
	}
	return e, nil
}

// readProvenance verifies the provenance of a crate's release and compares it with what is
// expected. It returns the list of files if the signature is valid, even if the report has
// other errors about the provenance.
func (r *Report) readProvenance(ctx context.Context, file, crate string, e Expectation) *manifest {
	base := filepath.Base(file)
	b, ok := r.readSigned(file)
	if !ok {
		return nil
	}
	s, sum, err := b.provenance()
	own := e
	if err == nil && !b.dryRun() {
		own, err = e.onCommit(s)
	}
	if err != nil {
		r.bad(base, err)
		return nil
	}
	if !r.statement(ctx, base, b, sum, own) {
		return nil
	}
	m, err := newManifest(crate, s)
	if err != nil {
		r.bad(base, err)
		return nil
	}
	if err := errors.Join(checkProvenance(s, crate, nil, e), m.checkComplete()); err != nil {
		r.bad(base, err)
		return m
	}
	r.good(base, "built by %s from %s: crate %s, version %s", s.Predicate.RunDetails.Builder.ID, source(s), m.crate, quote.Line(m.version))
	return m
}

// checkProvenance compares the provenance with what a verifier knows: the files, the crate,
// and the signer, who can vouch only for its own builder and source.
func checkProvenance(s provenance.Statement, crate string, subjects map[string][sha256.Size]byte, e Expectation) error {
	said := s.Predicate.BuildDefinition.ExternalParameters
	want := provenance.Expectation{Subjects: subjects, BuilderID: builder(e), Parameters: said, Commit: cmp.Or(e.Commit, provenance.Commit(s)), Plan: e.Plan}
	want.Parameters.Crate = crate
	want.Parameters.Version = cmp.Or(e.Version, said.Version)
	if builder(e) != provenance.OwnMachine {
		want.Parameters.Repository, want.Parameters.Ref = e.SourceURI, e.SourceRef
	}
	return explained(provenance.Compare(s, want))
}

// explained adds to some mismatches what they mean for a release.
func explained(err error) error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return err
	}
	var all []error
	for _, one := range joined.Unwrap() {
		if m := (*provenance.Mismatch)(nil); errors.As(one, &m) {
			switch {
			case m.Field == "externalParameters.version":
				one = fmt.Errorf("%w: it is for another version, as when an older release replaces a newer one", m)
			case m.Field == "externalParameters.crate":
				one = fmt.Errorf("%w: it is for another crate", m)
			case strings.HasSuffix(m.Field, "gitCommit"):
				one = fmt.Errorf("%w: it is for another commit, as when a tag was moved", m)
			}
		}
		all = append(all, one)
	}
	return errors.Join(all...)
}

// builder returns the builder ID that the expected signer can vouch for: a workflow for
// itself, anyone else for their own machine.
func builder(e Expectation) string {
	if e.PublicKey == nil && !e.DryRun && strings.Contains(e.Identity, workflows) {
		return e.Identity
	}
	return provenance.OwnMachine
}

func source(s provenance.Statement) string {
	if c := provenance.Commit(s); c != "" {
		return "commit " + c
	}
	return "no commit"
}
