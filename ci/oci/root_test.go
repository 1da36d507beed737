package oci

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
)

// lay writes a file tree to dir with the given modification time, independent of the umask.
func lay(t *testing.T, dir string, at time.Time) string {
	t.Helper()
	root := filepath.Join(dir, "root")
	for name, mode := range map[string]os.FileMode{"usr/bin/tool": 0o755, "etc/conf": 0o644, "a/b/c": 0o644, "z": 0o644} {
		to := filepath.Join(root, name)
		err := errors.Join(os.MkdirAll(filepath.Dir(to), 0o755), os.WriteFile(to, []byte("content of "+name), mode), os.Chmod(to, mode), os.Chtimes(to, at, at))
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(os.Symlink("usr/bin", filepath.Join(root, "bin")), os.Mkdir(filepath.Join(root, "empty"), 0o755)); err != nil {
		t.Fatal(err)
	}
	for _, d := range []string{"usr", "usr/bin", "etc", "a", "a/b", "empty"} {
		if err := os.Chmod(filepath.Join(root, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func write(t *testing.T, root string, env []string, comment string) (dir, digest string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "layout")
	digest, err := WriteRootLayout(dir, root, env, comment)
	if err != nil {
		t.Fatal(err)
	}
	return dir, digest
}

var env = []string{"PATH=/usr/bin", "LC_ALL=C.UTF-8"}

func TestWriteRootLayoutSame(t *testing.T) {
	_, first := write(t, lay(t, t.TempDir(), time.Now()), env, "recipe")
	if !strings.HasPrefix(first, "sha256:") || len(first) != 71 {
		t.Fatalf("digest %q", first)
	}
	old := syscall.Umask(0o077)
	root := lay(t, t.TempDir(), time.Unix(1, 0))
	_, second := write(t, root, env, "recipe")
	syscall.Umask(old)
	if second != first {
		t.Errorf("with other times and umask 077 the digest is %s, it was %s", second, first)
	}
	t.Setenv("TZ", "Pacific/Kiritimati")
	t.Setenv("SOURCE_DATE_EPOCH", "12345")
	if _, third := write(t, lay(t, t.TempDir(), time.Now()), env, "recipe"); third != first {
		t.Errorf("elsewhere the digest is %s, it was %s", third, first)
	}
	for name, change := range map[string]func(root string) error{
		"content":  func(root string) error { return os.WriteFile(filepath.Join(root, "z"), []byte("x"), 0o644) },
		"mode":     func(root string) error { return os.Chmod(filepath.Join(root, "z"), 0o755) },
		"name":     func(root string) error { return os.Rename(filepath.Join(root, "z"), filepath.Join(root, "y")) },
		"new file": func(root string) error { return os.WriteFile(filepath.Join(root, "new"), nil, 0o644) },
	} {
		root := lay(t, t.TempDir(), time.Now())
		if err := change(root); err != nil {
			t.Fatal(err)
		}
		if _, d := write(t, root, env, "recipe"); d == first {
			t.Errorf("%s: the digest does not change", name)
		}
	}
	if _, d := write(t, lay(t, t.TempDir(), time.Now()), env[:1], "recipe"); d == first {
		t.Error("environment: the digest does not change")
	}
}

func TestWriteRootLayoutReadsBack(t *testing.T) {
	dir, digest := write(t, lay(t, t.TempDir(), time.Now()), env, "recipe 1")
	index, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		t.Fatal(err)
	}
	hash, err := v1.NewHash(digest)
	if err != nil {
		t.Fatal(err)
	}
	img, err := index.Image(hash)
	if err != nil {
		t.Fatal(err)
	}
	consistent(t, img)
	manifest, err := index.IndexManifest()
	if err != nil || len(manifest.Manifests) != 1 || manifest.Manifests[0].Platform.String() != "linux/amd64" {
		t.Errorf("index %+v, %v", manifest, err)
	}
	config, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(config.Config.Env, env) || config.OS != "linux" || config.Architecture != "amd64" || !config.Created.Equal(epoch) || len(config.History) != 1 || config.History[0].CreatedBy != "recipe 1" {
		t.Errorf("config %+v", config)
	}
	layers, err := img.Layers()
	if err != nil || len(layers) != 1 {
		t.Fatalf("%d layers, %v", len(layers), err)
	}
	got := entries(t, layers[0])
	want := []string{
		"a 755", "a/b 755", "a/b/c 644 content of a/b/c", "bin -> usr/bin", "empty 755", "etc 755", "etc/conf 644 content of etc/conf",
		"usr 755", "usr/bin 755", "usr/bin/tool 755 content of usr/bin/tool", "z 644 content of z",
	}
	if !slices.Equal(got, want) {
		t.Errorf("layer holds\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if leftover, _ := filepath.Glob(dir + ".*"); len(leftover) > 0 {
		t.Errorf("left beside the layout: %q", leftover)
	}
}

// consistent compares every digest and size that an image states with its bytes.
// go-containerregistry's package validate does the same, but would add a dependency.
func consistent(t *testing.T, img v1.Image) {
	t.Helper()
	manifest, err := img.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	config, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := img.RawConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if got, size, err := v1.SHA256(bytes.NewReader(raw)); err != nil || got != manifest.Config.Digest || size != manifest.Config.Size {
		t.Errorf("the config is %s of %d bytes, the manifest says %+v", got, size, manifest.Config)
	}
	layers, err := img.Layers()
	if err != nil || len(layers) != len(manifest.Layers) || len(layers) != len(config.RootFS.DiffIDs) {
		t.Fatalf("%d layers, the manifest has %d, the config %d: %v", len(layers), len(manifest.Layers), len(config.RootFS.DiffIDs), err)
	}
	for i, l := range layers {
		blob, err := l.Compressed()
		if err != nil {
			t.Fatal(err)
		}
		if got, size, err := v1.SHA256(blob); err != nil || got != manifest.Layers[i].Digest || size != manifest.Layers[i].Size {
			t.Errorf("layer %d is %s of %d bytes, the manifest says %+v", i, got, size, manifest.Layers[i])
		}
		files, err := l.Uncompressed()
		if err != nil {
			t.Fatal(err)
		}
		if got, _, err := v1.SHA256(files); err != nil || got != config.RootFS.DiffIDs[i] {
			t.Errorf("layer %d unpacks to %s, the config says %s", i, got, config.RootFS.DiffIDs[i])
		}
		if err := errors.Join(blob.Close(), files.Close()); err != nil {
			t.Error(err)
		}
	}
}

// entries lists the files of a layer in order, and checks owners and times.
func entries(t *testing.T, l v1.Layer) []string {
	t.Helper()
	files, err := l.Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = files.Close() }()
	var got []string
	for r := tar.NewReader(files); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return got
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Uid != 0 || h.Gid != 0 || h.Uname != "" || h.Gname != "" || !h.ModTime.Equal(epoch) {
			t.Errorf("%s belongs to %d:%d (%s:%s), of %v", h.Name, h.Uid, h.Gid, h.Uname, h.Gname, h.ModTime)
		}
		if h.Typeflag == tar.TypeSymlink {
			got = append(got, h.Name+" -> "+h.Linkname)
			continue
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, strings.TrimSpace(fmt.Sprintf("%s %o %s", h.Name, h.Mode, content)))
	}
}

func TestWriteRootLayoutErrors(t *testing.T) {
	dir := t.TempDir()
	if _, err := WriteRootLayout(filepath.Join(dir, "l"), filepath.Join(dir, "gone"), nil, ""); err == nil || !strings.Contains(err.Error(), "writing layer of") {
		t.Errorf("no root: %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}
