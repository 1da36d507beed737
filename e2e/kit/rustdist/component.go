package rustdist

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
)

const (
	host = "x86_64-unknown-linux-gnu"
	// rustcLibraries is the directory below lib with the libraries of the component rustc.
	rustcLibraries = "rustc-libraries"
)

// muslTargets are the targets whose standard library is built here, with the directories
// that Debian's packages have for their C.
var muslTargets = map[string]struct{ root, gnu, musl string }{
	"x86_64-unknown-linux-musl":  {"root", "x86_64-linux-gnu", "x86_64-linux-musl"},
	"aarch64-unknown-linux-musl": {"arm64", "aarch64-linux-gnu", "aarch64-linux-musl"},
}

// component is a part of a release that rustup installs by itself.
type component struct {
	Package string // as in manifests, "clippy-preview"
	Target  string // "*" where it is the same for all
	Tarball string // name of its tarballs without version and target, "clippy"
}

// name returns the component's name within its tarball.
func (c component) name() string {
	if c.Package == "rust-std" {
		return c.Package + "-" + c.Target
	}
	return c.Package
}

// components lists what a release has.
func components() []component {
	list := []component{
		{Package: "cargo", Target: host, Tarball: "cargo"},
		{Package: "clippy-preview", Target: host, Tarball: "clippy"},
		{Package: "rust-src", Target: "*", Tarball: "rust-src"},
		{Package: "rust-std", Target: host, Tarball: "rust-std"},
	}
	for _, target := range []string{"aarch64-unknown-linux-musl", "x86_64-unknown-linux-musl"} {
		list = append(list, component{Package: "rust-std", Target: target, Tarball: "rust-std"})
	}
	return append(list,
		component{Package: "rustc", Target: host, Tarball: "rustc"},
		component{Package: "rustfmt-preview", Target: host, Tarball: "rustfmt"})
}

// stage lays out, in a directory for each, the components that need no compiling.
func (t transplant) stage(ctx context.Context, trees string) error {
	usr := filepath.Join(t.fetched, "root/usr")
	driver, err := one(usr, "lib/x86_64-linux-gnu/librustc_driver-*.so")
	if err != nil {
		return err
	}
	lld, err := one(usr, "lib/llvm-*/bin/lld")
	if err != nil {
		return err
	}
	in := func(names ...string) map[string]string {
		programs := map[string]string{}
		for _, name := range names {
			programs["bin/"+name] = filepath.Join(usr, "bin", name)
		}
		return programs
	}
	rustc := in("rustc", "rustdoc")
	rustc["lib/rustlib/"+host+"/bin/rust-lld"] = lld
	placed := map[string]string{filepath.Base(driver): "lib/" + filepath.Base(driver)}
	if err := t.programs(ctx, filepath.Join(trees, "rustc"), "lib/"+rustcLibraries, rustc, placed); err != nil {
		return err
	}
	if err := t.programs(ctx, filepath.Join(trees, "cargo"), "lib/cargo-libraries", in("cargo"), nil); err != nil {
		return err
	}
	// These two go with rustc and share its libraries, as Rust's own share its driver.
	shared := maps.Clone(placed)
	entries, err := os.ReadDir(filepath.Join(trees, "rustc/lib", rustcLibraries))
	if err != nil {
		return err
	}
	for _, e := range entries {
		shared[e.Name()] = ""
	}
	shared[filepath.Base(driver)] = ""
	for tree, names := range map[string][]string{"clippy-preview": {"cargo-clippy", "clippy-driver"}, "rustfmt-preview": {"cargo-fmt", "rustfmt"}} {
		if err := t.programs(ctx, filepath.Join(trees, tree), "lib/"+rustcLibraries, in(names...), shared); err != nil {
			return err
		}
	}
	return stageLibraries(usr, trees)
}

// stageLibraries lays out the standard library for the build machine and the source of all.
func stageLibraries(usr, trees string) error {
	compiled := "lib/rustlib/" + host + "/lib"
	if err := copyTree(filepath.Join(usr, compiled), filepath.Join(trees, "rust-std-"+host, compiled)); err != nil {
		return err
	}
	source, err := one(usr, "src/rustc-*/library")
	if err != nil {
		return err
	}
	to := filepath.Join(trees, "rust-src/lib/rustlib/src/rust/library")
	if err := copyTree(source, to); err != nil {
		return err
	}
	return os.RemoveAll(filepath.Join(to, "vendor")) // Rust's own has none
}

// stageRustup lays out rustup itself, with its libraries.
func (t transplant) stageRustup(ctx context.Context, tree string) error {
	programs := map[string]string{"bin/rustup": filepath.Join(t.fetched, "rustup/usr/bin/rustup")}
	return t.programs(ctx, tree, "lib", programs, nil)
}

// join lays components into one prefix, as an installer would.
func join(ctx context.Context, trees, prefix string, names ...string) error {
	if err := os.MkdirAll(prefix, 0o755); err != nil {
		return err
	}
	for _, name := range names {
		if err := run(ctx, "cp", "-al", filepath.Join(trees, name)+"/.", prefix); err != nil {
			return err
		}
	}
	return nil
}

// one returns the only path in a directory that matches a pattern.
func one(dir, pattern string) (string, error) {
	found, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil || len(found) != 1 {
		return "", fmt.Errorf("looking for %q in the fetched packages: %q were found (%v), expected one", pattern, found, err)
	}
	return found[0], nil
}

// copyTree copies the regular files of a directory.
func copyTree(from, to string) error {
	return filepath.WalkDir(from, func(path string, e os.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		relative, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		return copyFile(path, filepath.Join(to, relative))
	})
}
