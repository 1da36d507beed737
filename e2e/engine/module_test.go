package engine

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"dagger/slipway/e2e/kit"
	"dagger/slipway/e2e/kit/conformance"
)

// TestDaggerBlueprint uses the module as maintainers do: as the blueprint of their own
// repository, without --source.
func TestDaggerBlueprint(t *testing.T) {
	kit.Dagger(t)
	source := kit.Example(t)
	// A blueprint must be a git reference or a directory of the same repository.
	for _, name := range []string{"ci", "internal", "main.go", "functions.go", "dagger.gen.go", "dagger.json", "go.mod", "go.sum"} {
		kit.Check(t, os.MkdirAll(filepath.Join(source, "tools", "slipway"), 0o755))
		kit.Check(t, kit.CopyLinks(filepath.Join(kit.Root, name), filepath.Join(source, "tools", "slipway", name)))
	}
	kit.Git(t, source, "init", "--quiet", "--initial-branch", "main")
	init := kit.Command{Args: []string{"dagger", "--progress=plain", "init", "--blueprint=tools/slipway"}, Dir: source}
	init.Run(t).WantCode(t, 0)
	kit.Git(t, source, "add", "--all")
	kit.Git(t, source, "commit", "--quiet", "--message", "a workspace")
	bare := func(args ...string) kit.Result {
		c := kit.Command{Args: append([]string{"dagger", "--progress=plain", "call"}, args...), Dir: source}
		return c.Run(t).WantCode(t, 0)
	}
	out := filepath.Join(t.TempDir(), "out")
	text := bare("release-crate", "--crate=shim-demo", "--version=0.1.0", "--dry-run").Stdout
	bare("crate", "--name=shim-demo", "--version=0.1.0", "dist", "export", "--path", out)
	for name, sum := range kit.Digests(t, out) {
		if !strings.Contains(text, name) || !strings.Contains(text, sum) {
			t.Errorf("the dry run does not name %s with %s:\n%s", name, sum, text)
		}
	}
	t.Run("plan", func(t *testing.T) {
		there := bare("plan", "--crate=shim-demo", "--version=0.1.0").Stdout
		here := (&kit.Runner{}).Command("plan", kit.Release{Source: source, Crate: "shim-demo", Version: "0.1.0"}).Run(t).WantCode(t, 0).Stdout
		if kit.PlanDigest(t, there) != kit.PlanDigest(t, here) || !strings.Contains(text, kit.PlanDigest(t, here)) {
			t.Errorf("the plans differ: module\n%s\ncommand\n%s", there, here)
		}
		if commit := kit.Git(t, source, "rev-parse", "HEAD"); !strings.Contains(there, commit) {
			t.Errorf("the plan does not name commit %s:\n%s", commit, there)
		}
	})
	t.Run("train", func(t *testing.T) {
		there := bare("release-train", "--plan").Stdout
		here := kit.Command{Args: []string{kit.Slipway, "release-train", "--source", source, "--plan"}}.Run(t).WantCode(t, 0).Stdout
		if there != here || !strings.Contains(here, "Plan to release 3 crates") {
			t.Errorf("the plans differ: module\n%s\ncommand\n%s", there, here)
		}
		if text := bare("release-train", "--crates=shim-core,shimkit", "--dry-run").Stdout; !strings.Contains(text, "Dry run of 2 crates") || strings.Index(text, "1. shimkit/v0.3.1") > strings.Index(text, "2. shim-core/v0.2.0") {
			t.Errorf("the dry run of a train says\n%s", text)
		}
	})
	wantLocalTarballs(t, out)
	t.Run("the real thing is refused", func(t *testing.T) {
		c := kit.Command{Args: []string{"dagger", "--progress=plain", "call", "release-crate", "--crate=shim-demo", "--version=0.1.0", "--repository=owner/name", "--dry-run=false"}, Dir: source}
		c.Run(t).WantCode(t, 1).WantStderr(t, "finding an identity token to sign with")
	})
}

// TestDaggerKill kills `dagger call` while a build script is running.
func TestDaggerKill(t *testing.T) {
	kit.Dagger(t)
	r := conformance.Slow(t, 25)
	c := kit.CallModule(t, r.Source, "release-crate", "--crate", r.Crate, "--version", "0.1.0")
	p := c.Start(t)
	script := "/build/" + r.Crate + "-"
	if !p.Until(t, func(string) bool { return kit.NoProcess(script) != nil }) {
		t.Fatalf("it ended before the build script ran:\n%s", kit.Tail(p.Out.String()))
	}
	kit.Check(t, p.Process.Kill())
	p.ExitCode()
	begin := time.Now()
	kit.Eventually(t, 20*time.Second, func() error { return kit.NoProcess(script) })
	t.Logf("MEASURED: the engine ended the step %s after dagger call was killed", time.Since(begin).Round(100*time.Millisecond))
	got := c.Run(t).WantCode(t, 0)
	if !strings.Contains(got.Stdout, "Dry run of "+r.Crate+"/v0.1.0") {
		t.Errorf("the next run says\n%s", kit.Tail(got.Stdout))
	}
	kit.Eventually(t, 5*time.Second, func() error { return kit.NoProcess(script) })
}

// TestDaggerWarm compares an unchanged dry run with a call to another module whose function
// does nothing but is not cached, as a release must not be: it may take at most twice as
// long. A cached property, for which no function runs, is measured too.
func TestDaggerWarm(t *testing.T) {
	kit.Dagger(t)
	dry := kit.CallModule(t, kit.Demo(t).Source, "release-crate", "--crate", "shim-demo", "--version", "0.1.0")
	noop := kit.Command{Args: []string{"dagger", "--progress=plain", "call", "-m", noopModule(t), "nothing"}, Dir: t.TempDir()}
	kept := kit.CallModule(t, kit.Demo(t).Source, "crate", "--name", "x", "--version", "1.0.0", "name")
	all := []kit.Command{dry, noop, kept}
	var times [3][]time.Duration
	for round := range 6 {
		for i, c := range all {
			if took := c.Run(t).WantCode(t, 0).Took; round > 0 { // the first round warms up
				times[i] = append(times[i], took)
			}
		}
	}
	var medians [3]float64
	for i := range times {
		slices.Sort(times[i])
		medians[i] = times[i][len(times[i])/2].Seconds()
	}
	ratio := medians[0] / medians[1]
	t.Logf("MEASURED: warm dry run %.2f s over a function that does nothing %.2f s: %.2f; over a kept property %.2f s: %.2f (medians of 5 rounds)",
		medians[0], medians[1], ratio, medians[2], medians[0]/medians[2])
	if ratio > 2 {
		t.Errorf("a warm dry run takes %.1f times a call that does nothing, expected 2 at most: %v", ratio, times)
	}
}

// noopModule returns a module that does nothing. It has the same dependencies as slipway,
// because not every module proxy can tell the newest versions.
func noopModule(t *testing.T) string {
	t.Helper()
	dir := kit.CopyTo(t, "testdata/noop", filepath.Join(t.TempDir(), "noop"))
	mod := kit.Read(t, kit.Root, "go.mod")
	kit.Write(t, strings.Replace(mod, "module dagger/slipway", "module dagger/noop", 1), dir, "go.mod")
	kit.Write(t, kit.Read(t, kit.Root, "go.sum"), dir, "go.sum")
	return dir
}
