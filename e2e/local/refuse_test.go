package local

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dagger/slipway/e2e/kit"
	"dagger/slipway/e2e/kit/conformance"
)

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
func wantRefused(t *testing.T, r kit.Release, wants ...string) {
	t.Helper()
	cache := filepath.Join(t.TempDir(), "cache")
	r.Out = filepath.Join(t.TempDir(), "out")
	got := kit.LocalWith(cache).Release(t, r).WantCode(t, 1)
	got.WantError(t, wants...)
	if !strings.HasPrefix(got.Stderr, "slipway: ") || got.Stdout != "" {
		t.Errorf("more than an error was printed: stdout %q, stderr %q", kit.Tail(got.Stdout), kit.Tail(got.Stderr))
	}
	if len(got.Stderr) > 1000 {
		t.Errorf("the error has %d bytes", len(got.Stderr))
	}
	for _, dir := range []string{cache, r.Out} {
		if _, err := os.Stat(dir); err == nil {
			t.Errorf("%q was made for a release that is refused", dir)
		}
	}
}

func TestLocalRefusedWorkspace(t *testing.T) {
	for _, c := range conformance.Refused {
		t.Run(c.Name, func(t *testing.T) {
			wantRefused(t, kit.Release{Source: kit.Workspace(t, c.Name), Crate: c.Name, Version: "0.1.0"}, c.Wants...)
		})
	}
}

// TestLocalStoppedWorkspace checks that a plan lists what would stop a release.
func TestLocalStoppedWorkspace(t *testing.T) {
	for _, c := range conformance.Stopped {
		t.Run(c.Name, func(t *testing.T) {
			r := kit.Release{Source: kit.Workspace(t, c.Name), Crate: c.Name, Version: "0.1.0"}
			text := (&kit.Runner{}).Command("plan", r).Run(t).WantCode(t, 0).Stdout
			kit.WantAll(t, kit.Section(text, "A real release stops at"), c.Wants)
		})
	}
}

// TestLocalNotedWorkspace checks that a plan shows notes, and that nothing stops a release.
func TestLocalNotedWorkspace(t *testing.T) {
	for _, c := range noted {
		t.Run(c.name, func(t *testing.T) {
			text := (&kit.Runner{}).Command("plan", kit.Release{Source: kit.Workspace(t, c.name), Crate: c.name, Version: "0.1.0"}).Run(t).WantCode(t, 0).Stdout
			if stops := kit.Section(text, "A real release stops at") + kit.Section(text, "A dry run stops at"); stops != "" {
				t.Errorf("something stops:\n%s", stops)
			}
			kit.WantAll(t, kit.Section(text, "Notes"), c.wants)
		})
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
			r := kit.Demo(t)
			r.Version = version
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
			r := kit.Demo(t)
			r.Crate = crate
			wantRefused(t, r, "crate")
			wantPrintable(t, r)
		})
	}
}

// wantPrintable checks that an error shows the hostile value, but is not a workflow command
// and does not move the cursor.
func wantPrintable(t *testing.T, r kit.Release) {
	t.Helper()
	got := kit.LocalWith(filepath.Join(t.TempDir(), "cache")).Release(t, r)
	for line := range strings.Lines(got.Stderr) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "::") || strings.ContainsFunc(line, func(c rune) bool { return c < ' ' || c > '~' && !strings.ContainsRune("…", c) }) {
			t.Errorf("the error has an unprintable line %.200q", line)
		}
	}
}

func TestLocalRefusedRef(t *testing.T) {
	t.Run("branch named like the tag", func(t *testing.T) {
		r := kit.Demo(t)
		r.Source = kit.Example(t)
		kit.InitRepository(t, r.Source, "main")
		kit.Git(t, r.Source, "branch", "shim-demo/v0.1.0")
		r.Out = ""
		text := (&kit.Runner{}).Command("plan", r).Run(t).WantCode(t, 0).Stdout
		kit.WantAll(t, kit.Section(text, "A real release stops at"), []string{"shim-demo/v0.1.0", "branch"})
	})
	for name, branch := range map[string]string{
		"pull request": "refs/pull/1/merge", "number of a pull request": "1/merge", "full ref": "refs/heads/main", "tags": "tags/x", "pseudo ref": "FETCH_HEAD",
		"commit": strings.Repeat("a1", 20),
	} {
		t.Run(name, func(t *testing.T) {
			r := kit.Demo(t)
			r.Source = kit.Example(t)
			kit.InitRepository(t, r.Source, "main")
			// git branch would refuse some of these names.
			kit.Git(t, r.Source, "symbolic-ref", "HEAD", "refs/heads/"+branch)
			kit.Git(t, r.Source, "update-ref", "refs/heads/"+branch, kit.Git(t, r.Source, "rev-parse", "refs/heads/main"))
			wantRefused(t, r, "branch")
		})
	}
	t.Run("good and dirty", func(t *testing.T) {
		r := kit.Release{Source: kit.Example(t), Crate: "shim-demo", Version: "0.1.0"}
		kit.InitRepository(t, r.Source, "main")
		clean := (&kit.Runner{}).Command("plan", r).Run(t).WantCode(t, 0).Stdout
		commit := kit.Git(t, r.Source, "rev-parse", "HEAD")
		if !strings.Contains(clean, commit) || strings.Contains(clean, "uncommitted") {
			t.Errorf("the plan of a clean tree does not name commit %s alone:\n%s", commit, clean)
		}
		kit.Write(t, "# changed\n", r.Source, "README.md")
		dirty := (&kit.Runner{}).Command("plan", r).Run(t).WantCode(t, 0).Stdout
		if !strings.Contains(dirty, "uncommitted changes") || kit.PlanDigest(t, dirty) == kit.PlanDigest(t, clean) {
			t.Errorf("the plan of a dirty tree does not say so:\n%s", dirty)
		}
	})
}
