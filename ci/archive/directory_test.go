package archive

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestReadDirectory(t *testing.T) {
	packed := alone(file("a", "new"))
	outside := filepath.Join(t.TempDir(), "outside")
	if err := os.WriteFile(outside, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		make func(dir string) error
		want string
	}{
		{"file of that name", func(dir string) error { return os.WriteFile(filepath.Join(dir, "a"), []byte("old"), 0o644) }, `it has "a"; expected an empty one`},
		{"symbolic link of that name", func(dir string) error { return os.Symlink(outside, filepath.Join(dir, "a")) }, `it has "a"; expected an empty one`},
		{"hidden file", func(dir string) error { return os.WriteFile(filepath.Join(dir, ".x"), nil, 0o644) }, `it has ".x"; expected an empty one`},
		{"folder", func(dir string) error { return os.Mkdir(filepath.Join(dir, "x"), 0o755) }, `it has "x"; expected an empty one`},
		{"none", os.Remove, "opening the directory to unpack it into: "},
		{"a file", func(dir string) error { return errors.Join(os.Remove(dir), os.WriteFile(dir, []byte("old"), 0o644)) }, "opening the directory to unpack it into: "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			parent := t.TempDir()
			dir := filepath.Join(parent, "into")
			if err := errors.Join(os.Mkdir(dir, 0o755), tt.make(dir)); err != nil {
				t.Fatal(err)
			}
			before := tree(t, parent)
			got, err := Read(bytes.NewReader(packed), dir, ReleaseLimits())
			if err == nil || got != nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, %v; want the error %q", got, err, tt.want)
			}
			if after := tree(t, parent); !maps.Equal(before, after) {
				t.Errorf("the directory was %q, and is %q", before, after)
			}
		})
	}
	if raw, err := os.ReadFile(outside); err != nil || string(raw) != "old" {
		t.Errorf("the file outside has %q, %v", raw, err)
	}
}

// tree returns everything below dir with modes and contents.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		raw := []byte{}
		if d.Type().IsRegular() {
			raw, err = os.ReadFile(name)
		}
		files[name] = d.Type().String() + string(raw)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// planter calls plant while the tarball is being read.
type planter struct {
	r     io.Reader
	after int
	plant func()
}

func (p *planter) Read(b []byte) (int, error) {
	if p.after--; p.after == 0 {
		p.plant()
	}
	return p.r.Read(b[:1])
}

// TestReadNeverReplaces checks that files which appear in the directory while Read works
// are not followed, overwritten or removed.
func TestReadNeverReplaces(t *testing.T) {
	for _, kind := range []string{"file", "link"} {
		t.Run(kind, func(t *testing.T) {
			parent := t.TempDir()
			dir, outside := filepath.Join(parent, "into"), filepath.Join(parent, "outside")
			if err := errors.Join(os.Mkdir(dir, 0o755), os.WriteFile(outside, []byte("old"), 0o644)); err != nil {
				t.Fatal(err)
			}
			p := &planter{r: bytes.NewReader(alone(file("a", "new"))), after: 2, plant: func() {
				var err error
				if kind == "link" {
					err = os.Symlink("../outside", filepath.Join(dir, "a"))
				} else {
					err = os.WriteFile(filepath.Join(dir, "a"), []byte("old"), 0o644)
				}
				if err != nil {
					t.Error(err)
				}
			}}
			got, err := Read(p, dir, ReleaseLimits())
			if !errors.Is(err, fs.ErrExist) || got != nil {
				t.Errorf("got %v, %v; want %v", got, err, fs.ErrExist)
			}
			for _, name := range []string{filepath.Join(dir, "a"), outside} {
				if raw, err := os.ReadFile(name); err != nil || string(raw) != "old" {
					t.Errorf("%s has %q, %v", name, raw, err)
				}
			}
		})
	}
}
