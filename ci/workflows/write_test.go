package workflows

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	files := makeFiles(t, shims(), Options{Slipway: pinned})
	changes, err := Changes(os.DirFS(dir), files)
	if err != nil || len(changes) != 4 {
		t.Fatalf("got %d changes, %v; want 4", len(changes), err)
	}
	if err := Write(dir, changes); err != nil {
		t.Fatal(err)
	}
	if again, err := Changes(os.DirFS(dir), files); err != nil || len(again) != 0 {
		t.Errorf("after writing %d files have changes, %v", len(again), err)
	}
	if err := os.WriteFile(filepath.Join(dir, Dir, "sign.yml"), []byte("edited\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if again, err := Changes(os.DirFS(dir), files); err != nil || len(again) != 1 || again[0].Old != "edited\n" {
		t.Errorf("after an edit: %v, %v", again, err)
	}
	entries, err := os.ReadDir(filepath.Join(dir, Dir))
	if err != nil || len(entries) != 4 {
		t.Errorf("the directory has %v, %v", entries, err)
	}
}

// TestWriteStaysBelow checks that nothing is written through a .github that links out of the
// repository.
func TestWriteStaysBelow(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	if err := os.Symlink(outside, filepath.Join(dir, ".github")); err != nil {
		t.Fatal(err)
	}
	changes, err := Changes(fstest.MapFS{}, makeFiles(t, shims(), Options{Slipway: pinned}))
	if err != nil {
		t.Fatal(err)
	}
	if err := Write(dir, changes); err == nil {
		t.Error("it wrote through a link")
	}
	if entries, _ := os.ReadDir(outside); len(entries) > 0 {
		t.Errorf("outside there is %v", entries)
	}
}

func TestPin(t *testing.T) {
	const other = "acme/fork@ffffffffffffffffffffffffffffffffffffffff"
	there := fstest.MapFS{Dir + "/release.yml": {Data: []byte(makeFiles(t, shims(), Options{Slipway: pinned})[Dir+"/release.yml"])}}
	for _, tt := range []struct {
		name, asked, want string
		root              fstest.MapFS
	}{
		{"what is asked for", other, other, there},
		{"what is there", "", pinned, there},
		{"slipway itself", "", "", fstest.MapFS{actionDir + "/action.yml": {}}},
	} {
		if got, err := Pin(tt.root, tt.asked); got != tt.want || err != nil {
			t.Errorf("%s: got %q, %v; want %q", tt.name, got, err, tt.want)
		}
	}
	if _, err := Pin(fstest.MapFS{}, ""); err == nil || !strings.Contains(err.Error(), "--slipway OWNER/NAME@COMMIT") {
		t.Errorf("in an empty repository: %v", err)
	}
}

// TestWriteAllOrNone checks that nothing is written if one of the files cannot be.
func TestWriteAllOrNone(t *testing.T) {
	dir := t.TempDir()
	changes, err := Changes(os.DirFS(dir), makeFiles(t, shims(), Options{Slipway: pinned}))
	if err != nil {
		t.Fatal(err)
	}
	last := filepath.Join(dir, filepath.FromSlash(changes[len(changes)-1].Path))
	if err := os.MkdirAll(last, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := Write(dir, changes); err == nil || !strings.Contains(err.Error(), "it is a directory there") || !strings.Contains(err.Error(), "nothing was written") {
		t.Errorf("it says %v", err)
	}
	for _, at := range []string{dir, filepath.Dir(last)} {
		if entries, err := os.ReadDir(at); err != nil || len(entries) != 1 {
			t.Errorf("%s has %v, %v", at, entries, err)
		}
	}
}
