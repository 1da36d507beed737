package local

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"dagger/slipway/e2e/kit"
)

// asking is a build script that asks git for the commit, as many do.
const asking = `use std::process::Command;
fn git(args: &[&str]) -> String {
    let o = Command::new("git").args(args).output().unwrap();
    if o.status.success() { String::from_utf8(o.stdout).unwrap().trim().to_string() } else { "<none>".into() }
}
fn main() {
    println!("cargo:rustc-env=LONG={}", git(&["rev-parse", "HEAD"]));
    println!("cargo:rustc-env=SHORT={}", git(&["rev-parse", "--short", "HEAD"]));
    println!("cargo:rustc-env=BRANCH={}", git(&["rev-parse", "--abbrev-ref", "HEAD"]));
    for v in ["VERGEN_GIT_SHA", "APP_REVISION"] {
        println!("cargo:rerun-if-env-changed={v}");
        println!("cargo:rustc-env=TOLD_{v}={}", std::env::var(v).unwrap_or("<none>".into()));
    }
}
`

const telling = `fn main() { println!("{} {} {} {} {}", env!("LONG"), env!("SHORT"), env!("BRANCH"), env!("TOLD_VERGEN_GIT_SHA"), env!("TOLD_APP_REVISION")); }
`

// TestLocalCommit checks that a build script gets the commit if the setting says so, and
// that a plan warns about one that asks in vain.
func TestLocalCommit(t *testing.T) {
	w, _ := kit.Local(t)
	told := func(settings string) (said, commit, plan string) {
		r := kit.SmallCrate(t, settings, map[string]string{"build.rs": asking, "src/main.rs": telling})
		kit.InitRepository(t, r.Source, "main")
		plan = w.Command("plan", r).Run(t).WantCode(t, 0).Stdout
		r.Out = filepath.Join(t.TempDir(), "out")
		w.Command("build", r).Run(t).WantCode(t, 0)
		said = kit.Command{Args: []string{filepath.Join(r.Out, kit.X8664, "one")}}.Run(t).WantCode(t, 0).Stdout
		return said, kit.Git(t, r.Source, "rev-parse", "HEAD"), plan
	}
	said, _, plan := told("")
	if want := "<none> <none> <none> <none> <none>\n"; said != want {
		t.Errorf("without the setting the binary says %q, want %q", said, want)
	}
	for _, want := range []string{"build.rs:3: the build script asks git for the commit", "set `commit = true` in [package.metadata.slipway]"} {
		if !strings.Contains(plan, want) {
			t.Errorf("the plan does not say %q:\n%s", want, plan)
		}
	}
	said, commit, plan := told("[package.metadata.slipway]\ncommit = true\ncommit-env = [\"APP_REVISION\"]\n")
	if want := fmt.Sprintf("%s %s main %s %s\n", commit, commit[:7], commit, commit); said != want {
		t.Errorf("with the setting the binary says %q, want %q", said, want)
	}
	if strings.Contains(plan, "asks git") {
		t.Errorf("the plan tells of a build script that gets the commit:\n%s", plan)
	}
}
