package e2e

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"dagger/slipway/e2e/githubd"
	"dagger/slipway/e2e/sigstack"
)

// released is a real release of shim-demo, in a repository that act runs as GitHub
// would, on a GitHub and a sigstore of loopback.
type released struct {
	*acting
	*hub
	stack *sigstack.Stack
}

// newReleased prepares it. change alters the workspace before it is committed again.
func newReleased(t *testing.T, change func(a *acting)) *released {
	t.Helper()
	s := stack(t)
	a := actingRunwasi(t)
	if change != nil {
		change(a)
		git(t, a.source, "add", "--all")
		git(t, a.source, "commit", "--quiet", "--message", "a change")
		head = git(t, a.source, "rev-parse", "HEAD")
	}
	handOut(s, nil)
	r := &released{a, hubOf(t, a.source), s}
	signing := stackFlags(s)
	hub := append([]string{"--github-api", r.URL}, signing...)
	a.usePrivate(t, map[string][]string{"plan": signing, "stage": signing, "dist": signing, "release-crate": hub, "reproduce": hub})
	a.env = append(a.env, s.ActionsEnv()...)
	a.secrets = []string{"GITHUB_TOKEN=" + r.token}
	return r
}

func (r *released) dispatch(t *testing.T) result {
	t.Helper()
	return r.acting.run(t, "release.yml", map[string]string{"crate": "shim-demo", "version": "0.1.0", "dry_run": "false", "initial_release": "false"})
}

// wantNothing fails the test if anything was signed or published.
func (r *released) wantNothing(t *testing.T, got result) {
	t.Helper()
	if got.code == 0 || strings.Contains(got.stdout, "Verify what was built, and publish it") {
		t.Errorf("it went on, with status %d:\n%s", got.code, last(got.stdout))
	}
	if n := r.Changes(); n != 0 {
		t.Errorf("GitHub was changed %d times", n)
	}
	if n := r.stack.Rekor.Count("") + r.stack.Fulcio.Count(""); n != 0 {
		t.Errorf("the sigstore was asked %d times", n)
	}
	if _, err := os.Stat(filepath.Join(r.artifacts, "dist")); err == nil {
		t.Error("something was made to publish")
	}
}

// searching is a build script that looks for what mints an identity and for what the job
// hands on, and writes wherever it can.
const searching = `use std::{env, fs, path::Path};

fn tell(what: &str) { println!("cargo::warning=ATTACK {what}"); }

fn walk(dir: &Path, depth: u32) {
    let Ok(entries) = fs::read_dir(dir) else { return };
    for e in entries.flatten() {
        let name = e.file_name().to_string_lossy().into_owned();
        let path = e.path();
        if name == "staged.json" || name == "plan.json" || name.contains("set_output") || name.contains("outputcmd") {
            tell(&format!("FOUND {}", path.display()));
            let _ = fs::write(&path, "{}");
        }
        if depth > 0 && path.is_dir() && !path.is_symlink() { walk(&path, depth - 1); }
    }
}

fn main() {
    println!("cargo::rerun-if-changed=never");
    for (name, value) in env::vars() {
        if name.starts_with("ACTIONS_") || name.starts_with("GITHUB_") || name.starts_with("RUNNER_") || value.contains("CANARY") {
            tell(&format!("FOUND variable {name}"));
        }
    }
    for e in fs::read_dir("/proc").into_iter().flatten().flatten() {
        if let Ok(raw) = fs::read(e.path().join("environ")) {
            if String::from_utf8_lossy(&raw).contains("ACTIONS_ID_TOKEN_REQUEST") { tell("FOUND a process with a token"); }
        }
    }
    for dir in ["/tmp", "/root", "/home", "/run", "/var/tmp", "/proc/1/root", "/dev/shm"] { walk(Path::new(dir), 4); }
    for dir in ["CANARY", "CANARY/staged", "CANARY/dist"] {
        let _ = fs::create_dir_all(dir);
        let _ = fs::write(Path::new(dir).join("planted"), "x"); // the test looks for it
    }
    println!("::set-output name=digest::sha256:00");
    println!("cargo::warning=::set-output name=digest::sha256:00");
    tell("ENDED");
}
`

