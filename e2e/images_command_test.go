package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"dagger/slipway/e2e/imagereg"
	"dagger/slipway/e2e/sigstack"
)

// exampleImages lists the images of examples/workspace.
var exampleImages = []string{"demo-app", "demo-hello", "demo-oci", "demo-oci-artifact", "shim-demo"}

// imagesCommand returns the slipway command that releases images.
func (w *runner) imagesCommand(source, version, out string, flags ...string) command {
	args := slices.Concat([]string{slipway, "release-demo-app", "--source", source, "--version", version, "--out", out}, w.flags, flags)
	return command{args: args, env: slices.Concat(w.env, []string{"GITHUB_REPOSITORY=", "REGISTRY_USERNAME=", "REGISTRY_PASSWORD="})}
}

// imagesSummary is the part of the command's JSON output that tests use.
type imagesSummary struct {
	Plan   string
	DryRun bool
	Images []struct{ Name, Kind, Digest, Reference string }
}

func parseImages(t testing.TB, text string) (imagesSummary, map[string]string) {
	t.Helper()
	var s imagesSummary
	check(t, json.Unmarshal([]byte(text), &s))
	found := map[string]string{}
	for _, img := range s.Images {
		found[img.Name] = img.Digest
	}
	if !slices.Equal(slices.Sorted(maps.Keys(found)), exampleImages) {
		t.Errorf("the images are %v, expected %v", found, exampleImages)
	}
	return s, found
}

// layoutDigest returns the digest of the only descriptor in a layout's index.
func layoutDigest(t testing.TB, dir string) string {
	t.Helper()
	var index v1.IndexManifest
	check(t, json.Unmarshal([]byte(read(t, dir, "index.json")), &index))
	if len(index.Manifests) != 1 {
		t.Fatalf("%q has %d images", dir, len(index.Manifests))
	}
	return index.Manifests[0].Digest.String()
}

// TestImagesDryRun checks that a dry run writes the layouts without contacting a server,
// and that the result is the same on what looks like another machine.
func TestImagesDryRun(t *testing.T) {
	w, l := local(t)
	s := imageStack(t)
	reg := startRegistry(t, imagereg.GGCR)
	source := example(t)
	out := filepath.Join(t.TempDir(), "out")
	to := []string{"--registry", strings.TrimPrefix(reg.Proxy.URL, "http://"), "--repository", "containerd/runwasi", "--json"}
	got := w.imagesCommand(source, "0.1.0", out, to...).run(t).wantCode(t, 0)
	summary, digests := parseImages(t, got.stdout)
	if n := len(reg.Proxy.Requests()); n != 0 || !summary.DryRun {
		t.Errorf("a dry run sent the registry %d requests", n)
	}
	for _, p := range proxies(s) {
		if n := p.Count(""); n != 0 {
			t.Errorf("a dry run sent sigstore %d requests", n)
		}
	}
	for name, digest := range digests {
		if at := layoutDigest(t, filepath.Join(out, name)); at != digest {
			t.Errorf("the layout of %s has %s, expected %s", name, at, digest)
		}
	}
	for _, document := range []string{"demo-app", "demo-hello", "shim-demo-x86_64-unknown-linux-musl", "shim-demo-aarch64-unknown-linux-musl"} {
		if text := read(t, out, document+".spdx.json"); !strings.Contains(text, `"spdxVersion": "SPDX-2.3"`) {
			t.Errorf("%s has no SBOM: %s", document, text)
		}
	}
	t.Run("elsewhere", func(t *testing.T) {
		other := copyTo(t, source, filepath.Join(t.TempDir(), "an other", "place"))
		cache, err := l.newCache("images")
		check(t, err)
		defer func() { _ = removeAll(cache) }()
		c := on(cache).imagesCommand(other, "0.1.0", filepath.Join(t.TempDir(), "out"), "--json")
		c.args = append([]string{"sh", "-c", `umask 077 && exec taskset -c 0 "$@"`, "sh"}, c.args...)
		c.env = append(c.env, "TZ=Asia/Kathmandu", "LC_ALL=de_DE.UTF-8", "HOME="+t.TempDir())
		again, same := parseImages(t, c.run(t).wantCode(t, 0).stdout)
		if !maps.Equal(same, digests) || again.Plan != summary.Plan {
			t.Errorf("other images: %v of plan %s, expected %v of %s", same, again.Plan, digests, summary.Plan)
		}
	})
	t.Run("on an engine", func(t *testing.T) {
		_, same := parseImages(t, dagger(t).imagesCommand(source, "0.1.0", filepath.Join(t.TempDir(), "out"), "--json").run(t).wantCode(t, 0).stdout)
		if !maps.Equal(same, digests) {
			t.Errorf("the command's images are %v, expected %v", same, digests)
		}
		there := filepath.Join(t.TempDir(), "out")
		call(t, source, "images", "--version", "0.1.0", "export", "--path", there).run(t).wantCode(t, 0)
		for name, digest := range digests {
			if at := layoutDigest(t, filepath.Join(there, name)); at != digest {
				t.Errorf("the module's image %s is %s, expected %s", name, at, digest)
			}
		}
		text := call(t, source, "release-demo-app", "--version", "0.1.0").run(t).wantCode(t, 0).stdout
		if digestOf(t, text) != summary.Plan {
			t.Errorf("the module's plan is %s, expected %s", digestOf(t, text), summary.Plan)
		}
	})
}

