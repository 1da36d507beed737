package local

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dagger/slipway/e2e/kit"
)

// damages lists ways to damage a cache. After each, a run must make the same files; if it
// cannot, it must say so, and the next run must succeed.
var damages = []struct {
	name   string
	damage func(t *testing.T, cache string)
	// fails is what the first run may fail with; "" means that it must succeed.
	fails string
}{
	{"binary", func(t *testing.T, cache string) {
		flip(t, cache, "steps/*/out/*/*-linux-musl/release/shim-demo-v1")
	}, ""},
	{"library", func(t *testing.T, cache string) {
		flip(t, cache, "steps/*/out/*/*-linux-musl/release/deps/*.rlib")
		forgetTests(t, cache)
	}, ""},
	{"fingerprint", func(t *testing.T, cache string) {
		flip(t, cache, "steps/*/out/*/*-linux-musl/release/.fingerprint/*/*")
		forgetTests(t, cache)
	}, ""},
	{"every kept file", func(t *testing.T, cache string) {
		var names []string
		kit.Check(t, filepath.WalkDir(filepath.Join(cache, "steps"), func(name string, e fs.DirEntry, err error) error {
			if err == nil && e.Type().IsRegular() && e.Name() != "result.json" {
				names = append(names, name)
			}
			return err
		}))
		flipFiles(t, names)
		forgetTests(t, cache)
	}, ""},
	{"an output is gone", func(t *testing.T, cache string) {
		kit.Check(t, kit.RemoveAll(some(t, cache, "steps/*/out/*/*-linux-musl")[0]))
		forgetTests(t, cache)
	}, ""},
	{"result.json is garbage", func(t *testing.T, cache string) {
		for _, name := range some(t, cache, "steps/*/result.json") {
			kit.Check(t, os.WriteFile(name, []byte("{\x00garbage"), 0o644))
		}
	}, ""},
	{"result.json is empty", func(t *testing.T, cache string) {
		for _, name := range some(t, cache, "steps/*/result.json") {
			kit.Check(t, os.Truncate(name, 0))
		}
	}, ""},
	{"result.json is another step's", func(t *testing.T, cache string) {
		list := some(t, cache, "steps/*/result.json")
		kit.Check(t, os.WriteFile(list[0], []byte(kit.Read(t, list[1])), 0o644))
	}, ""},
	{"steps are lost", func(t *testing.T, cache string) {
		kit.Check(t, kit.RemoveAll(filepath.Join(cache, "steps")))
	}, ""},
	{"image.json is garbage", func(t *testing.T, cache string) {
		kit.Check(t, os.WriteFile(some(t, cache, "images/*/image.json")[0], []byte("garbage"), 0o644))
		kit.Check(t, kit.RemoveAll(filepath.Join(cache, "steps")))
	}, ""},
	{"a file of the image", func(t *testing.T, cache string) {
		flip(t, cache, "images/*/rootfs/usr/lib/rustlib/*-linux-musl/lib/libstd-*.rlib")
		kit.Check(t, kit.RemoveAll(filepath.Join(cache, "steps")))
	}, "its files have changed since it was unpacked"},
	{"a file more in the image", func(t *testing.T, cache string) {
		kit.Write(t, "#!/bin/sh\n", some(t, cache, "images/*/rootfs/usr/bin")[0], "rustc-wrapper")
		kit.Check(t, kit.RemoveAll(filepath.Join(cache, "steps")))
	}, "its files have changed since it was unpacked"},
}

func TestLocalDamagedCache(t *testing.T) {
	_, l := kit.Local(t)
	want := kit.LocalDemo(t).Sums
	cache, err := l.NewCache("damaged")
	kit.Check(t, err)
	defer func() { _ = kit.RemoveAll(cache) }()
	w := kit.LocalWith(cache)
	w.Release(t, kit.Demo(t)).WantCode(t, 0)
	for _, d := range damages {
		t.Run(d.name, func(t *testing.T) {
			d.damage(t, cache)
			r := kit.Demo(t)
			got := w.Release(t, r)
			if d.fails != "" && got.Code == 1 {
				got.WantError(t, d.fails, "run again")
				got = w.Release(t, r)
			}
			got.WantCode(t, 0)
			if sums := kit.Digests(t, r.Out); !maps.Equal(sums, want) {
				t.Errorf("other bytes: %v, expected %v", sums, want)
			}
			for _, target := range []string{kit.X8664, kit.AArch64} {
				if !strings.Contains(got.Stdout, target+": 6 passed") {
					t.Errorf("the tests of %s are not told:\n%s", target, got.Stdout)
				}
			}
			wantSwept(t, cache)
		})
	}
}

// TestLocalTwoAtOnce runs the same release twice concurrently, on one cache without results
// of its steps.
func TestLocalTwoAtOnce(t *testing.T) {
	w, l := kit.Local(t)
	want := kit.LocalDemo(t).Sums
	kit.Check(t, kit.RemoveAll(filepath.Join(l.Cache, "steps")))
	first, second := kit.Demo(t), kit.Demo(t)
	p1 := w.Command("release-crate", first).Start(t)
	p2 := w.Command("release-crate", second).Start(t)
	for _, p := range []*kit.Job{p1, p2} {
		if code := p.ExitCode(); code != 0 {
			t.Fatalf("exit status %d:\n%s", code, kit.Tail(p.Out.String()))
		}
	}
	for _, r := range []kit.Release{first, second} {
		if sums := kit.Digests(t, r.Out); !maps.Equal(sums, want) {
			t.Errorf("other bytes: %v, expected %v", sums, want)
		}
	}
	wantSwept(t, l.Cache)
}

// some returns the files that match a pattern, at least one.
func some(t *testing.T, cache, pattern string) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(cache, pattern))
	kit.Check(t, err)
	if len(list) == 0 {
		t.Fatalf("the cache has nothing like %q", pattern)
	}
	return list
}

// flip changes a byte in the middle of every file that matches a pattern.
func flip(t *testing.T, cache, pattern string) {
	t.Helper()
	flipFiles(t, some(t, cache, pattern))
}

func flipFiles(t *testing.T, names []string) {
	t.Helper()
	for _, name := range names {
		info, err := os.Lstat(name)
		kit.Check(t, err)
		if !info.Mode().IsRegular() || info.Size() == 0 {
			continue
		}
		kit.Check(t, os.Chmod(name, info.Mode()|0o200))
		f, err := os.OpenFile(name, os.O_RDWR, 0)
		kit.Check(t, err)
		b := make([]byte, 1)
		_, err = f.ReadAt(b, info.Size()/2)
		kit.Check(t, err)
		b[0] ^= 0x20
		_, err = f.WriteAt(b, info.Size()/2)
		kit.Check(t, err)
		kit.Check(t, f.Close())
		kit.Check(t, os.Chmod(name, info.Mode()))
		kit.Check(t, os.Chtimes(name, info.ModTime(), info.ModTime())) // silently, like a faulty disk
	}
}

// forgetTests removes the cached results of tests, so that they run on what the builds
// left.
func forgetTests(t *testing.T, cache string) {
	t.Helper()
	for _, name := range some(t, cache, "steps/*/result.json") {
		if strings.Contains(kit.Read(t, name), "test result: ") {
			kit.Check(t, kit.RemoveAll(filepath.Dir(name)))
		}
	}
}
