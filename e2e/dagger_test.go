package e2e

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestDaggerBlueprint uses the module as maintainers do: as the blueprint of their own
// repository, without --source.
func TestDaggerBlueprint(t *testing.T) {
	dagger(t)
	source := example(t)
	// A blueprint must be a git reference or a directory of the same repository.
	for _, name := range []string{"ci", "internal", "main.go", "functions.go", "dagger.gen.go", "dagger.json", "go.mod", "go.sum"} {
		check(t, os.MkdirAll(filepath.Join(source, "tools", "slipway"), 0o755))
		check(t, copyLinks(filepath.Join(root, name), filepath.Join(source, "tools", "slipway", name)))
	}
	git(t, source, "init", "--quiet", "--initial-branch", "main")
	init := command{args: []string{"dagger", "--progress=plain", "init", "--blueprint=tools/slipway"}, dir: source}
	init.run(t).wantCode(t, 0)
	git(t, source, "add", "--all")
	git(t, source, "commit", "--quiet", "--message", "a workspace")
	bare := func(args ...string) result {
		c := command{args: append([]string{"dagger", "--progress=plain", "call"}, args...), dir: source}
		return c.run(t).wantCode(t, 0)
	}
	out := filepath.Join(t.TempDir(), "out")
	text := bare("release-crate", "--crate=shim-demo", "--version=0.1.0", "--dry-run").stdout
	bare("crate", "--name=shim-demo", "--version=0.1.0", "dist", "export", "--path", out)
	for name, sum := range digests(t, out) {
		if !strings.Contains(text, name) || !strings.Contains(text, sum) {
			t.Errorf("the dry run does not name %s with %s:\n%s", name, sum, text)
		}
	}
	t.Run("plan", func(t *testing.T) {
		there := bare("plan", "--crate=shim-demo", "--version=0.1.0").stdout
		here := (&runner{}).command("plan", release{source: source, crate: "shim-demo", version: "0.1.0"}).run(t).wantCode(t, 0).stdout
		if digestOf(t, there) != digestOf(t, here) || !strings.Contains(text, digestOf(t, here)) {
			t.Errorf("the plans differ: module\n%s\ncommand\n%s", there, here)
		}
		if commit := git(t, source, "rev-parse", "HEAD"); !strings.Contains(there, commit) {
			t.Errorf("the plan does not name commit %s:\n%s", commit, there)
		}
	})
	t.Run("train", func(t *testing.T) {
		there := bare("release-train", "--plan").stdout
		here := command{args: []string{slipway, "release-train", "--source", source, "--plan"}}.run(t).wantCode(t, 0).stdout
		if there != here || !strings.Contains(here, "Plan to release 3 crates") {
			t.Errorf("the plans differ: module\n%s\ncommand\n%s", there, here)
		}
		if text := bare("release-train", "--crates=shim-core,shimkit", "--dry-run").stdout; !strings.Contains(text, "Dry run of 2 crates") || strings.Index(text, "1. shimkit/v0.3.1") > strings.Index(text, "2. shim-core/v0.2.0") {
			t.Errorf("the dry run of a train says\n%s", text)
		}
	})
	wantLocalTarballs(t, out)
	t.Run("the real thing is refused", func(t *testing.T) {
		c := command{args: []string{"dagger", "--progress=plain", "call", "release-crate", "--crate=shim-demo", "--version=0.1.0", "--repository=owner/name", "--dry-run=false"}, dir: source}
		c.run(t).wantCode(t, 1).wantStderr(t, "finding an identity token to sign with")
	})
}

// TestDaggerKill kills `dagger call` while a build script is running.
func TestDaggerKill(t *testing.T) {
	dagger(t)
	r := slow(t, 25)
	c := call(t, r.source, "release-crate", "--crate", r.crate, "--version", "0.1.0")
	p := c.start(t)
	script := "/build/" + r.crate + "-"
	if !p.until(t, func(string) bool { return none(script) != nil }) {
		t.Fatalf("it ended before the build script ran:\n%s", last(p.out.String()))
	}
	check(t, p.Process.Kill())
	p.code()
	begin := time.Now()
	eventually(t, 20*time.Second, func() error { return none(script) })
	t.Logf("MEASURED: the engine ended the step %s after dagger call was killed", time.Since(begin).Round(100*time.Millisecond))
	got := c.run(t).wantCode(t, 0)
	if !strings.Contains(got.stdout, "Dry run of "+r.crate+"/v0.1.0") {
		t.Errorf("the next run says\n%s", last(got.stdout))
	}
	eventually(t, 5*time.Second, func() error { return none(script) })
}

// TestDaggerWarm compares an unchanged dry run with a call to another module whose function
// does nothing but is not cached, as a release must not be: it may take at most twice as
// long. A cached property, for which no function runs, is measured too.
func TestDaggerWarm(t *testing.T) {
	dagger(t)
	dry := call(t, demo(t).source, "release-crate", "--crate", "shim-demo", "--version", "0.1.0")
	noop := command{args: []string{"dagger", "--progress=plain", "call", "-m", noopModule(t), "nothing"}, dir: t.TempDir()}
	kept := call(t, demo(t).source, "crate", "--name", "x", "--version", "1.0.0", "name")
	all := []command{dry, noop, kept}
	var times [3][]time.Duration
	for round := range 6 {
		for i, c := range all {
			if took := c.run(t).wantCode(t, 0).took; round > 0 { // the first round warms up
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
	dir := copyTo(t, "testdata/noop", filepath.Join(t.TempDir(), "noop"))
	mod := read(t, root, "go.mod")
	write(t, strings.Replace(mod, "module dagger/slipway", "module dagger/noop", 1), dir, "go.mod")
	write(t, read(t, root, "go.sum"), dir, "go.sum")
	return dir
}
