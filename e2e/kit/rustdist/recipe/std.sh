#!/bin/sh
# Builds Rust's standard library for a musl target, with the compiler in a prefix and
# from the source of that compiler, as slipway's own recipe does for its image:
#
#     std.sh PREFIX LIBRARY VENDOR TARGET MUSL UNWIND OUT
#
# LIBRARY is the source, VENDOR the crates that it depends on, MUSL and UNWIND
# directories with the C library and LLVM's unwinder for the target. Writes to OUT
# what PREFIX/lib/rustlib/TARGET/lib is to have.
set -eu
umask 022
export LC_ALL=C

fail() { echo "std.sh: $*" >&2; exit 1; }

[ $# -eq 7 ] || fail "usage: std.sh PREFIX LIBRARY VENDOR TARGET MUSL UNWIND OUT"
prefix=$1 library=$2 vendor=$3 target=$4 musl=$5 unwind=$6
mkdir -p "$7"
out=$(cd "$7" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
case $target in
x86_64-*) tools= ;;
aarch64-*) tools=aarch64-linux-gnu- ;;
*) fail "no C compiler for target $target" ;;
esac
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# Debian's source has the profile for distributing in newer releases only.
profile=release flags=-Cembed-bitcode=yes
if grep -q '^\[profile\.dist\]' "$library/Cargo.toml"; then
	profile=dist flags=
fi

# A workspace of its own, since members of the library's depend on what is not there. An
# empty crate stands in for cc, which only features name that stay off.
mkdir -p src cc/src .cargo
: >src/lib.rs
: >cc/src/lib.rs
printf '[package]\nname = "cc"\nversion = "1.2.0"\n' >cc/Cargo.toml
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
directory = "$vendor"
TOML

# The library uses unstable features, and its crates must differ from those of the same
# names that a program depends on.
commit=$("$prefix/bin/rustc" -vV | sed -n 's/^commit-hash: //p')
export PATH="$prefix/bin:$PATH" RUSTC="$prefix/bin/rustc"
export CARGO_HOME="$work/home" CARGO_INCREMENTAL=0 CARGO_PROFILE_DIST_DEBUG=0 CARGO_PROFILE_RELEASE_DEBUG=0
export RUSTC_BOOTSTRAP=1 __CARGO_DEFAULT_LIB_METADATA=rustdist
export RUSTFLAGS="-Zforce-unstable-if-unmarked -Cforce-unwind-tables=yes $flags \
--remap-path-prefix=$vendor=/rust/deps \
--remap-path-prefix=${library%/library}=/rustc/$commit \
--remap-path-prefix=$work=/build"
"$prefix/bin/cargo" build --quiet --offline --profile "$profile" --package sysroot --target "$target" --target-dir target
mkdir -p "$out/self-contained"
cp target/"$target/$profile"/deps/lib*.rlib "$out"

# globals FILE prints the names that it defines for others, sorted.
globals() {
	"${tools}nm" --defined-only --extern-only --format=posix "$1" 2>/dev/null |
		awk 'NF > 2 { print $1 }' | sort -u
}

# Rust's own archives have LLVM's library for what the machine has no instruction for.
# gcc's takes its place, but for what Rust's compiler_builtins defines already.
add_libgcc() { # add_libgcc ARCHIVE BUILTINS
	mkdir libgcc
	globals "$2" >builtins
	(cd libgcc && "${tools}ar" x "$("${tools}gcc" -print-file-name=libgcc.a)")
	for object in libgcc/*.o; do
		globals "$object" >own
		if [ -s own ] && [ -z "$(comm -12 own builtins)" ] && ! grep -q '^__bid' own; then # no decimal numbers
			"${tools}ar" rD "$1" "$object"
		fi
	done
}

own=$out/self-contained
cp "$musl"/*.o "$musl"/*.a "$own"
for name in crtbegin.o crtbeginS.o crtend.o crtendS.o; do
	cp "$("${tools}gcc" -print-file-name=$name)" "$own"
done
# The unwinder was compiled for glibc, and calls some functions that musl lacks.
"${tools}gcc" -O2 -fPIC -ffreestanding -fno-stack-protector -U_FORTIFY_SOURCE -c "$here/fortify.c"
cp "$unwind/libunwind.a" "$own"
chmod u+w "$own"/*
"${tools}ar" rD "$own/libunwind.a" fortify.o
add_libgcc "$own/libunwind.a" "$out"/libcompiler_builtins-*.rlib
