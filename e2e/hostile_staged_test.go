package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"dagger/slipway/e2e/sigstack"
)

// stagedDemo returns the output of `slipway stage` for shim-demo, from a clone that can be
// released, and its digest.
func stagedDemo(t *testing.T, w *runner, s *sigstack.Stack) (r release, digest string) {
	t.Helper()
	r = demo(t)
	r.source = example(t)
	commit(t, s, r.source)
	r.out = filepath.Join(t.TempDir(), "staged")
	r.flags = stackFlags(s)
	output := filepath.Join(t.TempDir(), "output")
	r.env = []string{"GITHUB_OUTPUT=" + output}
	w.command("stage", r).run(t).wantCode(t, 0)
	for line := range strings.Lines(read(t, output)) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), "digest="); ok {
			digest = value
		}
	}
	if !strings.HasPrefix(digest, "sha256:") {
		t.Fatalf("no digest among the outputs of the step:\n%s", read(t, output))
	}
	return r, digest
}

// signStaged runs `slipway dist` on a staged directory, on a machine that cannot run steps:
// it has neither bubblewrap nor a cache.
func signStaged(t *testing.T, s *sigstack.Stack, staged release, dir, digest string) (out string, got result) {
	t.Helper()
	out = filepath.Join(t.TempDir(), "dist")
	bin := t.TempDir()
	git, err := findInPath("git")
	check(t, err)
	check(t, os.Symlink(git, filepath.Join(bin, "git")))
	args := []string{slipway, "dist", "--source", staged.source, "--crate", "shim-demo", "--version", "0.1.0", "--out", out, "--staged", dir, "--staged-digest", digest}
	args = append(args, stackFlags(s)...)
	got = command{args: args, env: append(s.ActionsEnv(), "PATH="+bin, "HOME="+t.TempDir(), "XDG_CACHE_HOME="+t.TempDir())}.run(t)
	return out, got
}

func findInPath(name string) (string, error) {
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			return filepath.Join(dir, name), nil
		}
	}
	return "", fmt.Errorf("finding %q: it is in no directory of $PATH", name)
}

