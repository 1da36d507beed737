package local

import (
	"strings"
	"testing"

	"dagger/slipway/e2e/kit"
)

// TestLocalOwnHarness checks that tests with a custom harness are reported as run and
// passed, although their number is unknown.
func TestLocalOwnHarness(t *testing.T) {
	w, _ := kit.Local(t)
	r := kit.SmallCrate(t, "[[test]]\nname = \"silent\"\nharness = false\n[[test]]\nname = \"talks\"\nharness = false\n", map[string]string{
		"tests/silent.rs": "fn main() {}\n",
		"tests/talks.rs":  "fn main() { println!(\"12 scenarios (12 passed)\"); }\n",
		"benches/slow.rs": "fn main() { panic!(\"a benchmark is no test\"); }\n",
	})
	got := w.Test(t, r).WantCode(t, 0)
	for _, target := range []string{kit.X8664, kit.AArch64} {
		got.WantStdout(t, target+": 0 passed, 0 ignored, 2 test programs with a custom harness succeeded, ")
	}
}

// TestLocalFailedTestsLast checks that the output of failed tests comes last, whatever
// other tests print: for libtest, for a custom harness, and for a test killed by a signal.
func TestLocalFailedTestsLast(t *testing.T) {
	w, _ := kit.Local(t)
	r := kit.SmallCrate(t, "[[test]]\nname = \"b_own\"\nharness = false\n[[test]]\nname = \"z_noise\"\nharness = false\n", map[string]string{
		"tests/a_fails.rs": "#[test]\nfn one_of_two() { println!(\"captured words\"); assert_eq!(1, 2, \"the reason\"); }\n#[test]\nfn fine() { println!(\"nobody asks\"); }\n",
		"tests/b_own.rs":   "fn main() { println!(\"own words\"); eprintln!(\"on the other stream\"); std::process::exit(7); }\n",
		"tests/c_abort.rs": "#[test]\nfn ends() { eprintln!(\"then\"); std::process::abort(); }\n",
		"tests/z_noise.rs": "fn main() { for i in 0..20000 { println!(\"noise {i}\"); } }\n",
	})
	got := w.Test(t, r).WantCode(t, 1)
	got.WantError(t,
		"tests/a_fails.rs failed:", "---- one_of_two stdout ----", "captured words", "the reason", "    one_of_two",
		"tests/b_own.rs failed:", "own words", "on the other stream", "exit status: 7",
		"tests/c_abort.rs failed:", "SIGABRT",
		`tests of crate "one" failed on `)
	if message := got.Message(); strings.Contains(message, "noise") || strings.Contains(message, "nobody asks") {
		t.Errorf("the error has what tests printed that passed:\n%s", kit.Tail(message))
	}
}

// TestLocalTargetSettings checks that test arguments for one target do not affect the
// other's tests.
func TestLocalTargetSettings(t *testing.T) {
	w, _ := kit.Local(t)
	r := kit.SmallCrate(t, "[features]\nsmall = []\n[package.metadata.slipway.target.aarch64-unknown-linux-musl]\ntest = [\"--lib\"]\nfeatures = [\"small\"]\n", map[string]string{
		"src/lib.rs":      "#[test]\nfn feature() { assert_eq!(cfg!(feature = \"small\"), cfg!(target_arch = \"aarch64\")); }\n",
		"tests/native.rs": "#[test]\nfn native() { assert!(cfg!(target_arch = \"x86_64\")); }\n#[test]\nfn more() {}\n",
	})
	w.Test(t, r).WantCode(t, 0).WantStdout(t, kit.X8664+": 3 passed", kit.AArch64+": 1 passed")
}
