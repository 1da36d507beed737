package local

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/klauspost/compress/zstd"

	"dagger/slipway/ci/beneath"
)

// layersOf returns layers with the given bytes.
func layersOf(raw ...[]byte) []v1.Layer {
	var layers []v1.Layer
	for _, r := range raw {
		layers = append(layers, static.NewLayer(r, types.OCILayer))
	}
	return layers
}

func zipped(t *testing.T, raw []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write(raw)
	check(t, errors.Join(err, w.Close()))
	return b.Bytes()
}

func zstandard(t *testing.T, raw []byte) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	check(t, err)
	return w.EncodeAll(raw, nil)
}

// unpackTo applies layers, the lowest first, below dir.
func unpackTo(ctx context.Context, t *testing.T, dir string, limits beneath.Limits, layers ...v1.Layer) error {
	t.Helper()
	root, err := os.OpenRoot(dir)
	check(t, err)
	defer root.Close()
	u := newUnpacking(root, limits)
	for i := len(layers) - 1; i >= 0; i-- {
		if err := u.layer(ctx, layers[i]); err != nil {
			return err
		}
	}
	return nil
}

// TestUnpackLayers compares the root filesystem of layers that hide each other's files with the one
// that go-containerregistry makes of them.
func TestUnpackLayers(t *testing.T) {
	raw := [][]byte{
		archive(t,
			file{name: "./usr/", kind: tar.TypeDir, mode: 0o755}, file{name: "./usr/a", content: "lower", mode: 0o644}, file{name: "usr/gone", content: "x", mode: 0o644},
			file{name: "opaque/", kind: tar.TypeDir, mode: 0o700}, file{name: "opaque/lower", content: "x", mode: 0o644}, file{name: "opaque/in/lower", content: "x", mode: 0o644},
			file{name: "tree/a/b", content: "x", mode: 0o644}, file{name: "dir/x", content: "x", mode: 0o644}, file{name: "file", content: "x", mode: 0o644},
			file{name: "link", kind: tar.TypeSymlink, link: "usr/a"}, file{name: "out", kind: tar.TypeSymlink, link: "../../etc"}, file{name: "same", kind: tar.TypeLink, link: "usr/a"},
		),
		zipped(t, archive(t,
			file{name: "usr/.wh.gone"}, file{name: ".wh.tree"}, file{name: "usr/a", content: "middle", mode: 0o755},
			file{name: "opaque/.wh..wh..opq"}, file{name: "opaque/upper", content: "x", mode: 0o644},
			file{name: "dir", content: "a file now", mode: 0o644}, file{name: "file/", kind: tar.TypeDir, mode: 0o755}, file{name: "file/in", content: "x", mode: 0o644},
			file{name: "twice", content: "1", mode: 0o644}, file{name: "twice", content: "2", mode: 0o644},
		)),
		zipped(t, archive(t, file{name: "top", content: "top", mode: 0o600}, file{name: ".wh.link"}, file{name: "opaque/new/", kind: tar.TypeDir, mode: 0o755}, file{name: "same", content: "mine", mode: 0o644})),
	}
	img := empty.Image
	for _, r := range raw {
		layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(r)), nil })
		check(t, err)
		img, err = mutate.AppendLayers(img, layer)
		check(t, err)
	}
	want, got := t.TempDir(), t.TempDir()
	flat, err := io.ReadAll(mutate.Extract(img))
	check(t, err)
	check(t, extractAll(t, want, flat))
	check(t, unpackLayers(t.Context(), img, got))
	wanted, err := digestTree(t.Context(), want)
	check(t, err)
	digest, err := digestTree(t.Context(), got)
	check(t, err)
	if digest != wanted {
		for _, dir := range []string{want, got} {
			_ = filepath.WalkDir(dir, func(name string, e os.DirEntry, _ error) error { t.Log(name, e.Type()); return nil })
		}
		t.Error("the root filesystems differ")
	}
	for name, content := range map[string]string{"usr/a": "middle", "dir": "a file now", "file/in": "x", "same": "mine", "twice": "1"} {
		if raw, err := os.ReadFile(filepath.Join(got, name)); err != nil || string(raw) != content {
			t.Errorf("%s is %q, %v", name, raw, err)
		}
	}
	for _, name := range []string{"usr/gone", "tree", "opaque/lower", "opaque/in", "link", "out"} {
		if _, err := os.Lstat(filepath.Join(got, name)); err == nil {
			t.Errorf("%s is there", name)
		}
	}
}

