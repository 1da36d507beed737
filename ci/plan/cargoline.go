package plan

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"dagger/slipway/ci/triple"
)

// buildArgs returns the command line of cargo build. The manifest path selects the crate, because
// a name could also mean a dependency of that name.
func (b *builder) buildArgs(target string) []string {
	return append([]string{"cargo", "build"}, b.common(target)...)
}

// testArgs returns the command line of cargo test with more options. The crate's own arguments
// come last: after a `--` they are for the test program.
func (b *builder) testArgs(target string, more ...string) []string {
	args := append([]string{"cargo", "test"}, b.common(target)...)
	args = append(append(args, "--no-fail-fast"), more...)
	return append(args, b.crate.Settings.For(target).Test...)
}

// tested returns the option that restricts cargo test to tests if the crate has examples that are
// shared objects: cargo would build those too, and musl targets cannot.
func (b *builder) tested(target string) []string {
	if len(b.crate.Shared) == 0 || len(b.crate.Settings.For(target).Test) > 0 {
		return nil
	}
	return []string{"--tests"}
}

func (b *builder) common(target string) []string {
	args := []string{
		"--manifest-path", path.Join(b.dir(), b.crate.Dir, "Cargo.toml"),
		"--release", "--locked", "--offline", "--target", target,
	}
	if features := b.crate.Settings.For(target).Features; len(features) > 0 {
		args = append(args, "--features", strings.Join(features, ","))
	}
	return args
}

// env returns the sorted environment of every step that runs cargo, with more added. The user
// is the one that slipway's own image has for the sandbox's uid. Compiler wrappers that an image
// sets are removed (see [step.Environment]): if they were set to an empty string instead, cargo
// would not cache what it asks the compiler.
func (b *builder) env(more ...string) []string {
	env := append([]string{
		"CARGO_HOME=" + cargoHome,
		"CARGO_INCREMENTAL=0",
		"CARGO_TARGET_DIR=" + targetDir,
		"CARGO_TERM_COLOR=never",
		"CARGO_TERM_PROGRESS_WHEN=never",
		"HOME=/tmp",
		"LC_ALL=C.UTF-8",
		"LOGNAME=slipway",
		"RUSTC_WORKSPACE_WRAPPER=",
		"RUSTC_WRAPPER=",
		"SOURCE_DATE_EPOCH=0",
		"USER=slipway",
	}, more...)
	slices.Sort(env)
	return env
}

// targetEnv selects how binaries of a target are run: natively through env(1), which overrides
// any runner in the configuration, or with an emulator.
func targetEnv(target string) []string {
	if target == "" {
		return nil
	}
	runner := "env"
	if e := emulator(target); e != "" {
		runner = e
	}
	key := strings.ToUpper(strings.ReplaceAll(target, "-", "_"))
	return []string{"CARGO_TARGET_" + key + "_RUNNER=" + runner}
}

func compare(a, b string) int { return cmp.Compare(a, b) }

// emulator is the program that runs tests of a target on the build machine, "" for none.
func emulator(target string) string {
	t, _ := triple.Find(target)
	return t.Emulator
}
