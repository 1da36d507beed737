package documents

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"dagger/slipway/ci/sbom"
)

// recorded lists the outputs of cargo in the testdata of ci/sbom.
var recorded = []struct {
	tree, manifest, target string
	features               []string
}{
	{"shim-demo-x86_64", "crates/shim-demo/Cargo.toml", x8664, nil},
	{"fetcher-x86_64", "crates/fetcher/Cargo.toml", x8664, nil},
	{"fetcher-aarch64", "crates/fetcher/Cargo.toml", "aarch64-unknown-linux-musl", nil},
	{"fetcher-blake3-x86_64", "crates/fetcher/Cargo.toml", x8664, []string{"blake3"}},
	{"app-x86_64", "app/Cargo.toml", x8664, nil},
	{"app-extra-x86_64", "app/Cargo.toml", x8664, []string{"extra"}},
	{"app-windows", "app/Cargo.toml", "x86_64-pc-windows-gnu", nil},
}

// TestRecorded compares every recorded tree with cargo's current output.
func TestRecorded(t *testing.T) {
	if out, err := exec.Command("cargo", "--version").CombinedOutput(); err != nil {
		t.Skipf("SKIPPED: cargo does not run here: %v %s", err, lastLine(out))
	}
	demo := clone(t, example)
	if out, err := run(demo, nil, "cargo", "fetch", "--locked"); err != nil {
		t.Skipf("SKIPPED: cargo cannot fetch what %s depends on: %s", example, lastLine(out))
	}
	odd := clone(t, testdata+"/workspace")
	env := oddSources(t)
	if out, err := run(odd, env, "cargo", "fetch", "--locked"); err != nil {
		t.Fatalf("cargo fetch: %v\n%s", err, out)
	}
	for _, r := range recorded {
		dir, env := odd, env
		if strings.HasPrefix(r.manifest, "crates/") {
			dir, env = demo, nil
		}
		args, err := sbom.Args(filepath.Join(dir, r.manifest), r.target, r.features)
		if err != nil {
			t.Fatal(err)
		}
		out, err := run(dir, env, args...)
		if err != nil {
			t.Fatalf("%s: %v\n%s", r.tree, err, out)
		}
		want, err := os.ReadFile(filepath.Join(testdata, r.tree+".tree"))
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.ReplaceAll(string(out), dir, "/src"); got != string(want) {
			t.Errorf("%s: cargo now prints\n%s\nwant\n%s", r.tree, got, want)
		}
	}
}

// run returns a command's standard output, or its standard error if it failed. The user's
// git configuration is ignored.
func run(dir string, env []string, args ...string) ([]byte, error) {
	c := exec.Command(args[0], args[1:]...)
	c.Dir = dir
	c.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "CARGO_TERM_COLOR=never")
	c.Env = append(c.Env, env...)
	out, err := c.Output()
	if exit, ok := err.(*exec.ExitError); ok {
		return exit.Stderr, err
	}
	return out, err
}

// clone copies a workspace without the toolchain file, because any version of cargo will
// do.
func clone(t *testing.T, from string) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir()) // as cargo prints it
	if err != nil {
		t.Fatal(err)
	}
	dir = filepath.Join(dir, "src")
	if err := os.CopyFS(dir, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "rust-toolchain.toml")); err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return dir
}

// oddSources makes the git repository and the registry that the odd workspace depends on.
// It returns the environment that makes git and cargo use them for the URLs of the lock
// file, without a network.
func oddSources(t *testing.T) []string {
	t.Helper()
	dir := t.TempDir()
	left, home, vendor := filepath.Join(dir, "left"), filepath.Join(dir, "cargo"), filepath.Join(dir, "vendor")
	write := func(name, content string) {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(content), fs.FileMode(0o644)); err != nil {
			t.Fatal(err)
		}
	}
	const manifest = "[package]\nname = %q\nversion = %q\nedition = \"2024\"\nlicense = %q\n%s"
	write(left+"/Cargo.toml", fmt.Sprintf(manifest, "left", "0.1.0", "(MIT OR Apache-2.0) AND Unicode-3.0", "\n[dependencies]\n"))
	write(left+"/src/lib.rs", "pub fn run() {}\n")
	write(vendor+"/right/Cargo.toml", fmt.Sprintf(manifest, "right", "2.0.1", "MIT", "repository = \"https://git.example.com/right\"\n"))
	write(vendor+"/right/src/lib.rs", "pub fn run() {}\n")
	write(vendor+"/right/.cargo-checksum.json", fmt.Sprintf(`{"files":{},"package":"%x"}`, sha256.Sum256([]byte("right"))))
	write(home+"/config.toml", fmt.Sprintf(`net.git-fetch-with-cli = true
[source.ours]
registry = "sparse+https://registry.example.com/index/"
replace-with = "vendored"
[source.vendored]
directory = %q
`, vendor))
	write(dir+"/gitconfig", fmt.Sprintf("[url \"file://%s\"]\n\tinsteadOf = https://git.example.com/left.git\n", left))
	env := []string{"CARGO_HOME=" + home, "GIT_CONFIG_GLOBAL=" + dir + "/gitconfig"}
	// The commit ID must be the one in the lock file.
	when := []string{"GIT_AUTHOR_DATE=2026-01-01T00:00:00Z", "GIT_COMMITTER_DATE=2026-01-01T00:00:00Z"}
	for _, args := range [][]string{
		{"git", "init", "--quiet", "--initial-branch=main", "."},
		{"git", "add", "--all"},
		{"git", "-c", "user.name=left", "-c", "user.email=left@example.com", "commit", "--quiet", "--message=left"},
	} {
		if out, err := run(left, append(env, when...), args...); err != nil {
			t.Fatalf("%q: %v\n%s", args, err, out)
		}
	}
	return env
}