// TestHostileActionsBuild releases a crate whose build script looks for the job's
// identity and for the artifact that the job hands on. The release is as it would be
// without: signed by the job that does not build.
func TestHostileActionsBuild(t *testing.T) {
	r := newReleased(t, func(a *acting) {
		write(t, strings.ReplaceAll(searching, "CANARY", a.artifacts), a.source, "crates", "shim-demo", "build.rs")
		write(t, rand.Text(), a.source, "crates", "shim-demo", "nonce.txt")
	})
	got := r.dispatch(t).wantCode(t, 0)
	if !strings.Contains(got.stdout, "ATTACK ENDED") || strings.Contains(got.stdout, "ATTACK FOUND") {
		t.Errorf("the build script did not run to its end, or found something:\n%s", last(got.stdout))
	}
	if n := strings.Count(got.stdout, "Job succeeded"); n != 4 {
		t.Errorf("%d jobs succeeded, expected four:\n%s", n, last(got.stdout))
	}
	r.wantReleased(t, r.stack)
	for _, name := range []string{"staged", "dist"} {
		if _, err := os.Stat(filepath.Join(r.artifacts, name, "planted")); err == nil {
			t.Errorf("the build script wrote to the artifact %q", name)
		}
	}
}

// TestHostileActionsArtifact changes the artifact between the job that builds and the
// one that signs, in a real release: it ends there, with the reason, and nothing is
// signed.
func TestHostileActionsArtifact(t *testing.T) {
	binary := "shim-demo/outputs/build-x86_64-unknown-linux-musl/bin/shim-demo-v1"
	for _, tt := range []struct{ name, tamper, want string }{
		{"a byte of a binary", "printf x >>" + binary, "its files have the digest"},
		{"a file more", "echo x >shim-demo/answers/more.txt", "its files have the digest"},
		{"a link to a secret", "ln -sf /proc/self/environ " + binary, "no regular file"},
		{"another answer of cargo", "echo '0shim-demo v0.1.0' >shim-demo/answers/crates-x86_64-unknown-linux-musl.txt", "its files have the digest"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newReleased(t, nil)
			r.stack.Rekor.Reset()
			r.stack.Fulcio.Reset()
			r.acting.env = append(r.acting.env, "STAND_IN_TAMPER="+tt.tamper)
			got := r.dispatch(t)
			wantSaid(t, got, "which another job has left", tt.want)
			r.wantNothing(t, got)
		})
	}
}

// stagedDemo is what `slipway stage` leaves of shim-demo, from a clone that can be
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

// signStaged is `slipway dist` of a staged directory, on a machine that can run no step: it
// has neither bubblewrap nor a cache.
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

