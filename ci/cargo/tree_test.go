package cargo

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/BurntSushi/toml"
)

// installed returns a toolchain that runs without installing anything, "" if there is none.
var installed = sync.OnceValue(func() string {
	for _, candidate := range []string{os.Getenv("RUSTUP_TOOLCHAIN"), "1.96.0", "1.95.0", "stable"} {
		probe := exec.Command("cargo", "--version")
		probe.Dir, probe.Env = os.TempDir(), append(os.Environ(), "RUSTUP_TOOLCHAIN="+candidate, "RUSTUP_AUTO_INSTALL=0")
		if candidate != "" && probe.Run() == nil {
			return candidate
		}
	}
	return ""
})

// runCargo runs cargo offline in dir and returns its output. It skips the test if there is no
// working cargo.
func runCargo(t *testing.T, dir string, args ...string) ([]byte, error) {
	t.Helper()
	if _, err := exec.LookPath("cargo"); err != nil {
		t.Skip("SKIPPED: no cargo on the PATH to compare with")
	}
	env := append(os.Environ(), "CARGO_TARGET_DIR="+filepath.Join(t.TempDir(), "target"), "CARGO_NET_OFFLINE=true", "RUSTC_WRAPPER=", "CARGO_HOME="+t.TempDir())
	toolchain := installed()
	if toolchain == "" {
		t.Skip("SKIPPED: cargo on the PATH has no toolchain that runs")
	}
	cmd := exec.Command("cargo", args...)
	cmd.Dir, cmd.Env = dir, append(env, "RUSTUP_TOOLCHAIN="+toolchain, "RUSTUP_HOME="+rustupHome())
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Logf("cargo %s: %s", strings.Join(args, " "), stderr.String())
	}
	return out, err
}

// rustupHome returns rustup's directory, which defaults to one in the home directory.
func rustupHome() string {
	if home := os.Getenv("RUSTUP_HOME"); home != "" {
		return home
	}
	home, _ := os.UserHomeDir()
	return filepath.Join(home, ".rustup")
}

