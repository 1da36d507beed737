package engine

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dagger.io/dagger"

	"dagger/slipway/ci/step"
	"dagger/slipway/ci/toolchain"
)

// TestImage checks which root filesystem a step gets, and the variables of its image.
func TestImage(t *testing.T) {
	given := func(client *dagger.Client) Image {
		return Image{container: client.Container().From("given"), env: []string{"GIVEN=1"}}
	}
	for _, tt := range []struct {
		name  string
		image step.Image
		want  string // the container before the mounts
		env   []string
	}{
		{"in a registry", step.Image{Ref: rust}, "container(platform: linux/amd64).from(address: " + rust + ")", []string{"PATH=/usr/local/bin:/usr/bin", "RUST_VERSION=1.90"}},
		{"given to the runner", step.Image{Ref: "slipway/toolchain"}, "container().from(address: given)", []string{"GIVEN=1"}},
		{"left by a step", step.Image{Step: "fetch", Output: "cargo"}, "container(platform: linux/amd64).withRootfs(directory: after(cargo fetch).directory(path: /cargo).filter(exclude: [**/.package-cache]))", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			client, e := connect(t)
			images := map[string]Image{"slipway/toolchain": given(client)}
			r := New(Options{Client: client, Work: t.TempDir(), Source: client.Directory(), Trees: trees, Images: images})
			c := run(t, r, e, fetch, step.Step{Name: "s", Image: tt.image, Args: []string{"true"}, Dir: "/"})
			before := slices.IndexFunc(c, func(c call) bool { return c.name == "withMountedFile" })
			if got := c[:before].String(); got != tt.want {
				t.Errorf("the image is\n%s\nwant\n%s", got, tt.want)
			}
			_, sandbox, _ := c.command(t)
			var env []string
			for _, v := range flags(sandbox, "--setenv", 2) {
				env = append(env, v[0]+"="+v[1])
			}
			if !slices.Equal(env, tt.env) {
				t.Errorf("variables %q, want %q", env, tt.env)
			}
			if len(images) != 1 {
				t.Errorf("the caller's images are now %v", images)
			}
		})
	}
}

// TestImageOnce checks that the variables of an image are asked for once.
func TestImageOnce(t *testing.T) {
	r, e := newRunner(t, Options{Trees: trees})
	run(t, r, e, fetch, build)
	asked := 0
	for _, c := range e.asked {
		if c[len(c)-1].name == "envVariables" {
			asked++
		}
	}
	if asked != 1 {
		t.Errorf("asked %d times", asked)
	}
}

// TestImageErrors checks that an image that cannot be had is named.
func TestImageErrors(t *testing.T) {
	for want, image := range map[string]step.Image{
		`opening image "registry.example/none": `: {Ref: "registry.example/none"},
		`taking output "root" of step "image": `:  {Step: "image", Output: "root"},
		`taking output "root" of step "fetch": `:  {Step: "fetch", Output: "root"},
	} {
		r, e := newRunner(t, Options{Trees: trees})
		run(t, r, e, fetch)
		_, err := r.Run(t.Context(), step.Step{Name: "s", Image: image, Args: []string{"true"}, Dir: "/"})
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("the error is %v, want %s", err, want)
		}
	}
}

func TestImageDigest(t *testing.T) {
	const digest = "sha256:0123456789abcdef"
	for _, tt := range []struct{ ref, named, want, err string }{
		{rust, "registry.example/rust@" + digest, digest, ""},
		{rust, "registry.example:5000/a/rust:1.90@" + digest, digest, ""},
		{rust, "registry.example/rust:1.90", "", `the engine names it "registry.example/rust:1.90", expected a digest behind an @`},
		{rust, "", "", "expected a digest"},
		{"registry.example/none", "x@" + digest, "", `opening image "registry.example/none"`},
	} {
		r, e := newRunner(t, Options{})
		e.imageRef = tt.named
		got, err := r.ImageDigest(t.Context(), tt.ref)
		if got != tt.want || (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%s, %s: %q, %v; want %q, %s", tt.ref, tt.named, got, err, tt.want, tt.err)
		}
		if want := "container(platform: linux/amd64).from(address: " + tt.ref + ").imageRef()"; err == nil && e.asked[len(e.asked)-1].String() != want {
			t.Errorf("%s: the engine was asked for %v", tt.ref, e.asked[len(e.asked)-1])
		}
	}
}

