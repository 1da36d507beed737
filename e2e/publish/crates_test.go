package publish

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dagger/slipway/e2e/kit"
	"dagger/slipway/e2e/kit/crates"
	"dagger/slipway/e2e/kit/forge"
	"dagger/slipway/e2e/kit/sigstore"
	"dagger/slipway/e2e/registry"
	"dagger/slipway/e2e/sigstack"
)

// newServices makes services for the example workspace, configured for the registry.
func newServices(t testing.TB, s *sigstack.Stack) *crates.Services { return newServicesAt(t, s, "") }

// newServicesAt does the same with a host name for the registry, "" for 127.0.0.1.
func newServicesAt(t testing.TB, s *sigstack.Stack, host string) *crates.Services {
	t.Helper()
	server := crates.NewRegistry(t, host)
	source := crates.Workspace(t, server)
	token, err := server.Token("maintainer")
	kit.Check(t, err)
	return &crates.Services{GitHub: forge.New(t, s, source), Registry: server, RegistryToken: token}
}

// TestPublishCrates releases the example's libraries to a real registry in order, and
// builds another crate that depends on them.
func TestPublishCrates(t *testing.T) {
	w, _ := kit.Local(t)
	p := newServices(t, sigstore.Open(t))

	t.Run("what comes first is named", func(t *testing.T) {
		before := countChanges(p)
		got := w.Release(t, p.Request(t, "shim-core", "0.2.0", "--initial-release")).WantCode(t, 1)
		got.WantError(t, `release crate "shimkit" first`, "nothing was changed anywhere")
		if strings.Contains(got.Stderr, "build ") || countChanges(p) != before {
			t.Errorf("something was built, or changed:\n%s", got.Stderr)
		}
	})
	t.Run("a first release says so", func(t *testing.T) {
		w.Release(t, p.Request(t, "shimkit", "0.3.1")).WantCode(t, 1).WantError(t, "--initial-release")
	})
	t.Run("no token", func(t *testing.T) {
		r := p.Request(t, "shimkit", "0.3.1", "--initial-release")
		r.Env = append(slices.Clone(r.Env), registry.TokenVariable+"=")
		w.Release(t, r).WantCode(t, 1).WantError(t, "$"+registry.TokenVariable)
	})
	t.Run("a dry run changes nothing", func(t *testing.T) {
		before := countChanges(p)
		r := p.Request(t, "shimkit", "0.3.1")
		r.Flags = nil
		w.Release(t, r).WantCode(t, 0)
		if n := countChanges(p) - before; n != 0 {
			t.Errorf("a dry run sent %d requests that change something", n)
		}
	})
	for _, c := range []struct{ name, version string }{{"shimkit", "0.3.1"}, {"shim-core", "0.2.0"}, {"fetcher", "0.5.0"}} {
		got := w.Release(t, p.Request(t, c.name, c.version, "--initial-release")).WantCode(t, 0)
		if !strings.Contains(got.Stdout, "done        publish "+c.name+" "+c.version) {
			t.Errorf("the summary says\n%s", got.Stdout)
		}
		if want := "cargo owner --add team " + c.name + " --registry " + registry.Name; !strings.Contains(got.Stdout, want) {
			t.Errorf("the summary does not say %q:\n%s", want, got.Stdout)
		}
		wantNoToken(t, p, got)
		p.WantCrate(t, c.name, c.version)
		before := countChanges(p)
		again := w.Release(t, p.Request(t, c.name, c.version)).WantCode(t, 0)
		if n := countChanges(p) - before; n != 0 || !strings.Contains(again.Stdout, "unchanged   publish "+c.name) {
			t.Errorf("a second run changed %d things and says\n%s", n, again.Stdout)
		}
		wantNoToken(t, p, again)
	}
	t.Run("a stranger's crate", func(t *testing.T) { buildConsumer(t, p) })
	t.Run("the token stays nowhere", func(t *testing.T) {
		_, l := kit.Local(t)
		for _, dir := range []string{filepath.Join(l.Cache, "steps"), filepath.Join(l.Cache, "tmp")} {
			for _, secret := range []string{p.RegistryToken, p.GitHub.MaintainerToken} {
				if out := (kit.Command{Args: []string{"grep", "-rlF", "-e", secret, dir}}).Run(t); out.Code != 1 {
					t.Errorf("a token is in the cache: %s", out.Stdout)
				}
			}
		}
	})
}

// wantNoToken checks that no token was printed.
func wantNoToken(t testing.TB, p *crates.Services, r kit.Result) {
	t.Helper()
	for _, secret := range []string{p.RegistryToken, p.GitHub.MaintainerToken} {
		if strings.Contains(r.Stdout+r.Stderr, secret) {
			t.Error("a token was printed")
		}
	}
}

// buildConsumer builds a crate that depends on shim-core from the registry.
func buildConsumer(t *testing.T, p *crates.Services) {
	dir := t.TempDir()
	kit.Write(t, "[package]\nname = \"stranger\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[dependencies]\nshim-core = { version = \"0.2.0\", registry = \""+registry.Name+"\" }\n", dir, "Cargo.toml")
	kit.Write(t, "use shim_core as _;\n\nfn main() {}\n", dir, "src", "main.rs")
	kit.Write(t, p.Registry.Config(), dir, ".cargo", "config.toml")
	// with the machine's cargo, whatever version
	c := kit.Command{Args: []string{"cargo", "check"}, Dir: dir, Env: []string{"CARGO_HOME=" + t.TempDir(), "CARGO_TARGET_DIR=" + t.TempDir()}}
	c.Run(t).WantCode(t, 0)
	lock, err := os.ReadFile(filepath.Join(dir, "Cargo.lock"))
	kit.Check(t, err)
	for _, name := range []string{"shimkit", "shim-core"} {
		versions, err := p.Registry.Versions(name)
		kit.Check(t, err)
		if len(versions) != 1 || !strings.Contains(string(lock), versions[0].Checksum) {
			t.Errorf("the lock file does not have %v of %s:\n%s", versions, name, lock)
		}
	}
}
