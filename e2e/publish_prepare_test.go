package e2e

import (
	"strings"
	"testing"
)

// TestPublishPrepare prepares a release as a pull request, and repeats that.
func TestPublishPrepare(t *testing.T) {
	s := stack(t)
	source := example(t)
	changelog := read(t, source, "crates/shimkit/CHANGELOG.md")
	h := newFakeGitHub(t, s, source)
	propose := func(dir string) result {
		return command{
			args: []string{slipway, "prepare-release", "--source", dir, "--crate", "shimkit", "--version", "0.4.0", "--open-pull-request", "--repository", "containerd/runwasi", "--github-api", h.URL},
			env:  []string{"GITHUB_TOKEN=" + h.token},
		}.run(t)
	}
	t.Run("nothing unreleased", func(t *testing.T) {
		dir := h.clone(t)
		made := command{args: []string{slipway, "prepare-release", "--source", dir, "--crate", "shimkit", "--version", "0.4.0", "--write"}}.run(t).wantCode(t, 0)
		if !strings.Contains(made.stderr, "has no notes below it, so the section for 0.4.0 is made from ") {
			t.Errorf("it says %q", made.stderr)
		}
		if text := read(t, dir, "crates/shimkit/CHANGELOG.md"); !strings.Contains(text, "## [0.4.0] - ") || !strings.Contains(text, "### Other changes\n\n- ") {
			t.Errorf("the changelog is\n%s", text)
		}
	})
	write(t, strings.Replace(changelog, "## [Unreleased]\n", "## [Unreleased]\n\n### Added\n\n- A new thing.\n", 1), source, "crates/shimkit/CHANGELOG.md")
	git(t, source, "commit", "--quiet", "--all", "--message", "a new thing")
	git(t, source, "push", "--quiet", h.bare, "main")
	dir := h.clone(t)
	first := propose(dir).wantCode(t, 0)
	if !strings.Contains(first.stdout, "shimkit/v0.4.0 is prepared: "+h.URL) {
		t.Errorf("it says %q", first.stdout)
	}
	before := h.Changes()
	if again := propose(dir).wantCode(t, 0); again.stdout != first.stdout || h.Changes() != before {
		t.Errorf("a second run changed %d things and says %q", h.Changes()-before, again.stdout)
	}
	const branch = "release/shimkit-v0.4.0"
	names := git(t, h.bare, "diff", "--name-only", "main", branch)
	for _, name := range []string{"Cargo.lock", "Cargo.toml", "crates/shimkit/CHANGELOG.md", "crates/shimkit/Cargo.toml"} {
		if !strings.Contains("\n"+names+"\n", "\n"+name+"\n") {
			t.Errorf("the branch changes\n%s\nwithout %s", names, name)
		}
	}
	// The prepared version can be released: it can be planned, and cargo accepts the lock
	// file.
	git(t, dir, "fetch", "--quiet", "origin", branch)
	git(t, dir, "checkout", "--quiet", "FETCH_HEAD")
	w, _ := local(t)
	w.release(t, release{source: dir, crate: "shimkit", version: "0.4.0", out: t.TempDir()}).wantCode(t, 0)
	git(t, dir, "checkout", "--quiet", "main")
	git(t, h.bare, "update-ref", "-d", "refs/heads/"+branch)
	write(t, "more\n", dir, "more.txt")
	propose(dir).wantCode(t, 1).wantError(t, "files differ from commit")
}
