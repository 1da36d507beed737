package conformance

import (
	"bytes"
	"compress/gzip"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dagger/slipway/e2e/kit"
)

// IgnoredSecret is in files that git ignores, and must be in no output, cache or upload.
const IgnoredSecret = "canary-of-an-ignored-file-8a3f"

// Littered returns the example as a repository that ignores secrets, and a clone of it
// with such secrets in its directory.
func Littered(t testing.TB) (clean, littered string) {
	t.Helper()
	clean = kit.Example(t)
	Ignore(t, clean)
	kit.InitRepository(t, clean, "main")
	littered = filepath.Join(t.TempDir(), "littered")
	kit.Git(t, clean, "clone", "--quiet", clean, littered)
	Litter(t, littered)
	return clean, littered
}

// Ignore makes a workspace ignore the files of [Litter].
func Ignore(t testing.TB, dir string) {
	t.Helper()
	kit.Write(t, "/target\n.env\n*.pem\nnotes.txt\nlocal/\n.venv\nnode_modules/\n", dir, ".gitignore")
}

// Litter adds ignored files to a working directory, inside and outside its crates.
func Litter(t testing.TB, dir string) {
	t.Helper()
	for _, below := range []string{"", "crates/shimkit", "crates/shim-core/src", "crates/shim-demo"} {
		for _, name := range []string{".env", "key.pem", "notes.txt", "local/key.pem", "local/deep/er/id_rsa", "node_modules/m/index.js"} {
			kit.Write(t, IgnoredSecret, dir, below, name)
		}
		kit.Check(t, os.MkdirAll(filepath.Join(dir, below, ".venv/bin"), 0o755))
		kit.Check(t, os.Symlink("/usr/bin/python3", filepath.Join(dir, below, ".venv/bin/python")))
		kit.Check(t, os.Symlink(filepath.Join(dir, ".env"), filepath.Join(dir, below, "link.pem")))
	}
	kit.Write(t, IgnoredSecret, dir, "target/release/app")
	nested := filepath.Join(dir, "crates/shimkit/nested")
	kit.Check(t, os.Mkdir(nested, 0o755))
	kit.Write(t, IgnoredSecret, nested, "file")
	kit.InitRepository(t, nested, "main")
}

// WantNoSecret fails the test if a file below a directory contains the secret, plain or
// compressed. It logs how many files it read.
func WantNoSecret(t testing.TB, what, dir string, skip ...string) {
	t.Helper()
	read := 0
	kit.Check(t, filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		for _, s := range skip {
			if e.IsDir() && name == filepath.Join(dir, s) {
				return fs.SkipDir
			}
		}
		if strings.Contains(name, "id_rsa") || strings.HasSuffix(name, ".pem") && strings.Contains(name, "local") {
			t.Errorf("%s has %q", what, name)
		}
		if !e.Type().IsRegular() {
			return nil
		}
		raw, err := os.ReadFile(name)
		read++
		if HoldsSecret(raw) {
			t.Errorf("%s: %q has the secret", what, name)
		}
		return err
	}))
	if read == 0 {
		t.Errorf("%s has no file: nothing was searched", what)
	}
	t.Logf("%s: %d files searched", what, read)
}

// HoldsSecret reports whether raw, or its decompressed form, contains IgnoredSecret.
func HoldsSecret(raw []byte) bool {
	if bytes.Contains(raw, []byte(IgnoredSecret)) {
		return true
	}
	z, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		return false
	}
	inner, err := io.ReadAll(z)
	return err == nil && bytes.Contains(inner, []byte(IgnoredSecret))
}
