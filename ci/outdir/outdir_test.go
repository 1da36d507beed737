package outdir

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestOutThroughLink checks that nothing is written through a symbolic link in place of a
// relative output directory, however it is spelled, or on the way to one.
func TestOutThroughLink(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, dir := range []string{"victim", "plain"} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, link := range []string{"dist", "plain/inner"} {
		to, err := filepath.Abs("victim")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(to, link); err != nil {
			t.Fatal(err)
		}
	}
	for _, out := range []string{"dist", "dist/", "dist//", "dist/.", "./dist/", "dist/below", "plain/inner/", "plain/inner/x/y", "plain/../dist/x"} {
		_, _, err := Work(out)
		if err == nil || !strings.Contains(err.Error(), "is a symbolic link to") || !strings.Contains(err.Error(), "--out") {
			t.Errorf("%q: %v, expected an error about the link", out, err)
		}
	}
	if left, err := os.ReadDir("victim"); err != nil || len(left) > 0 {
		t.Errorf("something was written behind the link: %v, %v", left, err)
	}
	for _, out := range []string{"plain/", "new/below", "../" + filepath.Base(mustGetwd(t)) + "/other"} {
		_, done, err := Work(out)
		if err != nil {
			t.Errorf("%q: %v", out, err)
			continue
		}
		done()
	}
}

func mustGetwd(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}
