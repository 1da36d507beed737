package e2e

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestLocalSameBytes repeats the dry run on what looks like another machine: no cache,
// other paths, times, umask, time zone, locale, home and job count, and the toolchain as an
// OCI layout.
func TestLocalSameBytes(t *testing.T) {
	_, l := local(t)
	want := goodRun(t)
	source := copyTo(t, filepath.Join(root, "examples", "workspace"), filepath.Join(t.TempDir(), "an other", "place"))
	check(t, filepath.WalkDir(source, func(name string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chtimes(name, time.Time{}, time.Unix(1234567890, 0))
	}))
	cache := filepath.Join(t.TempDir(), "cache")
	defer func() { _ = removeAll(cache) }()
	r := demo(t)
	r.source = source
	r.flags = []string{"--toolchain", l.layout, "--json"}
	r.env = []string{"TZ=Asia/Kathmandu", "LC_ALL=de_DE.UTF-8", "LANG=de_DE.UTF-8", "HOME=" + t.TempDir(), "CARGO_BUILD_JOBS=7", "RUSTFLAGS=-Cdebuginfo=2", "SOURCE_DATE_EPOCH=7"}
	c := on(cache).command("release-crate", r)
	c.args = append([]string{"sh", "-c", `umask 077 && exec taskset -c 0 "$@"`, "sh"}, c.args...)
	got := c.run(t).wantCode(t, 0)
	if strings.Contains(got.stderr, "already done") {
		t.Errorf("a step was not run in a new cache:\n%s", last(got.stderr))
	}
	sums := digests(t, r.out)
	want = maps.Clone(want)
	for _, m := range []map[string]string{sums, want} {
		delete(m, "shim-demo.provenance.sigstore.json") // it names the toolchain as requested
	}
	if !maps.Equal(sums, want) {
		t.Errorf("other bytes: %v, expected %v", sums, want)
	}
	s := parse(t, got.stdout)
	if !strings.Contains(s.Toolchain, "@sha256:") {
		t.Errorf("the toolchain is %q, expected the layout's digest", s.Toolchain)
	}
	for _, a := range s.Artifacts {
		info, err := os.Stat(filepath.Join(r.out, a.Name))
		check(t, err)
		if info.Mode().Perm() != 0o644 {
			t.Errorf("%s has mode %s, expected 0644 whatever the caller's umask", a.Name, info.Mode())
		}
	}
}

var planDigest = regexp.MustCompile(`(?m)^  plan +(sha256:[0-9a-f]{64})$`)

// digestOf returns the plan's digest from output for people.
func digestOf(t testing.TB, text string) string {
	t.Helper()
	m := planDigest.FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("no plan digest in\n%s", last(text))
	}
	return m[1]
}

// wantLocalSums compares an engine's files with those of the local runner, if this machine
// has one, except those named in but.
func wantLocalSums(t *testing.T, out string, but ...string) {
	t.Run("same bytes as the local runner", func(t *testing.T) {
		got, want := digests(t, out), maps.Clone(goodRun(t))
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

// wantLocalTarballs compares only the tarballs, because other documents of a release from a
// clone name its commit.
func wantLocalTarballs(t *testing.T, out string) {
	t.Run("same tarballs as the local runner", func(t *testing.T) {
		got, want := digests(t, out), goodRun(t)
		for name, sum := range want {
			if (strings.HasSuffix(name, ".tar.gz") || name == "SHA256SUMS") && got[name] != sum {
				t.Errorf("%s is %q, expected %s", name, got[name], sum)
			}
		}
	})
}

func TestDaggerDryRun(t *testing.T) {
	dagger(t)
	source := demo(t).source
	crate := []string{"crate", "--name", "shim-demo", "--version", "0.1.0"}
	out := filepath.Join(t.TempDir(), "out")
	text := call(t, source, "release-crate", "--crate", "shim-demo", "--version", "0.1.0", "--dry-run").run(t).wantCode(t, 0)
	call(t, source, append(crate, "dist", "export", "--path", out)...).run(t).wantCode(t, 0)
	t.Run("json", func(t *testing.T) {
		s := parse(t, call(t, source, append(crate, "json")...).run(t).wantCode(t, 0).stdout)
		s.wantDemo(t, out)
		s.wantText(t, text.stdout)
	})
	t.Run("sums", func(t *testing.T) { wantSums(t, out) })
	wantLocalSums(t, out)
	t.Run("binaries", func(t *testing.T) {
		l, _ := openLab() // nil uses this machine's emulator
		wantBinaries(t, out, l)
	})
	t.Run("plan", func(t *testing.T) {
		there := call(t, source, "plan", "--crate", "shim-demo", "--version", "0.1.0").run(t).wantCode(t, 0)
		here := (&runner{}).command("plan", release{source: source, crate: "shim-demo", version: "0.1.0"}).run(t).wantCode(t, 0)
		if digestOf(t, there.stdout) != digestOf(t, here.stdout) || digestOf(t, text.stdout) != digestOf(t, here.stdout) {
			t.Errorf("plan digests differ: module %s, command %s, dry run %s", digestOf(t, there.stdout), digestOf(t, here.stdout), digestOf(t, text.stdout))
		}
		if there.stdout != here.stdout {
			t.Errorf("the plans read otherwise: module\n%s\ncommand\n%s", there.stdout, here.stdout)
		}
	})
	t.Run("the real thing is refused", func(t *testing.T) {
		got := call(t, source, "release-crate", "--crate", "shim-demo", "--version", "0.1.0", "--repository", "owner/name", "--dry-run=false").run(t).wantCode(t, 1)
		got.wantStderr(t, "it is not a git repository with a commit")
	})
}

// TestDaggerCommand runs the slipway command with the Dagger runner.
func TestDaggerCommand(t *testing.T) {
	w := dagger(t)
	r := demo(t)
	tmp := t.TempDir()
	r.flags, r.env = []string{"--json"}, []string{"TMPDIR=" + tmp}
	s := parse(t, w.release(t, r).wantCode(t, 0).stdout)
	s.wantDemo(t, r.out)
	if left, err := filepath.Glob(filepath.Join(tmp, "slipway-*")); err != nil || len(left) > 0 {
		t.Errorf("the command has left %q, %v", left, err)
	}
	if s.Runner != "dagger" {
		t.Errorf("the runner was %q", s.Runner)
	}
	wantLocalSums(t, r.out)
}

// TestDaggerLayout passes the toolchain as an OCI layout made by the local runner, so that
// the engine needs no registry.
func TestDaggerLayout(t *testing.T) {
	dagger(t)
	_, l := local(t)
	out := filepath.Join(t.TempDir(), "out")
	call(t, demo(t).source, "--toolchain-layout", l.layout, "crate", "--name", "shim-demo", "--version", "0.1.0", "dist", "export", "--path", out).run(t).wantCode(t, 0)
	wantLocalSums(t, out, "shim-demo.provenance.sigstore.json") // it names the toolchain as requested
}
