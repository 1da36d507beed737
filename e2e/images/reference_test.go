package images

import (
	"archive/tar"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"dagger/slipway/e2e/kit"
)

// The documents in testdata/oci-tar-builder were made from hello.wasm by runwasi's own
// tools at commit eb9967aa of containerd/runwasi: "module" and "artifact" by
// oci-tar-builder, "image" by the build script of wasi-demo-app.

// difference is a field, by its path in the documents, that deliberately differs from
// runwasi's. docs/images.md documents the differences.
type difference struct {
	kinds string // the kinds of images that have it
	path  string
	why   string
}

var differences = []difference{
	{"image module", "config.created", "runwasi's has none, which Go's libraries read as the year 1"},
	{"artifact", "config.created", "runwasi's is the time of the build, so no two are equal"},
	{"artifact", "config.author", "null, which says nothing"},
	{"artifact", "config.component", "null, which says nothing"},
	{"image module artifact", "manifest.annotations.io.containerd.image.name", "a manifest does not depend on where it goes"},
	{"image module artifact", "manifest.annotations.org.opencontainers.image.ref.name", "a manifest does not depend on where it goes"},
	{"image", "layer.mode", "runwasi's is that of the file on disk, with its type; shims look for an executable"},
	{"image", "layer.time", "runwasi's is that of the file on disk"},
	{"image", "layer.magic", "POSIX's ustar instead of GNU's, as all archives of slipway"},
}

// consequences are digests and sizes that depend on the differences.
var consequences = []difference{
	{kinds: "image", path: "manifest.layers[0].digest"},
	{kinds: "image", path: "config.rootfs.diff_ids[0]"},
	{kinds: "image module artifact", path: "manifest.config.digest"},
	{kinds: "image module artifact", path: "manifest.config.size"},
	{kinds: "image module artifact", path: "index.manifests[0].digest"},
	{kinds: "image module artifact", path: "index.manifests[0].size"},
}

// expected returns the paths that differ for a kind.
func expected(kind string) []string {
	var paths []string
	for _, d := range slices.Concat(differences, consequences) {
		if slices.Contains(strings.Fields(d.kinds), kind) {
			paths = append(paths, d.path)
		}
	}
	slices.Sort(paths)
	return paths
}

// TestImagesReference compares every field of slipway's documents with runwasi's.
func TestImagesReference(t *testing.T) {
	for _, f := range forms(t) {
		if f.kind == "binary" || f.kind == "index" {
			continue // runwasi has no such kind
		}
		theirs := fields(decode(t, kit.Read(t, "testdata", "oci-tar-builder", f.kind+".json")))
		compare(t, f.kind, f.documents(t), theirs, expected(f.kind))
	}
	page := kit.Read(t, kit.Root, "docs", "images.md")
	for _, d := range differences {
		if !strings.Contains(page, "`"+d.path+"`") {
			t.Errorf("docs/images.md does not tell that `%s` differs: %s", d.path, d.why)
		}
	}
}

// TestImagesReferenceLive does the same with the published oci-tar-builder.
func TestImagesReferenceLive(t *testing.T) {
	tool, err := ociTarBuilder()
	if err != nil {
		t.Skipf("SKIPPED: oci-tar-builder was not run, its recorded output alone was compared with: %v", err)
	}
	for _, f := range forms(t) {
		if f.kind != "module" {
			continue // release 0.4.0 makes no other kind
		}
		dir := t.TempDir()
		run := kit.Command{Args: []string{tool, "--name", "wasi-demo-oci", "--repo", "ghcr.io/containerd/runwasi", "--tag", "latest", "--module", filepath.Join(kit.Root, hello), "--out-path", filepath.Join(dir, "image.tar")}}
		run.Run(t).WantCode(t, 0)
		kit.Command{Args: []string{"tar", "-xf", "image.tar"}, Dir: dir}.Run(t).WantCode(t, 0)
		// The release also writes an empty history.
		compare(t, "module, as published", f.documents(t), layoutFields(t, dir), append(expected(f.kind), "config.history"))
	}
}

