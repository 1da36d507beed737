#!/bin/sh
# Builds Rust's standard library for a target, inside the tree that rootfs.sh
# wrote, with no network:
#
#     std.sh TARGET OUT
#
# and writes it as OUT/usr/lib/rustlib/TARGET, to be laid over that tree.
# Writes nowhere else but in /tmp, and may run beside itself for another target.
set -eu
umask 022
export LC_ALL=C TZ=UTC

fail() { echo "std.sh: $*" >&2; exit 1; }

[ $# -eq 2 ] || fail "usage: std.sh TARGET OUT"
target=$1
case $target in
x86_64-unknown-linux-musl) gnu=x86_64-linux-gnu musl=x86_64-linux-musl gcc=/usr/lib/gcc/x86_64-linux-gnu/12 ;;
aarch64-unknown-linux-musl) gnu=aarch64-linux-gnu musl=aarch64-linux-musl gcc=/usr/lib/gcc-cross/aarch64-linux-gnu/12 ;;
wasm32-wasip1) ;;
*) fail "no recipe for target $target; there is one for x86_64-unknown-linux-musl, aarch64-unknown-linux-musl and wasm32-wasip1" ;;
esac
mkdir -p "$2"
here=$(cd "$(dirname "$0")" && pwd)
out=$(cd "$2" && pwd)
lib=$out/usr/lib/rustlib/$target/lib
library=$(echo /usr/src/rustc-*/library)
commit=$(rustc -vV | sed -n 's/^commit-hash: //p')

start=$(date +%s)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# A workspace of our own around the library's sysroot crate: members of the
# library's own one have dev-dependencies that Debian does not ship. Profiles
# and patches are the library's, so the rlibs are compiled as Rust's own are.
# The crate cc is only named by features that stay off; an empty one stands in.
mkdir -p src cc/src .cargo
: >src/lib.rs
: >cc/src/lib.rs
cat >cc/Cargo.toml <<'TOML'
[package]
name = "cc"
version = "1.2.0"
TOML
cat >Cargo.toml <<TOML
cargo-features = ["profile-rustflags"]

[package]
name = "std-for-target"
version = "0.0.0"

[dependencies]
sysroot = { path = "$library/sysroot", features = ["panic-unwind", "backtrace"] }

$(sed -n '/^\[profile/,$p' "$library/Cargo.toml" | sed "s|path = '|&$library/|")
cc = { path = "cc" }
TOML
cat >.cargo/config.toml <<TOML
[source.crates-io]
replace-with = "vendor"
[source.vendor]
directory = "$library/vendor"
TOML

# Bootstrap is how the library comes to use unstable features; the metadata
# keeps its crates apart from a program's crates of the same name. Paths become
# those of Rust's own builds. No debug information: it would double the size.
export CARGO_HOME="$work/home" CARGO_INCREMENTAL=0 CARGO_PROFILE_DIST_DEBUG=0
export RUSTC_BOOTSTRAP=1 __CARGO_DEFAULT_LIB_METADATA=slipway
export RUSTFLAGS="-Zforce-unstable-if-unmarked -Cforce-unwind-tables=yes \
--remap-path-prefix=$library/vendor=/rust/deps \
--remap-path-prefix=${library%/library}=/rustc/$commit \
--remap-path-prefix=$work=/build"
cargo build --quiet --offline --profile dist --package sysroot --target "$target" --target-dir target

mkdir -p "$lib/self-contained"
cp target/"$target"/dist/deps/lib*.rlib "$lib"

# What rustc links beside the library comes from the rustlib's self-contained
# folder, so that no program depends on where a distribution keeps its libc.
own=$lib/self-contained
case $target in
*-musl)
	# All of musl's archives: most are empty, and stand before glibc's of the
	# same name when a build script asks for -lm or -lpthread.
	cp "/usr/lib/$musl"/*.o "/usr/lib/$musl"/*.a "$own"
	cp "$gcc/crtbegin.o" "$gcc/crtbeginS.o" "$gcc/crtend.o" "$gcc/crtendS.o" "$own"
	# gcc's own unwinder needs more of glibc than can be supplied.
	"$musl-gcc" -O2 -fPIC -c "$here/fprintf_chk.c"
	cp "/usr/lib/$gnu/libunwind.a" "$own"
	"$gnu-ar" rD "$own/libunwind.a" fprintf_chk.o
	sh "$here/libgcc.sh" "$target" "$own/libunwind.a" "$lib"/libcompiler_builtins-*.rlib
	;;
wasm32-wasip1)
	wasi=/usr/lib/wasm32-wasi
	cp "$wasi/crt1-command.o" "$wasi/crt1-reactor.o" "$wasi/libc.a" "$own"
	rustc --crate-type lib --edition 2024 -O -Cpanic=abort -Ccodegen-units=1 --emit obj \
		--remap-path-prefix="$here=/build" --target "$target" --sysroot "$out/usr" \
		-o wasi.o "$here/wasi.rs"
	ar rD "$own/libc.a" wasi.o
	;;
esac

echo "std.sh: $(($(date +%s) - start)) s: standard library of $target" >&2
