package local

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"dagger/slipway/ci/step"
)

// laySource writes a source tree with modes and times that must not affect the result.
func laySource(t *testing.T, dir string, mode os.FileMode, at time.Time) {
	t.Helper()
	for name, text := range map[string]string{
		"Cargo.toml": "[workspace]", "a/src/main.rs": "fn main() {}", "a/target/kept": "no build directory of the workspace", "target/x": "tracked", ".cargo/config.toml": "old", "rust-toolchain": "1.0", "run.sh": "#!/bin/sh",
	} {
		to := filepath.Join(dir, name)
		check(t, os.MkdirAll(filepath.Dir(to), 0o755))
		put(t, to, text)
		check(t, os.Chmod(to, mode))
		check(t, os.Chtimes(to, at, at))
	}
	check(t, os.Chmod(filepath.Join(dir, "run.sh"), mode|0o100))
	check(t, os.Symlink("../Cargo.toml", filepath.Join(dir, "a", "link")))
	check(t, os.Symlink("gone", filepath.Join(dir, "dangling")))
	check(t, unix.Mkfifo(filepath.Join(dir, "pipe"), 0o644))
}

const staging = `. drwxr-xr-x 2000-01-01
.cargo drwxr-xr-x 2000-01-01
.cargo/config.toml -rw-r--r-- 2000-01-01
Cargo.toml -rw-r--r-- 2000-01-01
a drwxr-xr-x 2000-01-01
a/link -> ../Cargo.toml
a/src drwxr-xr-x 2000-01-01
a/src/main.rs -rw-r--r-- 2000-01-01
a/target drwxr-xr-x 2000-01-01
a/target/kept -rw-r--r-- 2000-01-01
dangling -> gone
run.sh -rwxr-xr-x 2000-01-01
target drwxr-xr-x 2000-01-01
target/x -rw-r--r-- 2000-01-01
`

