package gitdir_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dagger/slipway/ci/gitdir"
	"dagger/slipway/ci/gittest"
)

// repository makes a repository whose trees exercise git's sort order and unusual names,
// and returns the record of its commit.
func repository(t *testing.T) (string, *gitdir.Record) {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{
		"a.b": "1", "a/x": "2", "a-b": "3", "a0": "4", "same/x": "2", "deep/er/file": strings.Repeat("long", 50), strings.Repeat("n", 200) + "/ü": "5", ".hidden/.keep": "",
	} {
		to := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("a.b", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(dir, "a0"), 0o755); err != nil {
		t.Fatal(err)
	}
	gittest.Run(t, dir, "init", "--quiet")
	gittest.Run(t, dir, "add", "--all")
	gittest.Run(t, dir, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "--message", "first")
	r := &gitdir.Record{Commit: gittest.Run(t, dir, "cat-file", "commit", "HEAD") + "\n"}
	for line := range strings.SplitSeq(gittest.Run(t, dir, "ls-tree", "-r", "-z", "HEAD"), "\x00") {
		if head, path, ok := strings.Cut(line, "\t"); ok {
			f := strings.Fields(head)
			r.Entries = append(r.Entries, gitdir.Entry{Mode: f[0], Object: f[2], Path: path})
		}
	}
	return dir, r
}

// put replaces dir's git directory.
func put(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	if err := os.RemoveAll(filepath.Join(dir, ".git")); err != nil {
		t.Fatal(err)
	}
	for name, content := range files {
		to := filepath.Join(dir, ".git", name)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestFiles checks that git reads what is written, and finds the same tree.
func TestFiles(t *testing.T) {
	dir, r := repository(t)
	head, trees := gittest.Run(t, dir, "rev-parse", "HEAD"), gittest.Run(t, dir, "ls-tree", "-r", "-t", "HEAD")
	files, err := r.Files(func(path string) bool { return path == "link" }) // git would compare the link with its blob, which is missing
	if err != nil {
		t.Fatal(err)
	}
	put(t, dir, files)
	for want, args := range map[string][]string{
		head:  {"rev-parse", "HEAD"},
		trees: {"ls-tree", "-r", "-t", "HEAD"},
		"":    {"status", "--porcelain"},
	} {
		if got := gittest.Run(t, dir, args...); got != want {
			t.Errorf("git %q says %q, expected %q", args, got, want)
		}
	}
	gittest.Run(t, dir, "verify-pack", filepath.Join(dir, ".git/objects/pack/pack-commit.idx"))
	if err := os.WriteFile(filepath.Join(dir, "a/x"), []byte("other"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := gittest.Run(t, dir, "status", "--porcelain"); got != "M a/x" {
		t.Errorf("after a change git says %q", got)
	}
}

// TestAssumed checks that only files assumed to be unchanged count as unchanged.
func TestAssumed(t *testing.T) {
	dir, r := repository(t)
	files, err := r.Files(func(path string) bool { return path == "a/x" || path == "link" })
	if err != nil {
		t.Fatal(err)
	}
	put(t, dir, files)
	for _, name := range []string{"a/x", "a-b"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("other"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got := gittest.Run(t, dir, "status", "--porcelain"); got != "M a-b" {
		t.Errorf("git says %q", got)
	}
}

// TestRefused checks that entries which do not match the commit are refused.
func TestRefused(t *testing.T) {
	_, r := repository(t)
	for name, spoil := range map[string]func(*gitdir.Record){
		"a file is missing":    func(r *gitdir.Record) { r.Entries = r.Entries[1:] },
		"another content":      func(r *gitdir.Record) { r.Entries[0].Object = r.Entries[1].Object },
		"another mode":         func(r *gitdir.Record) { r.Entries[0].Mode = "100755" },
		"a path twice":         func(r *gitdir.Record) { r.Entries[0].Path = r.Entries[1].Path },
		"a path leads outside": func(r *gitdir.Record) { r.Entries[0].Path = "../x" },
		"other modules":        func(r *gitdir.Record) { r.Modules = "[submodule]\n" },
		"no commit":            func(r *gitdir.Record) { r.Commit = "" },
		"no object name":       func(r *gitdir.Record) { r.Entries[0].Object = strings.Repeat("g", 40) },
	} {
		spoiled := &gitdir.Record{Commit: r.Commit, Entries: append([]gitdir.Entry(nil), r.Entries...)}
		spoil(spoiled)
		if _, err := spoiled.Files(func(string) bool { return false }); err == nil {
			t.Errorf("%s: it was written", name)
		}
	}
}
