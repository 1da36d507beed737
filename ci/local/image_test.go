package local

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"dagger/slipway/ci/step"
)

func TestUntar(t *testing.T) {
	dir := t.TempDir()
	err := extractAll(t, dir, archive(t,
		file{name: "./usr/bin/", kind: tar.TypeDir, mode: 0o755},
		file{name: "./usr/bin/tool", content: "#!", mode: 0o4755},
		file{name: "usr/bin/same", kind: tar.TypeLink, link: "usr/bin/tool"},
		file{name: "bin", kind: tar.TypeSymlink, link: "usr/bin"},
		file{name: "etc/absolute", kind: tar.TypeSymlink, link: "/etc/passwd"},
		file{name: "deep/er/file", content: "x", mode: 0o000},
		file{name: "dev/null", kind: tar.TypeChar, mode: 0o666},
		file{name: "pipe", kind: tar.TypeFifo, mode: 0o666},
		file{name: "closed/", kind: tar.TypeDir, mode: 0o000},
		file{name: "closed/file", content: "x", mode: 0o644},
		file{name: "/", kind: tar.TypeDir, mode: 0o755},
	))
	check(t, err)
	tool, err := os.Lstat(filepath.Join(dir, "usr/bin/tool"))
	check(t, err)
	if tool.Mode() != 0o755 {
		t.Errorf("tool has mode %v, want no set-id bit", tool.Mode())
	}
	if same, err := os.Lstat(filepath.Join(dir, "usr/bin/same")); err != nil || !os.SameFile(tool, same) {
		t.Errorf("the hard link is another file: %v", err)
	}
	for name, want := range map[string]string{"bin": "usr/bin", "etc/absolute": "/etc/passwd"} {
		if to, err := os.Readlink(filepath.Join(dir, name)); err != nil || to != want {
			t.Errorf("%s leads to %q, %v", name, to, err)
		}
	}
	for _, name := range []string{"deep/er/file", "closed/file"} {
		if raw, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(raw) != "x" {
			t.Errorf("%s: %q, %v", name, raw, err)
		}
	}
	for _, name := range []string{"dev/null", "pipe"} {
		if _, err := os.Lstat(filepath.Join(dir, name)); err == nil {
			t.Errorf("%s was made", name)
		}
	}
}

// extractAll extracts every entry of an archive below dir.
func extractAll(t *testing.T, dir string, raw []byte) error {
	t.Helper()
	root, err := os.OpenRoot(dir)
	check(t, err)
	defer root.Close()
	return untar(bytes.NewReader(raw), root, func(string, *tar.Header) (bool, error) { return true, nil })
}

// TestUntarStaysInside checks that no archive writes, links or changes anything outside its
// directory.
func TestUntarStaysInside(t *testing.T) {
	top := t.TempDir()
	victim := filepath.Join(top, "victim")
	tests := []struct {
		name  string
		files []file
		fails bool // otherwise the file is written inside
	}{
		{"parent", []file{{name: "../victim/new", content: "x", mode: 0o644}}, false},
		{"parent inside", []file{{name: "a/../../victim/new", content: "x", mode: 0o644}}, false},
		{"absolute", []file{{name: victim + "/new", content: "x", mode: 0o644}}, false},
		{"through an absolute link", []file{{name: "l", kind: tar.TypeSymlink, link: victim}, {name: "l/new", content: "x", mode: 0o644}}, true},
		{"through a relative link", []file{{name: "l", kind: tar.TypeSymlink, link: "../victim"}, {name: "l/new", content: "x", mode: 0o644}}, true},
		{"through a chain of links", []file{{name: "a", kind: tar.TypeSymlink, link: ".."}, {name: "b", kind: tar.TypeSymlink, link: "a/victim"}, {name: "b/new", content: "x", mode: 0o644}}, true},
		{"onto a link", []file{{name: "l", kind: tar.TypeSymlink, link: victim + "/file"}, {name: "l", content: "x", mode: 0o644}}, true},
		{"directory through a link", []file{{name: "l", kind: tar.TypeSymlink, link: victim}, {name: "l/new/", kind: tar.TypeDir, mode: 0o755}}, true},
		{"mode of a link's end", []file{{name: "l", kind: tar.TypeSymlink, link: victim}, {name: "l", kind: tar.TypeDir, mode: 0o777}}, true},
		{"hard link to outside", []file{{name: "l", kind: tar.TypeLink, link: victim + "/file"}}, true},
		{"hard link above", []file{{name: "l", kind: tar.TypeLink, link: "../victim/file"}}, true},
		{"hard link through a link", []file{{name: "s", kind: tar.TypeSymlink, link: victim}, {name: "l", kind: tar.TypeLink, link: "s/file"}}, true},
		{"link through a link", []file{{name: "s", kind: tar.TypeSymlink, link: victim}, {name: "s/new", kind: tar.TypeSymlink, link: "x"}}, true},
		{"twice", []file{{name: "f", content: "x", mode: 0o644}, {name: "f", content: "y", mode: 0o644}}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			check(t, os.RemoveAll(victim))
			check(t, os.Mkdir(victim, 0o700))
			put(t, filepath.Join(victim, "file"), "theirs")
			dir, err := os.MkdirTemp(top, "root-")
			check(t, err)
			err = extractAll(t, dir, archive(t, tt.files...))
			if (err != nil) != tt.fails {
				t.Errorf("untar: %v", err)
			}
			if err != nil && !strings.Contains(err.Error(), `entry "`) {
				t.Errorf("error %q does not name the entry", err)
			}
			left, err := os.ReadDir(victim)
			check(t, err)
			info, err := os.Stat(victim)
			check(t, err)
			raw, err := os.ReadFile(filepath.Join(victim, "file"))
			check(t, err)
			file, err := os.Stat(filepath.Join(victim, "file"))
			check(t, err)
			if len(left) != 1 || info.Mode().Perm() != 0o700 || string(raw) != "theirs" || !hasOneName(t, file) {
				t.Errorf("outside there is now %v, mode %v, %q", left, info.Mode(), raw)
			}
		})
	}
}