// TestLayerLimits checks that every entry of every layer counts, above all those of which no file remains,
// and that nothing is kept of what is above a limit.
func TestLayerLimits(t *testing.T) {
	some := func(n int, form string) []byte {
		var files []file
		for i := range n {
			files = append(files, file{name: fmt.Sprintf(form, i), mode: 0o644})
		}
		return zipped(t, archive(t, files...))
	}
	small := beneath.Limits{Entries: 10, File: 1 << 10, Total: 1 << 20}
	for _, tt := range []struct {
		what   string
		layers [][]byte
		want   string
	}{
		{"whiteouts", [][]byte{some(11, ".wh.%d")}, "is one file or directory too many, expected at most 10"},
		{"opaque directories", [][]byte{some(11, "%d/.wh..wh..opq")}, "expected at most 10"},
		{"whiteouts in several layers", [][]byte{some(4, "a/.wh.%d"), some(4, "b/.wh.%d"), some(4, "c/.wh.%d")}, "expected at most 10"},
		{"the same again", [][]byte{some(11, "x%.0d")}, "expected at most 10"},
		{"the same in several layers", [][]byte{some(6, "%d"), some(6, "%d")}, "expected at most 10"},
		{"below what is deleted", [][]byte{some(9, "d/%d"), some(2, ".wh.d%.0d")}, "expected at most 10"},
		{"links that lead out", [][]byte{zipped(t, archive(t, func() (list []file) {
			for i := range 11 {
				list = append(list, file{name: fmt.Sprint(i), kind: tar.TypeSymlink, link: "../x"})
			}
			return list
		}()...))}, "expected at most 10"},
		{"a large file", [][]byte{zipped(t, archive(t, file{name: "f", content: strings.Repeat("x", 1025), mode: 0o644}))}, "has 1025 bytes, expected at most 1024"},
		{"a long name", [][]byte{zipped(t, archive(t, file{name: strings.Repeat("abc/", 30) + strings.Repeat("n", 4096)}))}, "too long or too deep, expected at most 4096 bytes and 128 directories"},
		{"a deep name", [][]byte{zipped(t, archive(t, file{name: strings.Repeat("a/", 129) + ".wh.x"}))}, "too long or too deep"},
		{"zeros behind the archive", [][]byte{zipped(t, append(archive(t), make([]byte, 2<<20)...))}, "is larger than any image, expected at most"},
		{"zeros in several layers", [][]byte{zipped(t, append(archive(t), make([]byte, 600<<10)...)), zipped(t, append(archive(t), make([]byte, 600<<10)...))}, "is larger than any image"},
		{"a window of 512 MiB", [][]byte{{0x28, 0xb5, 0x2f, 0xfd, 0, 19 << 3, 1<<3 | 1, 0, 0, 'x'}}, "window size exceeded"},
		{"as it should be", [][]byte{some(5, "a%d"), zstandard(t, archive(t, file{name: "z", content: "z", mode: 0o644}))}, ""},
	} {
		dir := t.TempDir()
		err := unpackTo(t.Context(), t, dir, small, layersOf(tt.layers...)...)
		if tt.want == "" {
			check(t, err)
			continue
		}
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.what, err, tt.want)
		}
	}
}

// TestManyNames checks that names are bounded together, because a few megabytes of a layer can
// hold gigabytes of them.
func TestManyNames(t *testing.T) {
	u := newUnpacking(nil, beneath.KeptLimits())
	name := strings.Repeat("n", maxName-8)
	var err error
	kept := 0
	for err == nil && kept < 1<<20 {
		kept++
		_, err = u.keep(fmt.Sprintf("%s%08d", name, kept), &tar.Header{})
	}
	if err == nil || !strings.Contains(err.Error(), "is one name too many") || kept > maxNames/maxName+1 {
		t.Errorf("after %d names: %v", kept, err)
	}
}

// TestLayerStops checks that a layer is not unpacked any further when its context has ended.
func TestLayerStops(t *testing.T) {
	ctx, stop := context.WithCancelCause(t.Context())
	stop(errors.New("enough"))
	dir := t.TempDir()
	err := unpackTo(ctx, t, dir, beneath.KeptLimits(), layersOf(zipped(t, archive(t, file{name: "x", content: "x", mode: 0o644})))...)
	wantError(t, err, "enough")
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("unpacked %v", left)
	}
}

// renamed is a layer with another's digest.
type renamed struct{ v1.Layer }

func (renamed) Digest() (v1.Hash, error) {
	return v1.NewHash("sha256:" + strings.Repeat("a", 64))
}

// TestForeignLayer checks that a layer is compared with its digest whatever its bytes are.
func TestForeignLayer(t *testing.T) {
	good := zipped(t, archive(t, file{name: "x", content: "x", mode: 0o644}))
	for what, raw := range map[string][]byte{"a good archive": good, "half of one": good[:len(good)/2], "no archive": []byte("hello"), "nothing": {}} {
		err := unpackTo(t.Context(), t, t.TempDir(), beneath.KeptLimits(), renamed{layersOf(raw)[0]})
		if err == nil || !strings.Contains(err.Error(), `layer "sha256:aaaa`) || !strings.Contains(err.Error(), "fetch or make the image again") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestHugeConfiguration checks that an image is refused whose configuration would fill the memory, before
// the registry is asked for it.
func TestHugeConfiguration(t *testing.T) {
	for _, size := range []int64{3 << 30, -1} {
		manifest, err := json.Marshal(v1.Manifest{
			SchemaVersion: 2, MediaType: types.OCIManifestSchema1,
			Config: v1.Descriptor{MediaType: types.OCIConfigJSON, Size: size, Digest: v1.Hash{Algorithm: "sha256", Hex: strings.Repeat("a", 64)}},
		})
		check(t, err)
		asked := 0
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch {
			case strings.Contains(r.URL.Path, "/manifests/"):
				w.Header().Set("Content-Type", string(types.OCIManifestSchema1))
				_, _ = w.Write(manifest)
			case strings.Contains(r.URL.Path, "/blobs/"):
				asked++
			}
		}))
		defer server.Close()
		s, err := openStore(filepath.Join(t.TempDir(), "cache"))
		check(t, err)
		defer func() { check(t, s.close()) }()
		_, err = s.unpackImage(t.Context(), strings.TrimPrefix(server.URL, "http://")+"/evil:1", "")
		wantError(t, err, "unpacking image", fmt.Sprintf("configuration has %d bytes, expected at most 8388608", size))
		if asked > 0 {
			t.Errorf("the registry was asked for it %d times", asked)
		}
	}
}