// writeFiles writes files below dir; an empty content removes the file.
func writeFiles(t *testing.T, dir string, contents map[string]string) {
	t.Helper()
	for name, content := range contents {
		to := filepath.Join(dir, filepath.FromSlash(name))
		if content == "" {
			if err := os.RemoveAll(to); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestBuildFiles(t *testing.T) {
	w := readDir(t, example)
	got, err := w.BuildFiles(crate(t, w, "shim-demo"))
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{".cargo/config", ".cargo/config.toml", "Cargo.lock", "Cargo.toml", "rust-toolchain", "rust-toolchain.toml"}; !slices.Equal(slices.Sorted(maps.Keys(got)), want) {
		t.Errorf("files %q, want %q", slices.Sorted(maps.Keys(got)), want)
	}
	for _, gone := range []string{".cargo/config", "rust-toolchain", "rust-toolchain.toml"} {
		if got[gone] != "" {
			t.Errorf("%s is %q, expected it to be taken out", gone, got[gone])
		}
	}
	var root struct {
		Workspace struct {
			Members  []string
			Resolver string
			Package  map[string]any
		}
		Profile map[string]map[string]any
	}
	if err := toml.Unmarshal([]byte(got["Cargo.toml"]), &root); err != nil {
		t.Fatal(err)
	}
	if want := []string{"crates/shim-core", "crates/shim-demo", "crates/shimkit"}; !slices.Equal(root.Workspace.Members, want) {
		t.Errorf("members %q, want %q", root.Workspace.Members, want)
	}
	if root.Workspace.Resolver != "3" || root.Workspace.Package["version"] != "0.2.0" || root.Profile["release"]["panic"] != "abort" {
		t.Errorf("the root manifest lost something:\n%s", got["Cargo.toml"])
	}
	lock, err := parseLock(got["Cargo.lock"])
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, p := range lock.Packages {
		names = append(names, p.Name)
	}
	if want := []string{"shim-core", "shim-demo", "shimkit"}; !slices.Equal(names, want) {
		t.Errorf("locked %q, want %q", names, want)
	}
	if want := []string{"shim-core", "shim-demo", "shimkit"}; !slices.Equal(w.Members(crate(t, w, "shim-demo")), want) {
		t.Errorf("Members = %q", w.Members(crate(t, w, "shim-demo")))
	}
}

// TestBuildFilesCargo checks that cargo accepts the pruned workspace, with sources and as a
// skeleton, without a registry.
func TestBuildFilesCargo(t *testing.T) {
	w := readDir(t, example)
	c := crate(t, w, "shim-demo")
	build, err := w.BuildFiles(c)
	if err != nil {
		t.Fatal(err)
	}
	skeleton, err := w.SkeletonFiles(c)
	if err != nil {
		t.Fatal(err)
	}
	whole, bare := t.TempDir(), t.TempDir()
	if err := os.CopyFS(whole, os.DirFS(example)); err != nil {
		t.Fatal(err)
	}
	writeFiles(t, whole, build)
	writeFiles(t, bare, skeleton)
	for name, dir := range map[string]string{"whole": whole, "skeleton": bare} {
		out, err := runCargo(t, dir, "metadata", "--offline", "--locked", "--format-version", "1")
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, want := range []string{`"name":"shim-demo","version":"0.1.0"`, `"name":"shim-core","version":"0.2.0"`, `"name":"shimkit","version":"0.3.1"`} {
			if !strings.Contains(string(out), want) {
				t.Errorf("%s: cargo metadata does not say %s", name, want)
			}
		}
		for _, other := range []string{"fetcher", "demo-app", "serde"} {
			if strings.Contains(string(out), `"name":"`+other+`"`) {
				t.Errorf("%s: cargo metadata still has %s", name, other)
			}
		}
	}
}

// hard is a workspace that is difficult to prune and to make a skeleton of.
var hard = map[string]string{
	"Cargo.toml": `[workspace]
members = ["app", "mac", "other"]
default-members = ["other"]
resolver = "2"

[patch.crates-io]
unneeded = { path = "vendor/unneeded" }

[profile.release.package."*"]
opt-level = 1
`,
	"app/Cargo.toml":             pkg("app", "[[bin]]\nname = \"tool\"\npath = \"cli/tool.rs\"\n[[example]]\nname = \"show\"\n[[test]]\nname = \"all\"\npath = \"checks/all.rs\"\nharness = false\n[dependencies]\nmac = { path = \"../mac\" }\n[dev-dependencies]\napp = { path = \".\" }"),
	"app/src/main.rs":            "fn main() { println!(\"{}\", mac::seven!()); }",
	"app/src/lib.rs":             "pub fn f() {}",
	"app/cli/tool.rs":            "fn main() {}",
	"app/examples/show.rs":       "fn main() {}",
	"app/checks/all.rs":          "fn main() {}",
	"app/build.rs":               "fn main() {}",
	"mac/Cargo.toml":             pkg("mac", "[lib]\nproc-macro = true"),
	"mac/src/lib.rs":             "use proc_macro::TokenStream; #[proc_macro] pub fn seven(_: TokenStream) -> TokenStream { \"7\".parse().unwrap() }",
	"other/Cargo.toml":           pkg("other", "[dependencies]\nunneeded = \"1\""),
	"other/src/lib.rs":           "",
	"vendor/unneeded/Cargo.toml": pkg("unneeded"),
	"vendor/unneeded/src/lib.rs": "",
	"Cargo.lock":                 "version = 3\n\n[[package]]\nname = \"app\"\nversion = \"1.0.0\"\ndependencies = [\n \"app\",\n \"mac\",\n]\n\n[[package]]\nname = \"mac\"\nversion = \"1.0.0\"\n\n[[package]]\nname = \"other\"\nversion = \"1.0.0\"\ndependencies = [\n \"unneeded\",\n]\n\n[[package]]\nname = \"unneeded\"\nversion = \"1.0.0\"\n",
}

func TestSkeletonFiles(t *testing.T) {
	w := read(t, hard)
	got, err := w.SkeletonFiles(crate(t, w, "app"))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"Cargo.lock", "Cargo.toml", "app/Cargo.toml", "app/build.rs", "app/checks/all.rs", "app/cli/tool.rs", "app/examples/show.rs", "app/src/lib.rs", "app/src/main.rs", "mac/Cargo.toml", "mac/src/lib.rs"}
	if names := slices.Sorted(maps.Keys(got)); !slices.Equal(names, want) {
		t.Errorf("files %q, want %q", names, want)
	}
	for name, content := range got {
		if strings.HasSuffix(name, ".rs") && content != "fn main() {}\n" && content != "\n" {
			t.Errorf("%s holds a source: %q", name, content)
		}
	}
	if strings.Contains(got["Cargo.toml"], "unneeded") || strings.Contains(got["Cargo.toml"], "default-members") {
		t.Errorf("the root manifest keeps what is not there:\n%s", got["Cargo.toml"])
	}
	whole, err := w.BuildFiles(crate(t, w, "other"))
	if err != nil || !strings.Contains(whole["Cargo.toml"], `path = "vendor/unneeded"`) {
		t.Errorf("other lost its patch: %v\n%s", err, whole["Cargo.toml"])
	}
}

// TestSkeletonCargo compiles a skeleton: rustc must accept every file of it.
func TestSkeletonCargo(t *testing.T) {
	w := read(t, hard)
	skeleton, err := w.SkeletonFiles(crate(t, w, "app"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	writeFiles(t, dir, skeleton)
	if _, err := runCargo(t, dir, "check", "--offline", "--locked", "--manifest-path", "app/Cargo.toml", "--all-targets"); err != nil {
		t.Error(err)
	}
}

func TestBuildFilesOfRootPackage(t *testing.T) {
	w := read(t, map[string]string{
		"Cargo.toml":   pkg("root", "[dependencies]\na = { path = \"a\" }\n[workspace]\nmembers = [\"a\", \"b\", \"c\"]"),
		"a/Cargo.toml": pkg("a"), "b/Cargo.toml": pkg("b"), "c/Cargo.toml": pkg("c"),
		"Cargo.lock": locked([]string{"a"}, []string{"b"}, []string{"c"}, []string{"root", "a"}),
	})
	files, err := w.BuildFiles(crate(t, w, "b"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(files["Cargo.toml"], `members = ["a", "b"]`) || !strings.Contains(files["Cargo.lock"], `name = "root"`) || strings.Contains(files["Cargo.lock"], `name = "c"`) {
		t.Errorf("root manifest\n%s\nlock file\n%s", files["Cargo.toml"], files["Cargo.lock"])
	}
	single := read(t, map[string]string{"Cargo.toml": "# kept\n" + pkg("one"), "Cargo.lock": locked([]string{"one"})})
	files, err = single.BuildFiles(crate(t, single, "one"))
	if _, replaced := files["Cargo.toml"]; replaced || err != nil {
		t.Errorf("a single package's manifest became %q, %v", files["Cargo.toml"], err)
	}
}

// TestBuildFilesOfPublishedRoot checks that a published root package is built in the whole
// workspace, because its package contains that manifest and lock file.
func TestBuildFilesOfPublishedRoot(t *testing.T) {
	const members = "[workspace]\nmembers = [\"a\", \"b\"]"
	in := map[string]string{
		"Cargo.toml":   "# kept\n" + pkg("root", published, "[dependencies]\na = { path = \"a\", version = \"1\" }", members),
		"a/Cargo.toml": pkg("a"), "b/Cargo.toml": pkg("b", "[dependencies]\nlog = \"0.4\""),
	}
	w := read(t, in)
	root := crate(t, w, "root")
	files, err1 := w.BuildFiles(root)
	skeleton, err2 := w.SkeletonFiles(root)
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	for _, name := range []string{"Cargo.toml", "Cargo.lock"} {
		if _, replaced := files[name]; replaced {
			t.Errorf("%s is replaced", name)
		}
	}
	if skeleton["Cargo.toml"] != in["Cargo.toml"] || skeleton["b/Cargo.toml"] != in["b/Cargo.toml"] || !w.Fetches(root) {
		t.Errorf("the skeleton is %q, and it fetches: %t", skeleton, w.Fetches(root))
	}
}

func TestLibraryFiles(t *testing.T) {
	w, err := Read(os.DirFS("../../examples/workspace"))
	if err != nil {
		t.Fatal(err)
	}
	demo, err := w.Crate("shim-demo")
	if err != nil {
		t.Fatal(err)
	}
	files, err := w.LibraryFiles(demo)
	if err != nil {
		t.Fatal(err)
	}
	build, err := w.BuildFiles(demo)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"crates/shim-demo/src/main.rs":    "fn main() {}\n",
		"crates/shim-demo/src/lib.rs":     "\n",
		"crates/shim-demo/src/engine.rs":  "", // removed, so that editing it changes nothing here
		"crates/shim-demo/tests/start.rs": "",
		"Cargo.lock":                      build["Cargo.lock"],
		"Cargo.toml":                      build["Cargo.toml"],
	} {
		if got, ok := files[name]; !ok || got != want {
			t.Errorf("%s is %q (%t), want %q", name, got, ok, want)
		}
	}
	for name := range files {
		if strings.HasPrefix(name, "crates/shimkit/") {
			t.Errorf("%s of a library is replaced", name)
		}
	}
	for _, alone := range []string{"shimkit", "fetcher"} {
		c, err := w.Crate(alone)
		if err != nil {
			t.Fatal(err)
		}
		if files, err := w.LibraryFiles(c); err != nil || files != nil {
			t.Errorf("%s depends on no crate of the workspace and gets %v (%v)", alone, files, err)
		}
	}
}

func TestLibraryFilesOfACycle(t *testing.T) {
	w := read(t, map[string]string{
		"Cargo.toml": "[workspace]\nmembers = [\"a\", \"b\"]\nresolver = \"3\"\n", "Cargo.lock": "version = 4\n\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\ndependencies = [\n \"b\",\n]\n\n[[package]]\nname = \"b\"\nversion = \"1.0.0\"\ndependencies = [\n \"a\",\n]\n",
		"a/Cargo.toml": "[package]\nname = \"a\"\nversion = \"1.0.0\"\nedition = \"2024\"\n\n[dependencies]\nb = { path = \"../b\", version = \"1.0.0\" }\n", "a/src/lib.rs": "pub fn a() {}\n",
		"b/Cargo.toml": "[package]\nname = \"b\"\nversion = \"1.0.0\"\nedition = \"2024\"\n\n[dev-dependencies]\na = { path = \"../a\" }\n", "b/src/lib.rs": "pub fn b() {}\n",
	})
	c, err := w.Crate("a")
	if err != nil {
		t.Fatal(err)
	}
	if files, err := w.LibraryFiles(c); err != nil || files != nil {
		t.Errorf("b's tests need a, and a is hollow: %v (%v)", files, err)
	}
}
