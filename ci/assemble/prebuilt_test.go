package assemble

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestPrebuiltCopy checks that a copy is apart from the directory, which others can write to, and
// that it is removed.
func TestPrebuiltCopy(t *testing.T) {
	from := &Prebuilt{Dir: t.TempDir()}
	file := filepath.Join(from.Dir, "SHA256SUMS")
	if err := os.WriteFile(file, []byte("verified"), 0o644); err != nil {
		t.Fatal(err)
	}
	dir, done, err := from.Copy()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("swapped"), 0o644); err != nil {
		t.Fatal(err)
	}
	if raw, err := os.ReadFile(filepath.Join(dir, "SHA256SUMS")); err != nil || string(raw) != "verified" || strings.HasPrefix(dir, from.Dir) {
		t.Errorf("the copy %q has %q, %v", dir, raw, err)
	}
	done()
	if _, err := os.Stat(dir); err == nil {
		t.Errorf("the copy %q is still there", dir)
	}
}
