package local

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dagger/slipway/e2e/kit"
)

// TestLocalSameBytes repeats the dry run on what looks like another machine: no cache,
// other paths, times, umask, time zone, locale, home and job count, and the toolchain as an
// OCI layout.
func TestLocalSameBytes(t *testing.T) {
	_, l := kit.Local(t)
	want := kit.LocalDemo(t).Sums
	source := kit.CopyTo(t, filepath.Join(kit.Root, "examples", "workspace"), filepath.Join(t.TempDir(), "an other", "place"))
	kit.Check(t, filepath.WalkDir(source, func(name string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chtimes(name, time.Time{}, time.Unix(1234567890, 0))
	}))
	cache := filepath.Join(t.TempDir(), "cache")
	defer func() { _ = kit.RemoveAll(cache) }()
	r := kit.Demo(t)
	r.Source = source
	r.Flags = []string{"--toolchain", l.Layout, "--json"}
	r.Env = []string{"TZ=Asia/Kathmandu", "LC_ALL=de_DE.UTF-8", "LANG=de_DE.UTF-8", "HOME=" + t.TempDir(), "CARGO_BUILD_JOBS=7", "RUSTFLAGS=-Cdebuginfo=2", "SOURCE_DATE_EPOCH=7"}
	c := kit.LocalWith(cache).Command("release-crate", r)
	c.Args = append([]string{"sh", "-c", `umask 077 && exec taskset -c 0 "$@"`, "sh"}, c.Args...)
	got := c.Run(t).WantCode(t, 0)
	if strings.Contains(got.Stderr, "already done") {
		t.Errorf("a step was not run in a new cache:\n%s", kit.Tail(got.Stderr))
	}
	sums := kit.Digests(t, r.Out)
	want = maps.Clone(want)
	for _, m := range []map[string]string{sums, want} {
		delete(m, "shim-demo.provenance.sigstore.json") // it names the toolchain as requested
	}
	if !maps.Equal(sums, want) {
		t.Errorf("other bytes: %v, expected %v", sums, want)
	}
	s := kit.ParseSummary(t, got.Stdout)
	if !strings.Contains(s.Toolchain, "@sha256:") {
		t.Errorf("the toolchain is %q, expected the layout's digest", s.Toolchain)
	}
	for _, a := range s.Artifacts {
		info, err := os.Stat(filepath.Join(r.Out, a.Name))
		kit.Check(t, err)
		if info.Mode().Perm() != 0o644 {
			t.Errorf("%s has mode %s, expected 0644 whatever the caller's umask", a.Name, info.Mode())
		}
	}
}
