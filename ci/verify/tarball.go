package verify

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"dagger/slipway/ci/archive"
	"dagger/slipway/ci/beneath"
	"dagger/slipway/ci/dist"
	"dagger/slipway/ci/plan"
)

// Tarball verifies a release tarball: its line in the SHA256SUMS beside it, where
// there is one, that it can be read in one way alone, all that it holds, and the
// SBOMs and the provenance of that, where they lie beside it.
func Tarball(ctx context.Context, name string, e Expectation) *Report {
	r := &Report{}
	base := filepath.Base(name)
	if err := r.checksum(name); err != nil {
		r.bad(base, err)
	}
	f, err := beneath.OpenFile(name)
	if err != nil {
		r.unknown(base, fmt.Errorf("reading the tarball: %w", err))
		return r
	}
	defer f.Close()
	dir, err := os.MkdirTemp("", "slipway-verify-")
	if err != nil {
		r.unknown(base, fmt.Errorf("unpacking the tarball: %w", err))
		return r
	}
	defer func() { _ = os.RemoveAll(dir) }()
	entries, err := archive.Read(f, dir, archive.ReleaseLimits())
	if err != nil {
		r.bad(base, err)
		return r
	}
	r.good(base, "holds %d plain files", len(entries))
	r.documents(ctx, name, r.directory(ctx, dir, e), e)
	return r
}

// checksum compares a file with its line in the SHA256SUMS of its directory.
func (r *Report) checksum(name string) error {
	base := filepath.Base(name)
	f, err := beneath.OpenFile(filepath.Join(filepath.Dir(name), plan.SumsName))
	if errors.Is(err, os.ErrNotExist) {
		return nil // the signatures inside say more
	}
	if err != nil {
		return fmt.Errorf("reading %s: %w", plan.SumsName, err)
	}
	defer f.Close()
	sums, err := dist.ParseSums(f)
	if err != nil {
		return err
	}
	want, ok := sums[base]
	if !ok {
		return fmt.Errorf("%s has no line for it", plan.SumsName)
	}
	got, err := digest(name)
	if err != nil {
		return err
	}
	if got != [sha256.Size]byte(want) {
		return fmt.Errorf("its sha256 is %x, %s says %x", got, plan.SumsName, want)
	}
	r.good(base, "as %s says, sha256 %x", plan.SumsName, got)
	return nil
}

// Path verifies a tarball, a directory with what one holds, or a directory with
// all that a release ships. A person who names it may name it by a link; in a directory
// none is followed.
func Path(ctx context.Context, name string, e Expectation) *Report {
	if real, err := filepath.EvalSymlinks(name); err == nil {
		name = real
	}
	if info, err := os.Stat(name); err != nil || !info.IsDir() {
		return Tarball(ctx, name, e)
	}
	if tarballs, err := filepath.Glob(filepath.Join(name, "*"+tarballEnding)); err == nil && len(tarballs) > 0 {
		return Release(ctx, name, e)
	}
	return Directory(ctx, name, e)
}
