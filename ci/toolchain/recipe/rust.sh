#!/bin/sh
# Installs a release of Rust from rustup's distribution server, inside the tree that rootfs.sh
# wrote, to be laid over that tree:
#
#     rust.sh CHANNEL MANIFEST OUT {URL SHA256}...
#
# CHANNEL and MANIFEST, the SHA-256 of the release's manifest, say in the image what it is.
set -eu
umask 022
export LC_ALL=C TZ=UTC

[ $# -ge 5 ] || { echo "usage: rust.sh CHANNEL MANIFEST OUT {URL SHA256}..." >&2; exit 1; }
channel=$1
manifest=$2
out=$3
here=$(cd "$(dirname "$0")" && pwd)
shift 3
python3 "$here/rust.py" "$out/usr" "$@"

for target in x86_64-unknown-linux-musl aarch64-unknown-linux-musl; do
	own=$out/usr/lib/rustlib/$target/lib/self-contained
	[ -e "$own/libunwind.a" ] || { echo "rust.sh: Rust $channel has no C library for $target" >&2; exit 1; }
	# musl's other archives are empty, and stand before glibc's of the same name when a build
	# script asks for -lm or -lpthread.
	for lib in "/usr/lib/${target%%-*}-linux-musl/"*.a; do
		[ -e "$own/${lib##*/}" ] || cp "$lib" "$own/"
	done
	sh "$here/libgcc.sh" "$target" "$own/libunwind.a" "${own%/*}"/libcompiler_builtins-*.rlib
done
mkdir -p "$out/usr/share/slipway"
{
	echo "$channel manifest sha256:$manifest"
	while [ $# -gt 0 ]; do
		echo "${1##*/} sha256:$2"
		shift 2
	done
} >"$out/usr/share/slipway/rust"