// TestImportLayout checks that a layout is imported from one tar file with its content.
func TestImportLayout(t *testing.T) {
	client, e := connect(t)
	dir, work := t.TempDir(), t.TempDir()
	for name, content := range map[string]string{"oci-layout": `{"imageLayoutVersion":"1.0.0"}`, "index.json": "{}", "blobs/sha256/aa": "blob"} {
		if err := put(filepath.Join(dir, name), content); err != nil {
			t.Fatal(err)
		}
	}
	img, err := ImportLayout(t.Context(), client, dir, work)
	if err != nil {
		t.Fatal(err)
	}
	id, err := img.container.ID(t.Context())
	got := made(t, e, id, err).String()
	file := filepath.Join(work, "layout.tar")
	if want := "container(platform: linux/amd64).import(source: host().file(path: " + file + "))"; got != want {
		t.Errorf("the image is %s, want %s", got, want)
	}
	if fmt.Sprint(img.env) != "[PATH=/imported/bin]" {
		t.Errorf("its variables are %q", img.env)
	}
	if names := tarNames(t, file); !slices.Equal(names, []string{"blobs/sha256/aa", "index.json", "oci-layout"}) {
		t.Errorf("sent files %q", names)
	}
}

// tarNames returns the names of the files in a tar archive, sorted.
func tarNames(t *testing.T, name string) []string {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var names []string
	for r := tar.NewReader(f); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			slices.Sort(names)
			return names
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Typeflag == tar.TypeReg {
			names = append(names, h.Name)
		}
	}
}

// TestImportLayoutErrors checks that a layout that cannot be imported is named.
func TestImportLayoutErrors(t *testing.T) {
	client, e := connect(t)
	missing := filepath.Join(t.TempDir(), "none")
	if _, err := ImportLayout(t.Context(), client, missing, t.TempDir()); err == nil || !strings.HasPrefix(err.Error(), fmt.Sprintf("reading OCI layout %q: ", missing)) {
		t.Errorf("the error is %v", err)
	}
	if len(e.queries) > 0 {
		t.Errorf("the engine was asked for %q", e.queries)
	}
}

// TestToolchain checks that the engine gets the recipe of slipway's own image without running it,
// and that the image belongs to root and has the recipe's environment.
func TestToolchain(t *testing.T) {
	for _, own := range []bool{false, true} {
		client, e := connect(t)
		var base *dagger.Container
		want := "container(platform: linux/amd64).from(address: debian:bookworm-slim)"
		if own {
			base, want = client.Container().From("mirror.example/debian"), "container().from(address: mirror.example/debian)"
		}
		img, ctr, err := Toolchain(t.Context(), client, toolchain.Image{}, base, t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		if len(e.queries) > 0 {
			t.Errorf("the engine was asked for %q", e.queries)
		}
		id, err := ctr.ID(t.Context())
		c := made(t, e, id, err)
		copied := c.calls("withDirectory")
		if len(copied) != 1 || copied[0].text("owner") != "0:0" || copied[0].text("path") != "/" {
			t.Fatalf("the image is made by %v", copied)
		}
		for _, v := range (toolchain.Rust{}).Env() {
			key, value, _ := strings.Cut(v, "=")
			if c.variables()[key] != value {
				t.Errorf("the variables are %v, want %s", c.variables(), v)
			}
		}
		if !slices.Equal(img.env, (toolchain.Rust{}).Env()) {
			t.Errorf("the steps' variables are %q", img.env)
		}
		root := rootOf(t, copied[0].args["source"].(chain))
		if first := root.String(); !strings.HasPrefix(root[:2].String(), want) {
			t.Errorf("it begins with %s, want %s", first, want)
		}
	}
}

// rootOf follows the images of steps to the one that no step has made.
func rootOf(t *testing.T, c chain) chain {
	t.Helper()
	for range 100 {
		_, sandbox, _ := c[:c.after()+1].command(t)
		rootfs := c.calls("withRootfs")
		if len(rootfs) == 0 {
			if sandbox != nil {
				t.Errorf("the step in the base image needs a sandbox, which that lacks")
			}
			return c
		}
		if sandbox == nil {
			t.Errorf("%v runs without a sandbox", c)
		}
		c = rootfs[0].args["directory"].(chain)
	}
	t.Fatal("images without end")
	return nil
}
