package local

import (
	"testing"

	"dagger/slipway/e2e/kit"
)

// tools is a build script that calls the tools used by build scripts of well-known crates.
const tools = `use std::{env, fs, path::Path, process::Command};
fn run(c: &mut Command) -> String {
    let o = c.output().unwrap_or_else(|e| panic!("{c:?}: {e}"));
    assert!(o.status.success(), "{c:?}: {}{}", String::from_utf8_lossy(&o.stdout), String::from_utf8_lossy(&o.stderr));
    String::from_utf8_lossy(&o.stdout).into_owned()
}
fn main() {
    let target = env::var("TARGET").unwrap();
    let out = env::var("OUT_DIR").unwrap();
    let at = |name: &str| Path::new(&out).join(name).to_str().unwrap().to_string();
    // C for the target, with the kernel's headers, as libbpf-sys and io-uring have it.
    fs::write(at("k.c"), "#include <linux/seccomp.h>\n#include <linux/io_uring.h>\n#include <asm/unistd.h>\n#include <asm-generic/ioctl.h>\n#include <sys/prctl.h>\n#include <scsi/sg.h>\nint answer(void) { return __NR_io_uring_setup == 425 ? SECCOMP_MODE_FILTER + 40 : 0; }\n").unwrap();
    let cc = env::var(format!("CC_{}", target.replace('-', "_"))).unwrap();
    run(Command::new(&cc).args(["-Wall", "-Werror", "-O2", "-c", "-o", &at("k.o"), &at("k.c")]));
    let ar = env::var(format!("AR_{}", target.replace('-', "_"))).unwrap();
    run(Command::new(ar).args(["rcs", &at("libk.a"), &at("k.o")]));
    println!("cargo:rustc-link-search=native={out}\ncargo:rustc-link-lib=static=k");
    // protoc, with a file that it brings.
    fs::write(at("a.proto"), "syntax = \"proto3\";\nimport \"google/protobuf/timestamp.proto\";\nmessage A { google.protobuf.Timestamp at = 1; }\n").unwrap();
    run(Command::new("protoc").args(["-I", &out, "--include_imports", "--descriptor_set_out", &at("a.bin"), &at("a.proto")]));
    assert!(fs::metadata(at("a.bin")).unwrap().len() > 100);
    // rustc for another target, which looks for its linker by name.
    fs::write(at("w.rs"), "fn main() { println!(\"wasm\"); }\n").unwrap();
    let rustc = env::var("RUSTC").unwrap();
    run(Command::new(rustc).env_clear().env("PATH", env::var("PATH").unwrap()).args(["--target", "wasm32-wasip1", "-o", &at("w.wasm"), &at("w.rs")]));
    assert!(fs::read(at("w.wasm")).unwrap().starts_with(b"\0asm"));
    for (tool, arg) in [("cmake", "--version"), ("make", "--version"), ("perl", "-v"), ("pkg-config", "--version"), ("git", "--version"), ("ld.lld", "--version"), ("musl-gcc", "-v")] {
        run(Command::new(tool).arg(arg));
    }
    // A project of cmake's, from its file to a library.
    fs::create_dir_all(at("c")).unwrap();
    fs::write(at("c/CMakeLists.txt"), "cmake_minimum_required(VERSION 3.10)\nproject(c C)\nadd_library(c STATIC c.c)\n").unwrap();
    fs::write(at("c/c.c"), "int c(void) { return 1; }\n").unwrap();
    run(Command::new("cmake").args(["-S", &at("c"), "-B", &at("c/build"), &format!("-DCMAKE_C_COMPILER={cc}"), "-DCMAKE_SYSTEM_NAME=Linux"]));
    run(Command::new("cmake").args(["--build", &at("c/build")]));
    assert!(Path::new(&at("c/build/libc.a")).exists());
}
`

const answering = "extern \"C\" { fn answer() -> i32; }\npub fn f() -> i32 { unsafe { answer() } }\n#[test]\nfn answers() { assert_eq!(f(), 42); }\n"

// TestLocalBuildTools checks that build scripts find their tools in slipway's own image.
func TestLocalBuildTools(t *testing.T) {
	w, _ := kit.Local(t)
	r := kit.SmallCrate(t, "", map[string]string{"build.rs": tools, "src/lib.rs": answering})
	w.Test(t, r).WantCode(t, 0).WantStdout(t, kit.X8664+": 1 passed", kit.AArch64+": 1 passed")
}

// linking is a build script that links with LLVM's linker in the ways that are usual for
// scripts that call rustc.
const linking = `use std::{env, fs, process::Command};
fn main() {
    let out = env::var("OUT_DIR").unwrap();
    let source = format!("{out}/t.rs");
    fs::write(&source, "fn main() { std::thread::spawn(|| assert!(std::panic::catch_unwind(|| panic!()).is_err())).join().unwrap(); println!(\"ran\"); }").unwrap();
    for (target, flags) in [
        ("x86_64-unknown-linux-musl", &["-Clink-arg=-fuse-ld=lld"][..]),
        ("x86_64-unknown-linux-musl", &["-Clinker=rust-lld", "-Clinker-flavor=ld.lld"]),
        ("aarch64-unknown-linux-musl", &["-Clinker=aarch64-linux-gnu-gcc", "-Clink-arg=-fuse-ld=lld"]),
        ("aarch64-unknown-linux-musl", &["-Clinker=rust-lld", "-Clinker-flavor=ld.lld"]),
    ] {
        let program = format!("{out}/t");
        let o = Command::new(env::var("RUSTC").unwrap()).args(["--target", target, "-O", "-o", &program, &source]).args(flags).output().unwrap();
        assert!(o.status.success(), "{target} {flags:?}: {}", String::from_utf8_lossy(&o.stderr));
        let mut run = if target.starts_with("aarch64") { Command::new("qemu-aarch64-static") } else { Command::new("env") };
        let o = run.arg(&program).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&o.stdout), "ran\n", "{target} {flags:?}: {o:?}");
    }
}
`

// TestLocalLinkers checks that LLVM's linker is installed under the names that rustc and
// gcc use, and that its output runs.
func TestLocalLinkers(t *testing.T) {
	w, _ := kit.Local(t)
	r := kit.SmallCrate(t, "", map[string]string{"build.rs": linking, "src/lib.rs": "#[test]\nfn t() {}\n"})
	w.Test(t, r).WantCode(t, 0).WantStdout(t, kit.X8664+": 1 passed", kit.AArch64+": 1 passed")
}

// TestLocalMissingTool checks that the error for a missing tool suggests a solution, after
// the build script's own message.
func TestLocalMissingTool(t *testing.T) {
	w, _ := kit.Local(t)
	r := kit.SmallCrate(t, "", map[string]string{"build.rs": "fn main() { panic!(\"Unable to find libclang: set LIBCLANG_PATH\"); }\n"})
	w.Test(t, r).WantCode(t, 1).WantError(t, "set LIBCLANG_PATH", "does not build for", "the toolchain image has no libclang", "--toolchain", "[workspace.metadata.slipway]")
}
