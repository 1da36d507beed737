package registry

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"dagger/slipway/e2e/sigstack/fault"
)

// start starts a registry for a test.
func start(t *testing.T, o Options) *Server {
	t.Helper()
	s, err := Start(t.TempDir(), o)
	if errors.Is(err, ErrNotInstalled) {
		t.Skipf("SKIPPED: %v", err)
	}
	check(t, err)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("the server's log:\n%s", s.logged())
		}
	})
	return s
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// cargo runs cargo in a package, with empty caches.
type cargo struct {
	dir string
	env []string
}

// packaged makes a package of a library, with more added to its manifest. cargo gets the
// token of user, or none if that is "".
func packaged(t *testing.T, s *Server, user, name, version, more string) cargo {
	t.Helper()
	c := cargo{dir: t.TempDir()}
	c.write(t, ".cargo/config.toml", s.Config())
	c.write(t, "Cargo.toml", fmt.Sprintf("[package]\nname = %q\nversion = %q\nedition = \"2021\"\n%s", name, version, more))
	c.write(t, "src/lib.rs", "pub fn answer() -> u32 { 42 }\n")
	c.env = append(c.env, "CARGO_HOME="+t.TempDir(), "CARGO_TERM_COLOR=never", "NO_PROXY=127.0.0.1")
	for _, v := range os.Environ() {
		// The others are for rustup, if the cargo in PATH belongs to it.
		if k, _, _ := strings.Cut(v, "="); slices.Contains([]string{"PATH", "HOME", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN"}, k) {
			c.env = append(c.env, v)
		}
	}
	if user == "" {
		return c
	}
	token, err := s.Token(user)
	check(t, err)
	return c.with(token)
}

// with returns a copy of c with another token.
func (c cargo) with(token string) cargo {
	c.env = append(slices.Clone(c.env), TokenVariable+"="+token)
	return c
}

// run returns cargo's output. It fails after two minutes.
func (c cargo) run(args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "cargo", args...)
	cmd.Dir, cmd.Env = c.dir, c.env
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// must runs a command that must succeed, and returns its output.
func (c cargo) must(t *testing.T, args ...string) string {
	t.Helper()
	out, err := c.run(args...)
	if err != nil {
		t.Fatalf("cargo %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// refused runs a command that must fail with words in its output.
func (c cargo) refused(t *testing.T, words string, args ...string) {
	t.Helper()
	if out, err := c.run(args...); err == nil || !strings.Contains(out, words) {
		t.Errorf("cargo %s: %v, expected that it fails and says %q:\n%s", strings.Join(args, " "), err, words, out)
	}
}

// write writes a file of the package.
func (c cargo) write(t *testing.T, name, content string) {
	t.Helper()
	path := filepath.Join(c.dir, name)
	check(t, os.MkdirAll(filepath.Dir(path), 0o755))
	check(t, os.WriteFile(path, []byte(content), 0o644))
}

// publish is the command that publishes a package; upload does so without building it.
var (
	publish = []string{"publish", "--registry", Name, "--allow-dirty"}
	upload  = append(slices.Clone(publish), "--no-verify")
)

// wantVersions checks the versions of a crate in the index, in the form "1.2.3" or "1.2.3
// yanked".
func wantVersions(t *testing.T, s *Server, crate string, want ...string) []Version {
	t.Helper()
	versions, err := s.Versions(crate)
	check(t, err)
	var got []string
	for _, v := range versions {
		if v.Yanked {
			v.Version += " yanked"
		}
		got = append(got, v.Version)
	}
	if !slices.Equal(got, want) {
		t.Errorf("the index has versions %q of crate %q, expected %q", got, crate, want)
	}
	return versions
}

func wantOwners(t *testing.T, s *Server, crate string, want ...string) {
	t.Helper()
	got, err := s.Owners(crate)
	check(t, err)
	if !slices.Equal(got, want) {
		t.Errorf("crate %q is owned by %q, expected %q", crate, got, want)
	}
}

func inject(t *testing.T, s *Server, f fault.Fault) {
	t.Helper()
	check(t, s.Proxy.Inject(f))
}
