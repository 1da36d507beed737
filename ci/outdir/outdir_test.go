package outdir

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dagger/slipway/ci/handover"
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

// TestCopyDigest checks that the copy is compared with the digest, not the directory that others can
// still write to.
func TestCopyDigest(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "one")
	if err := os.WriteFile(file, []byte("reported"), 0o644); err != nil {
		t.Fatal(err)
	}
	digest, err := handover.Of(dir)
	if err != nil {
		t.Fatal(err)
	}
	own, done, err := Copy(dir, digest)
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	if raw, err := os.ReadFile(filepath.Join(own, "one")); err != nil || string(raw) != "reported" {
		t.Errorf("the copy has %q, %v", raw, err)
	}
	if err := os.WriteFile(file, []byte("another"), 0o644); err != nil {
		t.Fatal(err)
	}
	if own, _, err := Copy(dir, digest); err == nil || !strings.Contains(err.Error(), string(digest)) {
		t.Errorf("another content is copied to %q, %v", own, err)
	}
}

// TestMissingThroughLink checks that the directory for a whole result is not reached by a link either.
func TestMissingThroughLink(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.MkdirAll("victim/staged", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("victim", "out"); err != nil {
		t.Fatal(err)
	}
	if err := CheckMissing("out/staged"); err == nil || !strings.Contains(err.Error(), "is a symbolic link to") {
		t.Errorf("%v, expected an error about the link", err)
	}
	if _, err := os.Stat("victim/staged"); err != nil {
		t.Errorf("it was removed behind the link: %v", err)
	}
}
