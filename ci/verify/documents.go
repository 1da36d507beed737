package verify

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/provenance"
)

const tarballEnding = ".tar.gz"

// tarballName is how a release names its tarballs: see dist.TarballName.
var tarballName = regexp.MustCompile(`^(.+)-(x86_64|aarch64)-linux-musl\.tar\.gz$`)

// documents verifies what lies beside a tarball and is about it: the SBOMs of its
// binaries and the provenance of the release. What is not there is not missed:
// whoever downloads one file has no others.
func (r *Report) documents(ctx context.Context, tarball string, binaries map[string][sha256.Size]byte, e Expectation) {
	m := tarballName.FindStringSubmatch(filepath.Base(tarball))
	if m == nil {
		return
	}
	dir, crate, target := filepath.Dir(tarball), m[1], m[2]+"-unknown-linux-musl"
	for _, name := range slices.Sorted(maps.Keys(binaries)) {
		list, err := plan.SBOMs(name, target)
		if err != nil {
			r.bad(name, err)
			return
		}
		for pair := range slices.Chunk(list, 2) {
			if exists(dir, pair[0].Name) || exists(dir, pair[1].Name) {
				r.sbom(ctx, dir, pair[0], pair[1], binaries[name], e)
			}
		}
	}
	if exists(dir, plan.ProvenanceName(crate)) {
		r.provenance(ctx, tarball, crate, target, binaries, e)
	}
}

func exists(dir, name string) bool {
	_, err := os.Lstat(filepath.Join(dir, name))
	return err == nil
}

// provenance verifies the provenance that lies beside a tarball, for that tarball
// and its binaries.
func (r *Report) provenance(ctx context.Context, tarball, crate, target string, binaries map[string][sha256.Size]byte, e Expectation) {
	base := plan.ProvenanceName(crate)
	sum, err := digest(tarball)
	if err != nil {
		r.unknown(base, err)
		return
	}
	payload, ok := r.readStatement(ctx, filepath.Join(filepath.Dir(tarball), base), sum, e)
	if !ok {
		return
	}
	s, err := provenance.Parse(payload)
	if err != nil {
		r.bad(base, err)
		return
	}
	subjects := map[string][sha256.Size]byte{filepath.Base(tarball): sum}
	for name, sum := range binaries {
		subjects[plan.SubjectName(target, name)] = sum
	}
	if err := checkProvenance(s, crate, subjects, e); err != nil {
		r.bad(base, err)
		return
	}
	r.stated = s.Subject
	r.good(base, "made by %s from %s", s.Predicate.RunDetails.Builder.ID, source(s))
}

// checkProvenance compares what a stranger knows: the files, the crate, and who
// signed, who may speak for no other builder than itself.
func checkProvenance(s provenance.Statement, crate string, subjects map[string][sha256.Size]byte, e Expectation) error {
	said := s.Predicate.BuildDefinition.ExternalParameters
	want := provenance.Expectation{Subjects: subjects, BuilderID: builder(e), Parameters: said, Commit: cmp.Or(e.Commit, commit(s)), Plan: e.Plan}
	want.Parameters.Crate = crate
	if e.Version != "" {
		want.Parameters.Version = e.Version
	}
	if e.Repository != "" && builder(e) != provenance.OwnMachine {
		want.Parameters.Repository = "https://github.com/" + e.Repository
	}
	return provenance.Compare(s, want)
}

// builder is the builder for whom the expected signer may speak: a workflow for
// itself, everyone else for their own machine.
func builder(e Expectation) string {
	if e.PublicKey == nil && !e.DryRun && strings.Contains(e.Identity, "/.github/workflows/") {
		return e.Identity
	}
	return provenance.OwnMachine
}

func commit(s provenance.Statement) string {
	for _, d := range s.Predicate.BuildDefinition.ResolvedDependencies {
		if c := d.Digest["gitCommit"]; c != "" {
			return c
		}
	}
	return ""
}

func source(s provenance.Statement) string {
	c := commit(s)
	if c == "" {
		return "no commit"
	}
	return fmt.Sprintf("commit %s", c)
}
