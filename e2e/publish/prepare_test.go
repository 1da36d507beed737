package publish

import (
	"strings"
	"testing"

	"dagger/slipway/e2e/kit"
	"dagger/slipway/e2e/kit/forge"
	"dagger/slipway/e2e/kit/sigstore"
)

// TestPublishPrepare prepares a release as a pull request, and repeats that.
func TestPublishPrepare(t *testing.T) {
	s := sigstore.Open(t)
	source := kit.Example(t)
	changelog := kit.Read(t, source, "crates/shimkit/CHANGELOG.md")
	h := forge.New(t, s, source)
	propose := func(dir string) kit.Result {
		return kit.Command{
			Args: []string{kit.Slipway, "prepare-release", "--source", dir, "--crate", "shimkit", "--version", "0.4.0", "--open-pull-request", "--repository", "containerd/runwasi", "--github-api", h.URL},
			Env:  []string{"GITHUB_TOKEN=" + h.MaintainerToken},
		}.Run(t)
	}
	t.Run("nothing unreleased", func(t *testing.T) {
		dir := h.Clone(t)
		made := kit.Command{Args: []string{kit.Slipway, "prepare-release", "--source", dir, "--crate", "shimkit", "--version", "0.4.0", "--write"}}.Run(t).WantCode(t, 0)
		if !strings.Contains(made.Stderr, "has no notes below it, so the section for 0.4.0 is made from ") {
			t.Errorf("it says %q", made.Stderr)
		}
		if text := kit.Read(t, dir, "crates/shimkit/CHANGELOG.md"); !strings.Contains(text, "## [0.4.0] - ") || !strings.Contains(text, "### Other changes\n\n- ") {
			t.Errorf("the changelog is\n%s", text)
		}
	})
	kit.Write(t, strings.Replace(changelog, "## [Unreleased]\n", "## [Unreleased]\n\n### Added\n\n- A new thing.\n", 1), source, "crates/shimkit/CHANGELOG.md")
	kit.Git(t, source, "commit", "--quiet", "--all", "--message", "a new thing")
	kit.Git(t, source, "push", "--quiet", h.Bare, "main")
	dir := h.Clone(t)
	first := propose(dir).WantCode(t, 0)
	if !strings.Contains(first.Stdout, "shimkit/v0.4.0 is prepared: "+h.URL) {
		t.Errorf("it says %q", first.Stdout)
	}
	before := h.Changes()
	if again := propose(dir).WantCode(t, 0); again.Stdout != first.Stdout || h.Changes() != before {
		t.Errorf("a second run changed %d things and says %q", h.Changes()-before, again.Stdout)
	}
	const branch = "release/shimkit-v0.4.0"
	names := kit.Git(t, h.Bare, "diff", "--name-only", "main", branch)
	for _, name := range []string{"Cargo.lock", "Cargo.toml", "crates/shimkit/CHANGELOG.md", "crates/shimkit/Cargo.toml"} {
		if !strings.Contains("\n"+names+"\n", "\n"+name+"\n") {
			t.Errorf("the branch changes\n%s\nwithout %s", names, name)
		}
	}
	// The prepared version can be released: it can be planned, and cargo accepts the lock
	// file.
	kit.Git(t, dir, "fetch", "--quiet", "origin", branch)
	kit.Git(t, dir, "checkout", "--quiet", "FETCH_HEAD")
	w, _ := kit.Local(t)
	w.Release(t, kit.Release{Source: dir, Crate: "shimkit", Version: "0.4.0", Out: t.TempDir()}).WantCode(t, 0)
	kit.Git(t, dir, "checkout", "--quiet", "main")
	kit.Git(t, h.Bare, "update-ref", "-d", "refs/heads/"+branch)
	kit.Write(t, "more\n", dir, "more.txt")
	propose(dir).WantCode(t, 1).WantError(t, "files differ from commit")
}
