package hostile

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dagger/slipway/e2e/kit"
	"dagger/slipway/e2e/kit/act"
	"dagger/slipway/e2e/kit/forge"
	"dagger/slipway/e2e/kit/sigstore"
	"dagger/slipway/e2e/sigstack"
)

// released is a real release of shim-demo, in a repository whose workflows act runs as
// GitHub would, with GitHub and Sigstore on loopback.
type released struct {
	*act.Repository
	*forge.GitHub
	stack *sigstack.Stack
}

// newReleased prepares a release. change modifies the workspace, which is then committed.
func newReleased(t *testing.T, change func(a *act.Repository)) *released {
	t.Helper()
	s := sigstore.Open(t)
	a := act.NewRunwasi(t)
	if change != nil {
		change(a)
		kit.Git(t, a.Source, "add", "--all")
		kit.Git(t, a.Source, "commit", "--quiet", "--message", "a change")
		sigstore.SetHead(t, a.Source)
	}
	sigstore.HandOut(s, nil)
	r := &released{a, forge.Of(t, a.Source), s}
	signing := sigstore.Flags(s)
	toGitHub := append([]string{"--github-api", r.URL}, signing...)
	a.UsePrivate(t, map[string][]string{"plan": signing, "stage": signing, "dist": signing, "release-crate": toGitHub, "reproduce": toGitHub})
	a.Env = append(a.Env, s.ActionsEnv()...)
	a.Secrets = []string{"GITHUB_TOKEN=" + r.MaintainerToken}
	return r
}

func (r *released) dispatch(t *testing.T) kit.Result {
	t.Helper()
	return r.Repository.Run(t, "release.yml", map[string]string{"crate": "shim-demo", "version": "0.1.0", "dry_run": "false", "initial_release": "false"})
}

// wantNothing fails the test if anything was signed or published.
func (r *released) wantNothing(t *testing.T, got kit.Result) {
	t.Helper()
	if got.Code == 0 || strings.Contains(got.Stdout, "Verify the build and publish it") {
		t.Errorf("it went on, with status %d:\n%s", got.Code, kit.Tail(got.Stdout))
	}
	if n := r.Changes(); n != 0 {
		t.Errorf("GitHub was changed %d times", n)
	}
	if n := r.stack.Rekor.Count("") + r.stack.Fulcio.Count(""); n != 0 {
		t.Errorf("the sigstore was asked %d times", n)
	}
	if _, err := os.Stat(filepath.Join(r.Artifacts, "dist")); err == nil {
		t.Error("something was made to publish")
	}
}

// searching is a build script that looks for the job's identity endpoint and the artifacts
// it passes on, and writes wherever it can.
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

// TestHostileActionsBuild releases a crate whose build script looks for the job's identity
// and for the artifact that the job passes on, and checks that the release is as usual,
// signed by the job that does not build.
func TestHostileActionsBuild(t *testing.T) {
	r := newReleased(t, func(a *act.Repository) {
		kit.Write(t, strings.ReplaceAll(searching, "CANARY", a.Artifacts), a.Source, "crates", "shim-demo", "build.rs")
		kit.Write(t, rand.Text(), a.Source, "crates", "shim-demo", "nonce.txt")
	})
	got := r.dispatch(t).WantCode(t, 0)
	if !strings.Contains(got.Stdout, "ATTACK ENDED") || strings.Contains(got.Stdout, "ATTACK FOUND") {
		t.Errorf("the build script did not run to its end, or found something:\n%s", kit.Tail(got.Stdout))
	}
	if n := strings.Count(got.Stdout, "Job succeeded"); n != 4 {
		t.Errorf("%d jobs succeeded, expected four:\n%s", n, kit.Tail(got.Stdout))
	}
	r.WantReleased(t, r.stack)
	for _, name := range []string{"staged", "dist"} {
		if _, err := os.Stat(filepath.Join(r.Artifacts, name, "planted")); err == nil {
			t.Errorf("the build script wrote to the artifact %q", name)
		}
	}
}

// TestHostileActionsArtifact modifies the artifact between the jobs that build and sign,
// and checks that the release ends there with the reason and nothing is signed.
func TestHostileActionsArtifact(t *testing.T) {
	binary := "shim-demo/outputs/build-x86_64-unknown-linux-musl/bin/shim-demo-v1"
	for i, tt := range []struct{ name, tamper, want string }{
		{"a byte of a binary", "printf x >>" + binary, "its files have the digest"},
		{"a file more", "echo x >shim-demo/answers/more.txt", "its files have the digest"},
		{"a link to a secret", "ln -sf /proc/self/environ " + binary, "not a regular file"},
		{"another answer of cargo", "echo '0shim-demo v0.1.0' >shim-demo/answers/crates-x86_64-unknown-linux-musl.txt", "its files have the digest"},
	} {
		if testing.Short() && i > 0 {
			continue
		}
		t.Run(tt.name, func(t *testing.T) {
			r := newReleased(t, nil)
			r.stack.Rekor.Reset()
			r.stack.Fulcio.Reset()
			r.Repository.Env = append(r.Repository.Env, "STAND_IN_TAMPER="+tt.tamper)
			got := r.dispatch(t)
			got.WantStdout(t, "from another job", tt.want)
			r.wantNothing(t, got)
		})
	}
}
