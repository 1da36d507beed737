package prepare

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/notes"
)

// prepareWith prepares a release in a repository with a commit since the last tag, and returns
// what git was asked too.
func prepareWith(t *testing.T, fsys fstest.MapFS, crate, version string) (*Changeset, []notes.Question) {
	t.Helper()
	w, err := cargo.Read(fsys)
	if err != nil {
		t.Fatal(err)
	}
	var asked []notes.Question
	c, err := New(w, fsys, Request{Crate: crate, Version: version, Date: day, History: func(q notes.Question) (notes.History, error) {
		asked = append(asked, q)
		return notes.History{Head: "01234567", Tag: "v0.4.0", Commits: []notes.Commit{{ID: "0123456789", Message: "feat: one"}}}, nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	return c, asked
}

// fileOf returns the new text of a file of a changeset, "" if it does not change.
func fileOf(c *Changeset, name string) string {
	for _, f := range c.Files {
		if f.Path == name {
			return f.New
		}
	}
	return ""
}

// wantNote fails the test unless a note contains text.
func wantNote(t *testing.T, c *Changeset, text string) {
	t.Helper()
	if !slices.ContainsFunc(c.Notes, func(n string) bool { return strings.Contains(n, text) }) {
		t.Errorf("notes %q, want one with %q", c.Notes, text)
	}
}

const (
	ownChangelog = "crates/own/CHANGELOG.md"
	madeSection  = "## 0.5.0 - 2026-04-21\n\n### Features\n\n- one (01234567)\n\n"
)

// TestFromCommits checks that a section is made from commits if a changelog has no notes for
// the release.
func TestFromCommits(t *testing.T) {
	for name, tt := range map[string]struct{ before, want, note string }{
		"no Unreleased section": {"# C\n\n## 0.4.0\n- old\n", "# C\n\n" + madeSection + "## 0.4.0\n- old\n", `"crates/own/CHANGELOG.md": it has no Unreleased section, so the section for 0.5.0 is made from 1 commit since tag v0.4.0: edit it`},
		"an empty one":          {"## Unreleased\n\n## 0.4.0\n- old\n", "## Unreleased\n\n" + madeSection + "## 0.4.0\n- old\n", `the heading "## Unreleased" on line 1 has no notes below it, so the section for 0.5.0 is made from 1 commit since tag v0.4.0`},
		"no place for one":      {"See the releases.\n", "", `"crates/own/CHANGELOG.md" gets no section for 0.5.0 of "own" and stays as it is: it has neither an Unreleased section nor a version's heading to go by: add one. Until it has one, a release makes notes from the commits since the last tag.`},
		"not to be read":        {"## Unreleased\n\xff\n", "", "stays as it is: reading changelog: it is not UTF-8"},
		"there already":         {"## 0.5.0\n- done\n", "", `"crates/own/CHANGELOG.md" already has a section for 0.5.0, on line 1: it keeps its text`},
	} {
		t.Run(name, func(t *testing.T) {
			files := workspaceText(t, "inherited")
			files[ownChangelog] = tt.before
			c, _ := prepareWith(t, mapFS(files), "own", "0.5.0")
			if got := fileOf(c, ownChangelog); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			wantNote(t, c, tt.note)
			if fileOf(c, "crates/own/Cargo.toml") == "" || fileOf(c, "Cargo.lock") == "" {
				t.Errorf("the version is not set: %s", c.Diff())
			}
		})
	}
}

// TestNoCommits checks that a changelog is left alone if there are no commits to make notes
// from, and that the rest is prepared.
func TestNoCommits(t *testing.T) {
	for name, tt := range map[string]struct {
		ask  notes.Ask
		want string
	}{
		"no repository": {nil, "it has no Unreleased section, and there is no repository with commits"},
		"no commit":     {func(notes.Question) (notes.History, error) { return notes.History{}, nil }, "and there is no repository with commits"},
		"nothing since": {func(notes.Question) (notes.History, error) { return notes.History{Head: "01", Tag: "v0.4.0"}, nil }, "and nothing changed in 0 commits since tag v0.4.0"},
		"shallow":       {func(notes.Question) (notes.History, error) { return notes.History{Head: "01", Cut: true}, nil }, "`git fetch --unshallow --tags`"},
		"git fails":     {func(notes.Question) (notes.History, error) { return notes.History{}, errors.New("fatal: bad object") }, "and git does not say what changed: fatal: bad object"},
	} {
		t.Run(name, func(t *testing.T) {
			files := workspaceText(t, "inherited")
			files[ownChangelog] = "## 0.4.0\n- old\n"
			fsys := mapFS(files)
			w, err := cargo.Read(fsys)
			if err != nil {
				t.Fatal(err)
			}
			c, err := New(w, fsys, Request{Crate: "own", Version: "0.5.0", Date: day, History: tt.ask})
			if err != nil {
				t.Fatal(err)
			}
			wantNote(t, c, tt.want)
			if fileOf(c, ownChangelog) != "" || fileOf(c, "crates/own/Cargo.toml") == "" {
				t.Error(c.Diff())
			}
		})
	}
	fsys := mapFS(workspaceText(t, "inherited"))
	w, err := cargo.Read(fsys)
	if err != nil {
		t.Fatal(err)
	}
	ended := func(notes.Question) (notes.History, error) { return notes.History{}, context.Canceled }
	if _, err := New(w, fsys, Request{Crate: "derive", Version: "0.5.0", Date: day, History: ended}); !errors.Is(err, context.Canceled) {
		t.Errorf("a run that was ended: %v", err)
	}
}

// TestNamedChangelog checks that a note says what a release needs if a setting names the
// changelog.
func TestNamedChangelog(t *testing.T) {
	files := workspaceText(t, "inherited")
	files["Cargo.toml"] = "[workspace.metadata.slipway]\nchangelog = \"NOTES.md\"\n\n" + files["Cargo.toml"]
	files["NOTES.md"] = "Nothing.\n"
	c, _ := prepareWith(t, mapFS(files), "own", "0.5.0")
	wantNote(t, c, "Until it has one, a release is refused, since the setting `changelog` of \"Cargo.toml\" names it.")
}

// TestCommitsOfSharing checks whose commits are asked for: those of all crates that get the
// version and have the same changelog.
func TestCommitsOfSharing(t *testing.T) {
	files := withoutChangelogs(t)
	files["CHANGELOG.md"] = "# C\n\n## 0.4.0\n- old\n"
	c, asked := prepareWith(t, mapFS(files), "app", "0.5.0")
	if got := fileOf(c, "CHANGELOG.md"); got != "# C\n\n"+madeSection+"## 0.4.0\n- old\n" {
		t.Errorf("got %q", got)
	}
	if len(asked) != 1 || asked[0].Crate != "app" || asked[0].Version != "0.5.0" || asked[0].Dir != "." || !slices.Equal(asked[0].Without, []string{"crates/own"}) {
		t.Errorf("asked %+v", asked)
	}
	if _, asked = prepareWith(t, mapFS(files), "own", "0.5.0"); len(asked) != 1 || asked[0].Dir != "crates/own" {
		t.Errorf("asked %+v", asked)
	}
}

// TestNoLockFile checks that a workspace without a lock file gets the version in its
// manifests.
func TestNoLockFile(t *testing.T) {
	files := workspaceText(t, "inherited")
	with := mustPrepare(t, files, "app", "0.5.0")
	delete(files, "Cargo.lock")
	c := mustPrepare(t, files, "app", "0.5.0")
	wantNote(t, c, `There is no "Cargo.lock", so no version changes there.`)
	if len(c.Files) != len(with.Files)-1 || fileOf(c, "Cargo.toml") != fileOf(with, "Cargo.toml") {
		t.Error(c.Diff())
	}
}

// TestLinkedChangelog checks that a changelog that is a symbolic link stays as it is.
func TestLinkedChangelog(t *testing.T) {
	files := workspaceText(t, "inherited")
	files["real"] = "## Unreleased\n- new\n"
	fsys := mapFS(files)
	fsys[ownChangelog] = &fstest.MapFile{Data: []byte("../../real"), Mode: fs.ModeSymlink | 0o777}
	c, _ := prepareWith(t, fsys, "own", "0.5.0")
	wantNote(t, c, `stays as it is: reading "crates/own/CHANGELOG.md": it is not a regular file: replace it with one, links are not edited`)
	if fileOf(c, ownChangelog) != "" || fileOf(c, "real") != "" || fileOf(c, "crates/own/Cargo.toml") == "" {
		t.Error(c.Diff())
	}
}
