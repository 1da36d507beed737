package publish

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dagger/slipway/e2e/githubd"
	"dagger/slipway/e2e/kit"
	"dagger/slipway/e2e/kit/crates"
	"dagger/slipway/e2e/kit/forge"
	"dagger/slipway/e2e/kit/sigstore"
	"dagger/slipway/e2e/registry"
	"dagger/slipway/e2e/sigstack/fault"
)

// The requests of a release that change something.
const (
	createRelease = "POST /repos/{owner}/{repo}/releases"
	uploadAsset   = "POST /repos/{owner}/{repo}/releases/{release_id}/assets"
	createTag     = "POST /repos/{owner}/{repo}/git/refs"
	editRelease   = "PATCH /repos/{owner}/{repo}/releases/{release_id}"
)

// TestPublishGitHubFaults has GitHub fail temporarily at each request that changes
// something, and checks that the same run completes without duplicates.
func TestPublishGitHubFaults(t *testing.T) {
	w, _ := kit.Local(t)
	s := sigstore.Open(t)
	source := kit.Example(t)
	w.Release(t, forge.New(t, s, source).DemoRequest(t, s)).WantCode(t, 0)
	type injected struct {
		name  string
		fault githubd.Fault
	}
	tests := []injected{
		{"upload answers 502 and leaves a starter", githubd.Fault{Operation: uploadAsset, Kind: githubd.StarterAsset, Times: 1}},
		{"several uploads do", githubd.Fault{Operation: uploadAsset, Kind: githubd.StarterAsset, Times: 5}},
		{"the list of releases lags", githubd.Fault{Kind: githubd.StaleList, Times: 2}},
	}
	for what, operation := range map[string]string{"draft": createRelease, "upload": uploadAsset, "tag": createTag, "publication": editRelease} {
		tests = append(tests,
			injected{what + ": the answer is lost", githubd.Fault{Operation: operation, Kind: githubd.LoseAnswer, Times: 1}},
			injected{what + ": a secondary limit", githubd.Fault{Operation: operation, Kind: githubd.SecondaryLimit, Times: 1, After: time.Second}},
			injected{what + ": a secondary limit, and done all the same", githubd.Fault{Operation: operation, Kind: githubd.SecondaryLimitDone, Times: 1, After: time.Second}},
			injected{what + ": the limit of the hour", githubd.Fault{Operation: operation, Kind: githubd.PrimaryLimit, Times: 1, After: time.Second}},
		)
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := sigstore.Open(t)
			h := forge.New(t, s, kit.CopyTo(t, source, filepath.Join(t.TempDir(), "again")))
			kit.Check(t, h.Inject(tt.fault))
			w.Release(t, h.DemoRequest(t, s)).WantCode(t, 0)
			h.WantReleased(t, s)
		})
	}
	t.Run("a limit of a day", func(t *testing.T) {
		s := sigstore.Open(t)
		h := forge.New(t, s, kit.CopyTo(t, source, filepath.Join(t.TempDir(), "again")))
		kit.Check(t, h.Inject(githubd.Fault{Operation: createRelease, Kind: githubd.SecondaryLimit, After: 24 * time.Hour}))
		got := w.Release(t, h.DemoRequest(t, s)).WantCode(t, 1)
		got.WantError(t, "24h", "too long to wait", "Nothing that users can see has changed", "To continue, run the same command again", "--dry-run=false")
		if got.Took > time.Minute {
			t.Errorf("it took %s to end", got.Took)
		}
		h.ClearFaults()
		w.Release(t, h.DemoRequest(t, s)).WantCode(t, 0)
		h.WantReleased(t, s)
	})
}

const kitVersion = "0.3.1"

// firstRelease returns services, and a function that returns the request for the first
// release of shimkit.
func firstRelease(t testing.TB) (*kit.Runner, *crates.Services, func() kit.Release) {
	t.Helper()
	w, _ := kit.Local(t)
	p := newServices(t, sigstore.Open(t))
	return w, p, func() kit.Release { return p.Request(t, "shimkit", kitVersion, "--initial-release") }
}

