package verify

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"dagger/slipway/ci/github"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/provenance"
	"dagger/slipway/ci/quote"
)

// Release verifies a directory with all that a release ships: each tarball, and
// that nothing is there that no one vouches for.
func Release(ctx context.Context, dir string, e Expectation) *Report {
	r := &Report{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		r.unknown(dir, fmt.Errorf("reading the directory: %w", err))
		return r
	}
	for _, f := range entries {
		if strings.HasSuffix(f.Name(), tarballEnding) {
			one := Tarball(ctx, filepath.Join(dir, f.Name()), e)
			r.DryRun, r.stated = r.DryRun || one.DryRun, append(r.stated, one.stated...)
			for _, c := range one.Checks {
				r.add(c)
			}
		}
	}
	seen := map[string]bool{}
	for _, c := range r.Checks {
		seen[c.Subject] = true
	}
	for _, f := range entries {
		name := f.Name()
		if of, ok := strings.CutSuffix(name, plan.BundleFile); !seen[name] && !(ok && seen[of+".json"]) {
			r.vouched(filepath.Join(dir, name))
		}
	}
	return r
}

// Tag verifies everything that the GitHub release of a tag, "crate/v1.2.3", has. It
// is an error when that could not be downloaded.
func Tag(ctx context.Context, from github.Options, tag string, e Expectation) (*Report, error) {
	if !strings.Contains(tag, "/v") {
		return nil, fmt.Errorf("checking the tag %s: expected one like crate/v1.2.3", quote.Line(tag))
	}
	e.Version = tag[strings.LastIndex(tag, "/v")+2:]
	client, err := github.New(from)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "slipway-verify-")
	if err != nil {
		return nil, fmt.Errorf("verifying the release %q: %w", tag, err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := client.DownloadRelease(ctx, tag, dir); err != nil {
		return nil, fmt.Errorf("verifying the release %q: %w", tag, err)
	}
	r := Release(ctx, dir, e)
	if len(r.Checks) == 0 {
		r.good(tag, "has no assets, as that of a library: nothing of it was signed")
	}
	return r, nil
}

// vouched reports whether the provenance of the release names a file, with the
// digest that it has.
func (r *Report) vouched(file string) {
	base := filepath.Base(file)
	info, err := os.Lstat(file)
	if err != nil {
		r.unknown(base, err)
		return
	}
	if !info.Mode().IsRegular() {
		r.bad(base, errors.New("it is no ordinary file, and a release ships no others"))
		return
	}
	sum, err := digest(file)
	if err != nil {
		r.unknown(base, err)
		return
	}
	for _, subject := range r.stated {
		if subject.Name == base && subject.Digest["sha256"] == hex.EncodeToString(sum[:]) {
			r.good(base, "named by the provenance, sha256 %x", sum)
			return
		}
	}
	r.bad(base, errors.New("nothing that was signed names it with this content"))
}

// stated are the files that verified provenance names.
type stated []provenance.Resource
