package beneath

import (
	"context"
	"crypto/sha256"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestSize checks how much files count: sparse ones by their size, small ones as a block, and
// each name.
func TestSize(t *testing.T) {
	dir := t.TempDir()
	do(t, os.MkdirAll(filepath.Join(dir, "tree", "sub"), 0o755))
	do(t, os.WriteFile(filepath.Join(dir, "tree", "small"), []byte("x"), 0o644))
	do(t, os.WriteFile(filepath.Join(dir, "tree", "sub", "sparse"), nil, 0o644))
	do(t, os.Truncate(filepath.Join(dir, "tree", "sub", "sparse"), 1<<30))
	do(t, os.Link(filepath.Join(dir, "tree", "sub", "sparse"), filepath.Join(dir, "tree", "again")))
	do(t, os.Symlink("/dev/zero", filepath.Join(dir, "tree", "link")))
	d, err := OpenDir(dir)
	do(t, err)
	defer d.Close()
	for name, want := range map[string]int64{"tree": 2<<30 + 4*4096, "tree/small": 4096, "tree/again": 1 << 30, "tree/link": 4096} {
		if got, err := d.Size(name, 4096); err != nil || got != want {
			t.Errorf("%s counts %d, %v, want %d", name, got, err, want)
		}
	}
	if _, err := d.Size("tree/link/x", 1); err == nil {
		t.Error("a link was followed")
	}
	do(t, os.Truncate(filepath.Join(dir, "tree", "again"), 1<<40))
	if got, err := d.Size("tree", math.MaxInt64); err != nil || got != math.MaxInt64 {
		t.Errorf("a sum that overflows is %d, %v", got, err)
	}
}

// TestCopyKeepsHoles checks that a copy takes no more room than its original, and has its content and
// digest.
func TestCopyKeepsHoles(t *testing.T) {
	dir := t.TempDir()
	from, to := filepath.Join(dir, "from"), filepath.Join(dir, "to")
	content := strings.Repeat("\x00", 3*piece) + "data" + strings.Repeat("\x00", 5*piece)
	do(t, os.WriteFile(from, []byte(content), 0o644))
	d, err := OpenDir(dir)
	do(t, err)
	defer d.Close()
	f, err := d.CopyFile("from", to, ReleaseLimits())
	do(t, err)
	raw, err := os.ReadFile(to)
	do(t, err)
	if string(raw) != content || f.Size != int64(len(content)) || f.SHA256 != sha256.Sum256([]byte(content)) {
		t.Errorf("the copy has %d bytes, or another digest", len(raw))
	}
	var st unix.Stat_t
	do(t, unix.Stat(to, &st))
	if st.Blocks*512 > 2*piece {
		t.Errorf("the copy takes %d bytes", st.Blocks*512)
	}
	ctx, stop := context.WithCancelCause(t.Context())
	stop(errors.New("enough"))
	if _, err := d.During(ctx).CopyFile("from", to+"2", ReleaseLimits()); err == nil || !strings.Contains(err.Error(), "enough") {
		t.Errorf("a copy whose context has ended: %v", err)
	}
	if _, err := os.Lstat(to + "2"); err == nil {
		t.Error("half a copy is left")
	}
}
