package cargo

import (
	"strings"
	"testing"

	"dagger/slipway/ci/finding"
	"dagger/slipway/ci/triple"
)

// TestConfigOfTargets checks that a key of the configuration that would affect a target stops the
// releases for that target alone, and is used in none.
func TestConfigOfTargets(t *testing.T) {
	mold := "rustflags = [\"-Clink-arg=-fuse-ld=mold\"]\n"
	for in, stops := range map[string]string{ // the targets whose release the key stops, in short
		"[build]\n" + mold: "x86_64 aarch64 wasm",
		"[target.x86_64-unknown-linux-musl]\n" + mold:                                                           "x86_64",
		"[target.aarch64-unknown-linux-musl]\n" + mold:                                                          "aarch64",
		"[target.wasm32-wasip1]\nrustflags = \"-Clinker=x\"\n":                                                  "wasm",
		"[target.x86_64-unknown-linux-gnu]\n" + mold:                                                            "",
		"[target.x86_64-pc-windows-msvc]\nlinker = \"rust-lld.exe\"\nrustflags = [\"-Clinker=rust-lld.exe\"]\n": "",
		"[target.aarch64-apple-darwin]\nrustflags = [\"-C\", \"link-arg=-fuse-ld=/x/ld64.lld\"]\n":              "",
		"[target.'cfg(target_os = \"linux\")']\n" + mold:                                                        "x86_64 aarch64",
		"[target.'cfg(all(windows, target_env = \"msvc\"))']\n" + mold:                                          "",
		"[target.'cfg(target_os = \"macos\")']\nrustdocflags = [\"-Clinker=x\"]\n":                              "",
		"[target.'cfg(not(windows))']\n" + mold:                                                                 "x86_64 aarch64 wasm",
		"[target.'cfg(tokio_unstable)']\n" + mold:                                                               "x86_64 aarch64 wasm",
		"[env]\nCC = \"clang\"\n":                                                                               "x86_64 aarch64 wasm",
		"[env]\nTARGET_CC = \"clang\"\n":                                                                        "x86_64 aarch64 wasm",
		"[env]\nCC_wasm32_unknown_unknown = \"clang\"\n":                                                        "",
		"[env]\nCC_wasm32-unknown-unknown = { value = \"clang\", force = true }\n":                              "",
		"[env]\nAR_aarch64_linux_android = \"llvm-ar\"\n":                                                       "",
		"[env]\nCXX_aarch64_unknown_linux_musl = \"clang++\"\n":                                                 "aarch64",
		"[env]\nPKG_CONFIG_x86_64-unknown-linux-musl = \"p\"\n":                                                 "x86_64",
		"[env]\nCC_x86_64_unknown_linux_gnu = \"clang\"\n":                                                      "x86_64 aarch64 wasm",
		"[env]\nCARGO_TARGET_X86_64_PC_WINDOWS_GNU_LINKER = \"x\"\n":                                            "",
		"[env]\nCARGO_TARGET_WASM32_WASIP1_RUNNER = \"wasmtime\"\n":                                             "wasm",
		"[env]\nCARGO_TARGET_AARCH64_UNKNOWN_LINUX_MUSL_RUSTFLAGS = \"-g\"\n":                                   "aarch64",
		"[env]\nCARGO_TARGET_DIR = \"x\"\n":                                                                     "x86_64 aarch64 wasm",
		"[unstable]\nbuild-std = [\"std\"]\n":                                                                   "",
	} {
		t.Run(in, func(t *testing.T) {
			w := read(t, map[string]string{"Cargo.toml": pkg("a"), "src/lib.rs": "", "Cargo.lock": locked([]string{"a"}), ".cargo/config.toml": in})
			a := crate(t, w, "a")
			for _, target := range triple.Triples() {
				short, _, _ := strings.Cut(strings.TrimSuffix(target, "32-wasip1"), "-")
				found := w.Findings(a, true, target)
				if stopped := len(found.Stopping(finding.Release)) > 0; stopped != strings.Contains(stops, short) {
					t.Errorf("%s: %q", target, found.Lines())
				}
				if len(found) != 1 || found[0].File != ".cargo/config.toml" || found[0].Line == 0 {
					t.Errorf("%s: expected one finding with its place: %q", target, found.Lines())
				}
				if stops == "" && !strings.Contains(found[0].What, " is not used: ") {
					t.Errorf("%s: %q", target, found.Lines())
				}
			}
			for _, word := range []string{"mold", "linker", "clang", "LINKER", "CARGO_TARGET", "AR_", "PKG_CONFIG", "unstable"} {
				if strings.Contains(strings.ReplaceAll(w.Config.Text, "tokio_unstable", ""), word) {
					t.Errorf("it is kept:\n%s", w.Config.Text)
				}
			}
		})
	}
}

// TestUnstableConfig checks that [unstable] stops the release of a workspace whose cargo reads it.
func TestUnstableConfig(t *testing.T) {
	for channel, stops := range map[string]finding.Stops{"stable": finding.Nothing, "1.96.0": finding.Nothing, "nightly": finding.Release, "nightly-2026-01-01": finding.Release} {
		w := read(t, map[string]string{
			"Cargo.toml": pkg("a"), "src/lib.rs": "", "Cargo.lock": locked([]string{"a"}), "rust-toolchain.toml": "[toolchain]\nchannel = \"" + channel + "\"\n",
			".cargo/config.toml": "[unstable]\nbuild-std = [\"std\"]\n",
		})
		found := w.Config.Findings(nil)
		if len(found) != 1 || found[0].Stops != stops || found[0].Line != 1 || !strings.Contains(found[0].What, `"unstable"`) || w.Config.Text != "" {
			t.Errorf("%s: %v, kept %q", channel, found, w.Config.Text)
		}
	}
}
