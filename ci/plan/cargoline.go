package plan

import (
	"cmp"
	"path"
	"slices"
	"strings"
)

// buildArgs and testArgs are the command lines of cargo. The manifest's path
// selects the crate: a name could also mean a dependency of that name.
func (b *builder) buildArgs(target string) []string {
	return append([]string{"cargo", "build"}, b.common(target)...)
}

// more are further options of cargo; the crate's own arguments come last, for
// behind a `--` they are the test program's.
func (b *builder) testArgs(target string, more ...string) []string {
	args := append([]string{"cargo", "test"}, b.common(target)...)
	args = append(append(args, "--no-fail-fast"), more...)
	return append(args, b.crate.Settings.For(target).Test...)
}

// tested selects what is tested where that is not all that cargo would: the examples too are
// built with the tests, and one that is a shared object cannot be.
func (b *builder) tested(target string) []string {
	if len(b.crate.Shared) == 0 || len(b.crate.Settings.For(target).Test) > 0 {
		return nil
	}
	return []string{"--tests"}
}

func (b *builder) common(target string) []string {
	args := []string{
		"--manifest-path", path.Join(srcDir, b.crate.Dir, "Cargo.toml"),
		"--release", "--locked", "--offline", "--target", target,
	}
	if features := b.crate.Settings.For(target).Features; len(features) > 0 {
		args = append(args, "--features", strings.Join(features, ","))
	}
	return args
}

// env is the environment of every step with cargo, with more added, sorted. The user is
// the one that slipway's own image knows by the sandbox's id.
// Wrappers of the compiler that an image names are taken away, not set to nothing:
// cargo would not keep what it has asked the compiler then, and ask at every start.
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

// targetEnv says how binaries of a target are run: natively through env(1),
// which replaces whatever runner a configuration names, or by an emulator.
func targetEnv(target string) []string {
	if target == "" {
		return nil
	}
	runner := "env"
	if e := emulators[target]; e != "" {
		runner = e
	}
	key := strings.ToUpper(strings.ReplaceAll(target, "-", "_"))
	return []string{"CARGO_TARGET_" + key + "_RUNNER=" + runner}
}

func compare(a, b string) int { return cmp.Compare(a, b) }
