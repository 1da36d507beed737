package e2e

import (
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dagger/slipway/e2e/registry"
)

// TestPublishDaggerCommand releases a crate with binaries with the command and the Dagger
// runner, and repeats that.
func TestPublishDaggerCommand(t *testing.T) {
	w := dagger(t)
	s := stack(t)
	h := newFakeGitHub(t, s, example(t))
	w.release(t, h.published(t, s)).wantCode(t, 0)
	h.wantReleased(t, s)
	before := h.Changes()
	w.release(t, h.published(t, s)).wantCode(t, 0)
	if n := h.Changes() - before; n != 0 {
		t.Errorf("a second run changed %d things", n)
	}
}

// named holds the arguments of `dagger call` that let a module reach servers on this
// machine by host name.
type named struct{ args []string }

// as adds a host name for a local server and returns the URL with that name.
func (n *named) as(t testing.TB, host, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	check(t, err)
	n.args = append(n.args, "with-service", "--host", host, "--service", "tcp://127.0.0.1:"+u.Port())
	u.Host = host + ":" + u.Port()
	return u.String()
}

// TestPublishDaggerModule releases with just `dagger call`: a crate with signed binaries,
// and a library to a registry; and repeats each.
func TestPublishDaggerModule(t *testing.T) {
	dagger(t)
	t.Run("binaries", func(t *testing.T) {
		s := stack(t)
		h := newFakeGitHub(t, s, example(t))
		var n named
		signing := []string{
			"with-signing", "--fulcio-url", n.as(t, "fulcio.test", s.FulcioURL), "--rekor-url", n.as(t, "rekor.test", s.RekorURL), "--trusted-root", s.TrustedRoot,
			"--oidc-request-url", "env:REQUEST_URL", "--oidc-request-token", "env:REQUEST_TOKEN",
		}
		env := []string{"REQUEST_URL=" + n.as(t, "tokens.test", s.TokenRequestURL()), "REQUEST_TOKEN=" + s.TokenRequestToken(), "GITHUB_TOKEN=" + h.token}
		api := n.as(t, "github.test", h.URL)
		release := func() result {
			args := slices.Concat(n.args, signing, []string{
				"crate", "--name", "shim-demo", "--version", "0.1.0", "release", "--dry-run=false", "--repository", "containerd/runwasi", "--github-api", api, "--github-token", "env:GITHUB_TOKEN",
			})
			c := call(t, h.clone(t), args...)
			c.env = env
			return c.run(t).wantCode(t, 0)
		}
		release()
		h.wantReleased(t, s)
		before, logged := h.Changes(), s.Rekor.Count("")
		if again := release(); h.Changes() != before || s.Rekor.Count("") != logged || !strings.Contains(again.stdout, "unchanged   publish the draft as a release") {
			t.Errorf("a second run changed %d things and says\n%s", h.Changes()-before, again.stdout)
		}
	})
	t.Run("library", func(t *testing.T) {
		p := newServicesAt(t, stack(t), "registry.test")
		var n named
		api := n.as(t, "github.test", p.URL)
		n.as(t, "registry.test", p.registry.Proxy.URL)
		release := func(flags ...string) result {
			args := slices.Concat(n.args, []string{
				"with-registry-token", "--registry", registry.Name, "--token", "env:REGISTRY_TOKEN", "--index", p.registry.Index,
				"crate", "--name", "shimkit", "--version", kitVersion, "release", "--dry-run=false", "--repository", "containerd/runwasi", "--github-api", api,
				"--github-token", "env:GITHUB_TOKEN", "--actor", "maintainer",
			}, flags)
			c := call(t, p.clone(t), args...)
			c.env = []string{"GITHUB_TOKEN=" + p.fakeGitHub.token, "REGISTRY_TOKEN=" + p.token}
			got := c.run(t)
			wantNoToken(t, p, got)
			return got.wantCode(t, 0)
		}
		if got := release("--initial-release"); !strings.Contains(got.stdout, "cargo owner --add team shimkit") {
			t.Errorf("the summary does not say how to add the team:\n%s", got.stdout)
		}
		p.wantCrate(t, "shimkit", kitVersion)
		before := p.Changes()
		if again := release(); p.Changes() != before || !strings.Contains(again.stdout, "unchanged   publish shimkit") {
			t.Errorf("a second run changed %d things and says\n%s", p.Changes()-before, again.stdout)
		}
		wantNoTokenInState(t, p)
	})
}

// wantNoTokenInState searches the state of an engine on this machine for tokens: layers,
// caches and results.
func wantNoTokenInState(t *testing.T, p *services) {
	t.Run("the token stays nowhere", func(t *testing.T) {
		state := os.Getenv("SLIPWAY_E2E_ENGINE_STATE")
		if state == "" {
			t.Skip("SKIPPED: what the engine keeps: SLIPWAY_E2E_ENGINE_STATE does not name its state directory")
		}
		if _, err := os.Stat(filepath.Join(state, "worker")); err != nil {
			t.Fatalf("%q is no state of an engine: %v", state, err)
		}
		for _, secret := range []string{p.token, p.fakeGitHub.token} {
			if out := (command{args: []string{"grep", "-rlaF", "-D", "skip", "-e", secret, state}}).run(t); out.stdout != "" {
				t.Errorf("a token is in what the engine keeps: %s", out.stdout)
			}
		}
	})
}
