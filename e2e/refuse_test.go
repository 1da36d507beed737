package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// refused lists workspaces for which even a dry run is refused, with texts of the error.
var refused = []struct {
	name  string
	wants []string
}{
	{"stale-lock", []string{"Cargo.lock", "0.0.9", "0.1.0", "cargo update --workspace"}},
	{"path-outside", []string{`"elsewhere"`, "../../elsewhere", "outside the workspace"}},
	{"excluded-member", []string{`"excluded-member"`, "exclude"}},
}

// stopped lists workspaces that can be dry-run but not released, with texts of the plan.
var stopped = []struct {
	name  string
	wants []string
}{
	{"config-wrapper", []string{".cargo/config.toml:2: ", "wrapper", "replaces the compiler"}},
	{"config-source", []string{".cargo/config.toml:1: ", `"source"`}},
	{"config-include", []string{".cargo/config.toml:1: ", `"include"`}},
	{"config-rustflags", []string{".cargo/config.toml:2: ", "rustflags", "linker"}},
	{"config-credential", []string{".cargo/config.toml:2: ", "credential-provider"}},
	{"toolchain-path", []string{"rust-toolchain.toml:2: ", "/opt/toolchain", "name a channel"}},
	{"toolchain-channel", []string{"rust-toolchain.toml:2: ", `"1.50.0"`, "--toolchain"}},
	{"dep-without-version", []string{"Cargo.toml:15: ", `"leaf"`, "no version"}},
}

// noted lists workspaces that can be released, with texts of the notes.
var noted = []struct {
	name  string
	wants []string
}{
	{"git-unpinned", nil}, // Cargo.lock pins it
	{"env-packaged", []string{".env: ", "published"}},
	{"symlink-out", []string{"src/notes.txt: ", "/etc/passwd", "outside the workspace"}},
	{"no-changelog", []string{"the release has no notes: no changelog has any"}},
	{"changelog-missing-section", []string{"CHANGELOG.md", "0.1.0"}},
}

// wantRefused checks that a dry run ends before anything begins: not even a cache is
// created.
func wantRefused(t *testing.T, r release, wants ...string) {
	t.Helper()
	cache := filepath.Join(t.TempDir(), "cache")
	r.out = filepath.Join(t.TempDir(), "out")
	got := on(cache).release(t, r).wantCode(t, 1)
	got.wantError(t, wants...)
	if !strings.HasPrefix(got.stderr, "slipway: ") || got.stdout != "" {
		t.Errorf("more than an error was printed: stdout %q, stderr %q", last(got.stdout), last(got.stderr))
	}
	if len(got.stderr) > 1000 {
		t.Errorf("the error has %d bytes", len(got.stderr))
	}
	for _, dir := range []string{cache, r.out} {
		if _, err := os.Stat(dir); err == nil {
			t.Errorf("%q was made for a release that is refused", dir)
		}
	}
}

func TestLocalRefusedWorkspace(t *testing.T) {
	for _, c := range refused {
		t.Run(c.name, func(t *testing.T) {
			wantRefused(t, release{source: workspace(t, c.name), crate: c.name, version: "0.1.0"}, c.wants...)
		})
	}
}

// TestLocalStoppedWorkspace checks that a plan lists what would stop a release.
func TestLocalStoppedWorkspace(t *testing.T) {
	for _, c := range stopped {
		t.Run(c.name, func(t *testing.T) {
			r := release{source: workspace(t, c.name), crate: c.name, version: "0.1.0"}
			text := (&runner{}).command("plan", r).run(t).wantCode(t, 0).stdout
			wantAll(t, section(text, "A real release stops at"), c.wants)
		})
	}
}

// TestLocalNotedWorkspace checks that a plan shows notes, and that nothing stops a release.
func TestLocalNotedWorkspace(t *testing.T) {
	for _, c := range noted {
		t.Run(c.name, func(t *testing.T) {
			text := (&runner{}).command("plan", release{source: workspace(t, c.name), crate: c.name, version: "0.1.0"}).run(t).wantCode(t, 0).stdout
			if stops := section(text, "A real release stops at") + section(text, "A dry run stops at"); stops != "" {
				t.Errorf("something stops:\n%s", stops)
			}
			wantAll(t, section(text, "Notes"), c.wants)
		})
	}
}

// section returns the text below a title in a plan.
func section(text, title string) string {
	_, rest, _ := strings.Cut(text, "\n"+title+"\n")
	within, _, _ := strings.Cut(rest, "\n\n")
	return within
}

func wantAll(t *testing.T, text string, wants []string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not said:\n%s", want, text)
		}
	}
}

// long stands for an attacker's 10 MB, which do not fit into one argument.
var long = strings.Repeat("1", 100<<10)

func TestLocalRefusedVersion(t *testing.T) {
	for name, version := range map[string]string{
		"x": "1x2", "two numbers": "1.2", "v": "v0.1.0", "leading zero": "0.01.0", "leading zero in prerelease": "0.1.0-01",
		"build metadata": "0.1.0+b", "30 digits": "0.1." + strings.Repeat("9", 30), "command": "0.1.0; rm -rf", "substitution": "$(id)",
		"backticks": "`id`", "quotes": `0.1.0"`, "apostrophe": "0.1.0'", "newline": "0.1.0\n", "workflow command": "::add-mask::0.1.0",
		"newline and workflow command": "0.1.0\n::add-mask::x", "long": long, "empty": "", "space": " 0.1.0", "option": "--version",
		"Arabic digits": "0.1.٠", "another than the manifest's": "0.2.0", "escape": "0.1.0\x1b[2J",
	} {
		t.Run(name, func(t *testing.T) {
			r := demo(t)
			r.version = version
			wantRefused(t, r, "version")
			wantPrintable(t, r)
		})
	}
}

