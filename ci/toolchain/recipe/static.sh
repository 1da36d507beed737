#!/bin/sh
# Builds a C library of Debian's sources as a static one for a musl target, inside
# the tree that rootfs.sh wrote, with no network:
#
#     static.sh SOURCE TARGET OUT
#
# and writes what compiling against it takes to OUT, to be laid over that tree.
# Writes nowhere else but in /tmp, and may run beside itself.
set -eu
umask 022
export LC_ALL=C TZ=UTC

fail() { echo "static.sh: $*" >&2; exit 1; }

[ $# -eq 3 ] || fail "usage: static.sh SOURCE TARGET OUT"
source=$1
target=$2
case $target in
x86_64-unknown-linux-musl) musl=x86_64-linux-musl ar=ar ranlib=ranlib ;;
aarch64-unknown-linux-musl) musl=aarch64-linux-musl ar=aarch64-linux-gnu-ar ranlib=aarch64-linux-gnu-ranlib ;;
*) fail "no C compiler for target $target" ;;
esac
out=$3
log=$(mktemp)
work=$(mktemp -d)
trap 'rm -rf "$work" "$log"' EXIT

unpack() {
	tar -x --no-same-owner --strip-components=1 -f "/usr/src/$source/"*.orig.tar.*[!c]
	tar -x --no-same-owner -f "/usr/src/$source/"*.debian.tar.*
	sed -e '/^#/d' -e 's/ .*//' debian/patches/series | while read -r name; do
		patch --silent -p1 <"debian/patches/$name"
	done
}

# With the paths and the names that Debian's own packages for this library have.
build() {
	./configure --host="$musl" --build=x86_64-linux-gnu --disable-shared --enable-static \
		--prefix=/usr --libdir="/usr/lib/$musl" --includedir="/usr/include/$musl" \
		CC="$musl-gcc" AR="$ar" ARFLAGS=crD RANLIB="$ranlib" CFLAGS="-O2 -fPIC" \
		SOURCE_DATE_EPOCH=0 &&
		make && make DESTDIR="$work/installed" install
}

cd "$work"
mkdir tree installed
cd tree
unpack
build >"$log" 2>&1 || { cat "$log" >&2; fail "cannot build $source for $target"; }

# Programs and manuals are not what is asked for, and libtool's files name what is not there.
for part in lib include; do
	mkdir -p "$out/usr/$part"
	cp -a "$work/installed/usr/$part/$musl" "$out/usr/$part/"
done
find "$out" -name '*.la' -delete

# Where rustc looks by itself, before it reaches libraries of glibc.
own=$out/usr/lib/rustlib/$target/lib/self-contained
mkdir -p "$own"
for lib in "$out/usr/lib/$musl/"*.a; do
	ln -s "../../../../$musl/${lib##*/}" "$own/"
done
