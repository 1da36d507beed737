// Package crates publishes crates to a real cargo registry and a simulated GitHub on loopback.
package crates

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"dagger/slipway/e2e/kit"
	"dagger/slipway/e2e/kit/forge"
	"dagger/slipway/e2e/registry"
)

// Services are a simulated GitHub and a cargo registry, with a workspace that is released
// to both.
type Services struct {
	*forge.GitHub
	Registry      *registry.Server
	RegistryToken string
}

// NewRegistry starts an empty registry with a host name, "" for 127.0.0.1. It skips the
// test if no registry is installed.
func NewRegistry(t testing.TB, host string) *registry.Server {
	t.Helper()
	server, err := registry.Start(filepath.Join(t.TempDir(), "registry"), registry.Options{RequiredFields: []string{"description", "license"}, Host: host})
	if errors.Is(err, registry.ErrNotInstalled) {
		t.Skipf("SKIPPED: no cargo registry: %v", err)
	}
	kit.Check(t, err)
	t.Cleanup(func() { kit.Check(t, server.Close()) })
	return server
}

// Workspace returns a copy of the example workspace that is configured for a registry.
func Workspace(t testing.TB, server *registry.Server) string {
	t.Helper()
	source := kit.Example(t)
	manifests := kit.Read(t, source, "Cargo.toml")
	kit.Write(t, manifests+"\n[workspace.metadata.slipway]\nowners = \"team\"\n", source, "Cargo.toml")
	kit.Write(t, kit.Read(t, source, ".cargo/config.toml")+"\n[registry]\ndefault = \""+registry.Name+"\"\n\n"+server.Config(), source, ".cargo/config.toml")
	manifest := kit.Read(t, source, "Cargo.toml")
	kit.Write(t, strings.Replace(manifest, `shimkit = { path = "crates/shimkit", version = "0.3.1" }`, `shimkit = { path = "crates/shimkit", version = "0.3.1", registry = "`+registry.Name+`" }`, 1), source, "Cargo.toml")
	if kit.Read(t, source, "Cargo.toml") == manifest {
		t.Fatal("the example's dependency on shimkit is written otherwise than this test thinks")
	}
	return source
}

// Request returns the request for a real release of a library from a fresh clone.
func (p *Services) Request(t testing.TB, name, version string, flags ...string) kit.Release {
	t.Helper()
	return kit.Release{
		Source: p.Clone(t), Crate: name, Version: version, Out: filepath.Join(t.TempDir(), "out"),
		Flags: append([]string{"--dry-run=false", "--repository", "containerd/runwasi", "--github-api", p.URL}, flags...),
		Env: []string{
			"GITHUB_TOKEN=" + p.GitHub.MaintainerToken, "GITHUB_ACTOR=maintainer", registry.TokenVariable + "=" + p.RegistryToken, registry.IndexVariable + "=" + p.Registry.Index,
			"ACTIONS_ID_TOKEN_REQUEST_URL=", "SIGSTORE_ID_TOKEN=", // nothing is signed for a library
		},
	}
}

// WantCrate fails the test unless the registry has exactly this version of a crate, and
// GitHub its release.
func (p *Services) WantCrate(t testing.TB, name, version string) {
	t.Helper()
	versions, err := p.Registry.Versions(name)
	kit.Check(t, err)
	if len(versions) != 1 || versions[0].Version != version || versions[0].Yanked {
		t.Errorf("the registry has %v of %s, expected %s alone", versions, name, version)
	}
	if raw, err := p.Registry.Download(name, version); err != nil || len(versions) == 1 && fmt.Sprintf("%x", sha256.Sum256(raw)) != versions[0].Checksum {
		t.Errorf("what the registry has of %s is not what its index says: %v, %v", name, versions, err)
	}
	tag := name + "/v" + version
	if drafts, published := p.Releases(tag); drafts != 0 || published != 1 {
		t.Errorf("%d drafts and %d releases of %q, expected one release", drafts, published, tag)
	}
	if at, main := kit.Git(t, p.Bare, "rev-parse", "refs/tags/"+tag), kit.Git(t, p.Bare, "rev-parse", "refs/heads/main"); at != main {
		t.Errorf("the tag %q is at %s, expected %s", tag, at, main)
	}
}
