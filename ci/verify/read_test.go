package verify

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"dagger/slipway/ci/plan"
)

// TestReadsWithinBounds checks that files which are too large, FIFOs or links are not read,
// do not block, and are not good.
func TestReadsWithinBounds(t *testing.T) {
	const big = 1 << 40
	for _, name := range []string{"app", "app" + plan.BundleFile, "app" + plan.SignatureFile, "app" + plan.CertificateFile} {
		for what, change := range map[string]func(at string) error{
			"sparse": func(at string) error {
				if name == "app" {
					return os.Truncate(at, 1<<20) // a binary may have any size, because it is only hashed
				}
				return os.Truncate(at, big)
			},
			"FIFO":      func(at string) error { return unix.Mkfifo(at+"-x", 0o644) },
			"FIFO here": func(at string) error { _ = os.Remove(at); return unix.Mkfifo(at, 0o644) },
			"link":      func(at string) error { _ = os.Remove(at); return os.Symlink("/proc/self/environ", at) },
		} {
			t.Run(name+" "+what, func(t *testing.T) {
				dir := dryRun(t)
				if err := change(filepath.Join(dir, name)); err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
				defer cancel()
				done := make(chan *Report, 1)
				go func() { done <- Directory(ctx, dir, Expectation{DryRun: true}) }()
				select {
				case r := <-done:
					if r.Verdict == Good {
						t.Errorf("it is good:\n%s", r.Text())
					}
				case <-ctx.Done():
					t.Fatal("it hangs")
				}
			})
		}
	}
	dir := dryRun(t)
	if err := os.Truncate(filepath.Join(dir, "app"+plan.BundleFile), maxBundle+1); err != nil {
		t.Fatal(err)
	}
	r := Directory(t.Context(), dir, Expectation{DryRun: true})
	if r.Verdict != Bad || !strings.Contains(r.Text(), "has 67108865 bytes, expected at most 67108864") {
		t.Errorf("a bundle of one byte too many is %q:\n%s", r.Verdict, r.Text())
	}
}

// TestPathMayBeALink checks that the path to verify may be a symbolic link.
func TestPathMayBeALink(t *testing.T) {
	dir := dryRun(t)
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	if r := Path(t.Context(), link, Expectation{DryRun: true}); r.Verdict != Good {
		t.Errorf("%q:\n%s", r.Verdict, r.Text())
	}
	fifo := filepath.Join(t.TempDir(), "app-x86_64-linux-musl.tar.gz")
	if err := unix.Mkfifo(fifo, 0o644); err != nil {
		t.Fatal(err)
	}
	done := make(chan *Report, 1)
	go func() { done <- Path(t.Context(), fifo, Expectation{DryRun: true}) }()
	select {
	case r := <-done:
		if r.Verdict == Good || !strings.Contains(r.Text(), "is a FIFO") {
			t.Errorf("a FIFO is %q:\n%s", r.Verdict, r.Text())
		}
	case <-time.After(20 * time.Second):
		t.Fatal("a FIFO for a tarball hangs")
	}
}
