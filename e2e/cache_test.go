package e2e

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
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
		check(t, filepath.WalkDir(filepath.Join(cache, "steps"), func(name string, e fs.DirEntry, err error) error {
			if err == nil && e.Type().IsRegular() && e.Name() != "result.json" {
				names = append(names, name)
			}
			return err
		}))
		flipFiles(t, names)
		forgetTests(t, cache)
	}, ""},
	{"an output is gone", func(t *testing.T, cache string) {
		check(t, removeAll(some(t, cache, "steps/*/out/*/*-linux-musl")[0]))
		forgetTests(t, cache)
	}, ""},
	{"result.json is garbage", func(t *testing.T, cache string) {
		for _, name := range some(t, cache, "steps/*/result.json") {
			check(t, os.WriteFile(name, []byte("{\x00garbage"), 0o644))
		}
	}, ""},
	{"result.json is empty", func(t *testing.T, cache string) {
		for _, name := range some(t, cache, "steps/*/result.json") {
			check(t, os.Truncate(name, 0))
		}
	}, ""},
	{"result.json is another step's", func(t *testing.T, cache string) {
		list := some(t, cache, "steps/*/result.json")
		check(t, os.WriteFile(list[0], []byte(read(t, list[1])), 0o644))
	}, ""},
	{"steps are lost", func(t *testing.T, cache string) {
		check(t, removeAll(filepath.Join(cache, "steps")))
	}, ""},
	{"image.json is garbage", func(t *testing.T, cache string) {
		check(t, os.WriteFile(some(t, cache, "images/*/image.json")[0], []byte("garbage"), 0o644))
		check(t, removeAll(filepath.Join(cache, "steps")))
	}, ""},
	{"a file of the image", func(t *testing.T, cache string) {
		flip(t, cache, "images/*/rootfs/usr/lib/rustlib/*-linux-musl/lib/libstd-*.rlib")
		check(t, removeAll(filepath.Join(cache, "steps")))
	}, "its files have changed since it was unpacked"},
	{"a file more in the image", func(t *testing.T, cache string) {
		write(t, "#!/bin/sh\n", some(t, cache, "images/*/rootfs/usr/bin")[0], "rustc-wrapper")
		check(t, removeAll(filepath.Join(cache, "steps")))
	}, "its files have changed since it was unpacked"},
}

func TestLocalDamagedCache(t *testing.T) {
	_, l := local(t)
	want := goodRun(t)
	cache, err := l.newCache("damaged")
	check(t, err)
	defer func() { _ = removeAll(cache) }()
	w := on(cache)
	w.release(t, demo(t)).wantCode(t, 0)
	for _, d := range damages {
		t.Run(d.name, func(t *testing.T) {
			d.damage(t, cache)
			r := demo(t)
			got := w.release(t, r)
			if d.fails != "" && got.code == 1 {
				got.wantError(t, d.fails, "run again")
				got = w.release(t, r)
			}
			got.wantCode(t, 0)
			if sums := digests(t, r.out); !maps.Equal(sums, want) {
				t.Errorf("other bytes: %v, expected %v", sums, want)
			}
			for _, target := range []string{x8664, aarch64} {
				if !strings.Contains(got.stdout, target+": 6 passed") {
					t.Errorf("the tests of %s are not told:\n%s", target, got.stdout)
				}
			}
			wantSwept(t, cache)
		})
	}
}

// TestLocalTwoAtOnce runs the same release twice concurrently, on one cache without results
// of its steps.
func TestLocalTwoAtOnce(t *testing.T) {
	w, l := local(t)
	want := goodRun(t)
	check(t, removeAll(filepath.Join(l.cache, "steps")))
	first, second := demo(t), demo(t)
	p1 := w.command("release-crate", first).start(t)
	p2 := w.command("release-crate", second).start(t)
	for _, p := range []*process{p1, p2} {
		if code := p.code(); code != 0 {
			t.Fatalf("exit status %d:\n%s", code, last(p.out.String()))
		}
	}
	for _, r := range []release{first, second} {
		if sums := digests(t, r.out); !maps.Equal(sums, want) {
			t.Errorf("other bytes: %v, expected %v", sums, want)
		}
	}
	wantSwept(t, l.cache)
}

// some returns the files that match a pattern, at least one.
func some(t *testing.T, cache, pattern string) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(cache, pattern))
	check(t, err)
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
		check(t, err)
		if !info.Mode().IsRegular() || info.Size() == 0 {
			continue
		}
		check(t, os.Chmod(name, info.Mode()|0o200))
		f, err := os.OpenFile(name, os.O_RDWR, 0)
		check(t, err)
		b := make([]byte, 1)
		_, err = f.ReadAt(b, info.Size()/2)
		check(t, err)
		b[0] ^= 0x20
		_, err = f.WriteAt(b, info.Size()/2)
		check(t, err)
		check(t, f.Close())
		check(t, os.Chmod(name, info.Mode()))
		check(t, os.Chtimes(name, info.ModTime(), info.ModTime())) // silently, like a faulty disk
	}
}

// forgetTests removes the cached results of tests, so that they run on what the builds
// left.
func forgetTests(t *testing.T, cache string) {
	t.Helper()
	for _, name := range some(t, cache, "steps/*/result.json") {
		if strings.Contains(read(t, name), "test result: ") {
			check(t, removeAll(filepath.Dir(name)))
		}
	}
}