// TestHostileStaged signs another job's output on a machine that cannot run steps, and
// checks that anything but exactly that output, of exactly this plan, is refused.
func TestHostileStaged(t *testing.T) {
	w, _ := local(t)
	s := stack(t)
	r, digest := stagedDemo(t, w, s)
	t.Run("as it was left", func(t *testing.T) {
		out, got := signStaged(t, s, r, r.out, digest)
		got.wantCode(t, 0)
		verify := command{args: append([]string{slipway, "verify", "--repository", "containerd/runwasi", "--trusted-root", s.TrustedRoot}, filepath.Join(out, "shim-demo-x86_64-linux-musl.tar.gz"))}
		verify.run(t).wantCode(t, 0)
	})
	answers := func(name string) string { return filepath.Join("shim-demo", "answers", name) }
	bin := func(target string) string {
		return filepath.Join("shim-demo", "outputs", "build-"+target, "bin", "shim-demo-v1")
	}
	const x8664, aarch64 = "x86_64-unknown-linux-musl", "aarch64-unknown-linux-musl"
	const differs = "its files have the digest"
	for _, tt := range []struct {
		name, want string
		change     func(t *testing.T, dir string)
		// consistent means that the build job reports the digest of the modified files, that is,
		// it lies
		consistent bool
	}{
		{"a byte", differs, func(t *testing.T, dir string) { write(t, read(t, dir, bin(x8664))+"x", dir, bin(x8664)) }, false},
		{"the targets' binaries swapped", differs, swapFiles(bin(x8664), bin(aarch64)), false},
		{"the same, reported", "checking binary", swapFiles(bin(x8664), bin(aarch64)), true},
		{"a file less", differs, func(t *testing.T, dir string) { check(t, os.Remove(filepath.Join(dir, answers("toolchain.txt")))) }, false},
		{"the same, reported", "is missing", func(t *testing.T, dir string) { check(t, os.Remove(filepath.Join(dir, answers("toolchain.txt")))) }, true},
		{"a file more, reported", "is not part of this plan", func(t *testing.T, dir string) { write(t, "x", dir, answers("upload.txt")) }, true},
		{"a crate more, reported", "is not part of this plan", func(t *testing.T, dir string) { write(t, "x", dir, "shim-core", "staged.json") }, true},
		{"a link", "not a regular file", relinkTo("/proc/self/environ", bin(x8664)), false},
		{"a link within", "not a regular file", relinkTo("shim-demo-v1-copy", bin(x8664)), false},
		{"a directory that is a link", "not a regular file", func(t *testing.T, dir string) {
			check(t, os.Rename(filepath.Join(dir, "shim-demo"), dir+"-moved"))
			check(t, os.Symlink(dir+"-moved", filepath.Join(dir, "shim-demo")))
		}, false},
		{"a pipe", "not a regular file", func(t *testing.T, dir string) {
			check(t, os.Remove(filepath.Join(dir, "plan.json")))
			check(t, syscall.Mkfifo(filepath.Join(dir, "plan.json"), 0o644))
		}, false},
		{"another plan, reported", "it is of another plan", func(t *testing.T, dir string) { write(t, "{}\n", dir, "plan.json") }, true},
		{"another plan in the manifest, reported", "the steps ran for something else", sayManifest("plan", "sha256:"+strings.Repeat("00", 32)), true},
		{"another crate's, reported", "the steps ran for something else", sayManifest("crate", "shim-core"), true},
		{"a field more, reported", "unknown field", sayManifest("builder", "https://example.org"), true},
		{"another compiler, reported", "rustc --version", func(t *testing.T, dir string) { write(t, "release: ::add-mask::\nx: y", dir, answers("toolchain.txt")) }, true},
		{"a crate that Cargo.lock does not have, reported", "Cargo.lock", func(t *testing.T, dir string) {
			name := answers("crates-" + x8664 + ".txt")
			write(t, strings.TrimSuffix(read(t, dir, name), "\n")+"\n1evil v6.6.6\tMIT\t\n", dir, name)
		}, true},
		{"a script for a binary, reported", "checking binary", func(t *testing.T, dir string) { write(t, "#!/bin/sh\n", dir, bin(x8664)) }, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "staged")
			check(t, os.CopyFS(dir, os.DirFS(r.out)))
			tt.change(t, dir)
			said := digest
			if tt.consistent {
				said = shellDigest(t, dir)
			}
			s.Rekor.Reset()
			out, got := signStaged(t, s, r, dir, said)
			got.wantCode(t, 1).wantError(t, tt.want)
			if n := s.Rekor.Count(""); n != 0 {
				t.Errorf("the log was asked %d times", n)
			}
			if entries, _ := os.ReadDir(out); len(entries) > 0 {
				t.Errorf("it left %v", entries)
			}
		})
	}
	t.Run("digests that are none", func(t *testing.T) {
		_, got := signStaged(t, s, r, r.out, "")
		got.wantCode(t, 1).wantError(t, "--staged-digest", "it is empty")
		for _, said := range []string{"sha256:", digest[:70], strings.ToUpper(digest), digest + "0"} {
			_, got := signStaged(t, s, r, r.out, said)
			got.wantCode(t, 1).wantError(t, "64 hexadecimal digits")
		}
	})
	t.Run("another commit", func(t *testing.T) {
		other := r
		other.source = copyTo(t, r.source, filepath.Join(t.TempDir(), "clone"))
		git(t, other.source, "commit", "--quiet", "--allow-empty", "--message", "more")
		_, got := signStaged(t, s, other, r.out, digest)
		got.wantCode(t, 1).wantError(t, "it is of another plan")
	})
	t.Run("another repository calls the workflow", func(t *testing.T) {
		for name, claims := range map[string]sigstack.Claims{
			"another repository": {"repository": "evil/shims", "job_workflow_ref": "containerd/runwasi/.github/workflows/action-build.yml@refs/heads/main"},
			"the run is on":      {"ref": "refs/heads/attacker", "job_workflow_ref": "containerd/runwasi/.github/workflows/action-build.yml@refs/heads/main"},
		} {
			handOut(s, claims)
			s.Rekor.Reset()
			_, got := signStaged(t, s, r, r.out, digest)
			got.wantCode(t, 1).wantError(t, "checking who signs", name)
			if n := s.Rekor.Count(""); n != 0 {
				t.Errorf("%s: the log was asked %d times", name, n)
			}
		}
		handOut(s, nil)
	})
}

func swapFiles(a, b string) func(t *testing.T, dir string) {
	return func(t *testing.T, dir string) {
		first, second := read(t, dir, a), read(t, dir, b)
		write(t, second, dir, a)
		write(t, first, dir, b)
	}
}

func relinkTo(target, name string) func(t *testing.T, dir string) {
	return func(t *testing.T, dir string) {
		check(t, os.Rename(filepath.Join(dir, name), filepath.Join(dir, name)+"-copy"))
		check(t, os.Symlink(target, filepath.Join(dir, name)))
	}
}

// sayManifest sets a field of the manifest.
func sayManifest(field, value string) func(t *testing.T, dir string) {
	return func(t *testing.T, dir string) {
		m := map[string]any{}
		check(t, json.Unmarshal([]byte(read(t, dir, "shim-demo", "staged.json")), &m))
		m[field] = value
		raw, err := json.Marshal(m)
		check(t, err)
		write(t, string(raw), dir, "shim-demo", "staged.json")
	}
}
