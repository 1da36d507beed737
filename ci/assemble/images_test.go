package assemble

import (
	"os"
	"path/filepath"
	"testing"
)

// TestCommittedFile checks that an image's file must be inside the workspace.
func TestCommittedFile(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "modules"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, to := range map[string]string{"modules/link.wasm": "/proc/self/environ", "out": "/proc/self"} {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	to := filepath.Join(t.TempDir(), "x")
	for _, name := range []string{"modules/link.wasm", "out/environ", "../x", "out/../modules/link.wasm"} {
		if err := copyCommitted(dir, name, to); err == nil {
			t.Errorf("%q was copied", name)
		}
		if _, err := os.Lstat(to); err == nil {
			t.Fatalf("%q left something", name)
		}
	}
}
