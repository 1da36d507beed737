package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// run is the private state of one pair: a copy of the source, a cache for slipway with only
// the toolchain image, and a target directory for cargo.
type run struct {
	bench          *bench
	dir            string
	crate, version string
}

func (b *bench) newRun(crate, version string) (*run, error) {
	dir, err := os.MkdirTemp(b.work, "run-")
	if err != nil {
		return nil, err
	}
	r := &run{bench: b, dir: dir, crate: crate, version: version}
	if err := os.CopyFS(filepath.Join(dir, "source"), os.DirFS(b.source)); err != nil {
		return nil, err
	}
	for _, sub := range []string{"cache", "target", "cargo", "out"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o755); err != nil {
			return nil, err
		}
	}
	for _, shared := range []string{"images", "toolchain"} {
		if err := os.Symlink(filepath.Join(b.cache, shared), filepath.Join(dir, "cache", shared)); err != nil {
			return nil, err
		}
	}
	// slipway prunes the workspace to the crate and needs no registry for this one; cargo
	// resolves the whole workspace. Both download the dependencies of fetcher.
	if r.crate == "shim-demo" {
		if _, err := r.cargoCommand("cargo fetch --locked --manifest-path /src/Cargo.toml", true); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func (r *run) path(name string) string { return filepath.Join(r.dir, name) }

func (r *run) slipway() (time.Duration, error) {
	return command("", r.bench.slipway, "release-crate", "--runner", "local", "--cache", r.path("cache"),
		"--source", r.path("source"), "--crate", r.crate, "--version", r.version, "--out", r.path("out"))
}

// cargo runs the steps of a release as a person would: it builds both targets in one
// invocation, tests each, and packs.
func (r *run) cargo() (time.Duration, error) {
	const x, a = "x86_64-unknown-linux-musl", "aarch64-unknown-linux-musl"
	manifest := "--manifest-path /src/crates/" + r.crate + "/Cargo.toml --release --locked"
	if r.crate == "shim-demo" {
		manifest += " --offline"
	}
	script := []string{
		fmt.Sprintf("cargo build %s --target %s --target %s", manifest, x, a),
		fmt.Sprintf("cargo test %s --target %s", manifest, x),
		fmt.Sprintf("cargo test %s --target %s", manifest, a),
	}
	if r.crate == "shim-demo" {
		for _, t := range []string{x, a} {
			script = append(script, fmt.Sprintf("tar -c -C /target/%s/release shim-demo-v1 | gzip -9 >/out/%s.tar.gz", t, t))
		}
	} else {
		script = append(script, "cargo package --locked --allow-dirty --manifest-path /src/crates/"+r.crate+"/Cargo.toml")
	}
	return r.cargoCommand(strings.Join(script, " && "), r.crate == "fetcher")
}

// cargoCommand runs a shell command in the toolchain image.
func (r *run) cargoCommand(line string, network bool) (time.Duration, error) {
	args := []string{"--unshare-all", "--die-with-parent", "--tmpfs", "/", "--clearenv"}
	if network {
		args = append(args, "--share-net")
	}
	for _, top := range []string{"usr", "etc"} {
		args = append(args, "--ro-bind", filepath.Join(r.bench.root, top), "/"+top)
	}
	for _, link := range []string{"bin", "lib", "lib64", "sbin"} {
		args = append(args, "--symlink", "usr/"+link, "/"+link)
	}
	if network {
		args = append(args, "--ro-bind", "/etc/resolv.conf", "/etc/resolv.conf")
		if ca := os.Getenv("SSL_CERT_FILE"); ca != "" {
			args = append(args, "--ro-bind", ca, "/ca.pem", "--setenv", "CARGO_HTTP_CAINFO", "/ca.pem")
		}
	}
	args = append(args, "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp",
		"--bind", r.path("source"), "/src", "--bind", r.path("target"), "/target", "--bind", r.path("cargo"), "/cargo", "--bind", r.path("out"), "/out",
		"--setenv", "PATH", "/usr/bin:/usr/sbin", "--setenv", "HOME", "/tmp", "--setenv", "CARGO_HOME", "/cargo", "--setenv", "CARGO_TARGET_DIR", "/target",
		"--setenv", "CARGO_TARGET_AARCH64_UNKNOWN_LINUX_MUSL_LINKER", "aarch64-linux-gnu-gcc",
		"--setenv", "CARGO_TARGET_AARCH64_UNKNOWN_LINUX_MUSL_RUNNER", "qemu-aarch64-static",
		"--setenv", "CARGO_TARGET_X86_64_UNKNOWN_LINUX_MUSL_RUNNER", "env",
		"--chdir", "/", "--", "sh", "-c", line)
	return command("", "bwrap", args...)
}

// edit changes one line of a source file, differently each time.
func (r *run) edit(name string, i int) error {
	file := filepath.Join(r.path("source"), name)
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	time.Sleep(1100 * time.Millisecond) // on some file systems cargo's resolution is one second
	return os.WriteFile(file, append(text, fmt.Sprintf("\n// edit %d\n", i)...), 0o644)
}

// command runs a command and returns its wall time. The error includes its output.
func command(dir, name string, args ...string) (time.Duration, error) {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	begin := time.Now()
	out, err := cmd.CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, out)
	}
	return time.Since(begin), nil
}
