package images

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/remote"

	"dagger/slipway/e2e/imagereg"
	"dagger/slipway/e2e/kit"
	"dagger/slipway/e2e/kit/oci"
	"dagger/slipway/e2e/kit/sigstore"
	"dagger/slipway/e2e/sigstack"
)

// imagesSummary is the part of the command's JSON output that tests use.
type imagesSummary struct {
	Plan   string
	DryRun bool
	Images []struct{ Name, Kind, Digest, Reference string }
}

func parseImages(t testing.TB, text string) (imagesSummary, map[string]string) {
	t.Helper()
	var s imagesSummary
	kit.Check(t, json.Unmarshal([]byte(text), &s))
	found := map[string]string{}
	for _, img := range s.Images {
		found[img.Name] = img.Digest
	}
	if !slices.Equal(slices.Sorted(maps.Keys(found)), oci.ExampleImages) {
		t.Errorf("the images are %v, expected %v", found, oci.ExampleImages)
	}
	return s, found
}

// TestImagesDryRun checks that a dry run writes the layouts without contacting a server,
// and that the result is the same on what looks like another machine.
func TestImagesDryRun(t *testing.T) {
	w, l := kit.Local(t)
	s := oci.OpenStack(t)
	reg := oci.StartRegistry(t, imagereg.GGCR)
	source := kit.Example(t)
	out := filepath.Join(t.TempDir(), "out")
	to := []string{"--registry", strings.TrimPrefix(reg.Proxy.URL, "http://"), "--repository", "containerd/runwasi", "--json"}
	got := oci.Command(w, source, "0.1.0", out, to...).Run(t).WantCode(t, 0)
	summary, digests := parseImages(t, got.Stdout)
	if n := len(reg.Proxy.Requests()); n != 0 || !summary.DryRun {
		t.Errorf("a dry run sent the registry %d requests", n)
	}
	for _, p := range sigstore.Proxies(s) {
		if n := p.Count(""); n != 0 {
			t.Errorf("a dry run sent sigstore %d requests", n)
		}
	}
	for name, digest := range digests {
		if at := oci.LayoutDigest(t, filepath.Join(out, name)); at != digest {
			t.Errorf("the layout of %s has %s, expected %s", name, at, digest)
		}
	}
	for _, document := range []string{"demo-app", "demo-hello", "shim-demo-x86_64-unknown-linux-musl", "shim-demo-aarch64-unknown-linux-musl"} {
		if text := kit.Read(t, out, document+".spdx.json"); !strings.Contains(text, `"spdxVersion": "SPDX-2.3"`) {
			t.Errorf("%s has no SBOM: %s", document, text)
		}
	}
	t.Run("elsewhere", func(t *testing.T) {
		other := kit.CopyTo(t, source, filepath.Join(t.TempDir(), "an other", "place"))
		cache, err := l.NewCache("images")
		kit.Check(t, err)
		defer func() { _ = kit.RemoveAll(cache) }()
		c := oci.Command(kit.LocalWith(cache), other, "0.1.0", filepath.Join(t.TempDir(), "out"), "--json")
		c.Args = append([]string{"sh", "-c", `umask 077 && exec taskset -c 0 "$@"`, "sh"}, c.Args...)
		c.Env = append(c.Env, "TZ=Asia/Kathmandu", "LC_ALL=de_DE.UTF-8", "HOME="+t.TempDir())
		again, same := parseImages(t, c.Run(t).WantCode(t, 0).Stdout)
		if !maps.Equal(same, digests) || again.Plan != summary.Plan {
			t.Errorf("other images: %v of plan %s, expected %v of %s", same, again.Plan, digests, summary.Plan)
		}
	})
	t.Run("on an engine", func(t *testing.T) {
		_, same := parseImages(t, oci.Command(kit.Dagger(t), source, "0.1.0", filepath.Join(t.TempDir(), "out"), "--json").Run(t).WantCode(t, 0).Stdout)
		if !maps.Equal(same, digests) {
			t.Errorf("the command's images are %v, expected %v", same, digests)
		}
		there := filepath.Join(t.TempDir(), "out")
		kit.CallModule(t, source, "images", "--version", "0.1.0", "export", "--path", there).Run(t).WantCode(t, 0)
		for name, digest := range digests {
			if at := oci.LayoutDigest(t, filepath.Join(there, name)); at != digest {
				t.Errorf("the module's image %s is %s, expected %s", name, at, digest)
			}
		}
		text := kit.CallModule(t, source, "release-demo-app", "--version", "0.1.0").Run(t).WantCode(t, 0).Stdout
		if kit.PlanDigest(t, text) != summary.Plan {
			t.Errorf("the module's plan is %s, expected %s", kit.PlanDigest(t, text), summary.Plan)
		}
	})
}

