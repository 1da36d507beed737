#!/bin/sh
# Adds what C that gcc compiled may call of gcc's own library, for what the machine has no
# instruction for, complex numbers and the processor's features, to an archive that every
# program of a musl target is linked with:
#
#     libgcc.sh TARGET ARCHIVE BUILTINS
#
# What BUILTINS has, Rust's compiler_builtins, is not added: it lacks the rest where its C part
# is left out.
set -eu
export LC_ALL=C

[ $# -eq 3 ] || { echo "usage: libgcc.sh TARGET ARCHIVE BUILTINS" >&2; exit 1; }
case $1 in
x86_64-unknown-linux-musl) gnu=x86_64-linux-gnu gcc=/usr/lib/gcc/x86_64-linux-gnu/12 ;;
aarch64-unknown-linux-musl) gnu=aarch64-linux-gnu gcc=/usr/lib/gcc-cross/aarch64-linux-gnu/12 ;;
*) echo "libgcc.sh: gcc compiles nothing for target $1" >&2; exit 1 ;;
esac
archive=$2
builtins=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# globals FILE prints the names that it defines for others, sorted.
globals() {
	"$gnu-nm" --defined-only --extern-only --format=posix "$1" 2>/dev/null |
		awk 'NF > 2 { print $1 }' | sort -u
}

globals "$builtins" >"$work/builtins"
mkdir "$work/libgcc"
(cd "$work/libgcc" && "$gnu-ar" x "$gcc/libgcc.a")
for object in "$work"/libgcc/*.o; do
	globals "$object" >"$work/own"
	if [ -s "$work/own" ] && [ -z "$(comm -12 "$work/own" "$work/builtins")" ] &&
		! grep -q "^__bid" "$work/own"; then # no decimal numbers
		"$gnu-ar" rD "$archive" "$object"
	fi
done
