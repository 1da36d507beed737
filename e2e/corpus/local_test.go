package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// unreachable lists parts of cargo's error messages for an unreachable network.
var unreachable = []string{"resolve host", "Failed to connect", "Could not connect", "Connection refused", "timed out", "failed to download"}

// TestLocalCorpus releases the sample crates of the list.
func TestLocalCorpus(t *testing.T) {
	for _, tool := range []string{"bwrap", "cargo", "git"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("SKIPPED: the corpus needs it: %v", err)
		}
	}
	crates, err := parseList(listed)
	if err != nil {
		t.Fatal(err)
	}
	slipway := filepath.Join(t.TempDir(), "slipway")
	build := exec.Command("go", "build", "-o", slipway, "./cmd/slipway")
	build.Dir = filepath.Join("..", "..")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the slipway command: %v\n%s", err, out)
	}
	l, err := openLab(slipway, os.Getenv("SLIPWAY_E2E_CACHE"), "")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.close() }()
	samples := 0
	for _, c := range crates {
		if !c.Sample {
			continue
		}
		samples++
		t.Run(c.Name, func(t *testing.T) { right(t, l, c) })
	}
	if samples == 0 {
		t.Error("crates.txt marks no sample")
	}
}

// right fails the test unless the crate's dry run succeeds, with tests and binaries for
// both targets.
func right(t *testing.T, l *lab, c crate) {
	r, err := l.try(t.Context(), c, 30*time.Minute)
	if err != nil {
		for _, words := range unreachable {
			if strings.Contains(err.Error(), words) {
				t.Skipf("SKIPPED: crates.io is not in reach: %v", err)
			}
		}
		t.Fatal(err)
	}
	if !r.Right {
		t.Fatalf("%s %s is wrong: %s", c.Name, c.Version, r.Why)
	}
	if len(r.Tests) != 2 || r.Tests[0].Passed == 0 || r.Tests[0].Passed != r.Tests[1].Passed {
		t.Errorf("tests %+v, expected as many for each target", r.Tests)
	}
	if len(r.Binaries) == 0 || len(r.Binaries)%2 != 0 {
		t.Errorf("binaries %+v, expected the same for each target", r.Binaries)
	}
	for _, b := range r.Binaries {
		if !strings.Contains(b.Says, c.Version) {
			t.Errorf("%s for %s says %q, expected version %s", b.Name, b.Target, b.Says, c.Version)
		}
	}
}
