package assemble

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"path/filepath"

	"dagger/slipway/ci/console"
	"dagger/slipway/ci/dist"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/provenance"
)

// writeProvenance writes the signed provenance of the files and of the binaries in them.
func (m *making) writeProvenance(ctx context.Context, to string) error {
	s, err := m.statement(ctx)
	if err != nil {
		return err
	}
	statement, err := s.JSON()
	if err != nil {
		return err
	}
	about, err := provenance.ParseDigest(m.files[0].SHA256)
	if err != nil {
		return err
	}
	same := func(earlier []byte) bool { return sameBuild(earlier, s) }
	bundle, err := m.signStatement(ctx, filepath.Base(to), statement, about, same)
	if err != nil {
		return console.Errorf("signing the provenance: %w\n%s", err, unsigned)
	}
	return writeBytes(to, bundle)
}

// statement returns the provenance of the files that are made so far.
func (m *making) statement(ctx context.Context) (s provenance.Statement, err error) {
	o, err := m.Origin()
	if err != nil {
		return s, err
	}
	in, err := o.Input(ctx)
	if err != nil {
		return s, err
	}
	if in.Subjects, err = m.subjects(); err != nil {
		return s, err
	}
	return provenance.New(in)
}

// sameBuild reports whether an earlier run's statement equals s, except for the run's metadata.
func sameBuild(earlier []byte, s provenance.Statement) bool {
	other, err := provenance.Parse(earlier)
	if err != nil {
		return false
	}
	s.Predicate.RunDetails.Metadata = other.Predicate.RunDetails.Metadata
	again, err := s.JSON()
	return err == nil && bytes.Equal(again, earlier)
}

// subjects returns the digests of all files of the release except the provenance itself, and of
// every binary in them, so that a verifier notices a missing file.
func (m *making) subjects() (map[string][sha256.Size]byte, error) {
	subjects := map[string][sha256.Size]byte{}
	for i, a := range m.artifacts()[:len(m.files)] {
		sum, err := provenance.ParseDigest(m.files[i].SHA256)
		if err != nil {
			return nil, err
		}
		subjects[a.Name] = sum
		if a.Kind != plan.Tarball {
			continue
		}
		for _, name := range a.Binaries {
			if subjects[plan.SubjectName(a.Target, name)], err = dist.Digest(m.place(a.Target, name)); err != nil {
				return nil, fmt.Errorf("making the provenance: %w", err)
			}
		}
	}
	return subjects, nil
}