// TestRepositoryTree checks that a tree of the repository is the workspace with what is around it.
func TestRepositoryTree(t *testing.T) {
	dir := t.TempDir()
	r := &Runner{opts: Options{Source: filepath.Join(dir, "libs"), Repository: dir}, store: &store{tmp: t.TempDir()}}
	for _, name := range []string{"README.md", "libs/Cargo.toml", "libs/rust-toolchain"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for repository, want := range map[bool]string{true: "README.md libs libs/Cargo.toml", false: "Cargo.toml"} {
		tree := step.Tree{Name: "t", Source: true, Repository: repository, Files: step.Files{"libs/rust-toolchain": "", "rust-toolchain": ""}}
		made, err := r.stageTree(t.Context(), tree)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		err = fs.WalkDir(os.DirFS(made.dir), ".", func(name string, _ fs.DirEntry, err error) error {
			if name != "." {
				names = append(names, name)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("the tree has %s, want %s", got, want)
		}
	}
}

func TestSourceTree(t *testing.T) {
	m := newMachine(t)
	m.trees = []step.Tree{{Name: "source", Source: true, Files: step.Files{".cargo/config.toml": "ours", "rust-toolchain": ""}}}
	laySource(t, m.source, 0o644, time.Now())
	s := probe("list", "/src", ";", "cat", "/src/.cargo/config.toml")
	s.Mounts = append(s.Mounts, step.Mount{Path: "/src", Tree: "source"})
	if out := run(t, m.runner(t), s).Stdout; out != staging+"ours" {
		t.Errorf("the source tree is\n%s\nwant\n%s", out, staging+"ours")
	}

	old := unix.Umask(0o077)
	defer unix.Umask(old)
	m.source = t.TempDir()
	laySource(t, m.source, 0o600, time.Now().Add(-24*time.Hour))
	if !run(t, m.runner(t), s).Cached {
		t.Error("the same source elsewhere, with other modes, times and umask, ran again")
	}
	read := s
	read.Mounts = []step.Mount{{Path: "/out"}, {Path: "/src", Tree: "source", ReadOnly: true}}
	if out := run(t, m.runner(t), read).Stdout; out != staging+"ours" {
		t.Errorf("with umask 077 the source tree is\n%s", out)
	}
	out := probe("write", "/out/dir/file", "x")
	out.Outputs = []step.Output{{Name: "dir", Path: "/out/dir", Dir: true}}
	r := m.runner(t)
	run(t, r, out)
	list := probe("list", "/dir")
	list.Mounts = []step.Mount{{Path: "/dir", Step: "probe", Output: "dir"}}
	if got := run(t, r, list).Stdout; strings.Count(got, "drwx") != 1 || !strings.Contains(got, "file -rw") {
		t.Errorf("with umask 077 an output is\n%s", got)
	}
}

func TestTreeWithoutSource(t *testing.T) {
	m := newMachine(t)
	m.trees = []step.Tree{{Name: "skeleton", Files: step.Files{"a/b": "1"}}}
	put(t, filepath.Join(m.source, "secret"), "x")
	s := probe("list", "/src")
	s.Mounts = append(s.Mounts, step.Mount{Path: "/src", Tree: "skeleton"})
	if out := run(t, m.runner(t), s).Stdout; strings.Contains(out, "secret") || !strings.Contains(out, "a/b -rw-r--r-- 2000-01-01") {
		t.Errorf("the tree is\n%s", out)
	}
	s.Mounts[1].Tree = "other"
	_, err := m.runner(t).Run(t.Context(), s)
	wantError(t, err, `staging tree "other": the runner does not have it`)
}

// TestOverlayStaysInside checks that links in an untrusted tree do not lead our files outside.
func TestOverlayStaysInside(t *testing.T) {
	outside := t.TempDir()
	put(t, filepath.Join(outside, "config.toml"), "theirs")
	dir := t.TempDir()
	check(t, os.Symlink(outside, filepath.Join(dir, ".cargo")))
	check(t, os.Symlink(filepath.Join(outside, "config.toml"), filepath.Join(dir, "Cargo.lock")))
	for _, content := range []string{"ours", ""} {
		if err := overlay(dir, ".cargo/config.toml", content); err == nil {
			t.Errorf("overlay of %q through a link to outside succeeds", content)
		}
		if err := overlay(dir, "../escaped", content); err == nil {
			t.Errorf("overlay of %q above the tree succeeds", content)
		}
	}
	if err := overlay(dir, "Cargo.lock", "ours"); err != nil {
		t.Error(err)
	}
	if raw, err := os.ReadFile(filepath.Join(outside, "config.toml")); err != nil || string(raw) != "theirs" {
		t.Errorf("the file outside is %q, %v", raw, err)
	}
	if info, err := os.Lstat(filepath.Join(dir, "Cargo.lock")); err != nil || !info.Mode().IsRegular() {
		t.Errorf("Cargo.lock is %v, %v", info.Mode(), err)
	}
}

// TestFillStaysInside checks the same for a mount inside a mount.
func TestFillStaysInside(t *testing.T) {
	outside, dir := t.TempDir(), t.TempDir()
	put(t, filepath.Join(outside, "file"), "theirs")
	check(t, os.Symlink(outside, filepath.Join(dir, "a")))
	if _, err := fill(t.Context(), "", dir, "a/b"); err == nil {
		t.Error("fill makes a directory through a link to outside")
	}
	if _, err := fill(t.Context(), "", dir, "a"); err != nil {
		t.Error(err)
	}
	if raw, err := os.ReadFile(filepath.Join(outside, "file")); err != nil || string(raw) != "theirs" {
		t.Errorf("the file outside is %q, %v", raw, err)
	}
}

func TestDigestTree(t *testing.T) {
	base := func() string {
		dir := t.TempDir()
		check(t, os.MkdirAll(filepath.Join(dir, "a"), 0o755))
		put(t, filepath.Join(dir, "a", "x"), "1")
		check(t, os.Symlink("x", filepath.Join(dir, "a", "l")))
		return dir
	}
	of := func(dir string) string {
		d, err := digestTree(t.Context(), dir)
		check(t, err)
		return d
	}
	want := of(base())
	same := base()
	check(t, os.Chmod(filepath.Join(same, "a", "x"), 0o600))
	check(t, os.Chtimes(filepath.Join(same, "a", "x"), time.Unix(1, 0), time.Unix(1, 0)))
	if of(same) != want {
		t.Error("modes and times beside the executable bit change the digest")
	}
	for name, change := range map[string]func(dir string) error{
		"content":    func(dir string) error { return os.WriteFile(filepath.Join(dir, "a", "x"), []byte("2"), 0o644) },
		"executable": func(dir string) error { return os.Chmod(filepath.Join(dir, "a", "x"), 0o755) },
		"name":       func(dir string) error { return os.Rename(filepath.Join(dir, "a", "x"), filepath.Join(dir, "a", "y")) },
		"empty dir":  func(dir string) error { return os.Mkdir(filepath.Join(dir, "b"), 0o755) },
		"link":       func(dir string) error { return os.Remove(filepath.Join(dir, "a", "l")) },
		"link's end": func(dir string) error {
			l := filepath.Join(dir, "a", "l")
			_ = os.Remove(l)
			return os.Symlink("z", l)
		},
		"file for link": func(dir string) error {
			l := filepath.Join(dir, "a", "l")
			_ = os.Remove(l)
			return os.WriteFile(l, []byte("1"), 0o644)
		},
	} {
		dir := base()
		check(t, change(dir))
		if of(dir) == want {
			t.Errorf("%s: the digest does not change", name)
		}
	}
}
