package release

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/fstest"

	"dagger/slipway/ci/assemble"
	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/handover"
	"dagger/slipway/ci/plan"
)

// newImages returns a release of an image that is made of a file and, with crates, of those.
func newImages(t *testing.T, crates ...string) *Release {
	t.Helper()
	rel, _ := newRelease(t)
	const wasm = "\x00asm\x01\x00\x00\x00"
	w, err := cargo.Read(fstest.MapFS{
		"Cargo.toml":          {Data: []byte("[package]\nname = \"app\"\nversion = \"1.2.3\"\nedition = \"2024\"\npublish = false\n[workspace]\n[workspace.metadata.slipway.images.hello]\nkind = \"module\"\nfile = \"hello.wasm\"\n")},
		"Cargo.lock":          {Data: []byte("version = 4\n\n[[package]]\nname = \"app\"\nversion = \"1.2.3\"\n")},
		"src/main.rs":         {Data: []byte("fn main() {}")},
		"rust-toolchain.toml": {Data: []byte("[toolchain]\nchannel = \"1.96.0\"\n")},
		"hello.wasm":          {Data: []byte(wasm)},
	})
	if err != nil {
		t.Fatal(err)
	}
	rel.Workspace, rel.Files = w, t.TempDir()
	if err := os.WriteFile(filepath.Join(rel.Files, "hello.wasm"), []byte(wasm), 0o644); err != nil {
		t.Fatal(err)
	}
	rel.Plan, err = plan.New(w, plan.Request{Crates: crates, Images: &plan.ImagesRequest{Version: "2.0.0"}, Toolchain: "rust:1.96.0"})
	if err != nil {
		t.Fatal(err)
	}
	return rel
}

// TestImages checks that a dry run of images makes them in the output directory, and that a later
// run takes them unchanged.
func TestImages(t *testing.T) {
	rel := newImages(t)
	rel.Runners = nil
	s, err := rel.DryRun(t.Context())
	if err != nil || len(s.Images) != 1 || s.Images[0].Name != "hello" || s.Runner != "" {
		t.Fatalf("DryRun = %+v, %v", s, err)
	}
	if got := left(t, rel.Out); !slices.Equal(got, []string{"hello", "hello.spdx.json"}) {
		t.Errorf("wrote %q", got)
	}
	if digest, err := handover.Of(rel.Out); err != nil || digest != s.Digest {
		t.Errorf("the summary has digest %s, the directory %s, %v", s.Digest, digest, err)
	}
	later := newImages(t)
	later.Runners, later.Prebuilt = nil, &assemble.Prebuilt{Dir: rel.Out, Digest: s.Digest}
	again, err := later.DryRun(t.Context())
	if err != nil || again.Images[0] != s.Images[0] || again.Digest != "" || left(t, later.Out) != nil {
		t.Errorf("with prebuilt images: %+v, %v", again, err)
	}
}

// TestImagesAndCrates checks that one run makes the files of a crate and the images, apart from each
// other, and that both can be taken from there.
func TestImagesAndCrates(t *testing.T) {
	rel := newImages(t, "app")
	rel.Apart = true
	s, err := rel.DryRun(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := left(t, rel.Out); !slices.Equal(got, []string{"app", "images"}) || len(left(t, filepath.Join(rel.Out, "app"))) != 12 {
		t.Errorf("wrote %q", got)
	}
	if digest, err := handover.Of(rel.Out); err != nil || digest != s.Digest || len(s.Images) != 1 || len(s.Crates[0].Artifacts) != 12 {
		t.Errorf("the summary has digest %s, the directory %s, %v: %+v", s.Digest, digest, err, s)
	}
	later := newImages(t, "app")
	later.Apart, later.Prebuilt = true, &assemble.Prebuilt{Dir: rel.Out, Digest: s.Digest}
	again, err := later.DryRun(t.Context())
	if err != nil || again.Images[0] != s.Images[0] || !slices.Equal(again.Crates[0].Artifacts, s.Crates[0].Artifacts) {
		t.Errorf("with prebuilt files: %+v, %v", again, err)
	}
}

// TestImagesRefused checks that a release of images needs a signer, a place to go to and a clean
// commit, before anything is made.
func TestImagesRefused(t *testing.T) {
	rel := newImages(t)
	_, err := rel.Publish(t.Context())
	says(t, err, "it is not a git repository with a commit")
	rel.Plan.Source = plan.Source{Commit: "0123456789abcdef0123456789abcdef01234567", ReleaseBranch: "main", OnReleaseBranch: true}
	_, err = rel.Publish(t.Context())
	says(t, err, "identity token")
	if got := left(t, rel.Out); got != nil {
		t.Errorf("wrote %q", got)
	}
}