func TestLocalRefusedCrate(t *testing.T) {
	for name, crate := range map[string]string{
		"parent": "../..", "end of options": "--", "leading dash": "-p", "absolute path": "/etc", "device": "con", "homoglyph": "shim-dеmo",
		"right-to-left": "shim-\u202eomed", "zero-width": "shim\u200b-demo", "underscore": "shim_demo", "no member": "serde",
		"excluded": "shim-dem", "long": long, "empty": "", "newline": "shim-demo\n", "command": "shim-demo;id", "upper case": "Shim-Demo",
		"feature": "shim-demo/std", "version": "shim-demo@0.1.0", "escape": "shim\x1b[2J",
	} {
		t.Run(name, func(t *testing.T) {
			r := demo(t)
			r.crate = crate
			wantRefused(t, r, "crate")
			wantPrintable(t, r)
		})
	}
}

// wantPrintable checks that an error shows the hostile value, but is not a workflow command
// and does not move the cursor.
func wantPrintable(t *testing.T, r release) {
	t.Helper()
	got := on(filepath.Join(t.TempDir(), "cache")).release(t, r)
	for line := range strings.Lines(got.stderr) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "::") || strings.ContainsFunc(line, func(c rune) bool { return c < ' ' || c > '~' && !strings.ContainsRune("…", c) }) {
			t.Errorf("the error has an unprintable line %.200q", line)
		}
	}
}

// repository makes a directory a git repository with one commit on a branch.
func repository(t testing.TB, source, branch string) {
	t.Helper()
	check(t, removeAll(filepath.Join(source, ".git")))
	git(t, source, "init", "--quiet", "--initial-branch", branch)
	git(t, source, "add", "--all")
	git(t, source, "commit", "--quiet", "--message", "a commit")
}

func git(t testing.TB, dir string, args ...string) string {
	t.Helper()
	c := command{args: append([]string{"git", "-c", "user.name=e2e", "-c", "user.email=e2e@example.org", "-c", "commit.gpgSign=false"}, args...), dir: dir}
	return strings.TrimSpace(c.run(t).wantCode(t, 0).stdout)
}

func TestLocalRefusedRef(t *testing.T) {
	t.Run("branch named like the tag", func(t *testing.T) {
		r := demo(t)
		r.source = example(t)
		repository(t, r.source, "main")
		git(t, r.source, "branch", "shim-demo/v0.1.0")
		r.out = ""
		text := (&runner{}).command("plan", r).run(t).wantCode(t, 0).stdout
		wantAll(t, section(text, "A real release stops at"), []string{"shim-demo/v0.1.0", "branch"})
	})
	for name, branch := range map[string]string{
		"pull request": "refs/pull/1/merge", "number of a pull request": "1/merge", "full ref": "refs/heads/main", "tags": "tags/x", "pseudo ref": "FETCH_HEAD",
		"commit": strings.Repeat("a1", 20),
	} {
		t.Run(name, func(t *testing.T) {
			r := demo(t)
			r.source = example(t)
			repository(t, r.source, "main")
			// git branch would refuse some of these names.
			git(t, r.source, "symbolic-ref", "HEAD", "refs/heads/"+branch)
			git(t, r.source, "update-ref", "refs/heads/"+branch, git(t, r.source, "rev-parse", "refs/heads/main"))
			wantRefused(t, r, "branch")
		})
	}
	t.Run("good and dirty", func(t *testing.T) {
		r := release{source: example(t), crate: "shim-demo", version: "0.1.0"}
		repository(t, r.source, "main")
		clean := (&runner{}).command("plan", r).run(t).wantCode(t, 0).stdout
		commit := git(t, r.source, "rev-parse", "HEAD")
		if !strings.Contains(clean, commit) || strings.Contains(clean, "uncommitted") {
			t.Errorf("the plan of a clean tree does not name commit %s alone:\n%s", commit, clean)
		}
		write(t, "# changed\n", r.source, "README.md")
		dirty := (&runner{}).command("plan", r).run(t).wantCode(t, 0).stdout
		if !strings.Contains(dirty, "uncommitted changes") || digestOf(t, dirty) == digestOf(t, clean) {
			t.Errorf("the plan of a dirty tree does not say so:\n%s", dirty)
		}
	})
}

// TestDaggerRefused checks that the module refuses some of the same workspaces.
func TestDaggerRefused(t *testing.T) {
	dagger(t)
	for _, c := range refused {
		t.Run(c.name, func(t *testing.T) {
			got := call(t, workspace(t, c.name), "release-crate", "--crate", c.name, "--version", "0.1.0").run(t).wantCode(t, 1)
			got.wantStderr(t, c.wants...)
		})
	}
	for _, c := range stopped[:2] {
		t.Run(c.name, func(t *testing.T) {
			text := call(t, workspace(t, c.name), "plan", "--crate", c.name, "--version", "0.1.0").run(t).wantCode(t, 0).stdout
			wantAll(t, section(text, "A real release stops at"), c.wants)
		})
	}
	for name, args := range map[string][2]string{"version": {"shim-demo", "$(id)"}, "crate": {"../..", "0.1.0"}} {
		t.Run(name, func(t *testing.T) {
			got := call(t, demo(t).source, "plan", "--crate="+args[0], "--version="+args[1]).run(t).wantCode(t, 1)
			got.wantStderr(t, name)
			if strings.Contains(got.stderr, "withExec") || strings.Contains(got.stderr, "panic") {
				t.Errorf("more than planning happened:\n%s", last(got.stderr))
			}
		})
	}
}
