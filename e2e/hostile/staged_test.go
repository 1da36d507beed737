package hostile

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"dagger/slipway/e2e/kit"
	"dagger/slipway/e2e/kit/sigstore"
	"dagger/slipway/e2e/sigstack"
)

// stagedDemo returns the output of `slipway stage` for shim-demo, from a clone that can be
// released, and its digest.
func stagedDemo(t *testing.T, w *kit.Runner, s *sigstack.Stack) (r kit.Release, digest string) {
	t.Helper()
	r = kit.Demo(t)
	r.Source = kit.Example(t)
	sigstore.Commit(t, s, r.Source)
	r.Out = filepath.Join(t.TempDir(), "staged")
	r.Flags = sigstore.Flags(s)
	output := filepath.Join(t.TempDir(), "output")
	r.Env = []string{"GITHUB_OUTPUT=" + output}
	w.Command("stage", r).Run(t).WantCode(t, 0)
	for line := range strings.Lines(kit.Read(t, output)) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), "digest="); ok {
			digest = value
		}
	}
	if !strings.HasPrefix(digest, "sha256:") {
		t.Fatalf("no digest among the outputs of the step:\n%s", kit.Read(t, output))
	}
	return r, digest
}

// signStaged runs `slipway dist` on a staged directory, on a machine that cannot run steps:
// it has neither bubblewrap nor a cache.
func signStaged(t *testing.T, s *sigstack.Stack, staged kit.Release, dir, digest string) (out string, got kit.Result) {
	t.Helper()
	out = filepath.Join(t.TempDir(), "dist")
	bin := t.TempDir()
	git, err := findInPath("git")
	kit.Check(t, err)
	kit.Check(t, os.Symlink(git, filepath.Join(bin, "git")))
	args := []string{kit.Slipway, "dist", "--source", staged.Source, "--crate", "shim-demo", "--version", "0.1.0", "--out", out, "--staged", dir, "--staged-digest", digest}
	args = append(args, sigstore.Flags(s)...)
	got = kit.Command{Args: args, Env: append(s.ActionsEnv(), "PATH="+bin, "HOME="+t.TempDir(), "XDG_CACHE_HOME="+t.TempDir())}.Run(t)
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
	w, _ := kit.Local(t)
	s := sigstore.Open(t)
	r, digest := stagedDemo(t, w, s)
	t.Run("as it was left", func(t *testing.T) {
		out, got := signStaged(t, s, r, r.Out, digest)
		got.WantCode(t, 0)
		verify := kit.Command{Args: append([]string{kit.Slipway, "verify", "--repository", "containerd/runwasi", "--trusted-root", s.TrustedRoot}, filepath.Join(out, "shim-demo-x86_64-linux-musl.tar.gz"))}
		verify.Run(t).WantCode(t, 0)
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
		{"a byte", differs, func(t *testing.T, dir string) { kit.Write(t, kit.Read(t, dir, bin(x8664))+"x", dir, bin(x8664)) }, false},
		{"the targets' binaries swapped", differs, swapFiles(bin(x8664), bin(aarch64)), false},
		{"the same, reported", "checking binary", swapFiles(bin(x8664), bin(aarch64)), true},
		{"a file less", differs, func(t *testing.T, dir string) { kit.Check(t, os.Remove(filepath.Join(dir, answers("toolchain.txt")))) }, false},
		{"the same, reported", "is missing", func(t *testing.T, dir string) { kit.Check(t, os.Remove(filepath.Join(dir, answers("toolchain.txt")))) }, true},
		{"a file more, reported", "is not part of this plan", func(t *testing.T, dir string) { kit.Write(t, "x", dir, answers("upload.txt")) }, true},
		{"a crate more, reported", "is not part of this plan", func(t *testing.T, dir string) { kit.Write(t, "x", dir, "shim-core", "staged.json") }, true},
		{"a link", "not a regular file", relinkTo("/proc/self/environ", bin(x8664)), false},
		{"a link within", "not a regular file", relinkTo("shim-demo-v1-copy", bin(x8664)), false},
		{"a directory that is a link", "not a regular file", func(t *testing.T, dir string) {
			kit.Check(t, os.Rename(filepath.Join(dir, "shim-demo"), dir+"-moved"))
			kit.Check(t, os.Symlink(dir+"-moved", filepath.Join(dir, "shim-demo")))
		}, false},
		{"a pipe", "not a regular file", func(t *testing.T, dir string) {
			kit.Check(t, os.Remove(filepath.Join(dir, "plan.json")))
			kit.Check(t, syscall.Mkfifo(filepath.Join(dir, "plan.json"), 0o644))
		}, false},
		{"another plan, reported", "it is of another plan", func(t *testing.T, dir string) { kit.Write(t, "{}\n", dir, "plan.json") }, true},
		{"another plan in the manifest, reported", "the steps ran for something else", sayManifest("plan", "sha256:"+strings.Repeat("00", 32)), true},
		{"another crate's, reported", "the steps ran for something else", sayManifest("crate", "shim-core"), true},
		{"a field more, reported", "unknown field", sayManifest("builder", "https://example.org"), true},
		{"another compiler, reported", "rustc --version", func(t *testing.T, dir string) {
			kit.Write(t, "release: ::add-mask::\nx: y", dir, answers("toolchain.txt"))
		}, true},
		{"a crate that Cargo.lock does not have, reported", "Cargo.lock", func(t *testing.T, dir string) {
			name := answers("crates-" + x8664 + ".txt")
			kit.Write(t, strings.TrimSuffix(kit.Read(t, dir, name), "\n")+"\n1evil v6.6.6\tMIT\t\n", dir, name)
		}, true},
		{"a script for a binary, reported", "checking binary", func(t *testing.T, dir string) { kit.Write(t, "#!/bin/sh\n", dir, bin(x8664)) }, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "staged")
			kit.Check(t, os.CopyFS(dir, os.DirFS(r.Out)))
			tt.change(t, dir)
			said := digest
			if tt.consistent {
				said = kit.DirDigest(t, dir)
			}
			s.Rekor.Reset()
			out, got := signStaged(t, s, r, dir, said)
			got.WantCode(t, 1).WantError(t, tt.want)
			if n := s.Rekor.Count(""); n != 0 {
				t.Errorf("the log was asked %d times", n)
			}
			if entries, _ := os.ReadDir(out); len(entries) > 0 {
				t.Errorf("it left %v", entries)
			}
		})
	}
	t.Run("digests that are none", func(t *testing.T) {
		_, got := signStaged(t, s, r, r.Out, "")
		got.WantCode(t, 1).WantError(t, "--staged-digest", "it is empty")
		for _, said := range []string{"sha256:", digest[:70], strings.ToUpper(digest), digest + "0"} {
			_, got := signStaged(t, s, r, r.Out, said)
			got.WantCode(t, 1).WantError(t, "64 hexadecimal digits")
		}
	})
	t.Run("another commit", func(t *testing.T) {
		other := r
		other.Source = kit.CopyTo(t, r.Source, filepath.Join(t.TempDir(), "clone"))
		kit.Git(t, other.Source, "commit", "--quiet", "--allow-empty", "--message", "more")
		_, got := signStaged(t, s, other, r.Out, digest)
		got.WantCode(t, 1).WantError(t, "it is of another plan")
	})
	t.Run("another repository calls the workflow", func(t *testing.T) {
		for name, claims := range map[string]sigstack.Claims{
			"another repository": {"repository": "evil/shims", "job_workflow_ref": "containerd/runwasi/.github/workflows/action-build.yml@refs/heads/main"},
			"the run is on":      {"ref": "refs/heads/attacker", "job_workflow_ref": "containerd/runwasi/.github/workflows/action-build.yml@refs/heads/main"},
		} {
			sigstore.HandOut(s, claims)
			s.Rekor.Reset()
			_, got := signStaged(t, s, r, r.Out, digest)
			got.WantCode(t, 1).WantError(t, "checking who signs", name)
			if n := s.Rekor.Count(""); n != 0 {
				t.Errorf("%s: the log was asked %d times", name, n)
			}
		}
		sigstore.HandOut(s, nil)
	})
}

func swapFiles(a, b string) func(t *testing.T, dir string) {
	return func(t *testing.T, dir string) {
		first, second := kit.Read(t, dir, a), kit.Read(t, dir, b)
		kit.Write(t, second, dir, a)
		kit.Write(t, first, dir, b)
	}
}

func relinkTo(target, name string) func(t *testing.T, dir string) {
	return func(t *testing.T, dir string) {
		kit.Check(t, os.Rename(filepath.Join(dir, name), filepath.Join(dir, name)+"-copy"))
		kit.Check(t, os.Symlink(target, filepath.Join(dir, name)))
	}
}

// sayManifest sets a field of the manifest.
func sayManifest(field, value string) func(t *testing.T, dir string) {
	return func(t *testing.T, dir string) {
		m := map[string]any{}
		kit.Check(t, json.Unmarshal([]byte(kit.Read(t, dir, "shim-demo", "staged.json")), &m))
		m[field] = value
		raw, err := json.Marshal(m)
		kit.Check(t, err)
		kit.Write(t, string(raw), dir, "shim-demo", "staged.json")
	}
}
