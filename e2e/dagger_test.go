package e2e

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestDaggerBlueprint uses the module as a maintainer does: as the blueprint of
// a repository of their own, with no --source.
func TestDaggerBlueprint(t *testing.T) {
	dagger(t)
	source := example(t)
	// A blueprint is a git reference, or a directory of the same repository.
	for _, name := range []string{"ci", "internal", "main.go", "dagger.gen.go", "dagger.json", "go.mod", "go.sum"} {
		copyTo(t, filepath.Join(root, name), filepath.Join(source, "tools", "slipway", name))
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
	wantLocalSums(t, out)
	t.Run("the real thing is refused", func(t *testing.T) {
		c := command{args: []string{"dagger", "--progress=plain", "call", "release-crate", "--crate=shim-demo", "--version=0.1.0", "--dry-run=false"}, dir: source}
		c.run(t).wantCode(t, 1).wantStderr(t, "publishing is not built yet")
	})
}

// TestDaggerKill kills `dagger call` while a build script runs.
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

// TestDaggerWarm compares a dry run without change with a call that does
// nothing: 2 is the goal, more than 4 a failure.
func TestDaggerWarm(t *testing.T) {
	dagger(t)
	source := demo(t).source
	dry := call(t, source, "release-crate", "--crate", "shim-demo", "--version", "0.1.0")
	noop := call(t, source, "crate", "--name", "x", "--version", "1.0.0", "name")
	dry.run(t).wantCode(t, 0)
	noop.run(t).wantCode(t, 0)
	var times [2][]time.Duration
	for range 5 {
		for i, c := range []command{noop, dry} {
			times[i] = append(times[i], c.run(t).wantCode(t, 0).took)
		}
	}
	for i := range times {
		slices.Sort(times[i])
	}
	ratio := times[1][2].Seconds() / times[0][2].Seconds()
	t.Logf("MEASURED: warm dry run %.2f s over a no-op call %.2f s: %.2f (medians of 5 paired runs; goal 2)", times[1][2].Seconds(), times[0][2].Seconds(), ratio)
	if ratio > 4 {
		t.Errorf("a warm dry run takes %.1f times a no-op call: %v, %v", ratio, times[1], times[0])
	}
}
