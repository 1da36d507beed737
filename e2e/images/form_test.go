package images

import (
	"fmt"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"dagger/slipway/ci/oci"
	"dagger/slipway/e2e/kit"
)

// hello is the example's committed module, which prints helloSays.
const (
	hello     = "examples/workspace/crates/demo-app/hello.wasm"
	helloSays = "hello wasi\n"
)

// form is an image of one kind, as a layout and in memory. Its names are those of runwasi's
// demo images.
type form struct {
	kind, dir, reference string
	it                   mutate.Appendable
	digest               v1.Hash
}

// forms returns an image of each kind.
func forms(t testing.TB) []form {
	t.Helper()
	file := filepath.Join(kit.Root, hello)
	image, err := oci.WasmImage(file, "wasi-demo-app.wasm", "/wasi-demo-app.wasm", nil)
	kit.Check(t, err)
	module, err := oci.WasmModule(file, "wasi-demo-oci.wasm", nil)
	kit.Check(t, err)
	artifact, err := oci.WasmArtifact(file, nil)
	kit.Check(t, err)
	var binaries []v1.Image
	for _, of := range []struct{ arch, target string }{{"amd64", kit.X8664}, {"arm64", kit.AArch64}} {
		img, err := oci.BinaryImage(program(t, of.arch), "demo", of.target, nil)
		kit.Check(t, err)
		binaries = append(binaries, img)
	}
	index, err := oci.Index(binaries, nil)
	kit.Check(t, err)
	all := []form{
		{kind: "image", reference: "wasi-demo-app", it: image},
		{kind: "module", reference: "wasi-demo-oci", it: module},
		{kind: "artifact", reference: "wasi-demo-oci-artifact", it: artifact},
		{kind: "binary", reference: "demo-amd64", it: binaries[0]},
		{kind: "index", reference: "demo", it: index},
	}
	dir := t.TempDir()
	for i := range all {
		f := &all[i]
		f.dir = filepath.Join(dir, f.kind)
		f.reference = "ghcr.io/containerd/runwasi/" + f.reference + ":latest"
		f.digest, err = oci.WriteImageLayout(f.dir, f.it, f.reference)
		kit.Check(t, err)
	}
	return all
}

// program builds a static program with the same output as the module.
func program(t testing.TB, arch string) string {
	t.Helper()
	dir := t.TempDir()
	kit.Write(t, "package main\n\nfunc main() { print(\"hello wasi\\n\") }\n", dir, "main.go")
	build := kit.Command{Args: []string{"go", "build", "-trimpath", "-o", "demo", "main.go"}, Dir: dir, Env: []string{"CGO_ENABLED=0", "GOOS=linux", "GOARCH=" + arch}}
	build.Run(t).WantCode(t, 0)
	return filepath.Join(dir, "demo")
}

// manifest returns the blob named in a layout's index.json.
func (f form) manifest(t testing.TB) string {
	t.Helper()
	return kit.Read(t, f.dir, "blobs", f.digest.Algorithm, f.digest.Hex)
}

// TestImagesSkopeo checks that skopeo (containers/image) can read and copy every kind of
// image.
func TestImagesSkopeo(t *testing.T) {
	if _, err := exec.LookPath("skopeo"); err != nil {
		t.Skipf("SKIPPED: skopeo was not asked about images: %v: install skopeo", err)
	}
	skopeo := func(args ...string) kit.Result { return kit.Command{Args: append([]string{"skopeo"}, args...)}.Run(t) }
	for _, f := range forms(t) {
		at := "oci:" + f.dir + ":latest" // by the tag in the descriptor
		if got := skopeo("inspect", "--raw", at).WantCode(t, 0); got.Stdout != f.manifest(t) {
			t.Errorf("%s: inspect --raw says\n%s\nwant\n%s", f.kind, got.Stdout, f.manifest(t))
		}
		inspected := skopeo("inspect", at)
		if f.kind == "artifact" && inspected.Code != 0 {
			// 1.9.3 does not support artifacts; newer releases may.
			inspected.WantCode(t, 1).WantStderr(t, "unsupported image-specific operation on artifact with type", "application/vnd.wasm.config.v0+json")
		} else if inspected.WantCode(t, 0); f.kind != "artifact" && !strings.Contains(inspected.Stdout, `"Created": "1970-01-01T00:00:00Z"`) {
			t.Errorf("%s: inspect says\n%s", f.kind, inspected.Stdout)
		}
		to := filepath.Join(t.TempDir(), "copy")
		skopeo("copy", "--all", "--preserve-digests", at, "oci:"+to+":latest").WantCode(t, 0)
		sameBlobs(t, f.kind, f.dir, to)
	}
}

