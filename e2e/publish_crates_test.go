package e2e

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dagger/slipway/e2e/registry"
	"dagger/slipway/e2e/sigstack"
)

// services is a fake GitHub and a cargo registry, with a workspace that is released to both.
type services struct {
	*fakeGitHub
	registry *registry.Server
	token    string // for the registry
}

// newServices makes services for the example workspace, configured for the registry.
func newServices(t testing.TB, s *sigstack.Stack) *services { return newServicesAt(t, s, "") }

// newServicesAt does the same with a host name for the registry, "" for 127.0.0.1.
func newServicesAt(t testing.TB, s *sigstack.Stack, host string) *services {
	t.Helper()
	server := newRegistry(t, host)
	source := registryWorkspace(t, server)
	token, err := server.Token("maintainer")
	check(t, err)
	return &services{fakeGitHub: newFakeGitHub(t, s, source), registry: server, token: token}
}

// newRegistry starts an empty registry with a host name.
func newRegistry(t testing.TB, host string) *registry.Server {
	t.Helper()
	server, err := registry.Start(filepath.Join(t.TempDir(), "registry"), registry.Options{RequiredFields: []string{"description", "license"}, Host: host})
	if errors.Is(err, registry.ErrNotInstalled) {
		t.Skipf("SKIPPED: no cargo registry: %v", err)
	}
	check(t, err)
	t.Cleanup(func() { check(t, server.Close()) })
	return server
}

// registryWorkspace returns the example workspace configured for the registry.
func registryWorkspace(t testing.TB, server *registry.Server) string {
	t.Helper()
	source := example(t)
	manifests := read(t, source, "Cargo.toml")
	write(t, manifests+"\n[workspace.metadata.slipway]\nowners = \"team\"\n", source, "Cargo.toml")
	write(t, read(t, source, ".cargo/config.toml")+"\n[registry]\ndefault = \""+registry.Name+"\"\n\n"+server.Config(), source, ".cargo/config.toml")
	manifest := read(t, source, "Cargo.toml")
	write(t, strings.Replace(manifest, `shimkit = { path = "crates/shimkit", version = "0.3.1" }`, `shimkit = { path = "crates/shimkit", version = "0.3.1", registry = "`+registry.Name+`" }`, 1), source, "Cargo.toml")
	if read(t, source, "Cargo.toml") == manifest {
		t.Fatal("the example's dependency on shimkit is written otherwise than this test thinks")
	}
	return source
}

// crate returns the request for a real release of a library from a fresh clone.
func (p *services) crate(t testing.TB, name, version string, flags ...string) release {
	t.Helper()
	return release{
		source: p.clone(t), crate: name, version: version, out: filepath.Join(t.TempDir(), "out"),
		flags: append([]string{"--dry-run=false", "--repository", "containerd/runwasi", "--github-api", p.URL}, flags...),
		env: []string{
			"GITHUB_TOKEN=" + p.fakeGitHub.token, "GITHUB_ACTOR=maintainer", registry.TokenVariable + "=" + p.token, registry.IndexVariable + "=" + p.registry.Index,
			"ACTIONS_ID_TOKEN_REQUEST_URL=", "SIGSTORE_ID_TOKEN=", // nothing is signed for a library
		},
	}
}

// wantCrate checks that the registry has exactly this version, and GitHub its release.
func (p *services) wantCrate(t testing.TB, name, version string) {
	t.Helper()
	versions, err := p.registry.Versions(name)
	check(t, err)
	if len(versions) != 1 || versions[0].Version != version || versions[0].Yanked {
		t.Errorf("the registry has %v of %s, expected %s alone", versions, name, version)
	}
	if raw, err := p.registry.Download(name, version); err != nil || len(versions) == 1 && fmt.Sprintf("%x", sha256.Sum256(raw)) != versions[0].Checksum {
		t.Errorf("what the registry has of %s is not what its index says: %v, %v", name, versions, err)
	}
	tag := name + "/v" + version
	if drafts, published := p.Releases(tag); drafts != 0 || published != 1 {
		t.Errorf("%d drafts and %d releases of %q, expected one release", drafts, published, tag)
	}
	if at, main := git(t, p.bare, "rev-parse", "refs/tags/"+tag), git(t, p.bare, "rev-parse", "refs/heads/main"); at != main {
		t.Errorf("the tag %q is at %s, expected %s", tag, at, main)
	}
}

