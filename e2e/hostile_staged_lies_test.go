package e2e

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// shellDigest returns the digest of a directory by the command in its documentation.
func shellDigest(t *testing.T, dir string) string {
	t.Helper()
	const line = `find . -type f -printf '%P\0' | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum`
	got := command{args: []string{"sh", "-c", line}, dir: dir}.run(t).wantCode(t, 0)
	return "sha256:" + strings.Fields(got.stdout)[0]
}

// TestHostileLyingBuild has the build job pass on another binary than it built, with a
// matching digest, which is all that is trusted of it. The signature attests to the binary
// as passed on, and a rebuild reveals the difference.
func TestHostileLyingBuild(t *testing.T) {
	w, _ := local(t)
	s := stack(t)
	r, _ := stagedDemo(t, w, s)
	bin := filepath.Join("shim-demo", "outputs", "build-x86_64-unknown-linux-musl", "bin", "shim-demo-v1")
	write(t, read(t, r.out, bin)+"what nobody wrote", r.out, bin)
	out, got := signStaged(t, s, r, r.out, shellDigest(t, r.out))
	got.wantCode(t, 0)
	h := fakeGitHubOf(t, r.source)
	p := h.published(t, s)
	p.out, p.flags = "", append(slices.Clone(p.flags), "--dist", out)
	w.release(t, p).wantCode(t, 0)
	report := h.reproduce(t, w, s, h.clone(t)).wantCode(t, 1)
	if !strings.Contains(report.stdout, "shim-demo-x86_64-linux-musl.tar.gz") || !strings.Contains(report.stdout, "DIFFERENT") && !strings.Contains(report.stdout, "differ") {
		t.Errorf("the report says\n%s", report.stdout)
	}
}

// TestHostileDistDigest publishes files signed by another job with the digest which that
// job reported, and checks that modified files and a missing digest are refused.
func TestHostileDistDigest(t *testing.T) {
	w, _ := local(t)
	s := stack(t)
	r, digest := stagedDemo(t, w, s)
	out, got := signStaged(t, s, r, r.out, digest)
	got.wantCode(t, 0)
	good := shellDigest(t, out)
	h := fakeGitHubOf(t, r.source)
	for name, tt := range map[string]struct {
		digest, want string
		change       func(t *testing.T, dir string)
	}{
		"as it was left": {good, "", func(*testing.T, string) {}},
		"a byte":         {good, "its files have the digest", func(t *testing.T, dir string) { write(t, "x", dir, "SHA256SUMS") }},
		"no digest":      {"", "it is empty", func(*testing.T, string) {}},
		"a link":         {good, "not a regular file", relinkTo("SHA256SUMS-copy", "SHA256SUMS")},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "dist")
			check(t, os.CopyFS(dir, os.DirFS(out)))
			tt.change(t, dir)
			p := h.published(t, s)
			p.out, p.flags = "", append(slices.Clone(p.flags), "--dry-run=true", "--dist", dir, "--dist-digest", tt.digest)
			got := w.release(t, p)
			if tt.want == "" {
				got.wantCode(t, 0)
				return
			}
			got.wantCode(t, 1).wantError(t, tt.want)
		})
	}
}

// TestLocalStagedLibrary stages a crate for a registry that has no binaries, so that
// nothing is signed, and checks that two jobs package it like one.
func TestLocalStagedLibrary(t *testing.T) {
	w, _ := local(t)
	r := release{source: demo(t).source, crate: "shimkit", version: "0.3.1", out: filepath.Join(t.TempDir(), "staged")}
	w.command("stage", r).run(t).wantCode(t, 0)
	packaged := r
	packaged.out = filepath.Join(t.TempDir(), "dist")
	packaged.flags = []string{"--staged", r.out, "--staged-digest", shellDigest(t, r.out)}
	w.release(t, packaged).wantCode(t, 0)
	whole := r
	whole.out = filepath.Join(t.TempDir(), "whole")
	w.release(t, whole).wantCode(t, 0)
	if there, here := digests(t, packaged.out), digests(t, whole.out); len(here) == 0 || !maps.Equal(there, here) {
		t.Errorf("in two jobs it is %v, in one %v", there, here)
	}
	packaged.flags = append(packaged.flags, "--dry-run=false")
	w.release(t, packaged).wantCode(t, 1).wantError(t, "slipway dist --staged")
}
