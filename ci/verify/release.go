package verify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"dagger/slipway/ci/plan"
)

// Release verifies a directory with everything that a release with binaries ships. The
// signed provenance lists the files: every one must be present and unchanged, and there
// must be no others.
func Release(ctx context.Context, dir string, e Expectation) *Report {
	r := &Report{}
	names, err := r.list(dir)
	if err != nil {
		r.unknown(dir, fmt.Errorf("reading the directory: %w", err))
		return r
	}
	list, m := r.findProvenance(ctx, dir, names, e)
	for _, name := range names {
		if strings.HasSuffix(name, tarballEnding) {
			r.tarball(ctx, filepath.Join(dir, name), m, e)
		}
	}
	for _, name := range names {
		if name != list && !strings.HasSuffix(name, tarballEnding) {
			r.vouched(filepath.Join(dir, name), m)
		}
	}
	if m != nil {
		for _, name := range m.assets() {
			if !slices.Contains(names, name) && !r.isBad(name) {
				r.bad(name, errors.New("it is missing: the provenance names it, and a release has every file named there"))
			}
		}
	}
	return r
}

// list returns the names of the regular files in a directory, and reports anything else in
// it as bad.
func (r *Report) list(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	var names []string
	for _, f := range entries {
		if !f.Type().IsRegular() {
			r.bad(f.Name(), errors.New("it is not a regular file, and a release ships no others"))
			continue
		}
		names = append(names, f.Name())
	}
	return names, err
}

// findProvenance finds and verifies the only provenance of a release, which must be of the
// expected crate. It returns the provenance's name and its list of files, nil if none can
// be trusted.
func (r *Report) findProvenance(ctx context.Context, dir string, names []string, e Expectation) (string, *manifest) {
	ending := plan.ProvenanceName("")
	var found []string
	crate := e.Crate
	for _, name := range names {
		if of, ok := strings.CutSuffix(name, ending); ok {
			found, crate = append(found, name), cmp.Or(e.Crate, of)
		} else if of, _ := splitTarball(name); len(found) == 0 {
			crate = cmp.Or(crate, of)
		}
	}
	wanted := plan.ProvenanceName(crate)
	switch {
	case len(found) == 0:
		r.bad(wanted, errors.New("it is missing: without the provenance, which lists all files of a release, nothing says which are required; to verify single tarballs, give their names"))
	case len(found) > 1 || found[0] != wanted:
		r.bad(wanted, fmt.Errorf("%q exist: expected only this one, because a release has one crate", found))
	default:
		return wanted, r.readProvenance(ctx, filepath.Join(dir, wanted), crate, e)
	}
	return "", nil
}

// vouched reports a file as good if the provenance names it with its digest.
func (r *Report) vouched(file string, m *manifest) {
	base := filepath.Base(file)
	switch {
	case r.isBad(base): // already reported
	case m == nil:
		r.bad(base, errors.New("nothing signed names it"))
	case r.has(m, file):
		r.good(base, "named by the provenance, sha256 %x", m.files[base])
	}
}