func compare(t *testing.T, kind string, ours, theirs map[string]string, want []string) {
	t.Helper()
	var got []string
	for _, path := range slices.Sorted(maps.Keys(union(ours, theirs))) {
		if ours[path] != theirs[path] {
			got = append(got, path)
		}
	}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%s: these differ:\n%s\nwant\n%s", kind, strings.Join(got, "\n"), strings.Join(want, "\n"))
		for _, path := range got {
			t.Logf("%s: ours %s, runwasi's %s", path, ours[path], theirs[path])
		}
	}
	if len(ours)-len(got) < 5 {
		t.Errorf("%s: of %d fields %d differ: was anything compared?", kind, len(ours), len(got))
	}
}

func union(a, b map[string]string) map[string]string {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

// documents returns the fields of a layout, and of the only file in its layer.
func (f form) documents(t testing.TB) map[string]string {
	t.Helper()
	all := layoutFields(t, f.dir)
	if f.kind != "image" {
		return all
	}
	blob := filepath.Join(f.dir, "blobs", "sha256", strings.Trim(strings.TrimPrefix(all["config.rootfs.diff_ids[0]"], `"sha256:`), `"`))
	r, err := os.Open(blob)
	kit.Check(t, err)
	defer r.Close()
	h, err := tar.NewReader(r).Next()
	kit.Check(t, err)
	header := map[string]any{
		"name": h.Name, "mode": strconv.FormatInt(h.Mode, 8), "uid": h.Uid, "gid": h.Gid,
		"time": h.ModTime.UTC().Format(time.RFC3339), "magic": kit.Read(t, blob)[257:265],
	}
	maps.Copy(all, fields(map[string]any{"layer": header}))
	return all
}

// layoutFields returns the fields of a layout's index, its only manifest and the manifest's
// configuration.
func layoutFields(t testing.TB, dir string) map[string]string {
	t.Helper()
	blob := func(digest any) any {
		return decode(t, kit.Read(t, dir, "blobs", "sha256", strings.TrimPrefix(digest.(string), "sha256:")))
	}
	index := decode(t, kit.Read(t, dir, "index.json"))
	manifest := blob(index.(map[string]any)["manifests"].([]any)[0].(map[string]any)["digest"])
	config := blob(manifest.(map[string]any)["config"].(map[string]any)["digest"])
	return fields(map[string]any{"index": index, "manifest": manifest, "config": config})
}

// fields returns the values in a document by path: "manifest.layers[0].size".
func fields(document any) map[string]string {
	all := map[string]string{}
	var walk func(path string, v any)
	walk = func(path string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for name, inner := range v {
				walk(strings.TrimPrefix(path+"."+name, "."), inner)
			}
		case []any:
			for i, inner := range v {
				walk(fmt.Sprintf("%s[%d]", path, i), inner)
			}
			if len(v) == 0 {
				all[path] = "[]"
			}
		default:
			raw, _ := json.Marshal(v) // values decoded from JSON can be encoded
			all[path] = string(raw)
		}
	}
	walk("", document)
	return all
}

// decode parses a JSON document.
func decode(t testing.TB, raw string) (v any) {
	t.Helper()
	kit.Check(t, json.Unmarshal([]byte(raw), &v))
	return v
}

// ociTarBuilder installs runwasi's tool from crates.io, which takes minutes. It is kept in
// the user's cache directory.
func ociTarBuilder() (string, error) {
	const version = "0.4.0"
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	kept := filepath.Join(cache, "slipway-e2e", "oci-tar-builder-"+version)
	tool := filepath.Join(kept, "bin", "oci-tar-builder")
	if _, err := os.Stat(tool); err == nil {
		return tool, nil
	}
	install := exec.Command("cargo", "install", "oci-tar-builder", "--version", version, "--locked", "--root", kept)
	if out, err := install.CombinedOutput(); err != nil {
		return "", fmt.Errorf("installing oci-tar-builder %s: %w: %s", version, err, kit.Tail(string(out)))
	}
	return tool, nil
}
