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

// TestMoveAllOrNone checks that either every file and layout is moved, or the directory is as it was.
func TestMoveAllOrNone(t *testing.T) {
	names := []string{"a", "b", "sub/c", "layout", "last"}
	made := map[string]string{"a": "new a", "b": "new b", "sub/c": "new c", "layout/oci-layout": "new", "layout/index.json": "new", "last": "new last"}
	for _, tt := range []struct {
		what  string
		there map[string]string
		lacks string // a directory that is not made
		want  string // the error, "" for none
	}{
		{"an empty directory", nil, "", ""},
		{"earlier files", map[string]string{"a": "old a", "sub/c": "old c", "other": "mine"}, "", ""},
		{"a link in place of a file", map[string]string{"b": "-> ../../victim"}, "", ""},
		{"an earlier layout", map[string]string{"layout/oci-layout": "old", "layout/blobs/x": "old"}, "", ""},
		{"an empty directory in place of a layout", map[string]string{"layout": ""}, "", ""},
		{"a directory in place of the last", map[string]string{"a": "old a", "last/x": "mine"}, "", `writing "last" to`},
		{"an empty directory in place of one", map[string]string{"b": ""}, "", `it is a directory there, expected a file or nothing: remove it; nothing was written`},
		{"a file in place of a directory", map[string]string{"a": "old a", "sub": "mine"}, "", `"sub" is a file there, expected a directory or nothing`},
		{"a link that leads out", map[string]string{"a": "old a", "sub": "-> ../../victim"}, "", `writing "sub/c" to`},
		{"a file that is missing", map[string]string{"a": "old a"}, "sub", `writing "sub/c" to`},
		{"someone's directory in place of a layout", map[string]string{"layout/work.txt": "mine"}, "", `there is a directory with "work.txt", expected an OCI layout or nothing: move it away`},
		{"someone's file in a layout", map[string]string{"layout/oci-layout": "old", "layout/work.txt": "mine"}, "", `there is a directory with "work.txt"`},
		{"a file in place of a layout", map[string]string{"layout": "mine"}, "", "it is a file there, expected an OCI layout or nothing"},
		{"a link in place of a layout", map[string]string{"layout": "-> ../../victim"}, "", "it is a file there, expected an OCI layout or nothing"},
	} {
		t.Run(tt.what, func(t *testing.T) {
			top := t.TempDir()
			out := filepath.Join(top, "outer", "out")
			tree(t, top, map[string]string{"victim/file": "theirs"})
			tree(t, out, tt.there)
			if err := os.MkdirAll(out, 0o755); err != nil {
				t.Fatal(err)
			}
			before := found(t, out)
			early := Check(out, []string{"a", "b", "sub/c", "last"}, []string{"layout"})
			work, done, err := Work(out)
			if err != nil {
				t.Fatal(err)
			}
			if tree(t, work, made); tt.lacks != "" {
				if err := os.RemoveAll(filepath.Join(work, tt.lacks)); err != nil {
					t.Fatal(err)
				}
			}
			err = Move(work, out, names)
			done()
			if (err != nil) != (tt.want != "") || err != nil && (!strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "nothing was written")) {
				t.Errorf("it says %v, want %q", err, tt.want)
			}
			if tt.lacks == "" && (early != nil) != (err != nil) {
				t.Errorf("before it says %v, and then %v", early, err)
			}
			wanted := maps.Clone(before)
			if tt.want == "" {
				maps.DeleteFunc(wanted, func(name, _ string) bool { return strings.HasPrefix(name, "layout") })
				maps.Copy(wanted, made)
				wanted["sub"], wanted["layout"] = "", ""
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

// TestMoveUndone lets the last of several moves fail although its place was free when it was
// checked, and checks that the directory is as it was.
func TestMoveUndone(t *testing.T) {
	for _, withLayout := range []bool{false, true} {
		out := t.TempDir()
		tree(t, out, map[string]string{"a": "old a", "link": "-> a", "dir/blobs/x": "old x", "work/a": "new a", "work/link": "new link", "work/new/b": "new b", "work/dir/blobs/y": "new y"})
		before := found(t, out)
		root, err := os.OpenRoot(out)
		if err != nil {
			t.Fatal(err)
		}
		defer root.Close()
		m := &mover{root: root, work: "work"}
		names := []string{"a", "link", "new/b"}
		if withLayout {
			names = append(names, "dir")
		}
		for _, name := range names {
			if err := errors.Join(m.check(name), m.move(name)); err != nil {
				t.Fatal(err)
			}
		}
		if got := found(t, out); got["a"] != "new a" || got["link"] != "new link" || got["new/b"] != "new b" || withLayout && got["dir/blobs/y"] != "new y" {
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
