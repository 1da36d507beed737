package build

import (
	"regexp"
	"strings"

	"dagger/slipway/ci/console"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/step"
	"dagger/slipway/ci/toolchain"
)

// Remedies for what the toolchain image lacks.
const (
	otherImage = "name an image that has it, with --toolchain or as `toolchain` in [workspace.metadata.slipway]"
	ownImage   = "slipway's own image has it: leave out --toolchain and the setting `toolchain`, or install it in the image that they name"
)

// advice is a remedy for a well-known error message of cargo, a build script or a test.
type advice struct {
	pattern *regexp.Regexp
	lacks   string // what is missing, after "the toolchain image has no"; "" if do is the whole advice
	own     bool   // slipway's own image has it
	do      string // another remedy, instead of or besides a different image
}

// advices is searched in order: a message that names its tool comes before one that any tool can
// cause.
var advices = []advice{
	{pattern: regexp.MustCompile("(?i)could not find `?protoc`?|protoc failed to (?:run|execute)|`protoc` (?:is )?not found"), lacks: "protoc", own: true},
	{pattern: regexp.MustCompile("is `cmake` not installed[?]|failed to execute command: No such file or directory [(]os error 2[)][ \n]+is `cmake`|Missing dependency: cmake"), lacks: "cmake", own: true},
	{pattern: regexp.MustCompile(`(?i)unable to find libclang|couldn't find any valid shared libraries matching: \['libclang`), lacks: "libclang, which bindgen loads", do: "or see whether the crate has a feature for bindings that are made already"},
	{pattern: regexp.MustCompile("(?i)nasm(?:`|\"|')? (?:command )?(?:was )?not (?:found|installed)|failed to (?:run|execute)[^\n]*nasm|Missing dependency: nasm"), lacks: "nasm", do: "or see whether the crate has a feature for doing without assembly"},
	{pattern: regexp.MustCompile(`(?i)failed to find tool "(?:[\w-]+-)?(?:[gc]\+\+|clang\+\+)"|is ` + "`" + `(?:[\w-]+-)?[gc]\+\+` + "`" + ` not installed\?|musl-g\+\+[^\n]*No such file`), lacks: "C++ compiler for this target", own: true, do: "or see whether the crate has a feature for doing without C++"},
	{pattern: regexp.MustCompile(`(?i)could not find (?:directory of )?openssl(?: installation| via pkg-config)?|openssl-sys[^\n]*failed to run custom build`), lacks: "OpenSSL for this target", do: "or let the crate build its own (feature `vendored` of the crate openssl; slipway's own image has the perl and make that this takes), or use rustls"},
	{pattern: regexp.MustCompile(`(?i)pkg-config has not been configured to support cross-compilation|The system library .* required by crate .* was not found|was not found in the pkg-config search path`), lacks: "such C library for this target", do: "or see whether the crate has a feature, often `vendored`, `bundled` or `static`, for compiling its own"},
	{pattern: regexp.MustCompile(`(?i)(?:perl|'perl')[^\n]*(?:No such file or directory|not found)|Can't locate \S+\.pm in @INC`), lacks: "perl, or lacks a module of it,", own: true},
	{pattern: regexp.MustCompile("(?i)linker `rust-lld` not found|linker `lld` not found|cannot find 'ld\\.lld'|cannot find 'ld'"), lacks: "linker of that name", own: true},
	{pattern: regexp.MustCompile("linker `[^`]+` not found"), lacks: "linker of that name"},
	{pattern: regexp.MustCompile(`fatal error: (?:linux|asm|asm-generic)/\S+: No such file or directory`), lacks: "headers of the kernel for this target's C compiler", own: true},
	{pattern: regexp.MustCompile(`fatal error: \S+: No such file or directory`), lacks: "such header for this target's C compiler"},
	{pattern: regexp.MustCompile(`(?i)failed to find tool "|(?:command|program) not found|error occurred in cc-rs: failed to find tool`), lacks: "such tool"},
	{pattern: regexp.MustCompile("the `[^`]+` target may not be installed"), lacks: "standard library for that target", do: "with `rustup target add`, for example"},
	{pattern: regexp.MustCompile(`error\[E0554\]|requires rustc [0-9.]+ or newer|cannot be built because it requires rustc|is not supported by the following packages?:|feature ` + "`" + `edition\d+` + "`" + ` is required`), do: "the image's Rust is another than this source needs: name an image that has the right one, with --toolchain or as `toolchain` in [workspace.metadata.slipway]"},
	{pattern: regexp.MustCompile(`(?i)not a git repository|fatal: (?:bad object|HEAD is neither)`), do: "a release is built without a git directory: `commit = true` in [package.metadata.slipway] gives build scripts the commit, by HEAD and by variables"},
}

// adviceOnTests explains why a test could not start a program under emulation, or returns "" if
// that is not what happened.
func adviceOnTests(s step.Step, target, printed string) string {
	if s.Emulator == "" || !strings.Contains(printed, "Exec format error") {
		return ""
	}
	return "a test started a program for " + target + ", which this machine can only run with an emulator, and its kernel does not allow that in a sandbox for programs that tests start: " +
		"Linux 6.7 or newer does; elsewhere leave such tests out for this target, as with `test = [\"--lib\"]` in [package.metadata.slipway.target." + target + "]"
}

// adviceOn returns a remedy for what a failed step printed, or "" if none is known.
func adviceOn(s step.Step, printed string) string {
	for _, a := range advices {
		if a.pattern.MatchString(printed) {
			return a.text(s.Image.Ref)
		}
	}
	return ""
}

func (a advice) text(image string) string {
	if a.lacks == "" {
		return a.do
	}
	text := "the toolchain image has no " + a.lacks + ": "
	if a.own && !toolchain.IsOwn(image) {
		text += ownImage
	} else {
		text += otherImage
	}
	if a.do != "" {
		text += ", " + a.do
	}
	return text
}

// stepError returns the error of a failed step, ending with the most useful excerpt of its
// output: for tests, what the failed ones printed, even if others printed more after them.
func (c *Crate) stepError(s step.Step, exit *step.ExitError) error {
	shown, do := *exit, ""
	for _, t := range c.Plan.Targets {
		if s.Name != plan.StepTest(t) {
			continue
		}
		if text := failedTests(exit.Stdout); text != "" {
			shown.Tail = text
		}
		do = adviceOnTests(s, t, exit.Stdout)
	}
	if do == "" {
		do = adviceOn(s, shown.Tail)
	}
	if do == "" {
		return console.Errorf("%w\n%s", &shown, s.Failure)
	}
	return console.Errorf("%w\n%s\n%s", &shown, s.Failure, do)
}
