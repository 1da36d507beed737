package verify

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"dagger/slipway/ci/archive"
	"dagger/slipway/ci/beneath"
	"dagger/slipway/ci/dist"
	"dagger/slipway/ci/plan"
)

// Tarball verifies a release tarball on its own: its line in SHA256SUMS, if that is in the
// same directory, that it is unambiguous, and all it contains, which must be for the
// architecture in its name. It also verifies SBOMs and provenance in the same directory.
// Only provenance tells the crate and version.
func Tarball(ctx context.Context, name string, e Expectation) *Report {
	r := &Report{}
	dir, base := filepath.Split(name)
	crate, _ := splitTarball(name)
	beside := plan.ProvenanceName(crate)
	var m *manifest
	switch {
	case crate != "" && exists(dir, beside):
		m = r.readProvenance(ctx, filepath.Join(dir, beside), crate, e)
	case exists(dir, base):
		r.good(base, "no provenance is beside it: nothing here says which crate and version it is")
	}
	r.tarball(ctx, name, m, e)
	return r
}

// tarball verifies a tarball, and compares it with the list of its release if there is one.
func (r *Report) tarball(ctx context.Context, name string, m *manifest, e Expectation) {
	base := filepath.Base(name)
	if err := r.checksum(name); err != nil {
		r.bad(base, err)
	}
	dir, err := os.MkdirTemp("", "slipway-verify-")
	if err != nil {
		r.unknown(base, fmt.Errorf("unpacking the tarball: %w", err))
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if !r.unpack(name, dir) {
		return
	}
	if m != nil {
		e.Commit = m.commit // whether that commit is expected was checked with the provenance
	}
	_, target := splitTarball(name)
	binaries := r.directory(ctx, dir, target, e)
	if m != nil && r.has(m, name) {
		r.holds(m, base, target, binaries)
	}
	if target != "" {
		r.documents(ctx, filepath.Dir(name), target, binaries, e)
	}
}

// unpack unpacks a tarball, and reports whether it is valid and unambiguous.
func (r *Report) unpack(name, dir string) bool {
	base := filepath.Base(name)
	f, err := beneath.OpenFile(name)
	if err != nil {
		r.unknown(base, fmt.Errorf("reading the tarball: %w", err))
		return false
	}
	defer f.Close()
	entries, err := archive.Read(f, dir, archive.ReleaseLimits())
	if err != nil {
		r.bad(base, err)
		return false
	}
	r.good(base, "holds %d plain files", len(entries))
	return true
}

// checksum compares a file with its line in the directory's SHA256SUMS.
func (r *Report) checksum(name string) error {
	base := filepath.Base(name)
	f, err := beneath.OpenFile(filepath.Join(filepath.Dir(name), plan.SumsName))
	if errors.Is(err, os.ErrNotExist) {
		return nil // not needed: the signatures in the tarball say more
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

// Path verifies a tarball, a directory with the contents of one, or a directory with
// everything a release ships. A directory that has a tarball or provenance in it is taken
// for the latter. The path itself may be a symbolic link; links inside a directory are not
// followed.
func Path(ctx context.Context, name string, e Expectation) *Report {
	if name == "" { // it would mean the current directory
		r := &Report{}
		r.unknown("\"\"", errors.New("checking what to verify: the name is empty: expected a tarball or a directory"))
		return r
	}
	if real, err := filepath.EvalSymlinks(name); err == nil {
		name = real
	}
	if info, err := os.Stat(name); err != nil || !info.IsDir() {
		return Tarball(ctx, name, e)
	}
	files, _ := os.ReadDir(name) // Directory reports the error
	if slices.ContainsFunc(files, func(f os.DirEntry) bool {
		return strings.HasSuffix(f.Name(), tarballEnding) || strings.HasSuffix(f.Name(), plan.ProvenanceName(""))
	}) {
		return Release(ctx, name, e)
	}
	return Directory(ctx, name, e)
}
