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
)

// TestPublishDaggerCommand releases a crate with binaries with the command and the Dagger
// runner, and repeats that.
func TestPublishDaggerCommand(t *testing.T) {
	w := kit.Dagger(t)
	s := sigstore.Open(t)
	h := forge.New(t, s, kit.Example(t))
	w.Release(t, h.DemoRequest(t, s)).WantCode(t, 0)
	h.WantReleased(t, s)
	before := h.Changes()
	w.Release(t, h.DemoRequest(t, s)).WantCode(t, 0)
	if n := h.Changes() - before; n != 0 {
		t.Errorf("a second run changed %d things", n)
	}
}

// TestPublishDaggerModule releases with just `dagger call`: a crate with signed binaries,
// and a library to a registry; and repeats each.
func TestPublishDaggerModule(t *testing.T) {
	kit.Dagger(t)
	t.Run("binaries", func(t *testing.T) {
		s := sigstore.Open(t)
		h := forge.New(t, s, kit.Example(t))
		var n kit.NamedHosts
		signing := []string{
			"with-signing", "--fulcio-url", n.Add(t, "fulcio.test", s.FulcioURL), "--rekor-url", n.Add(t, "rekor.test", s.RekorURL), "--trusted-root", s.TrustedRoot,
			"--oidc-request-url", "env:REQUEST_URL", "--oidc-request-token", "env:REQUEST_TOKEN",
		}
		env := []string{"REQUEST_URL=" + n.Add(t, "tokens.test", s.TokenRequestURL()), "REQUEST_TOKEN=" + s.TokenRequestToken(), "GITHUB_TOKEN=" + h.MaintainerToken}
		api := n.Add(t, "github.test", h.URL)
		release := func() kit.Result {
			args := slices.Concat(n.Args, signing, []string{
				"crate", "--name", "shim-demo", "--version", "0.1.0", "release", "--dry-run=false", "--repository", "containerd/runwasi", "--github-api", api, "--github-token", "env:GITHUB_TOKEN",
			})
			c := kit.CallModule(t, h.Clone(t), args...)
			c.Env = env
			return c.Run(t).WantCode(t, 0)
		}
		release()
		h.WantReleased(t, s)
		before, logged := h.Changes(), s.Rekor.Count("")
		if again := release(); h.Changes() != before || s.Rekor.Count("") != logged || !strings.Contains(again.Stdout, "unchanged   publish the draft as a release") {
			t.Errorf("a second run changed %d things and says\n%s", h.Changes()-before, again.Stdout)
		}
	})
	t.Run("library", func(t *testing.T) {
		p := newServicesAt(t, sigstore.Open(t), "registry.test")
		var n kit.NamedHosts
		api := n.Add(t, "github.test", p.URL)
		n.Add(t, "registry.test", p.Registry.Proxy.URL)
		release := func(flags ...string) kit.Result {
			args := slices.Concat(n.Args, []string{
				"with-registry-token", "--registry", registry.Name, "--token", "env:REGISTRY_TOKEN", "--index", p.Registry.Index,
				"crate", "--name", "shimkit", "--version", kitVersion, "release", "--dry-run=false", "--repository", "containerd/runwasi", "--github-api", api,
				"--github-token", "env:GITHUB_TOKEN", "--actor", "maintainer",
			}, flags)
			c := kit.CallModule(t, p.Clone(t), args...)
			c.Env = []string{"GITHUB_TOKEN=" + p.GitHub.MaintainerToken, "REGISTRY_TOKEN=" + p.RegistryToken}
			got := c.Run(t)
			wantNoToken(t, p, got)
			return got.WantCode(t, 0)
		}
		if got := release("--initial-release"); !strings.Contains(got.Stdout, "cargo owner --add team shimkit") {
			t.Errorf("the summary does not say how to add the team:\n%s", got.Stdout)
		}
		p.WantCrate(t, "shimkit", kitVersion)
		before := p.Changes()
		if again := release(); p.Changes() != before || !strings.Contains(again.Stdout, "unchanged   publish shimkit") {
			t.Errorf("a second run changed %d things and says\n%s", p.Changes()-before, again.Stdout)
		}
		wantNoTokenInState(t, p)
	})
}

// wantNoTokenInState searches the state of an engine on this machine for tokens: layers,
// caches and results.
func wantNoTokenInState(t *testing.T, p *crates.Services) {
	t.Run("the token stays nowhere", func(t *testing.T) {
		state := os.Getenv("SLIPWAY_E2E_ENGINE_STATE")
		if state == "" {
			t.Skip("SKIPPED: what the engine keeps: SLIPWAY_E2E_ENGINE_STATE does not name its state directory")
		}
		if _, err := os.Stat(filepath.Join(state, "worker")); err != nil {
			t.Fatalf("%q is no state of an engine: %v", state, err)
		}
		for _, secret := range []string{p.RegistryToken, p.GitHub.MaintainerToken} {
			if out := (kit.Command{Args: []string{"grep", "-rlaF", "-D", "skip", "-e", secret, state}}).Run(t); out.Stdout != "" {
				t.Errorf("a token is in what the engine keeps: %s", out.Stdout)
			}
		}
	})
}