// TestHostileStaged signs what another job has left, on a machine that can run nothing,
// and refuses whatever is not exactly that, of exactly this plan.
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
		// consistent has the job that built report the digest of what was changed: it lies
		consistent bool
	}{
		{"a byte", differs, func(t *testing.T, dir string) { write(t, read(t, dir, bin(x8664))+"x", dir, bin(x8664)) }, false},
		{"the targets' binaries swapped", differs, swapFiles(bin(x8664), bin(aarch64)), false},
		{"the same, reported", "checking binary", swapFiles(bin(x8664), bin(aarch64)), true},
		{"a file less", differs, func(t *testing.T, dir string) { check(t, os.Remove(filepath.Join(dir, answers("toolchain.txt")))) }, false},
		{"the same, reported", "is missing", func(t *testing.T, dir string) { check(t, os.Remove(filepath.Join(dir, answers("toolchain.txt")))) }, true},
		{"a file more, reported", "is no part of this plan", func(t *testing.T, dir string) { write(t, "x", dir, answers("upload.txt")) }, true},
		{"a crate more, reported", "is no part of this plan", func(t *testing.T, dir string) { write(t, "x", dir, "shim-core", "staged.json") }, true},
		{"a link", "no regular file", relinkTo("/proc/self/environ", bin(x8664)), false},
		{"a link within", "no regular file", relinkTo("shim-demo-v1-copy", bin(x8664)), false},
		{"a directory that is a link", "no regular file", func(t *testing.T, dir string) {
			check(t, os.Rename(filepath.Join(dir, "shim-demo"), dir+"-moved"))
			check(t, os.Symlink(dir+"-moved", filepath.Join(dir, "shim-demo")))
		}, false},
		{"a pipe", "no regular file", func(t *testing.T, dir string) {
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
		for _, said := range []string{"", "sha256:", digest[:70], strings.ToUpper(digest), digest + "0"} {
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

// sayManifest has the manifest say something else.
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

// shellDigest is the digest of a directory as its documentation has a person make it.
func shellDigest(t *testing.T, dir string) string {
	t.Helper()
	const line = `find . -type f -printf '%P\0' | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum`
	got := command{args: []string{"sh", "-c", line}, dir: dir}.run(t).wantCode(t, 0)
	return "sha256:" + strings.Fields(got.stdout)[0]
}

// TestHostileLyingBuild has the job that builds hand on another binary than it built,
// with a digest that fits: the only thing that it is believed in. The signature says
// what the job said, and building it again says that it is not so.
func TestHostileLyingBuild(t *testing.T) {
	w, _ := local(t)
	s := stack(t)
	r, _ := stagedDemo(t, w, s)
	bin := filepath.Join("shim-demo", "outputs", "build-x86_64-unknown-linux-musl", "bin", "shim-demo-v1")
	write(t, read(t, r.out, bin)+"what nobody wrote", r.out, bin)
	out, got := signStaged(t, s, r, r.out, shellDigest(t, r.out))
	got.wantCode(t, 0)
	h := hubOf(t, r.source)
	p := h.published(t, s)
	p.out, p.flags = "", append(slices.Clone(p.flags), "--dist", out)
	w.release(t, p).wantCode(t, 0)
	report := h.reproduce(t, w, s, h.clone(t)).wantCode(t, 1)
	if !strings.Contains(report.stdout, "shim-demo-x86_64-linux-musl.tar.gz") || !strings.Contains(report.stdout, "DIFFERENT") && !strings.Contains(report.stdout, "differ") {
		t.Errorf("the report says\n%s", report.stdout)
	}
}

// TestHostileDistDigest publishes what was signed elsewhere, with the digest that the
// job which signed reported: what was changed on the way is refused, and so is a digest
// that got lost.
func TestHostileDistDigest(t *testing.T) {
	w, _ := local(t)
	s := stack(t)
	r, digest := stagedDemo(t, w, s)
	out, got := signStaged(t, s, r, r.out, digest)
	got.wantCode(t, 0)
	good := shellDigest(t, out)
	h := hubOf(t, r.source)
	for name, tt := range map[string]struct {
		digest, want string
		change       func(t *testing.T, dir string)
	}{
		"as it was left": {good, "", func(*testing.T, string) {}},
		"a byte":         {good, "its files have the digest", func(t *testing.T, dir string) { write(t, "x", dir, "SHA256SUMS") }},
		"no digest":      {"", "64 hexadecimal digits", func(*testing.T, string) {}},
		"a link":         {good, "no regular file", relinkTo("SHA256SUMS-copy", "SHA256SUMS")},
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

// TestHostileStagedImages changes what the images are made of between the two jobs.
func TestHostileStagedImages(t *testing.T) {
	w, _ := local(t)
	source := example(t)
	repository(t, source, "main")
	dir, output := filepath.Join(t.TempDir(), "staged"), filepath.Join(t.TempDir(), "output")
	c := w.imagesCommand(source, "0.1.0", dir, "--stage")
	c.env = append(c.env, "GITHUB_OUTPUT="+output)
	c.run(t).wantCode(t, 0)
	digest := shellDigest(t, dir)
	if !strings.Contains(read(t, output), "digest="+digest+"\n") {
		t.Errorf("the step's outputs are\n%s\nexpected the digest %s", read(t, output), digest)
	}
	take := func(t *testing.T, from, said string) (string, result) {
		out := filepath.Join(t.TempDir(), "out")
		return out, w.imagesCommand(source, "0.1.0", out, "--staged", from, "--staged-digest", said).run(t)
	}
	t.Run("as it was left", func(t *testing.T) {
		out, got := take(t, dir, digest)
		got.wantCode(t, 0)
		whole := filepath.Join(t.TempDir(), "whole")
		w.imagesCommand(source, "0.1.0", whole).run(t).wantCode(t, 0)
		there, here := map[string]string{}, map[string]string{}
		for _, name := range exampleImages {
			there[name], here[name] = layoutDigest(t, filepath.Join(out, name)), layoutDigest(t, filepath.Join(whole, name))
		}
		if !maps.Equal(there, here) {
			t.Errorf("in two jobs the images are %v, in one %v", there, here)
		}
	})
	file := firstBinary(t, dir)
	for _, tt := range []struct {
		name, want string
		change     func(t *testing.T, dir string)
		consistent bool
	}{
		{"a byte", "its files have the digest", func(t *testing.T, dir string) { write(t, read(t, dir, file)+"x", dir, file) }, false},
		{"a link", "no regular file", relinkTo("/proc/self/environ", file), false},
		{"a crate more, reported", "is no part of this plan", func(t *testing.T, dir string) { write(t, "x", dir, "evil", "staged.json") }, true},
		{"another plan, reported", "it is of another plan", func(t *testing.T, dir string) { write(t, "{}\n", dir, "plan.json") }, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			changed := filepath.Join(t.TempDir(), "staged")
			check(t, os.CopyFS(changed, os.DirFS(dir)))
			tt.change(t, changed)
			said := digest
			if tt.consistent {
				said = shellDigest(t, changed)
			}
			out, got := take(t, changed, said)
			got.wantCode(t, 1).wantError(t, tt.want)
			if entries, _ := os.ReadDir(out); len(entries) > 0 {
				t.Errorf("it left %v", entries)
			}
		})
	}
}

// firstBinary is the path of a binary in a staged directory.
func firstBinary(t *testing.T, dir string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "*", "outputs", "build-*", "bin", "*"))
	if err != nil || len(found) == 0 {
		t.Fatalf("no binary is staged: %v", err)
	}
	name, err := filepath.Rel(dir, found[0])
	check(t, err)
	return name
}

// TestHostileEnvironment releases from an environment that lets in more than the
// release branch: whoever reads the log or the summary is told.
func TestHostileEnvironment(t *testing.T) {
	w, _ := local(t)
	s := stack(t)
	h := newHub(t, s, example(t))
	_, p := signedDist(t, w, s, h)
	for _, tt := range []struct {
		name string
		set  *githubd.Environment
		want string // "" for nothing
	}{
		{"not there", nil, "nobody has checked"},
		{"every branch", &githubd.Environment{}, "lets in every branch"},
		{"protected branches", &githubd.Environment{Protected: true}, "lets in every protected branch"},
		{"a pattern", &githubd.Environment{Custom: true, Branches: []string{"main", "release-*"}}, `branch "release-*"`},
		{"the release branch", &githubd.Environment{Custom: true, Branches: []string{"main"}}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.set != nil {
				h.SetEnvironment("release", *tt.set)
			}
			r, summary := p, filepath.Join(t.TempDir(), "summary.md")
			r.flags = append(slices.Clone(p.flags), "--environment", "release")
			r.env = append(slices.Clone(p.env), "GITHUB_STEP_SUMMARY="+summary)
			got := w.release(t, r).wantCode(t, 0)
			for what, text := range map[string]string{"stdout": got.stdout, "stderr": got.stderr, "the job summary": read(t, summary)} {
				warned := strings.Contains(text, "environment &quot;release&quot;") || strings.Contains(text, `environment "release"`)
				if warned != (tt.want != "") || tt.want != "" && !strings.Contains(text, tt.want) {
					t.Errorf("%s says of the environment, expected %q:\n%s", what, tt.want, last(text))
				}
			}
		})
	}
}
