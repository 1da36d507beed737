package build

import (
	"strings"
	"testing"

	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/step"
	"dagger/slipway/ci/toolchain"
	"dagger/slipway/ci/triple"
)

// TestAdvice checks the advice for messages as crates and tools really print them.
func TestAdvice(t *testing.T) {
	own := toolchain.Reference()
	for name, tt := range map[string]struct{ said, image, want string }{
		"prost-build":           {"Error: Custom { kind: NotFound, error: \"Could not find `protoc`. If `protoc` is installed, try setting the `PROTOC` environment variable\" }", "x/rust:1", "no protoc: slipway's own image has it"},
		"prost-build, old":      {"error: Could not find `protoc` installation and this build crate cannot proceed without this knowledge", "x/rust:1", "no protoc"},
		"cmake":                 {"failed to execute command: No such file or directory (os error 2)\nis `cmake` not installed?\n", "x/rust:1", "no cmake: slipway's own image has it"},
		"bindgen":               {"Unable to find libclang: \"couldn't find any valid shared libraries matching: ['libclang.so', 'libclang-*.so']\"", own, "no libclang, which bindgen loads: name an image that has it, with --toolchain or as `toolchain` in [workspace.metadata.slipway]"},
		"cc, C++":               {"error occurred in cc-rs: failed to find tool \"x86_64-linux-musl-g++\": No such file or directory (os error 2)", "x/rust:1", "no C++ compiler for this target: slipway's own image has it"},
		"cc, C++, older words":  {"Failed to find tool. Is `aarch64-linux-musl-g++` installed? failed to find tool \"aarch64-linux-musl-g++\"", "x/rust:1", "no C++ compiler for this target"},
		"cc, another tool":      {"error occurred in cc-rs: failed to find tool \"ml64.exe\": No such file", own, "no such tool"},
		"openssl-sys":           {"Could not find directory of OpenSSL installation, and this `-sys` crate cannot proceed without this knowledge.", own, "feature `vendored` of the crate openssl"},
		"openssl by pkg-config": {"Could not find openssl via pkg-config:\npkg-config has not been configured to support cross-compilation.", own, "no OpenSSL for this target"},
		"pkg-config":            {"The system library `libseccomp` required by crate `libseccomp-sys` was not found.", own, "no such C library for this target"},
		"pkg-config itself":     {"Package dbus-1 was not found in the pkg-config search path.", own, "`vendored`, `bundled` or `static`"},
		"perl":                  {"/bin/sh: 1: perl: not found", "x/rust:1", "no perl"},
		"perl's modules":        {"Can't locate FindBin.pm in @INC (you may need to install the FindBin module)", "x/rust:1", "lacks a module"},
		"nasm":                  {"Missing dependency: nasm", own, "no nasm"},
		"rust-lld":              {"error: linker `rust-lld` not found", "x/rust:1", "slipway's own image has it"},
		"a linker":              {"error: linker `aarch64-linux-musl-gcc` not found", own, "no linker of that name: name an image"},
		"the kernel's headers":  {"src/x.c:3:10: fatal error: linux/bpf.h: No such file or directory", "x/rust:1", "no headers of the kernel"},
		"a header":              {"src/x.c:3:10: fatal error: zlib.h: No such file or directory", own, "no such header"},
		"a target":              {"error[E0463]: can't find crate for `core`\n  = note: the `aarch64-unknown-linux-musl` target may not be installed", "x/rust:1", "no standard library for that target"},
		"a newer Rust":          {"error: package `a v1.0.0` cannot be built because it requires rustc 1.99 or newer, while the currently active rustc version is 1.96.0", own, "Rust is another than this source needs"},
		"nightly":               {"error[E0554]: `#![feature]` may not be used on the stable release channel", own, "Rust is another"},
		"git":                   {"fatal: not a git repository (or any of the parent directories): .git", own, "`commit = true` in [package.metadata.slipway]"},
		"an ordinary error":     {"error[E0308]: mismatched types", own, ""},
		"a panic":               {"thread 'main' panicked at build.rs:1:1:\nno luck", own, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := adviceOn(step.Step{Image: step.Image{Ref: tt.image}}, tt.said)
			if tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
				t.Errorf("advice %q, want %q", got, tt.want)
			}
		})
	}
}

// TestAdviceOnTests checks that a test that cannot start a program of another architecture is
// explained, with the setting that avoids it, and only where that can be the reason.
func TestAdviceOnTests(t *testing.T) {
	said := "called `Result::unwrap()` on an `Err` value: Os { code: 8, kind: Uncategorized, message: \"Exec format error\" }"
	emulated := step.Step{Name: plan.StepTest(triple.AArch64), Failure: "tests failed", Emulator: "qemu-aarch64-static"}
	r := &Crate{Plan: &plan.Crate{Targets: []string{triple.X8664, triple.AArch64}}}
	err := r.stepError(emulated, &step.ExitError{Step: emulated.Name, Code: 101, Stdout: beforeTests + strings.Replace(libFails, "on purpose", said, 1) + ownSection, Tail: "own ran"})
	for _, want := range []string{"tests/spawn.rs failed:", said, "\ntests failed\n", "Linux 6.7 or newer", "[package.metadata.slipway.target.aarch64-unknown-linux-musl]"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q:\n%v", want, err)
		}
	}
	if got := adviceOnTests(step.Step{}, triple.X8664, said); got != "" {
		t.Errorf("natively: %q", got)
	}
}
