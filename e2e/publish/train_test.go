package publish

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dagger/slipway/e2e/githubd"
	"dagger/slipway/e2e/kit"
	"dagger/slipway/e2e/kit/crates"
	"dagger/slipway/e2e/kit/sigstore"
	"dagger/slipway/e2e/registry"
)

// exampleCrates lists the example's crates for a registry, in the order of a train.
var exampleCrates = []struct{ name, version string }{{"fetcher", "0.5.0"}, {"shimkit", "0.3.1"}, {"shim-core", "0.2.0"}}

// pair are the flags for the first train of the two crates that depend on each other.
var pair = []string{"--crates", "shim-core,shimkit", "--initial-release", "shimkit,shim-core"}

// newUpload is the path for uploading crates.
const newUpload = "/api/v1/crates/new"

// train returns the command for a real train from a fresh clone.
func train(t testing.TB, p *crates.Services, w *kit.Runner, flags ...string) kit.Command {
	t.Helper()
	r := p.Request(t, "", "", flags...)
	args := append([]string{kit.Slipway, "release-train", "--source", r.Source, "--out", r.Out}, w.Flags...)
	return kit.Command{Args: append(args, r.Flags...), Env: append(slices.Clone(w.Env), r.Env...)}
}

// countChanges returns the number of requests that changed something or tried to.
func countChanges(p *crates.Services) int {
	return p.Changes() + registry.Changes(p.Registry.Proxy.Requests())
}

// wantCrates checks that the last n crates of a train are released, each once.
func wantCrates(t testing.TB, p *crates.Services, n int) {
	t.Helper()
	for _, c := range exampleCrates[len(exampleCrates)-n:] {
		p.WantCrate(t, c.name, c.version)
	}
}

// inRegistry returns the crates in the registry.
func inRegistry(t testing.TB, p *crates.Services) (names []string) {
	t.Helper()
	for _, c := range exampleCrates {
		versions, err := p.Registry.Versions(c.name)
		kit.Check(t, err)
		if len(versions) > 0 {
			names = append(names, c.name)
		}
	}
	return names
}

// TestPublishTrain releases all crates of the example that go to a registry.
func TestPublishTrain(t *testing.T) {
	w, _ := kit.Local(t)
	p := newServices(t, sigstore.Open(t))
	const first = "--initial-release=fetcher,shimkit,shim-core"

	t.Run("what must be mended is told at once", func(t *testing.T) {
		before := countChanges(p)
		got := train(t, p, w, "--crates", "shim-core,fetcher", "--initial-release", "shim-core").Run(t).WantCode(t, 1)
		got.WantError(t, `release crate "shimkit" first`, `checking crate "fetcher"`, "--initial-release=fetcher", "nothing was changed anywhere")
		if strings.Contains(got.Stderr, "build ") || countChanges(p) != before {
			t.Errorf("something was built, or changed:\n%s", got.Stderr)
		}
	})
	t.Run("no token", func(t *testing.T) {
		c := train(t, p, w, first)
		c.Env = append(c.Env, registry.TokenVariable+"=")
		got := c.Run(t).WantCode(t, 1)
		if n := strings.Count(got.Message(), "$"+registry.TokenVariable); n != 1 {
			t.Errorf("it is told %d times:\n%s", n, got.Message())
		}
	})
	t.Run("plan", func(t *testing.T) {
		before := len(p.Requests()) + len(p.Registry.Proxy.Requests())
		got := train(t, p, w, first, "--plan", "--json").Run(t).WantCode(t, 0)
		var plan struct {
			Crates []struct{ Name, Version string }
		}
		kit.Check(t, json.Unmarshal([]byte(got.Stdout), &plan))
		if text := fmt.Sprint(plan.Crates); text != fmt.Sprint(exampleCrates) {
			t.Errorf("the plan has %s", text)
		}
		if n := len(p.Requests()) + len(p.Registry.Proxy.Requests()) - before; n != 0 {
			t.Errorf("to print the plan sent %d requests", n)
		}
	})
	t.Run("a dry run changes nothing", func(t *testing.T) {
		before := countChanges(p)
		c := train(t, p, w, "--dry-run")
		got := c.Run(t).WantCode(t, 0)
		if n := countChanges(p) - before; n != 0 {
			t.Errorf("a dry run sent %d requests that change something", n)
		}
		for _, c := range exampleCrates {
			if file := filepath.Join(got.Args[5], c.name, c.name+"-"+c.version+".crate"); !kit.Exists(file) {
				t.Errorf("no %q", file)
			}
		}
		for _, want := range []string{"Dry run of 3 crates", "1. fetcher/v0.5.0", "2. shimkit/v0.3.1", "3. shim-core/v0.2.0"} {
			if !strings.Contains(got.Stdout, want) {
				t.Errorf("the summary does not say %q:\n%s", want, got.Stdout)
			}
		}
	})
	t.Run("in order", func(t *testing.T) { inOrder(t, p, w, first) })
	t.Run("again", func(t *testing.T) {
		before := countChanges(p)
		got := train(t, p, w, first).Run(t).WantCode(t, 0) // with the same command
		if n := countChanges(p) - before; n != 0 {
			t.Errorf("a second run changed %d things", n)
		}
		if n := strings.Count(got.Stdout, "unchanged   publish the draft"); n != len(exampleCrates) || strings.Contains(got.Stdout, "\n  done ") {
			t.Errorf("the summary says\n%s", got.Stdout)
		}
		wantCrates(t, p, 3)
	})
	t.Run("a stranger's crate", func(t *testing.T) { buildConsumer(t, p) })
}

// inOrder releases a train and checks that each crate's GitHub release is published before
// the next crate is uploaded.
func inOrder(t *testing.T, p *crates.Services, w *kit.Runner, flag string) {
	var announced [][]string
	p.OnRequest(func(e githubd.Event) {
		if e.Operation == editRelease && e.Stage == githubd.Answered {
			announced = append(announced, inRegistry(t, p))
		}
	})
	defer p.OnRequest(nil)
	summary := filepath.Join(t.TempDir(), "summary.md")
	c := train(t, p, w, flag)
	c.Env = append(c.Env, "GITHUB_STEP_SUMMARY="+summary)
	got := c.Run(t).WantCode(t, 0)
	wantNoToken(t, p, got)
	if want := "[[fetcher] [fetcher shimkit] [fetcher shimkit shim-core]]"; fmt.Sprint(announced) != want {
		t.Errorf("when a release was announced the registry had %v, want %s", announced, want)
	}
	wantCrates(t, p, 3)
	for _, want := range []string{"Released 3 crates", "done        publish shim-core 0.2.0", "cargo owner --add team fetcher --registry " + registry.Name} {
		if !strings.Contains(got.Stdout, want) {
			t.Errorf("the summary does not say %q:\n%s", want, got.Stdout)
		}
	}
	got.WantStderr(t, "shim-core/v0.2.0, 3 of 3: running the steps", "shim-core/v0.2.0, 3 of 3: publishing", "\ndone: publish shim-core 0.2.0")
	if built, published := strings.Index(got.Stderr, "3 of 3: running the steps"), strings.Index(got.Stderr, "1 of 3: publishing"); built > published {
		t.Error("the first crate was published before the last one was built")
	}
	if text := kit.Read(t, summary); !strings.Contains(text, "## Released 3 crates") || !strings.Contains(text, "| shimkit/v0.3.1 | released | <"+p.URL) {
		t.Errorf("the job summary says\n%s", text)
	}
}