func newImageHost(t testing.TB, kind string) *oci.Host {
	t.Helper()
	g := &oci.Host{Registry: oci.StartRegistry(t, kind), Stack: sigstore.Open(t), Source: kit.Example(t)}
	sigstore.Commit(t, g.Stack, g.Source)
	sigstore.HandOut(g.Stack, sigstack.Claims{"job_workflow_ref": oci.Workflow})
	return g
}

// TestImagesWorkspace releases the example's images, repeats that, and then releases other
// versions.
func TestImagesWorkspace(t *testing.T) {
	w, _ := kit.Local(t)
	onEach(t, func(t *testing.T, kind string) {
		g := newImageHost(t, kind)
		first := g.ReleaseCommand(t, w, "0.1.0").Run(t).WantCode(t, 0)
		for _, image := range oci.ExampleImages {
			g.WantImage(t, first, image)
		}
		g.Proxy.Reset()
		g.Stack.Rekor.Reset()
		again := g.ReleaseCommand(t, w, "0.1.0").Run(t).WantCode(t, 0)
		if n, e := writes(g.Proxy), g.Stack.Rekor.Count(""); n != 0 || e != 0 || strings.Contains(again.Stdout, "\n  done ") {
			t.Errorf("a second run sent %d requests that change something, %d to the log, and says\n%s", n, e, again.Stdout)
		}
		g.ReleaseCommand(t, w, "0.2.0-rc.1", "--image", "demo-oci").Run(t).WantCode(t, 0)
		g.ReleaseCommand(t, w, "0.0.9", "--image", "demo-oci").Run(t).WantCode(t, 0)
		repo := g.Repository(t, "demo-oci")
		if latest := oci.TagDigest(t, repo, "latest"); latest != oci.TagDigest(t, repo, "0.1.0") || oci.TagDigest(t, repo, "0.0.9") == latest || oci.TagDigest(t, repo, "0.2.0-rc.1") == "" {
			t.Errorf("latest is at %s, 0.1.0 at %s", latest, oci.TagDigest(t, repo, "0.1.0"))
		}
		g.ReleaseCommand(t, w, "0.2.0", "--image", "demo-oci").Run(t).WantCode(t, 0)
		if latest := oci.TagDigest(t, repo, "latest"); latest != oci.TagDigest(t, repo, "0.2.0") {
			t.Errorf("latest is at %s, 0.2.0 at %s", latest, oci.TagDigest(t, repo, "0.2.0"))
		}
	})
}

// onEach runs a test once for each kind of registry.
func onEach(t *testing.T, test func(*testing.T, string)) {
	for _, kind := range []string{imagereg.GGCR, imagereg.Distribution} {
		t.Run(kind, func(t *testing.T) { test(t, kind) })
	}
}

// TestImagesCommandRefused checks that problems which the user must fix end a release
// before anything is changed.
func TestImagesCommandRefused(t *testing.T) {
	w, _ := kit.Local(t)
	g := newImageHost(t, imagereg.GGCR)
	other := oci.RandomImage(t, 1024, 1)
	kit.Check(t, remote.Write(g.Repository(t, "demo-app").Tag("0.1.0"), other))
	digest, err := other.Digest()
	kit.Check(t, err)
	tests := map[string]struct {
		change func(*kit.Command)
		want   string
	}{
		"a version that is another image": {func(*kit.Command) {}, "the image of a version is never changed"},
		"no token":                        {func(c *kit.Command) { c.Env = append(c.Env, "ACTIONS_ID_TOKEN_REQUEST_URL=", "SIGSTORE_ID_TOKEN=") }, "finding an identity token"},
		"no repository":                   {func(c *kit.Command) { c.Args = kit.WithoutFlag(c.Args, "--repository") }, "--repository owner/name"},
		"a bad version":                   {func(c *kit.Command) { c.Args = append(c.Args, "--version", "1.2; rm -rf") }, "reading version"},
		"files that are in no commit": {func(c *kit.Command) {
			kit.Check(t, os.WriteFile(filepath.Join(c.Args[slices.Index(c.Args, "--source")+1], "more.txt"), []byte("more"), 0o644))
		}, "files differ from commit"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := g.ReleaseCommand(t, w, "0.1.0")
			tt.change(&c)
			g.Proxy.Reset()
			c.Run(t).WantCode(t, 1).WantError(t, tt.want)
			if n := writes(g.Proxy); n != 0 || oci.TagDigest(t, g.Repository(t, "demo-app"), "0.1.0") != digest.String() {
				t.Errorf("%d requests changed something", n)
			}
		})
	}
}
