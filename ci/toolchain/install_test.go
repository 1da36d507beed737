package toolchain

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// member is a file of an archive.
type member struct {
	name, content string
	kind          byte // tar.TypeReg for 0
	mode          int64
}

// archived returns a tarball in rust-installer's form.
func archived(t *testing.T, members ...member) []byte {
	t.Helper()
	var raw bytes.Buffer
	z := gzip.NewWriter(&raw)
	w := tar.NewWriter(z)
	for _, m := range members {
		h := &tar.Header{Name: m.name, Typeflag: m.kind, Mode: m.mode, Size: int64(len(m.content))}
		if m.kind == tar.TypeSymlink {
			h.Linkname, h.Size, m.content = m.content, 0, ""
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(m.content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return raw.Bytes()
}

// install runs the recipe's script on an archive whose hash is said to be sum, "" for its own.
func install(t *testing.T, archive []byte, sum string) (out, said string, err error) {
	t.Helper()
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skipf("SKIPPED: the script that installs Rust in the image: %v", err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(archive) }))
	defer server.Close()
	if sum == "" {
		digest := sha256.Sum256(archive)
		sum = hex.EncodeToString(digest[:])
	}
	out = filepath.Join(t.TempDir(), "usr")
	cmd := exec.Command("python3", filepath.Join("recipe", "rust.py"), out, server.URL+"/rustc.tar.gz", sum)
	cmd.Env = append(os.Environ(), "http_proxy=", "HTTP_PROXY=")
	raw, err := cmd.CombinedOutput()
	return out, string(raw), err
}

// installed returns the files below a directory with their permissions.
func installed(t *testing.T, dir string) (names []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		rel, _ := filepath.Rel(dir, name)
		names = append(names, rel+" "+info.Mode().String())
		return err
	})
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return names
}

func TestInstall(t *testing.T) {
	out, said, err := install(t, archived(t,
		member{name: "rust-1.86.0/components", content: "rustc\n"},
		member{name: "rust-1.86.0/rustc/", kind: tar.TypeDir, mode: 0o755},
		member{name: "rust-1.86.0/rustc/manifest.in", content: "file:bin/rustc\n"},
		member{name: "rust-1.86.0/rustc/bin/rustc", content: "#!\n", mode: 0o775},
		member{name: "rust-1.86.0/rustc/lib/librustc_driver.so", content: "x", mode: 0o644},
		member{name: "rust-1.86.0/rustc/share/doc/rust/README.md", content: "x", mode: 0o644},
		member{name: "rust-1.86.0/rustc/share/doc/rust/LICENSE-MIT", content: "x", mode: 0o644},
		member{name: "rust-1.86.0/rustc/etc/bash_completion.d/cargo", content: "x", mode: 0o644},
	), "")
	want := []string{"bin/rustc -rwxr-xr-x", "lib/librustc_driver.so -rw-r--r--", "share/doc/rust/LICENSE-MIT/copyright -rw-r--r--"}
	if got := installed(t, out); err != nil || !slices.Equal(got, want) {
		t.Errorf("%v\n%s\ninstalled: %q, want %q", err, said, got, want)
	}
}

// TestInstallRefuses checks that nothing of a wrong archive is installed, and nothing outside of the
// directory.
func TestInstallRefuses(t *testing.T) {
	good := member{name: "rust/rustc/bin/rustc", content: "x", mode: 0o755}
	for _, tt := range []struct {
		name    string
		archive []byte
		sum     string
		want    string
	}{
		{"another hash", archived(t, good), strings.Repeat("0", 64), "expected " + strings.Repeat("0", 64)},
		{"a path that leads out", archived(t, member{name: "rust/rustc/../../../escaped", content: "x"}), "", "leads out of it"},
		{"an absolute path", archived(t, member{name: "rust/rustc//etc/escaped", content: "x"}), "", "leads out of it"},
		{"a link", archived(t, member{name: "rust/rustc/bin", content: "/etc", kind: tar.TypeSymlink}), "", "is no regular file"},
		{"a device", archived(t, member{name: "rust/rustc/bin/null", kind: tar.TypeChar}), "", "is no regular file"},
		{"no archive", []byte("<html>"), "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			out, said, err := install(t, tt.archive, tt.sum)
			if err == nil || !strings.Contains(said, tt.want) {
				t.Errorf("%v\n%s, want %q", err, said, tt.want)
			}
			if got := installed(t, filepath.Dir(out)); len(got) > 0 {
				t.Errorf("installed: %q", got)
			}
		})
	}
}