// imageHost is a registry to which a workspace's images are released, from fresh clones.
type imageHost struct {
	*imagereg.Registry
	stack  *sigstack.Stack
	source string // a git repository
}

func newImageHost(t testing.TB, kind string) *imageHost {
	t.Helper()
	g := &imageHost{Registry: startRegistry(t, kind), stack: stack(t), source: example(t)}
	commit(t, g.stack, g.source)
	handOut(g.stack, sigstack.Claims{"job_workflow_ref": imageWorkflow})
	return g
}

func (g *imageHost) clone(t testing.TB) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "clone")
	git(t, t.TempDir(), "clone", "--quiet", g.source, dir)
	return dir
}

// release returns the command for a real release of images from a fresh clone.
func (g *imageHost) release(t testing.TB, w *runner, version string, flags ...string) command {
	t.Helper()
	flags = slices.Concat(stackFlags(g.stack), []string{"--dry-run=false", "--registry", strings.TrimPrefix(g.Proxy.URL, "http://"), "--repository", "Containerd/RunWasi"}, flags)
	c := w.imagesCommand(g.clone(t), version, filepath.Join(t.TempDir(), "out"), flags...)
	c.env = append(c.env, g.stack.ActionsEnv()...)
	return c
}

// repository returns the repository of an image, bypassing the proxy.
func (g *imageHost) repository(t testing.TB, image string) name.Repository {
	t.Helper()
	repo, err := name.NewRepository(g.Host + "/containerd/runwasi/" + image)
	check(t, err)
	return repo
}

// TestImagesWorkspace releases the example's images, repeats that, and then releases other
// versions.
func TestImagesWorkspace(t *testing.T) {
	w, _ := local(t)
	onEach(t, func(t *testing.T, kind string) {
		g := newImageHost(t, kind)
		first := g.release(t, w, "0.1.0").run(t).wantCode(t, 0)
		for _, image := range exampleImages {
			g.wantImage(t, first, image)
		}
		g.Proxy.Reset()
		g.stack.Rekor.Reset()
		again := g.release(t, w, "0.1.0").run(t).wantCode(t, 0)
		if n, e := writes(g.Proxy), g.stack.Rekor.Count(""); n != 0 || e != 0 || strings.Contains(again.stdout, "\n  done ") {
			t.Errorf("a second run sent %d requests that change something, %d to the log, and says\n%s", n, e, again.stdout)
		}
		g.release(t, w, "0.2.0-rc.1", "--image", "demo-oci").run(t).wantCode(t, 0)
		g.release(t, w, "0.0.9", "--image", "demo-oci").run(t).wantCode(t, 0)
		repo := g.repository(t, "demo-oci")
		if latest := at(t, repo, "latest"); latest != at(t, repo, "0.1.0") || at(t, repo, "0.0.9") == latest || at(t, repo, "0.2.0-rc.1") == "" {
			t.Errorf("latest is at %s, 0.1.0 at %s", latest, at(t, repo, "0.1.0"))
		}
		g.release(t, w, "0.2.0", "--image", "demo-oci").run(t).wantCode(t, 0)
		if latest := at(t, repo, "latest"); latest != at(t, repo, "0.2.0") {
			t.Errorf("latest is at %s, 0.2.0 at %s", latest, at(t, repo, "0.2.0"))
		}
	})
}

