package build

import (
	"testing"

	"dagger/slipway/ci/step"
	"dagger/slipway/ci/triple"
)

// Outputs of `cargo test` on standard output, as printed by cargo 1.96 and libtest.
const (
	threeGroups = `
running 2 tests
test tests::one ... ok
test tests::two ... ok

test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s


running 3 tests
test start ... ok
test slow ... ignored
test stop ... ok

test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 1.20s


running 1 test
test src/lib.rs - run (line 10) ... ok

test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.31s; merged doctests compilation took 0.30s

`
	none = `
running 0 tests

test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s

`
	allIgnored = `
running 1 test
test needs_root ... ignored, needs root

test result: ok. 0 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s
`
	failing = `
running 2 tests
test tests::fails ... FAILED
test tests::passes ... ok

failures:

---- tests::fails stdout ----
test result: ok. 100 passed; 0 failed; 0 ignored

failures:
    tests::fails

test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s
`
	filtered = `
running 1 test
test a ... ok

test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 7 filtered out; finished in 0.00s
`
	ownHarness = "all 12 scenarios passed\n"
)

func TestReadTests(t *testing.T) {
	tests := []struct {
		name, stdout string
		cached       bool
		want         string
		binaries     int
	}{
		{"three groups", threeGroups, false, "x86_64-unknown-linux-musl: 5 passed, 1 ignored, natively", 3},
		{"cached", threeGroups, true, "x86_64-unknown-linux-musl: 5 passed, 1 ignored, natively, from an earlier run with the same inputs", 3},
		{"none", none, false, "x86_64-unknown-linux-musl: NO TEST RAN (0 ignored), natively", 1},
		{"all ignored", allIgnored, false, "x86_64-unknown-linux-musl: NO TEST RAN (1 ignored), natively", 1},
		{"nothing printed", "", false, "x86_64-unknown-linux-musl: NO TEST RAN (0 ignored), natively", 0},
		{"failing", failing, false, "x86_64-unknown-linux-musl: NO TEST RAN (0 ignored), natively", 0},
		{"filtered", filtered, false, "x86_64-unknown-linux-musl: 1 passed, 0 ignored, natively", 1},
		{"a harness of its own", ownHarness, false, "x86_64-unknown-linux-musl: NO TEST RAN (0 ignored), natively", 0},
		{"absurd number", "test result: ok. 99999999999999999999 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n", false, "x86_64-unknown-linux-musl: NO TEST RAN (0 ignored), natively", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := readTests(triple.X8664, step.Step{}, step.Result{Stdout: tt.stdout, Cached: tt.cached})
			if got.String() != tt.want || got.Binaries != tt.binaries {
				t.Errorf("%s (%d binaries), want %s (%d)", got, got.Binaries, tt.want, tt.binaries)
			}
		})
	}
}
