package plan

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// generate writes a workspace of n published crates, each of which depends on up to four earlier
// ones.
func generate(t testing.TB, n int) string {
	dir := t.TempDir()
	write := func(name, text string) {
		to := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(to), 0o755), os.WriteFile(to, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	write("Cargo.toml", "[workspace]\nmembers = [\"crates/*\"]\nresolver = \"3\"\n")
	lock := &strings.Builder{}
	lock.WriteString("version = 4\n")
	for i := range n {
		name := fmt.Sprintf("crate-%04d", i)
		manifest := &strings.Builder{}
		fmt.Fprintf(manifest, "[package]\nname = %q\nversion = \"1.0.0\"\nedition = \"2024\"\ndescription = \"x\"\nlicense = \"MIT\"\n[dependencies]\n", name)
		fmt.Fprintf(lock, "\n[[package]]\nname = %q\nversion = \"1.0.0\"\n", name)
		seen := map[int]bool{}
		for _, d := range []int{i - 1, i / 2, i / 3, i / 7} {
			if d < 0 || d >= i || seen[d] {
				continue
			}
			if len(seen) == 0 {
				lock.WriteString("dependencies = [\n")
			}
			seen[d] = true
			fmt.Fprintf(manifest, "crate-%04d = { path = \"../crate-%04d\", version = \"1.0.0\" }\n", d, d)
			fmt.Fprintf(lock, " \"crate-%04d\",\n", d)
		}
		if len(seen) > 0 {
			lock.WriteString("]\n")
		}
		write("crates/"+name+"/Cargo.toml", manifest.String())
		write("crates/"+name+"/src/lib.rs", "")
		write("crates/"+name+"/CHANGELOG.md", "## [1.0.0]\n\n- First.\n")
	}
	write("Cargo.lock", lock.String())
	return dir
}

// used returns the processor time that this process has used.
func used(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// TestScale checks that the last of 500 crates, which needs all others, is planned in under a
// second, and that the time does not grow quadratically. It measures processor time and takes the
// best of several runs, because a busy machine only adds to it.
func TestScale(t *testing.T) {
	best := func(n int) time.Duration {
		dir := generate(t, n)
		shortest := time.Hour
		for range 5 {
			begin := used(t)
			p := newPlan(t, readDir(t, dir), Request{Crates: []string{fmt.Sprintf("crate-%04d@1.0.0", n-1)}})
			digest(t, p)
			shortest = min(shortest, used(t)-begin)
			if len(p.Requires) != n-1 {
				t.Fatalf("it requires %d crates, expected %d", len(p.Requires), n-1)
			}
		}
		return shortest
	}
	small, large := best(125), best(500)
	ratio := float64(large) / float64(small)
	t.Logf("planning takes %v with 125 crates, %v with 500: %.1f times as long", small.Round(time.Millisecond), large.Round(time.Millisecond), ratio)
	if large > time.Second {
		t.Errorf("500 crates take %v, expected less than a second", large)
	}
	if ratio > 12 { // 4 is linear, 16 quadratic; the margin is for a busy machine
		t.Errorf("4 times the crates take %.1f times as long", ratio)
	}
}