// TestPublishRegistryFaults has the registry fail during the upload.
func TestPublishRegistryFaults(t *testing.T) {
	for name, f := range map[string]fault.Fault{
		"the answer is lost": {Method: "PUT", Kind: fault.Lose, Times: 1},
		"503 once":           {Method: "PUT", Kind: fault.Refuse, Status: 503, Times: 1},
		"the connection":     {Method: "PUT", Kind: fault.Drop, Times: 1},
		"the index is cut":   {Method: "GET", Path: "/api/v1/crates/sh", Kind: fault.Truncate, Times: 1},
		"the index is down":  {Method: "GET", Path: "/api/v1/crates/sh", Kind: fault.Refuse, Status: 502, Times: 2},
	} {
		t.Run(name, func(t *testing.T) {
			w, p, request := firstRelease(t)
			kit.Check(t, p.Registry.Proxy.Inject(f))
			w.Release(t, request()).WantCode(t, 0)
			p.WantCrate(t, "shimkit", kitVersion)
		})
	}
	t.Run("down for good", func(t *testing.T) {
		w, p, request := firstRelease(t)
		kit.Check(t, p.Registry.Proxy.Inject(fault.Fault{Method: "PUT", Kind: fault.Refuse, Status: 502}))
		w.Release(t, request()).WantCode(t, 1).WantError(t, "502", "failed      publish shimkit", "Nothing that users can see has changed", "To continue")
		p.Registry.Proxy.Clear()
		w.Release(t, request()).WantCode(t, 0)
		p.WantCrate(t, "shimkit", kitVersion)
	})
}

// TestPublishConflict checks that an existing version with other content, or a yanked one,
// ends a release before anything is changed.
func TestPublishConflict(t *testing.T) {
	publish := func(t *testing.T, p *crates.Services, change func(source string)) {
		t.Helper()
		source := p.Clone(t)
		kit.Check(t, os.Remove(filepath.Join(source, "rust-toolchain.toml"))) // the machine's cargo may be another version
		change(source)
		c := kit.Command{
			Args: []string{"cargo", "publish", "--no-verify", "--allow-dirty", "--package", "shimkit", "--registry", registry.Name},
			Dir:  source, Env: []string{registry.TokenVariable + "=" + p.RegistryToken, "CARGO_HOME=" + t.TempDir(), "CARGO_TARGET_DIR=" + t.TempDir()},
		}
		c.Run(t).WantCode(t, 0)
	}
	for name, tt := range map[string]struct {
		prepare func(t *testing.T, p *crates.Services)
		want    []string
	}{
		"other content": {func(t *testing.T, p *crates.Services) {
			publish(t, p, func(source string) { kit.Write(t, "// other\n", source, "crates/shimkit/src/lib.rs") })
		}, []string{"with different content: src/lib.rs differs", "release another one"}},
		"yanked": {func(t *testing.T, p *crates.Services) {
			publish(t, p, func(string) {})
			kit.Check(t, p.Registry.Yank("shimkit", kitVersion))
		}, []string{"it was yanked", "release another one"}},
	} {
		t.Run(name, func(t *testing.T) {
			w, p, request := firstRelease(t)
			tt.prepare(t, p)
			uploads := registry.Changes(p.Registry.Proxy.Requests())
			w.Release(t, request()).WantCode(t, 1).WantError(t, append(tt.want, "nothing was changed anywhere")...)
			if n := p.Changes(); n != 0 || registry.Changes(p.Registry.Proxy.Requests()) != uploads {
				t.Errorf("%d things of GitHub changed, or the registry was asked to", n)
			}
		})
	}
	t.Run("the same content by a person's own cargo", func(t *testing.T) {
		w, p, request := firstRelease(t)
		publish(t, p, func(string) {})
		got := w.Release(t, request()).WantCode(t, 0)
		if !strings.Contains(got.Stdout, "unchanged   publish shimkit") {
			t.Errorf("the summary says\n%s", got.Stdout)
		}
		p.WantCrate(t, "shimkit", kitVersion)
	})
}
