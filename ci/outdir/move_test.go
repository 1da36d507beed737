package outdir

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// tree writes files, with "" for a directory and "-> to" for a link.
func tree(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, content := range files {
		at := filepath.Join(dir, name)
		err := os.MkdirAll(filepath.Dir(at), 0o755)
		to, isLink := strings.CutPrefix(content, "-> ")
		switch {
		case content == "":
			err = errors.Join(err, os.MkdirAll(at, 0o755))
		case isLink:
			err = errors.Join(err, os.Symlink(to, at))
		default:
			err = errors.Join(err, os.WriteFile(at, []byte(content), 0o644))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// found returns what tree would write.
func found(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(at string, e fs.DirEntry, err error) error {
		name, _ := filepath.Rel(dir, at)
		switch {
		case err != nil || name == ".":
			return err
		case e.IsDir():
			all[name] = ""
		case e.Type()&fs.ModeSymlink != 0:
			to, err := os.Readlink(at)
			all[name] = "-> " + to
			return err
		default:
			raw, err := os.ReadFile(at)
			all[name] = string(raw)
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestMoveAllOrNone checks that either every file is moved, or the directory is as it was.
func TestMoveAllOrNone(t *testing.T) {
	names := []string{"a", "b", "sub/c", "last"}
	made := map[string]string{"a": "new a", "b": "new b", "sub/c": "new c", "last": "new last"}
	for _, tt := range []struct {
		what        string
		there       map[string]string
		work        map[string]string // instead of made
		want        string            // the error, "" for none
		wantReplace string
	}{
		{"an empty directory", nil, nil, "", ""},
		{"earlier files", map[string]string{"a": "old a", "sub/c": "old c", "other": "mine"}, nil, "", ""},
		{"a link in place of a file", map[string]string{"b": "-> ../../victim"}, nil, "", ""},
		{"a directory in place of the last", map[string]string{"a": "old a", "last/x": "mine"}, nil, `writing "last" to`, ""},
		{"an empty directory in place of one", map[string]string{"b": ""}, nil, `it is a directory there, expected a file or nothing: remove it; nothing was written`, ""},
		{"a file in place of a directory", map[string]string{"a": "old a", "sub": "mine"}, nil, `"sub" is a file there, expected a directory or nothing`, "is a file there"},
		{"a link that leads out", map[string]string{"a": "old a", "sub": "-> ../../victim"}, nil, `writing "sub/c" to`, `writing "sub/c" to`},
		{"a file that is missing", map[string]string{"a": "old a"}, map[string]string{"a": "new a", "b": "new b", "last": "x"}, `writing "sub/c" to`, `writing "sub/c" to`},
	} {
		for how, do := range map[string]func(string, string, []string) error{"Move": Move, "Replace": Replace} {
			t.Run(tt.what+", "+how, func(t *testing.T) {
				top := t.TempDir()
				out := filepath.Join(top, "outer", "out")
				tree(t, top, map[string]string{"victim/file": "theirs"})
				tree(t, out, tt.there)
				if err := os.MkdirAll(out, 0o755); err != nil {
					t.Fatal(err)
				}
				before := found(t, out)
				work, done, err := Work(out)
				if err != nil {
					t.Fatal(err)
				}
				if tree(t, work, made); tt.work != nil {
					if err := os.RemoveAll(filepath.Join(work, "sub")); err != nil {
						t.Fatal(err)
					}
				}
				err = do(work, out, names)
				done()
				want := tt.want
				if how == "Replace" {
					want = tt.wantReplace
				}
				if (err != nil) != (want != "") || err != nil && (!strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "nothing was written")) {
					t.Errorf("it says %v, want %q", err, want)
				}
				wanted := maps.Clone(before)
				if want == "" {
					maps.DeleteFunc(wanted, func(name, _ string) bool { return strings.HasPrefix(name, "last") })
					maps.Copy(wanted, made)
					wanted["sub"] = ""
				}
				if got := found(t, out); !maps.Equal(got, wanted) {
					t.Errorf("it has %q, want %q", got, wanted)
				}
				if got := found(t, filepath.Join(top, "victim")); !maps.Equal(got, map[string]string{"file": "theirs"}) {
					t.Errorf("outside there is %q", got)
				}
			})
		}
	}
}

// TestMoveUndone lets the last of several moves fail although its place was free when it was
// checked, and checks that the directory is as it was.
func TestMoveUndone(t *testing.T) {
	for _, whole := range []bool{false, true} {
		out := t.TempDir()
		tree(t, out, map[string]string{"a": "old a", "link": "-> a", "dir/x": "old x", "work/a": "new a", "work/link": "new link", "work/new/b": "new b", "work/dir/y": "new y"})
		before := found(t, out)
		root, err := os.OpenRoot(out)
		if err != nil {
			t.Fatal(err)
		}
		defer root.Close()
		m := &mover{root: root, work: "work", whole: whole}
		names := []string{"a", "link", "new/b"}
		if whole {
			names = append(names, "dir")
		}
		for _, name := range names {
			if err := errors.Join(m.check(name), m.move(name)); err != nil {
				t.Fatal(err)
			}
		}
		if got := found(t, out); got["a"] != "new a" || got["link"] != "new link" || got["new/b"] != "new b" || whole && got["dir/y"] != "new y" {
			t.Fatalf("it has %q", got)
		}
		if err := m.move("gone"); err == nil {
			t.Fatal("a file that is not there was moved")
		}
		if err := m.undo(); err == nil || err.Error() != "nothing was written" {
			t.Errorf("undoing says %v", err)
		}
		if got := found(t, out); !maps.Equal(got, before) {
			t.Errorf("it has %q, want %q", got, before)
		}
	}
}