// TestPublishCrates releases the example's libraries to a real registry in order, and
// builds another crate that depends on them.
func TestPublishCrates(t *testing.T) {
	w, _ := local(t)
	p := newServices(t, stack(t))

	t.Run("what comes first is named", func(t *testing.T) {
		before := p.changes()
		got := w.release(t, p.crate(t, "shim-core", "0.2.0", "--initial-release")).wantCode(t, 1)
		got.wantError(t, `release crate "shimkit" first`, "nothing was changed anywhere")
		if strings.Contains(got.stderr, "build ") || p.changes() != before {
			t.Errorf("something was built, or changed:\n%s", got.stderr)
		}
	})
	t.Run("a first release says so", func(t *testing.T) {
		w.release(t, p.crate(t, "shimkit", "0.3.1")).wantCode(t, 1).wantError(t, "--initial-release")
	})
	t.Run("no token", func(t *testing.T) {
		r := p.crate(t, "shimkit", "0.3.1", "--initial-release")
		r.env = append(slices.Clone(r.env), registry.TokenVariable+"=")
		w.release(t, r).wantCode(t, 1).wantError(t, "$"+registry.TokenVariable)
	})
	t.Run("a dry run changes nothing", func(t *testing.T) {
		before := p.changes()
		r := p.crate(t, "shimkit", "0.3.1")
		r.flags = nil
		w.release(t, r).wantCode(t, 0)
		if n := p.changes() - before; n != 0 {
			t.Errorf("a dry run sent %d requests that change something", n)
		}
	})
	for _, c := range []struct{ name, version string }{{"shimkit", "0.3.1"}, {"shim-core", "0.2.0"}, {"fetcher", "0.5.0"}} {
		got := w.release(t, p.crate(t, c.name, c.version, "--initial-release")).wantCode(t, 0)
		if !strings.Contains(got.stdout, "done        publish "+c.name+" "+c.version) {
			t.Errorf("the summary says\n%s", got.stdout)
		}
		if want := "cargo owner --add team " + c.name + " --registry " + registry.Name; !strings.Contains(got.stdout, want) {
			t.Errorf("the summary does not say %q:\n%s", want, got.stdout)
		}
		wantNoToken(t, p, got)
		p.wantCrate(t, c.name, c.version)
		before := p.changes()
		again := w.release(t, p.crate(t, c.name, c.version)).wantCode(t, 0)
		if n := p.changes() - before; n != 0 || !strings.Contains(again.stdout, "unchanged   publish "+c.name) {
			t.Errorf("a second run changed %d things and says\n%s", n, again.stdout)
		}
		wantNoToken(t, p, again)
	}
	t.Run("a stranger's crate", p.consumer)
	t.Run("the token stays nowhere", func(t *testing.T) {
		_, l := local(t)
		for _, dir := range []string{filepath.Join(l.cache, "steps"), filepath.Join(l.cache, "tmp")} {
			for _, secret := range []string{p.token, p.fakeGitHub.token} {
				if out := (command{args: []string{"grep", "-rlF", "-e", secret, dir}}).run(t); out.code != 1 {
					t.Errorf("a token is in the cache: %s", out.stdout)
				}
			}
		}
	})
}

// wantNoToken checks that no token was printed.
func wantNoToken(t testing.TB, p *services, r result) {
	t.Helper()
	for _, secret := range []string{p.token, p.fakeGitHub.token} {
		if strings.Contains(r.stdout+r.stderr, secret) {
			t.Error("a token was printed")
		}
	}
}

// consumer builds a crate that depends on shim-core from the registry.
func (p *services) consumer(t *testing.T) {
	dir := t.TempDir()
	write(t, "[package]\nname = \"stranger\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[dependencies]\nshim-core = { version = \"0.2.0\", registry = \""+registry.Name+"\" }\n", dir, "Cargo.toml")
	write(t, "use shim_core as _;\n\nfn main() {}\n", dir, "src", "main.rs")
	write(t, p.registry.Config(), dir, ".cargo", "config.toml")
	// with the machine's cargo, whatever version
	c := command{args: []string{"cargo", "check"}, dir: dir, env: []string{"CARGO_HOME=" + t.TempDir(), "CARGO_TARGET_DIR=" + t.TempDir()}}
	c.run(t).wantCode(t, 0)
	lock, err := os.ReadFile(filepath.Join(dir, "Cargo.lock"))
	check(t, err)
	for _, name := range []string{"shimkit", "shim-core"} {
		versions, err := p.registry.Versions(name)
		check(t, err)
		if len(versions) != 1 || !strings.Contains(string(lock), versions[0].Checksum) {
			t.Errorf("the lock file does not have %v of %s:\n%s", versions, name, lock)
		}
	}
}