// onEach runs a test once for each kind of registry.
func onEach(t *testing.T, test func(*testing.T, string)) {
	for _, kind := range []string{imagereg.GGCR, imagereg.Distribution} {
		t.Run(kind, func(t *testing.T) { test(t, kind) })
	}
}

// wantImage checks a released image as its users would.
func (g *imageHost) wantImage(t *testing.T, released result, image string) {
	t.Helper()
	ref := g.repository(t, image).Tag("0.1.0")
	if at(t, ref.Context(), "latest") != at(t, ref.Context(), "0.1.0") {
		t.Errorf("latest of %s is elsewhere than 0.1.0", image)
	}
	// as in the release document
	line := fmt.Sprintf("cosign verify %s/containerd/runwasi/%s:0.1.0 %s", strings.TrimPrefix(g.Proxy.URL, "http://"), image, strings.Join(imageIdentityFlags, " "))
	if !strings.Contains(released.stdout, line) {
		t.Errorf("the summary does not say %q:\n%s", line, released.stdout)
	}
	for _, major := range []int{2, 3} {
		judgeImage(t, g.stack, major, ref.String(), "verify").wantCode(t, 0)
		judgeImage(t, g.stack, major, ref.String(), "verify-attestation", "--type", "slsaprovenance1").wantCode(t, 0)
	}
	var manifests []string
	if head, err := remote.Get(ref); err != nil || !head.MediaType.IsIndex() {
		check(t, err)
		manifests = []string{ref.String()}
	} else {
		index, err := head.ImageIndex()
		check(t, err)
		m, err := index.IndexManifest()
		check(t, err)
		for _, child := range m.Manifests {
			manifests = append(manifests, ref.Context().Digest(child.Digest.String()).String())
		}
	}
	for _, m := range manifests {
		judgeImage(t, g.stack, 2, m, "verify").wantCode(t, 0)
		judgeImage(t, g.stack, 2, m, "verify-attestation", "--type", "spdxjson").wantCode(t, 0)
	}
	got := verifyImage(t, g.stack, ref.String()).wantCode(t, 0)
	if want := "from commit " + head; !strings.Contains(got.stdout, want) {
		t.Errorf("slipway verify of %s does not say %q:\n%s", image, want, got.stdout)
	}
}

// TestImagesCommandRefused checks that problems which the user must fix end a release
// before anything is changed.
func TestImagesCommandRefused(t *testing.T) {
	w, _ := local(t)
	g := newImageHost(t, imagereg.GGCR)
	other := randomImage(t, 1024, 1)
	check(t, remote.Write(g.repository(t, "demo-app").Tag("0.1.0"), other))
	digest, err := other.Digest()
	check(t, err)
	tests := map[string]struct {
		change func(*command)
		want   string
	}{
		"a version that is another image": {func(*command) {}, "the image of a version is never changed"},
		"no token":                        {func(c *command) { c.env = append(c.env, "ACTIONS_ID_TOKEN_REQUEST_URL=", "SIGSTORE_ID_TOKEN=") }, "finding an identity token"},
		"no repository":                   {func(c *command) { c.args = without(c.args, "--repository") }, "--repository owner/name"},
		"a bad version":                   {func(c *command) { c.args = append(c.args, "--version", "1.2; rm -rf") }, "reading version"},
		"files that are in no commit": {func(c *command) {
			check(t, os.WriteFile(filepath.Join(c.args[slices.Index(c.args, "--source")+1], "more.txt"), []byte("more"), 0o644))
		}, "files differ from commit"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := g.release(t, w, "0.1.0")
			tt.change(&c)
			g.Proxy.Reset()
			c.run(t).wantCode(t, 1).wantError(t, tt.want)
			if n := writes(g.Proxy); n != 0 || at(t, g.repository(t, "demo-app"), "0.1.0") != digest.String() {
				t.Errorf("%d requests changed something", n)
			}
		})
	}
}
