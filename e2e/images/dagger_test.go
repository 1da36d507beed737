package images

import (
	"slices"
	"strings"
	"testing"

	"dagger/slipway/e2e/imagereg"
	"dagger/slipway/e2e/kit"
	"dagger/slipway/e2e/kit/oci"
)

// TestImagesDaggerModule releases an image with just `dagger call`, and repeats that.
func TestImagesDaggerModule(t *testing.T) {
	kit.Dagger(t)
	g := newImageHost(t, imagereg.Distribution)
	s := g.Stack
	var n kit.NamedHosts
	signing := []string{
		"with-signing", "--fulcio-url", n.Add(t, "fulcio.test", s.FulcioURL), "--rekor-url", n.Add(t, "rekor.test", s.RekorURL), "--trusted-root", s.TrustedRoot,
		"--oidc-request-url", "env:REQUEST_URL", "--oidc-request-token", "env:REQUEST_TOKEN",
	}
	env := []string{"REQUEST_URL=" + n.Add(t, "tokens.test", s.TokenRequestURL()), "REQUEST_TOKEN=" + s.TokenRequestToken()}
	registry := strings.TrimPrefix(n.Add(t, "registry.localhost", g.Proxy.URL), "http://") // a host name for which plain HTTP is tried too
	release := func() kit.Result {
		c := kit.CallModule(t, g.Clone(t), slices.Concat(n.Args, signing, []string{
			"release-demo-app", "--version", "0.1.0", "--image", "demo-oci", "--dry-run=false", "--registry", registry, "--repository", "containerd/runwasi",
		})...)
		c.Env = env
		return c.Run(t).WantCode(t, 0)
	}
	got := release()
	ref := g.Repository(t, "demo-oci").Tag("0.1.0").String()
	for _, major := range []int{2, 3} {
		for _, args := range [][]string{{"verify"}, {"verify-attestation", "--type", "spdxjson"}, {"verify-attestation", "--type", "slsaprovenance1"}} {
			oci.Cosign(t, s, major, ref, args...).WantCode(t, 0)
		}
	}
	if !strings.Contains(got.Stdout, "done        tag image demo-oci as latest") {
		t.Errorf("the summary says\n%s", got.Stdout)
	}
	g.Proxy.Reset()
	logged := s.Rekor.Count("")
	if again := release(); writes(g.Proxy) != 0 || s.Rekor.Count("") != logged || !strings.Contains(again.Stdout, "unchanged   tag image demo-oci as latest") {
		t.Errorf("a second run sent %d requests that change something and says\n%s", writes(g.Proxy), again.Stdout)
	}
}
