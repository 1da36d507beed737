package dist

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDigestBounds checks that a file which claims to be huge is refused without being read.
func TestDigestBounds(t *testing.T) {
	name := filepath.Join(t.TempDir(), "sparse")
	f, err := os.Create(name)
	if err == nil {
		err = f.Truncate(maxFile + 1)
	}
	if err != nil {
		t.Fatal(err)
	}
	_ = f.Close()
	if _, err := Digest(name); err == nil || !strings.Contains(err.Error(), "2147483649 bytes, expected at most 2147483648") {
		t.Errorf("it says %v", err)
	}
}
