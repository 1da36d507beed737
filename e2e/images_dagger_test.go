package e2e

import (
	"slices"
	"strings"
	"testing"

	"dagger/slipway/e2e/imagereg"
)

// TestImagesDaggerModule releases an image with just `dagger call`, and repeats that.
func TestImagesDaggerModule(t *testing.T) {
	dagger(t)
	g := newImageHost(t, imagereg.Distribution)
	s := g.stack
	var n named
	signing := []string{
		"with-signing", "--fulcio-url", n.as(t, "fulcio.test", s.FulcioURL), "--rekor-url", n.as(t, "rekor.test", s.RekorURL), "--trusted-root", s.TrustedRoot,
		"--oidc-request-url", "env:REQUEST_URL", "--oidc-request-token", "env:REQUEST_TOKEN",
	}
	env := []string{"REQUEST_URL=" + n.as(t, "tokens.test", s.TokenRequestURL()), "REQUEST_TOKEN=" + s.TokenRequestToken()}
	registry := strings.TrimPrefix(n.as(t, "registry.localhost", g.Proxy.URL), "http://") // a host name for which plain HTTP is tried too
	release := func() result {
		c := call(t, g.clone(t), slices.Concat(n.args, signing, []string{
			"release-demo-app", "--version", "0.1.0", "--image", "demo-oci", "--dry-run=false", "--registry", registry, "--repository", "containerd/runwasi",
		})...)
		c.env = env
		return c.run(t).wantCode(t, 0)
	}
	got := release()
	ref := g.repository(t, "demo-oci").Tag("0.1.0").String()
	for _, major := range []int{2, 3} {
		for _, args := range [][]string{{"verify"}, {"verify-attestation", "--type", "spdxjson"}, {"verify-attestation", "--type", "slsaprovenance1"}} {
			judgeImage(t, s, major, ref, args...).wantCode(t, 0)
		}
	}
	if !strings.Contains(got.stdout, "done        tag image demo-oci as latest") {
		t.Errorf("the summary says\n%s", got.stdout)
	}
	g.Proxy.Reset()
	logged := s.Rekor.Count("")
	if again := release(); writes(g.Proxy) != 0 || s.Rekor.Count("") != logged || !strings.Contains(again.stdout, "unchanged   tag image demo-oci as latest") {
		t.Errorf("a second run sent %d requests that change something and says\n%s", writes(g.Proxy), again.stdout)
	}
}
