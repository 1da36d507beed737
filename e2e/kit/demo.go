package kit

import (
	"maps"
	"path/filepath"
	"sync"
	"testing"
)

// DemoRun is a dry run of shim-demo.
type DemoRun struct {
	Result
	Out  string
	Sums map[string]string // SHA-256 of the files in out, by name
}

// good is the run that LocalDemo returns.
var good struct {
	sync.Once
	DemoRun
}

// LocalDemo returns the local runner's dry run of shim-demo, with whose files those of
// other runs are compared. It is made once for the tests of a package.
func LocalDemo(t testing.TB) DemoRun {
	t.Helper()
	w, _ := Local(t)
	good.Do(func() {
		r := Demo(t)
		r.Out = filepath.Join(Scratch, "good")
		good.Result, good.Out = w.Release(t, r).WantCode(t, 0), r.Out
		good.Sums = Digests(t, r.Out)
	})
	if len(good.Sums) == 0 {
		t.Fatal("the dry run of shim-demo that others are compared with has failed")
	}
	return good.DemoRun
}

// WantLocalDigests fails the test unless the files of an engine are the local runner's,
// except those named in but.
func WantLocalDigests(t *testing.T, out string, but ...string) {
	t.Run("same bytes as the local runner", func(t *testing.T) {
		got, want := Digests(t, out), maps.Clone(LocalDemo(t).Sums)
		for _, name := range but {
			if got[name] == "" || want[name] == "" {
				t.Errorf("%q is not there", name)
			}
			delete(got, name)
			delete(want, name)
		}
		if !maps.Equal(got, want) {
			t.Errorf("other bytes: %v, expected %v", got, want)
		}
	})
}

// WantDemoSums fails the test unless SHA256SUMS lists exactly shim-demo's tarballs, and
// sha256sum(1) agrees.
func WantDemoSums(t *testing.T, out string) {
	t.Helper()
	got := Command{Args: []string{"sha256sum", "--check", "--strict", "SHA256SUMS"}, Dir: out, Env: []string{"LC_ALL=C"}}.Run(t).WantCode(t, 0)
	want := "shim-demo-aarch64-linux-musl.tar.gz: OK\nshim-demo-x86_64-linux-musl.tar.gz: OK\n"
	if got.Stdout != want {
		t.Errorf("sha256sum says %q, expected %q", got.Stdout, want)
	}
}
