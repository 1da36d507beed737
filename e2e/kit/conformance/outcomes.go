package conformance

import (
	"os"
	"strings"
	"testing"

	"dagger/slipway/e2e/kit"
)

func testOverwrite(t *testing.T, w *kit.Runner) {
	r := kit.WorkspaceOfTest(t)
	got := w.Release(t, r).WantCode(t, 0)
	if !strings.Contains(got.Stdout, kit.X8664+": 2 passed") || !strings.Contains(got.Stdout, kit.AArch64+": 2 passed") {
		t.Errorf("two tests for each target expected:\n%s", got.Stdout)
	}
	wantOwnBinaries(t, r)
}

func testFailing(t *testing.T, w *kit.Runner) {
	r := kit.WorkspaceOfTest(t)
	got := w.Release(t, r).WantCode(t, 1)
	got.WantError(t, `tests of crate "failing-test" failed on `, "-unknown-linux-musl", "1 passed; 1 failed", "othing was changed outside this machine")
	if got.Stdout != "" {
		t.Errorf("a failed run has a summary:\n%s", got.Stdout)
	}
	if entries, err := os.ReadDir(r.Out); err == nil && len(entries) > 0 {
		t.Errorf("a failed run left %v", entries)
	}
}

func testNoTests(t *testing.T, w *kit.Runner) {
	r := kit.WorkspaceOfTest(t)
	got := w.Release(t, r).WantCode(t, 0)
	for _, target := range []string{kit.X8664, kit.AArch64} {
		if !strings.Contains(got.Stdout, target+": NO TEST RAN") {
			t.Errorf("the summary does not say that no test ran for %s:\n%s", target, got.Stdout)
		}
	}
	if strings.Contains(got.Stdout, "passed") {
		t.Errorf("the summary says that tests passed:\n%s", got.Stdout)
	}
}

func testMissingBinary(t *testing.T, w *kit.Runner) {
	r := kit.WorkspaceOfTest(t)
	got := w.Release(t, r).WantCode(t, 1)
	got.WantError(t, "missing-binary", "feature")
	if entries, err := os.ReadDir(r.Out); err == nil && len(entries) > 0 {
		t.Errorf("a failed run left %v", entries)
	}
}

// testConfigIgnored checks that scripts named in a cargo configuration are never called,
// and that the summary says so.
func testConfigIgnored(t *testing.T, w *kit.Runner) {
	r := kit.WorkspaceOfTest(t)
	got := w.Release(t, r).WantCode(t, 0)
	kit.Attempts(t, got)
	if strings.Contains(kit.Tree(t, r.Source), "called.txt") || strings.Contains(got.Stderr, "was called") {
		t.Errorf("a script of .cargo/config.toml was called:\n%s", kit.Tail(got.Stderr))
	}
	if !strings.Contains(got.Stdout, ".cargo/config.toml: ") || !strings.Contains(got.Stdout, "is not used") {
		t.Errorf("no note says that the configuration is not used:\n%s", got.Stdout)
	}
	if !strings.Contains(got.Stdout, kit.X8664+": 1 passed") || !strings.Contains(got.Stdout, kit.AArch64+": 1 passed") {
		t.Errorf("a test for each target expected:\n%s", got.Stdout)
	}
}