// sameBlobs checks that two layouts have the same blobs.
func sameBlobs(t testing.TB, kind, a, b string) {
	t.Helper()
	want, got := kit.Digests(t, filepath.Join(a, "blobs", "sha256")), kit.Digests(t, filepath.Join(b, "blobs", "sha256"))
	if len(want) == 0 || len(got) != len(want) {
		t.Errorf("%s: the copy has %d blobs, want %d", kind, len(got), len(want))
	}
	for name, sum := range want {
		if got[name] != sum || sum != name {
			t.Errorf("%s: blob %s is %s, in the copy %s", kind, name, sum, got[name])
		}
	}
}

// crane builds the crane command, in the version in go.mod, once.
var crane = sync.OnceValues(func() (string, error) {
	path := filepath.Join(kit.Scratch, "crane")
	out, err := exec.Command("go", "build", "-o", path, "github.com/google/go-containerregistry/cmd/crane").CombinedOutput()
	if err != nil {
		err = fmt.Errorf("building crane: %w: %s", err, out)
	}
	return path, err
})

// TestImagesCrane checks that crane can validate every kind in a registry and copy it.
func TestImagesCrane(t *testing.T) {
	path, err := crane()
	kit.Check(t, err)
	server := httptest.NewServer(registry.New(registry.WithReferrersSupport(true)))
	t.Cleanup(server.Close)
	ask := func(args ...string) kit.Result { return kit.Command{Args: append([]string{path}, args...)}.Run(t) }
	for _, f := range forms(t) {
		at := strings.TrimPrefix(server.URL, "http://") + "/containerd/runwasi/" + f.kind
		push(t, f, at+":latest")
		validated := ask("validate", "--remote", at+":latest")
		if f.kind == "image" {
			// crane assumes that every layer of a known media type is gzipped, even
			// "application/vnd.oci.image.layer.v1.tar", which runwasi's image has too.
			validated.WantCode(t, 1).WantStderr(t, "validating layers: gzip: invalid header")
		} else if validated.WantCode(t, 0); !strings.Contains(validated.Stdout, "PASS: ") {
			t.Errorf("%s: validate says %s", f.kind, validated.Stdout)
		}
		if got := ask("manifest", at+":latest").WantCode(t, 0); strings.TrimSuffix(got.Stdout, "\n") != f.manifest(t) {
			t.Errorf("%s: manifest says\n%s\nwant\n%s", f.kind, got.Stdout, f.manifest(t))
		}
		ask("copy", at+":latest", at+"/copy:1").WantCode(t, 0)
		if got := ask("digest", at+"/copy:1").WantCode(t, 0); strings.TrimSpace(got.Stdout) != f.digest.String() {
			t.Errorf("%s: the copy is %s, want %s", f.kind, got.Stdout, f.digest)
		}
	}
}

// push pushes an image as read back from its layout.
func push(t testing.TB, f form, to string) {
	t.Helper()
	ref, err := name.ParseReference(to)
	kit.Check(t, err)
	index, err := layout.ImageIndexFromPath(f.dir)
	kit.Check(t, err)
	if f.kind == "index" {
		inner, err := index.ImageIndex(f.digest)
		kit.Check(t, err)
		kit.Check(t, remote.WriteIndex(ref, inner))
		return
	}
	img, err := index.Image(f.digest)
	kit.Check(t, err)
	kit.Check(t, remote.Write(ref, img))
}

// TestImagesBinary runs the program in an image for this machine.
func TestImagesBinary(t *testing.T) {
	for _, f := range forms(t) {
		if f.kind != "index" {
			continue
		}
		index := f.it.(v1.ImageIndex)
		manifest, err := index.IndexManifest()
		kit.Check(t, err)
		for _, d := range manifest.Manifests {
			if d.Platform.Architecture != runtime.GOARCH || d.Platform.OS != runtime.GOOS {
				continue
			}
			img, err := index.Image(d.Digest)
			kit.Check(t, err)
			if got := runUnpacked(t, img); got.Stderr != helloSays { // Go's print writes to stderr
				t.Errorf("the program of %s prints %q", d.Platform, got.Stderr)
			}
			return
		}
	}
	t.Skipf("SKIPPED: no image's program was run: none is for %s/%s", runtime.GOOS, runtime.GOARCH)
}

// runUnpacked unpacks an image with tar(1) and runs its entrypoint.
func runUnpacked(t testing.TB, img v1.Image) kit.Result {
	t.Helper()
	layers, err := img.Layers()
	kit.Check(t, err)
	r, err := layers[0].Compressed()
	kit.Check(t, err)
	dir := t.TempDir()
	unpack := exec.Command("tar", "-xz", "-C", dir)
	unpack.Stdin = r
	out, err := unpack.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	config, err := img.ConfigFile()
	kit.Check(t, err)
	return kit.Command{Args: []string{filepath.Join(dir, config.Config.Entrypoint[0])}}.Run(t).WantCode(t, 0)
}
