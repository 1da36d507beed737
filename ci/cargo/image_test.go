package cargo

import (
	"reflect"
	"strings"
	"testing"
	"testing/fstest"

	"dagger/slipway/ci/triple"
)

// imageWorkspace returns a workspace with a wasm app, a crate with two binaries, a library and a
// committed module; its manifest ends with the declaration.
func imageWorkspace(t *testing.T, declaration string) *Workspace {
	t.Helper()
	files := fstest.MapFS{
		"Cargo.toml":               {Data: []byte("[workspace]\nmembers = [\"app\", \"two\", \"lib\"]\n\n" + declaration)},
		"Cargo.lock":               {Data: []byte("version = 4\n")},
		"app/Cargo.toml":           {Data: []byte("[package]\nname = \"app\"\nversion = \"1.0.0\"\n")},
		"app/src/main.rs":          {},
		"two/Cargo.toml":           {Data: []byte("[package]\nname = \"two\"\nversion = \"1.0.0\"\n")},
		"two/src/bin/first.rs":     {},
		"two/src/bin/second.rs":    {},
		"lib/Cargo.toml":           {Data: []byte("[package]\nname = \"lib\"\nversion = \"1.0.0\"\n")},
		"lib/src/lib.rs":           {},
		"modules/hello_world.wasm": {},
	}
	w, err := Read(files)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestImages(t *testing.T) {
	w := imageWorkspace(t, `[workspace.metadata.slipway.images]
app-oci = { kind = "module", crate = "app" }

[workspace.metadata.slipway.images.app]
kind = "image"
crate = "app"

[workspace.metadata.slipway.images.app-artifact]
kind = "artifact"
crate = "app"

[workspace.metadata.slipway.images.hello]
kind = "module"
file = "modules/hello_world.wasm"
entrypoint = "start.wasm"

[workspace.metadata.slipway.images.native]
kind = "image"
crate = "two"
binary = "second"
targets = ["x86_64-unknown-linux-musl", "aarch64-unknown-linux-musl"]
`)
	got, err := w.Images()
	if err != nil {
		t.Fatal(err)
	}
	wasm := []string{triple.Wasm}
	want := []Image{
		{Name: "app", Kind: ImageLayer, Crate: "app", Binary: "app", Targets: wasm, Entrypoint: "/app.wasm"},
		{Name: "app-artifact", Kind: ImageArtifact, Crate: "app", Binary: "app", Targets: wasm},
		{Name: "app-oci", Kind: ImageModule, Crate: "app", Binary: "app", Targets: wasm, Entrypoint: "app-oci.wasm"},
		{Name: "hello", Kind: ImageModule, File: "modules/hello_world.wasm", Targets: wasm, Entrypoint: "start.wasm"},
		{Name: "native", Kind: ImageLayer, Crate: "two", Binary: "second", Targets: triple.Released(), Entrypoint: "/second"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
}

// TestImagesUndeclared checks that a workspace like runwasi's has runwasi's four images.
func TestImagesUndeclared(t *testing.T) {
	const http = "crates/containerd-shim-wasm-test-modules/src/modules/hello_wasi_http.wasm"
	files := fstest.MapFS{
		"Cargo.toml":                       {Data: []byte("[workspace]\nmembers = [\"crates/wasi-demo-app\"]\n")},
		"Cargo.lock":                       {Data: []byte("version = 4\n")},
		"crates/wasi-demo-app/Cargo.toml":  {Data: []byte("[package]\nname = \"wasi-demo-app\"\nversion = \"1.0.0\"\n")},
		"crates/wasi-demo-app/src/main.rs": {},
		http:                               {},
	}
	w, err := Read(files)
	if err != nil {
		t.Fatal(err)
	}
	got, err := w.Images()
	if err != nil {
		t.Fatal(err)
	}
	const demo = "wasi-demo-app"
	wasm := []string{triple.Wasm}
	want := []Image{
		{Name: demo, Kind: ImageLayer, Crate: demo, Binary: demo, Targets: wasm, Entrypoint: "/wasi-demo-app.wasm"},
		{Name: "wasi-demo-http", Kind: ImageModule, File: http, Targets: wasm, Entrypoint: "wasi-demo-http.wasm"},
		{Name: "wasi-demo-oci", Kind: ImageModule, Crate: demo, Binary: demo, Targets: wasm, Entrypoint: "wasi-demo-oci.wasm"},
		{Name: "wasi-demo-oci-artifact", Kind: ImageArtifact, Crate: demo, Binary: demo, Targets: wasm},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
}

func TestImagesRefused(t *testing.T) {
	const header = "[workspace.metadata.slipway.images.x]\n" // line 4
	tests := []struct{ name, declaration, want string }{
		{"none", "", "declares none"},
		{"no kind", header + "crate = \"app\"\n", "(Cargo.toml:4): `kind` is \"\", expected one of"},
		{"unknown kind", header + "crate = \"app\"\nkind = \"container\"\n", "(Cargo.toml:6): `kind` is \"container\""},
		{"no content", header + "kind = \"image\"\n", "(Cargo.toml:4): it has neither"},
		{"two contents", header + "kind = \"image\"\ncrate = \"app\"\nfile = \"modules/hello_world.wasm\"\n", "(Cargo.toml:7): it has a `crate` and a `file`"},
		{"no such crate", header + "kind = \"image\"\ncrate = \"ap\"\n", "(Cargo.toml:6): finding crate \"ap\""},
		{"a library", header + "kind = \"image\"\ncrate = \"lib\"\n", "(Cargo.toml:6): crate \"lib\" has no binary"},
		{"which binary", header + "kind = \"image\"\ncrate = \"two\"\n", "say which, with `binary`"},
		{"no such binary", header + "kind = \"image\"\ncrate = \"two\"\nbinary = \"third\"\n", "(Cargo.toml:7): crate \"two\" has no binary \"third\""},
		{"no such file", header + "kind = \"module\"\nfile = \"modules/none.wasm\"\n", "(Cargo.toml:6): there is no file"},
		{"a file outside", header + "kind = \"module\"\nfile = \"../x.wasm\"\n", "(Cargo.toml:6): `file` is \"../x.wasm\""},
		{"no wasm", header + "kind = \"module\"\nfile = \"Cargo.toml\"\n", "expected the path of a .wasm file"},
		{"an artifact's entrypoint", header + "kind = \"artifact\"\ncrate = \"app\"\nentrypoint = \"x\"\n", "(Cargo.toml:7): an artifact has no entrypoint"},
		{"an unknown target", header + "kind = \"image\"\ncrate = \"app\"\ntargets = [\"riscv64gc-unknown-linux-musl\"]\n", "(Cargo.toml:7): `targets` has"},
		{"a target twice", header + "kind = \"image\"\ncrate = \"app\"\ntargets = [\"x86_64-unknown-linux-musl\", \"x86_64-unknown-linux-musl\"]\n", "(Cargo.toml:7): `targets` has"},
		{"a native module", header + "kind = \"module\"\ncrate = \"app\"\ntargets = [\"x86_64-unknown-linux-musl\"]\n", "have kind \"image\""},
		{"a name", "[workspace.metadata.slipway.images.\"X/../y\"]\nkind = \"image\"\ncrate = \"app\"\n", "an image's name is lower-case"},
		{"an entrypoint of two lines", header + "kind = \"image\"\ncrate = \"app\"\nentrypoint = \"a\\nb\"\n", "expected one line"},
		{"inline", "[workspace.metadata.slipway.images]\na = { kind = \"image\", crate = \"app\" }\nx = { kind = \"img\", crate = \"app\" }\n", "(Cargo.toml:6): `kind` is \"img\""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := imageWorkspace(t, tt.declaration).Images()
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
}
