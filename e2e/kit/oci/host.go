package oci

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"dagger/slipway/e2e/imagereg"
	"dagger/slipway/e2e/kit"
	"dagger/slipway/e2e/kit/sigstore"
	"dagger/slipway/e2e/sigstack"
)

// ExampleImages lists the images of examples/workspace.
var ExampleImages = []string{"demo-app", "demo-hello", "demo-oci", "demo-oci-artifact", "shim-demo"}

// Command returns the slipway command that releases images.
func Command(w *kit.Runner, source, version, out string, flags ...string) kit.Command {
	args := slices.Concat([]string{kit.Slipway, "release-demo-app", "--source", source, "--version", version, "--out", out}, w.Flags, flags)
	return kit.Command{Args: args, Env: slices.Concat(w.Env, []string{"GITHUB_REPOSITORY=", "REGISTRY_USERNAME=", "REGISTRY_PASSWORD="})}
}

// Host is a registry to which a workspace's images are released, from fresh clones.
type Host struct {
	*imagereg.Registry
	Stack  *sigstack.Stack
	Source string // a git repository
}

// Clone returns a fresh clone of the workspace.
func (g *Host) Clone(t testing.TB) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "clone")
	kit.Git(t, t.TempDir(), "clone", "--quiet", g.Source, dir)
	return dir
}

// ReleaseCommand returns the command for a real release of images from a fresh clone.
func (g *Host) ReleaseCommand(t testing.TB, w *kit.Runner, version string, flags ...string) kit.Command {
	t.Helper()
	flags = slices.Concat(sigstore.Flags(g.Stack), []string{"--dry-run=false", "--registry", strings.TrimPrefix(g.Proxy.URL, "http://"), "--repository", "Containerd/RunWasi"}, flags)
	c := Command(w, g.Clone(t), version, filepath.Join(t.TempDir(), "out"), flags...)
	c.Env = append(c.Env, g.Stack.ActionsEnv()...)
	return c
}

// Repository returns the repository of an image in the registry, bypassing its proxy.
func (g *Host) Repository(t testing.TB, image string) name.Repository {
	t.Helper()
	repo, err := name.NewRepository(g.Host + "/containerd/runwasi/" + image)
	kit.Check(t, err)
	return repo
}

// WantImage fails the test unless version 0.1.0 of an image is released, and verified by
// cosign and slipway as its users would.
func (g *Host) WantImage(t *testing.T, released kit.Result, image string) {
	t.Helper()
	ref := g.Repository(t, image).Tag("0.1.0")
	if TagDigest(t, ref.Context(), "latest") != TagDigest(t, ref.Context(), "0.1.0") {
		t.Errorf("latest of %s is elsewhere than 0.1.0", image)
	}
	// as in the release document
	line := fmt.Sprintf("cosign verify %s/containerd/runwasi/%s:0.1.0 %s", strings.TrimPrefix(g.Proxy.URL, "http://"), image, strings.Join(IdentityFlags, " "))
	if !strings.Contains(released.Stdout, line) {
		t.Errorf("the summary does not say %q:\n%s", line, released.Stdout)
	}
	for _, major := range []int{2, 3} {
		Cosign(t, g.Stack, major, ref.String(), "verify").WantCode(t, 0)
		Cosign(t, g.Stack, major, ref.String(), "verify-attestation", "--type", "slsaprovenance1").WantCode(t, 0)
	}
	var manifests []string
	if head, err := remote.Get(ref); err != nil || !head.MediaType.IsIndex() {
		kit.Check(t, err)
		manifests = []string{ref.String()}
	} else {
		index, err := head.ImageIndex()
		kit.Check(t, err)
		m, err := index.IndexManifest()
		kit.Check(t, err)
		for _, child := range m.Manifests {
			manifests = append(manifests, ref.Context().Digest(child.Digest.String()).String())
		}
	}
	for _, m := range manifests {
		Cosign(t, g.Stack, 2, m, "verify").WantCode(t, 0)
		Cosign(t, g.Stack, 2, m, "verify-attestation", "--type", "spdxjson").WantCode(t, 0)
	}
	got := Verify(t, g.Stack, ref.String()).WantCode(t, 0)
	if want := "from commit " + sigstore.Head(); !strings.Contains(got.Stdout, want) {
		t.Errorf("slipway verify of %s does not say %q:\n%s", image, want, got.Stdout)
	}
}
