package local

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestIntact checks that a stamp replaces reading an unchanged tree, and that it detects every
// change, even if time and size are restored.
func TestIntact(t *testing.T) {
	root, stamp := t.TempDir(), filepath.Join(t.TempDir(), "stamp")
	file := filepath.Join(root, "a")
	put(t, file, "good")
	digest, err := digestTree(t.Context(), root)
	check(t, err)
	find := func(want bool) {
		t.Helper()
		got, err := intact(t.Context(), root, digest, stamp)
		if err != nil || got != want {
			t.Fatalf("whole = %t, %v, want %t", got, err, want)
		}
	}
	find(true)
	if _, err := os.Stat(stamp); err == nil {
		t.Error("a tree that has just changed was stamped: it could change again in the same tick of the clock")
	}
	time.Sleep(2100 * time.Millisecond)
	find(true)
	if _, err := os.Stat(stamp); err != nil {
		t.Fatal(err)
	}
	find(true)

	old, err := os.Stat(file)
	check(t, err)
	put(t, file, "evil")
	check(t, os.Chtimes(file, old.ModTime(), old.ModTime()))
	find(false)
	put(t, file, "good")
	find(true)
	put(t, filepath.Join(root, "b"), "")
	find(false)
	check(t, os.Remove(filepath.Join(root, "b")))
	check(t, os.Rename(file, filepath.Join(root, "c")))
	find(false)
}

// TestStampOfAnother checks that a stamp of other content is ignored.
func TestStampOfAnother(t *testing.T) {
	root, stamp := t.TempDir(), filepath.Join(t.TempDir(), "stamp")
	put(t, filepath.Join(root, "a"), "good")
	now, _, err := stampTree(root)
	check(t, err)
	put(t, stamp, "another-digest "+now)
	if got, err := intact(t.Context(), root, "wanted-digest", stamp); err != nil || got {
		t.Errorf("whole = %t, %v", got, err)
	}
}