func TestOpenImageErrors(t *testing.T) {
	m := newMachine(t)
	s := probe("print", "x")

	blobs, err := filepath.Glob(filepath.Join(m.image, "blobs", "sha256", "*"))
	check(t, err)
	largest := ""
	for _, b := range blobs {
		info, err := os.Stat(b)
		check(t, err)
		if info.Size() > 1<<20 || largest == "" {
			largest = b
		}
	}
	raw, err := os.ReadFile(largest)
	check(t, err)
	raw[len(raw)/2] ^= 1
	put(t, largest, string(raw))
	_, err = m.runner(t).Run(t.Context(), s)
	wantError(t, err, "unpacking image", "has the bytes of", "fetch or make the image again")
	if left, _ := filepath.Glob(filepath.Join(m.cache, "images", "*")); len(left) > 0 {
		t.Errorf("a damaged image was kept: %q", left)
	}

	s.Image.Ref = "Not A Reference"
	_, err = m.runner(t).Run(t.Context(), s)
	wantError(t, err, `opening image "Not A Reference": expected an image reference`)

	put(t, filepath.Join(m.image, "index.json"), `{"schemaVersion":2,"manifests":[]}`)
	s.Image.Ref = "probe"
	_, err = m.runner(t).Run(t.Context(), s)
	wantError(t, err, "it has 0 images for linux/", "expected one")
}

// TestForeignBlobs checks that a manifest or a configuration under the name of another is refused:
// the provenance names the image by its digest.
func TestForeignBlobs(t *testing.T) {
	var index v1.IndexManifest
	var manifest v1.Manifest
	for what, blob := range map[string]func() v1.Hash{
		"the manifest":      func() v1.Hash { return index.Manifests[0].Digest },
		"the configuration": func() v1.Hash { return manifest.Config.Digest },
	} {
		m := newMachine(t)
		m.image = writeImage(t, file{name: "x", content: "x", mode: 0o644})
		read := func(name string) string {
			raw, err := os.ReadFile(filepath.Join(m.image, name))
			check(t, err)
			return string(raw)
		}
		check(t, json.Unmarshal([]byte(read("index.json")), &index))
		check(t, json.Unmarshal([]byte(read("blobs/sha256/"+index.Manifests[0].Digest.Hex)), &manifest))
		name := "blobs/sha256/" + blob().Hex
		put(t, filepath.Join(m.image, name), read(name)+" ")
		_, err := m.runner(t).Run(t.Context(), probe("print", "x"))
		wantError(t, err, "opening OCI layout", what+" has digest sha256:", "expected "+blob().String())
	}
}

// TestWholeImage checks that an image whose unpacking failed is not used: it only gets its name
// once it is complete.
func TestWholeImage(t *testing.T) {
	m := newMachine(t)
	m.image = writeImage(t, file{name: strings.Repeat("a", 300), content: "x", mode: 0o644}) // too long for any file system
	_, err := m.runner(t).Run(t.Context(), probe("print", "x"))
	wantError(t, err, "unpacking image", `entry "`)
	if left, _ := filepath.Glob(filepath.Join(m.cache, "images", "*")); len(left) > 0 {
		t.Errorf("half an image was kept: %q", left)
	}
}

func TestNewWithoutBwrap(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := New(Options{Cache: t.TempDir()})
	wantError(t, err, `"bwrap": executable file not found`, "install bubblewrap", "--runner dagger")
}

func TestName(t *testing.T) {
	var r step.Runner = &Runner{}
	if r.Name() != "local" {
		t.Errorf("Name = %q", r.Name())
	}
}

func TestCheckMachine(t *testing.T) {
	if err := checkMachine("amd64"); err != nil {
		t.Error(err)
	}
	if err := checkMachine("arm64"); err == nil || !strings.Contains(err.Error(), "this machine is linux/arm64") || !strings.Contains(err.Error(), "--runner dagger") {
		t.Errorf("a machine of another architecture: %v", err)
	}
}
