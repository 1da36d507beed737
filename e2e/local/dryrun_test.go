package local

import (
	"maps"
	"strings"
	"testing"

	"dagger/slipway/e2e/kit"
	"dagger/slipway/e2e/kit/conformance"
)

func TestLocalDryRun(t *testing.T) {
	w, l := kit.Local(t)
	good := kit.LocalDemo(t)
	sums, first := good.Sums, good.Result
	r := kit.Demo(t)
	r.Flags = []string{"--json"}
	again := w.Release(t, r).WantCode(t, 0)
	s := kit.ParseSummary(t, again.Stdout)

	t.Run("summary", func(t *testing.T) { s.WantDemo(t, good.Out) })
	t.Run("text and JSON agree", func(t *testing.T) { s.WantText(t, first.Stdout) })
	t.Run("streams", func(t *testing.T) {
		if !strings.HasPrefix(first.Stdout, "\nDry run of shim-demo/v0.1.0") || strings.Contains(first.Stdout, " | ") {
			t.Errorf("standard output has more than the summary:\n%s", first.Stdout)
		}
		first.WantStderr(t, "build "+kit.X8664+" | ", "test "+kit.AArch64+" | ", "Compiling shim-demo", "done in")
		if strings.Contains(first.Stderr, "Dry run of") {
			t.Errorf("standard error has the summary:\n%s", first.Stderr)
		}
	})
	t.Run("second run", func(t *testing.T) {
		for line := range strings.Lines(again.Stderr) {
			if !strings.HasSuffix(line, ": already done, on the same inputs\n") {
				t.Errorf("the second run said %q", line)
			}
		}
		if again.Stderr == "" || !s.Tests[0].Cached || !s.Tests[1].Cached {
			t.Errorf("the second run does not say that it took earlier results: %q", again.Stderr)
		}
		if now := kit.Digests(t, r.Out); !maps.Equal(now, sums) {
			t.Errorf("the second run made other files: %v, first %v", now, sums)
		}
	})
	t.Run("sums", func(t *testing.T) { kit.WantDemoSums(t, good.Out) })
	t.Run("binaries", func(t *testing.T) { conformance.WantDemoBinaries(t, good.Out, l) })
}
