package build

import (
	"fmt"
	"strings"
	"testing"

	"dagger/slipway/ci/step"
	"dagger/slipway/ci/triple"
)

// Both streams of `cargo test --no-fail-fast`, as printed by cargo 1.96 and libtest.
const (
	beforeTests = "   Compiling one v0.1.0 (/src)\n    Finished `release` profile [optimized] target(s) in 8.44s\n"
	libSection  = "     Running unittests src/lib.rs (/target/x/release/deps/one-89c4df58ec933e0a)\n\nrunning 1 test\ntest t ... ok\n\ntest result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\n"
	ownSection  = "     Running tests/own.rs (/target/x/release/deps/own-0380986b177a5bfa)\nown ran\n"
	ownFails    = "     Running tests/ownfail.rs (/target/x/release/deps/ownfail-4f6cb6fc5ff52372)\nbecause\nerror: test failed, to rerun pass `--test ownfail`\n\nCaused by:\n  process didn't exit successfully: `env /target/x/release/deps/ownfail-4f6cb6fc5ff52372` (exit status: 3)\n"
	libFails    = "     Running tests/spawn.rs (/target/x/release/deps/spawn-8c2b7c9079978608)\n\nrunning 2 tests\ntest fails ... FAILED\ntest fine ... ok\n\nfailures:\n\n---- fails stdout ----\ncaptured words\n\nthread 'fails' (74) panicked at tests/spawn.rs:4:50:\non purpose\n\n\nfailures:\n    fails\n\ntest result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\nerror: test failed, to rerun pass `--test spawn`\n"
	docSection  = "   Doc-tests one\n\nrunning 1 test\ntest src/lib.rs - f (line 1) ... ok\n\ntest result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.17s\n\n"
	listOfFails = "error: 2 targets failed:\n    `--test ownfail`\n    `--test spawn`\n"
)

func TestReadTestsByProgram(t *testing.T) {
	verbose := "     Running `CARGO=/usr/bin/cargo /target/x/release/deps/one-89c4df58ec933e0a`\n"
	mimic := strings.Replace(libSection, "unittests src/lib.rs", "tests/mimic.rs", 1)
	for name, tt := range map[string]struct {
		output, want string
		binaries     int
	}{
		"a harness of its own":          {beforeTests + ownSection, "0 passed, 0 ignored, 1 test program with a custom harness succeeded, natively", 1},
		"two, one silent":               {beforeTests + ownSection + "     Running tests/silent.rs (/t/silent-1)\n" + docSection, "1 passed, 0 ignored, 2 test programs with a custom harness succeeded, natively", 3},
		"beside libtest":                {libSection + ownSection + docSection, "2 passed, 0 ignored, 1 test program with a custom harness succeeded, natively", 3},
		"one that writes as libtest":    {libSection + mimic, "2 passed, 0 ignored, natively", 2},
		"libtest without a test":        {"     Running unittests src/main.rs (/t/one-1)\n" + none, "NO TEST RAN (0 ignored), natively", 1},
		"verbose":                       {verbose + libSection, "1 passed, 0 ignored, natively", 1},
		"nothing but compiling":         {beforeTests, "NO TEST RAN (0 ignored), natively", 0},
		"quiet":                         {threeGroups, "5 passed, 1 ignored, natively", 3},
		"carriage returns":              {strings.ReplaceAll(beforeTests+ownSection, "\n", "\r\n"), "0 passed, 0 ignored, 1 test program with a custom harness succeeded, natively", 1},
		"a path with a space":           {"     Running tests/a b.rs (/t/a b-1)\nx\n", "0 passed, 0 ignored, 1 test program with a custom harness succeeded, natively", 1},
		"not what a test prints itself": {libSection + "Running tests/none.rs (/t/x)\n", "1 passed, 0 ignored, natively", 1},
	} {
		t.Run(name, func(t *testing.T) {
			got := readTests(triple.X8664, step.Step{}, step.Result{Stdout: tt.output})
			if got.String() != triple.X8664+": "+tt.want || got.Binaries != tt.binaries {
				t.Errorf("%s (%d binaries), want %s (%d)", got, got.Binaries, tt.want, tt.binaries)
			}
		})
	}
}

// TestFailedTests checks that the output of failed tests is shown even if others print more
// after them, and that of passed tests is not.
func TestFailedTests(t *testing.T) {
	noise := "     Running tests/z.rs (/t/z-1)\n" + strings.Repeat("noise\n", 100_000)
	got := failedTests(beforeTests + libSection + ownFails + libFails + ownSection + noise + docSection + listOfFails)
	want := `tests/ownfail.rs failed:
because
error: test failed, to rerun pass ` + "`--test ownfail`" + `

Caused by:
  process didn't exit successfully: ` + "`env /target/x/release/deps/ownfail-4f6cb6fc5ff52372`" + ` (exit status: 3)

tests/spawn.rs failed:
failures:

---- fails stdout ----
captured words

thread 'fails' (74) panicked at tests/spawn.rs:4:50:
on purpose


failures:
    fails

test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s

error: test failed, to rerun pass ` + "`--test spawn`"
	if got != want {
		t.Errorf("failedTests\n%s\nwant\n%s", got, want)
	}
	for name, output := range map[string]string{"compiling": beforeTests + "error[E0308]: mismatched types\n", "nothing": "", "success": libSection + ownSection} {
		if got := failedTests(output); got != "" {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// TestFailedTestsBounded checks that a long report keeps its beginning and the names at its
// end, and that all programs are named if many fail.
func TestFailedTestsBounded(t *testing.T) {
	long := strings.Replace(libFails, "captured words\n", "captured words\n"+strings.Repeat("a line\n", 10_000), 1)
	var all strings.Builder
	for i := range 30 {
		all.WriteString(strings.ReplaceAll(long, "tests/spawn.rs (", fmt.Sprintf("tests/t%02d.rs (", i)))
	}
	got := failedTests(all.String())
	if len(got) > 64<<10 {
		t.Errorf("it has %d bytes", len(got))
	}
	for _, want := range []string{"tests/t00.rs failed:\nfailures:\n\n---- fails stdout ----\ncaptured words\na line\n", " bytes left out …]\na line\n", "\nfailures:\n    fails\n", "tests/t29.rs failed"} {
		if !strings.Contains(got, want) {
			t.Errorf("it does not have %q", want)
		}
	}
	// If the output was not captured, its end is what matters.
	uncaptured := "     Running tests/u.rs (/t/u-1)\n" + strings.Repeat("early\n", 10_000) + "the reason\n\nfailures:\n\nfailures:\n    one\n\nerror: test failed, to rerun pass `--test u`\n"
	if got := failedTests(uncaptured); !strings.Contains(got, "early\nthe reason\n") || !strings.Contains(got, "    one") || len(got) > 7<<10 {
		t.Errorf("uncaptured output: %d bytes\n%s", len(got), got[max(0, len(got)-300):])
	}
}
