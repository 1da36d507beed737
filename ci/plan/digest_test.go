package plan

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"dagger/slipway/ci/triple"
)

// TestDigestEverywhere checks that a plan depends only on its workspace and request: not on the
// workspace's location, the umask, the time zone, map order or the number of processors.
func TestDigestEverywhere(t *testing.T) {
	request := Request{Crates: []string{"fetcher@0.5.0"}, Source: Source{Commit: commit, Branch: "main", Branches: []string{"main"}}}
	want := digest(t, newPlan(t, readDir(t, example), request))
	if !strings.HasPrefix(want, "sha256:") || len(want) != len("sha256:")+64 {
		t.Fatalf("digest %q", want)
	}
	check := func(where, dir string) {
		t.Helper()
		if got := digest(t, newPlan(t, readDir(t, dir), request)); got != want {
			t.Errorf("%s: digest %s, want %s", where, got, want)
		}
	}
	for range 50 {
		check("again", example)
	}

	old := syscall.Umask(0o077)
	other := filepath.Join(t.TempDir(), "deep", "er")
	err := os.CopyFS(other, os.DirFS(example))
	if err == nil {
		err = filepath.WalkDir(other, func(name string, e os.DirEntry, err error) error {
			if err != nil {
				return err
			}
			mode := os.FileMode(0o600)
			if e.IsDir() {
				mode = 0o700
			}
			return os.Chmod(name, mode)
		})
	}
	check("another directory and umask", other)
	syscall.Umask(old)
	if err != nil {
		t.Fatal(err)
	}
	check("another directory", other)

	zone := time.Local
	time.Local = time.FixedZone("far", 14*3600)
	t.Setenv("TZ", "Pacific/Kiritimati")
	t.Setenv("LC_ALL", "tr_TR.UTF-8")
	t.Setenv("HOME", "/nowhere")
	check("another time zone", example)
	time.Local = zone

	for _, n := range []int{1, 2, 8} {
		before := runtime.GOMAXPROCS(n)
		check(fmt.Sprintf("%d processors", n), example)
		runtime.GOMAXPROCS(before)
	}
}

// TestDigestChanges checks that whatever changes a release changes the digest.
func TestDigestChanges(t *testing.T) {
	request := Request{Crates: []string{"app@1.2.3"}}
	seen := map[string]string{digest(t, newPlan(t, read(t, base(nil)), request)): "unchanged"}
	note := func(name, d string) {
		if before, dup := seen[d]; dup {
			t.Errorf("%q has the digest of %q", name, before)
		}
		seen[d] = name
	}
	app := string(base(nil)["app/Cargo.toml"].Data)
	for name, change := range map[string]map[string]string{
		"kept configuration": {".cargo/config.toml": "[profile.release]\nlto = true\n"},
		"root manifest":      {"Cargo.toml": "[workspace]\nmembers = [\"app\", \"lib\"]\n[profile.release]\nlto = true\n"},
		"notes":              {"app/CHANGELOG.md": "## [1.2.3]\n\n- Other.\n"},
		"feature":            {"app/Cargo.toml": app + "[package.metadata.slipway]\nfeatures = [\"x\"]\n"},
		"second binary":      {"app/src/bin/two.rs": "fn main() {}"},
		"locked version":     {"Cargo.lock": strings.Replace(string(base(nil)["Cargo.lock"].Data), "version = 4", "# another\nversion = 4", 1)},
	} {
		note(name, digest(t, newPlan(t, read(t, base(change)), request)))
	}
	for name, r := range map[string]Request{
		"crate":     {Crates: []string{"lib@1.2.3"}},
		"toolchain": {Crates: []string{"app@1.2.3"}, Toolchain: "rust:1"},
		"targets":   {Crates: []string{"app@1.2.3"}, Targets: []string{triple.AArch64}},
		"commit":    {Crates: []string{"app@1.2.3"}, Source: Source{Commit: commit}},
		"dirty":     {Crates: []string{"app@1.2.3"}, Source: Source{Commit: commit, Dirty: true}},
	} {
		note(name, digest(t, newPlan(t, read(t, base(nil)), r)))
	}
	if d := digest(t, newPlan(t, read(t, base(nil)), Request{Crates: []string{"app@1.2.3"}, Source: Source{Branches: []string{"a", "b"}}})); seen[d] != "unchanged" {
		t.Error("other branches of a clone change the digest")
	}
}
