package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// packed writes a .crate with the given entries and returns its name and digest.
func packed(t *testing.T, entries []tar.Header) (string, string) {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for _, h := range entries {
		h.Size = int64(len(h.Name))
		if h.Typeflag != tar.TypeReg {
			h.Size = 0
		}
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if h.Size > 0 {
			if _, err := w.Write([]byte(h.Name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "a-1.0.0.crate")
	if err := os.WriteFile(name, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(b.Bytes())
	return name, hex.EncodeToString(sum[:])
}

func TestUnpackAndCommit(t *testing.T) {
	file, sum := packed(t, []tar.Header{
		{Name: "a-1.0.0/Cargo.toml", Typeflag: tar.TypeReg, Mode: 0o644},
		{Name: "a-1.0.0/Cargo.toml.orig", Typeflag: tar.TypeReg, Mode: 0o644},
		{Name: "a-1.0.0/.cargo_vcs_info.json", Typeflag: tar.TypeReg, Mode: 0o644},
		{Name: "a-1.0.0/.gitignore", Typeflag: tar.TypeReg, Mode: 0o644},
		{Name: "a-1.0.0/tests/data/run.sh", Typeflag: tar.TypeReg, Mode: 0o755},
	})
	commits := map[string]bool{}
	for range 2 {
		dir := t.TempDir()
		digest, err := unpack(file, dir)
		if err != nil || digest != sum {
			t.Fatalf("unpacking gave digest %q, %v, expected %q", digest, err, sum)
		}
		// No published file may be lost, even if the crate ignores it.
		if err := os.WriteFile(filepath.Join(dir, ".gitignore"), []byte("*\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := commit(t.Context(), dir); err != nil {
			t.Fatal(err)
		}
		listed := git(t, dir, "ls-tree", "-r", "--format=%(objectmode) %(path)", "HEAD")
		if want := "100644 .gitignore\n100644 Cargo.toml\n100755 tests/data/run.sh\n"; listed != want {
			t.Errorf("the commit holds\n%s, expected\n%s", listed, want)
		}
		commits[git(t, dir, "rev-parse", "HEAD")] = true
	}
	if len(commits) != 1 {
		t.Errorf("the same .crate gave different commits: %v", commits)
	}
}

func git(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("git %q: %v", args, err)
	}
	return string(out)
}

func TestUnpackRefuses(t *testing.T) {
	for name, h := range map[string]tar.Header{
		"outside": {Name: "a-1.0.0/../../evil", Typeflag: tar.TypeReg, Mode: 0o644},
		"link":    {Name: "a-1.0.0/link", Linkname: "/etc/passwd", Typeflag: tar.TypeSymlink},
		"top":     {Name: "Cargo.toml", Typeflag: tar.TypeReg, Mode: 0o644},
	} {
		t.Run(name, func(t *testing.T) {
			file, _ := packed(t, []tar.Header{h})
			dir := filepath.Join(t.TempDir(), "in", "side")
			if err := os.MkdirAll(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			if _, err := unpack(file, dir); err == nil || !strings.Contains(err.Error(), h.Name) {
				t.Errorf("unpacking gave %v, expected an error that names %q", err, h.Name)
			}
			if left, _ := filepath.Glob(filepath.Join(filepath.Dir(filepath.Dir(dir)), "evil")); len(left) > 0 {
				t.Errorf("it wrote %q", left)
			}
		})
	}
}
