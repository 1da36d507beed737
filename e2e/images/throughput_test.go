package images

import (
	"bytes"
	"compress/gzip"
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"dagger/slipway/e2e/imagereg"
	"dagger/slipway/e2e/kit"
	"dagger/slipway/e2e/kit/oci"
)

const craneCommand = "github.com/google/go-containerregistry/cmd/crane@v0.22.1"

// TestImagesThroughput compares the time to push 16 blobs of 64 MiB from a layout with that
// of crane and of skopeo, alternately.
func TestImagesThroughput(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: -short, and this compares times that differ by a twentieth")
	}
	dir := filepath.Join(t.TempDir(), "layout")
	largeLayout(t, dir, 16, 64<<20)
	pusher := filepath.Join(t.TempDir(), "push")
	kit.Command{Args: []string{"go", "build", "-o", pusher, "./imagereg/push"}}.Run(t).WantCode(t, 0)
	// In a separate process, so that both get the same share of a loaded machine.
	ours := func(ref string) time.Duration {
		return kit.Command{Args: []string{pusher, dir, ref}}.Run(t).WantCode(t, 0).Took
	}
	for tool, argv := range pushers(t, dir) {
		var ratios []float64
		// On a busy machine a single pair's ratio varies from 0.8 to 1.1, so three pairs may not
		// be enough.
		for pair := 0; pair < 3 || pair < 9 && kit.Median(ratios) < 0.95; pair++ {
			theirs := func(ref string) time.Duration { return kit.Command{Args: argv(ref)}.Run(t).WantCode(t, 0).Took }
			order := []func(string) time.Duration{ours, theirs}
			var took [2]time.Duration
			for i := range order {
				which := (i + pair) % 2
				took[which] = onFresh(t, order[which])
			}
			ratios = append(ratios, took[1].Seconds()/took[0].Seconds())
			t.Logf("slipway %.2f s, %s %.2f s", took[0].Seconds(), tool, took[1].Seconds())
		}
		t.Logf("MEASURED: throughput of pushing 16 blobs of 64 MiB over that of %s: %.2f (median of %d paired runs; at least 0.95)", tool, kit.Median(ratios), len(ratios))
		if kit.Median(ratios) < 0.95 {
			t.Errorf("pushing has %.2f of the throughput of %s: %.2f", kit.Median(ratios), tool, ratios)
		}
	}
}

// onFresh pushes to an empty registry.
func onFresh(t *testing.T, push func(string) time.Duration) time.Duration {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "registry")
	reg, err := imagereg.Start(imagereg.Distribution, dir)
	kit.Check(t, err)
	defer func() { _ = reg.Close(); _ = os.RemoveAll(dir) }()
	return push(reg.Host + "/" + oci.Source + ":1.0.0")
}

// pushers returns the command lines of the tools to compare with.
func pushers(t *testing.T, dir string) map[string]func(string) []string {
	t.Helper()
	bin := t.TempDir()
	build := exec.Command("go", "install", craneCommand)
	build.Env = append(os.Environ(), "GOBIN="+bin, "GOFLAGS=-trimpath", "GOWORK=off")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building crane: %v\n%s", err, out)
	}
	list := map[string]func(string) []string{
		"crane push": func(ref string) []string { return []string{filepath.Join(bin, "crane"), "push", dir, ref} },
	}
	if skopeo, err := exec.LookPath("skopeo"); err == nil {
		list["skopeo copy"] = func(ref string) []string {
			return []string{skopeo, "copy", "--insecure-policy", "--dest-tls-verify=false", "oci:" + dir, "docker://" + ref}
		}
	} else {
		fmt.Println("SKIPPED: pushing compared with skopeo: there is none (apt install skopeo)")
	}
	return list
}

// largeLayout writes an OCI layout with one image whose layers are incompressible.
func largeLayout(t *testing.T, dir string, blobs, size int) {
	t.Helper()
	img := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	var adds []mutate.Addendum
	for range blobs {
		var b bytes.Buffer
		z, err := gzip.NewWriterLevel(&b, gzip.NoCompression)
		kit.Check(t, err)
		_, err = io.CopyN(z, rand.Reader, int64(size))
		kit.Check(t, err)
		kit.Check(t, z.Close())
		adds = append(adds, mutate.Addendum{Layer: static.NewLayer(b.Bytes(), types.OCILayer)})
	}
	img, err := mutate.Append(img, adds...)
	kit.Check(t, err)
	path, err := layout.Write(dir, empty.Index)
	kit.Check(t, err)
	kit.Check(t, path.AppendImage(img))
}
