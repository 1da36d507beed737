package cargo

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestSettingsFor checks that a list for one target replaces the crate's, even if it is empty,
// and that an absent one does not.
func TestSettingsFor(t *testing.T) {
	w := read(t, map[string]string{"Cargo.toml": pkg("a", `[package.metadata.slipway]
features = ["cli"]
test = ["--lib"]
[package.metadata.slipway.target.aarch64-unknown-linux-musl]
test = []
[package.metadata.slipway.target.x86_64-unknown-linux-musl]
features = ["fast"]`), "src/lib.rs": ""})
	s := crate(t, w, "a").Settings
	for target, want := range map[string]string{
		"x86_64-unknown-linux-musl": "[fast] [--lib]", "aarch64-unknown-linux-musl": "[cli] []", "wasm32-wasip1": "[cli] [--lib]",
	} {
		if got := fmt.Sprint(s.For(target).Features, s.For(target).Test); got != want {
			t.Errorf("for %q: %s, want %s", target, got, want)
		}
	}
}

func TestCommitEnv(t *testing.T) {
	w := read(t, map[string]string{"Cargo.toml": pkg("a", "[package.metadata.slipway]\ncommit = true\ncommit-env = [\"GIT_HASH\", \"app_rev\"]"), "src/lib.rs": ""})
	if s := crate(t, w, "a").Settings; !s.Commit || !slices.Equal(s.CommitEnv, []string{"GIT_HASH", "app_rev"}) {
		t.Errorf("settings %+v", s)
	}
	for settings, want := range map[string]string{
		"commit-env = [\"GIT_HASH\"]":                            "without `commit = true`",
		"commit = true\ncommit-env = [\"\"]":                     "`commit-env` has \"\"",
		"commit = true\ncommit-env = [\"A=B\"]":                  "`commit-env` has \"A=B\"",
		"commit = true\ncommit-env = [\"1A\"]":                   "`commit-env` has \"1A\"",
		"commit = true\ncommit-env = [\"PATH\"]":                 "`commit-env` has \"PATH\"",
		"commit = true\ncommit-env = [\"CARGO_HOME\"]":           "`commit-env` has \"CARGO_HOME\"",
		"commit = true\ncommit-env = [\"RUSTFLAGS\"]":            "`commit-env` has \"RUSTFLAGS\"",
		"commit = true\ncommit-env = [\"LD_PRELOAD\"]":           "`commit-env` has \"LD_PRELOAD\"",
		"commit = true\ncommit-env = [\"GIT_CONFIG_COUNT\"]":     "`commit-env` has \"GIT_CONFIG_COUNT\"",
		"commit = true\ncommit-env = [\"a\\u0000b\"]":            "`commit-env` has ",
		"commit = true\ncommit-env = [\"USER\", \"FINE\"]":       "`commit-env` has \"USER\"",
		"commit = true\ncommit-env = [\"\\u202eGIT\", \"FINE\"]": "`commit-env` has ",
	} {
		err := faults(files(map[string]string{"Cargo.toml": pkg("a", "[package.metadata.slipway]\n"+settings), "src/lib.rs": ""}))
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "Cargo.toml:") {
			t.Errorf("%q: %v, want %q", settings, err, want)
		}
	}
}
