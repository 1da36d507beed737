package description

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestGithubdDescriptionKept checks that a cached file is used without npm, and that a
// modified one is not trusted.
func TestGithubdDescriptionKept(t *testing.T) {
	raw, err := read()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("PATH", t.TempDir())
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(cache, "slipway-e2e", "octokit-openapi-"+release, "description.json")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := keep(path, raw); err != nil {
		t.Fatal(err)
	}
	if again, err := read(); err != nil || !bytes.Equal(again, raw) {
		t.Errorf("reading what is kept: %d bytes, %v", len(again), err)
	}
	if err := keep(path, raw[1:]); err != nil {
		t.Fatal(err)
	}
	if _, err := read(); err == nil || !strings.Contains(err.Error(), "expected that npm is installed") {
		t.Errorf("reading what was changed: %v; expected that it is fetched anew", err)
	}
}

// TestGithubdDescriptionPinned checks that another package from the registry is refused.
func TestGithubdDescriptionPinned(t *testing.T) {
	bin := t.TempDir()
	npm := "#!/bin/sh\necho other >\"$4/octokit-openapi.tgz\"\n"
	if err := os.WriteFile(filepath.Join(bin, "npm"), []byte(npm), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin)
	if _, err := fetch(t.TempDir()); err == nil || !strings.Contains(err.Error(), "integrity") {
		t.Errorf("fetching another tarball: %v", err)
	}
	for name, want := range map[string]string{member: "has SHA-256", "package/other": "looking for"} {
		if _, err := extract(tarball(t, name, "{}")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("a tarball with %q: %v; expected %q", name, err, want)
		}
	}
}

// tarball returns a gzipped tarball with one file.
func tarball(t *testing.T, name, content string) []byte {
	t.Helper()
	var out bytes.Buffer
	zipped := gzip.NewWriter(&out)
	w := tar.NewWriter(zipped)
	if err := w.WriteHeader(&tar.Header{Name: name, Size: int64(len(content)), Mode: 0o644}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(content)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := zipped.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
