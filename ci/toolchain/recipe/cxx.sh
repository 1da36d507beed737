#!/bin/sh
# Builds gcc's C++ library for a musl target from Debian's source, inside the tree that
# rootfs.sh wrote, with no network:
#
#     cxx.sh TARGET OUT
#
# and writes it, its headers and a compiler wrapper to OUT, to be laid over that tree.
# Writes nowhere else but in /tmp, and may run beside itself.
set -eu
umask 022
export LC_ALL=C TZ=UTC

fail() { echo "cxx.sh: $*" >&2; exit 1; }

[ $# -eq 2 ] || fail "usage: cxx.sh TARGET OUT"
target=$1
case $target in
x86_64-unknown-linux-musl) musl=x86_64-linux-musl gnu='' ;;
aarch64-unknown-linux-musl) musl=aarch64-linux-musl gnu=aarch64-linux-gnu- ;;
*) fail "no C++ library for target $target" ;;
esac
out=$2
headers=/usr/include/$musl/c++/12
log=$(mktemp)
work=$(mktemp -d)
trap 'rm -rf "$work" "$log"' EXIT

# The compiler's own parts stay packed: only what its library is built from is wanted.
unpack() {
	tar -x -O -f /usr/src/gcc-12/gcc-12_*.orig.tar.gz --wildcards '*/gcc-*-dfsg.tar.xz' |
		tar -x -J -C "$work" --no-same-owner --strip-components=1 --wildcards \
			'*/libstdc++-v3/*' '*/libgcc/*' '*/include/*' '*/config/*' '*/libiberty/*' \
			'*/gcc/BASE-VER' '*/gcc/DATESTAMP' '*/config*' '*/install-sh' '*/mkinstalldirs' \
			'*/missing' '*/ltmain.sh' '*/multilib.am' '*/depcomp' '*/compile' '*/libtool*'
	# Weak references draw nothing out of an archive, and all programs are static here: what
	# musl has of threads is always called by its name.
	for defines in "$work"/libstdc++-v3/config/os/gnu-linux/os_defines.h; do
		sed -i '$ s/^#endif/#undef _GLIBCXX_GTHREAD_USE_WEAK\n#define _GLIBCXX_GTHREAD_USE_WEAK 0\n&/' "$defines"
		grep -q 'GTHREAD_USE_WEAK 0' "$defines" || fail "$defines does not end as expected"
	done
}

# specs UNWINDER HEADERS... prints musl's own for gcc, with the directories of C++ before those of
# C, and with an unwinder instead of gcc's, which needs glibc.
specs() {
	unwinder=$1
	shift
	awk -v own="$*" -v unwinder="$unwinder" '
		after == "*cc1:" { sub(/-nostdinc /, "-nostdinc -nostdinc++ " own " ") }
		after == "*libgcc:" && unwinder != "" { $0 = "libgcc.a%s " unwinder " libgcc.a%s" }
		after == "*link:" { $0 = $0 " --eh-frame-hdr" } # gcc leaves it out of static programs
		{ print; after = $0 }' "/usr/lib/$musl/musl-gcc.specs"
}

# Headers and library as the compiler finds them while the library is built.
build() {
	# configure asks for the header by the name that it has beside a built libgcc.
	mkdir "$work/build" "$work/build/libgcc" "$work/build/library"
	ln -s "$work/libgcc/gthr-posix.h" "$work/build/libgcc/gthr-default.h"
	specs "" >"$work/specs"
	# The driver is gcc's for C: that for C++ links what is only built here, and then configure
	# would find that nothing can be linked.
	cd "$work/build/library"
	"$work/libstdc++-v3/configure" --host="$musl" --build=x86_64-linux-gnu --with-cross-host \
		--disable-shared --enable-static --disable-multilib --disable-nls --disable-libstdcxx-pch \
		--enable-clocale=generic --prefix=/usr --includedir="/usr/include/$musl" \
		--with-gxx-include-dir="$headers" --with-toolexeclibdir="/usr/lib/$musl" \
		CC="${gnu}gcc -specs=$work/specs" CXX="${gnu}gcc -specs=$work/specs -nostdinc++" \
		AR="${gnu:-}ar" RANLIB="${gnu:-}ranlib" NM="${gnu:-}nm" AR_FLAGS=crD \
		CFLAGS="-O2 -fPIC -ffile-prefix-map=$work=/build" CXXFLAGS="-O2 -fPIC -ffile-prefix-map=$work=/build" &&
		make -j"$(nproc)" && make DESTDIR="$work/installed" install
}

unpack
build >"$log" 2>&1 || { tail -n 40 "$log" >&2; fail "cannot build the C++ library for $target"; }

mkdir -p "$out/usr/bin" "$out/usr/lib/$musl" "$out/usr/include/$musl" "$out/usr/share/doc/libstdc++-$musl"
cp -a "$work/installed$headers/.." "$out/usr/include/$musl/c++"
for lib in libstdc++ libsupc++ libstdc++fs; do
	cp "$(find "$work/installed" -name "$lib.a")" "$out/usr/lib/$musl/"
done
cp "/usr/share/doc/gcc-12-base/copyright" "$out/usr/share/doc/libstdc++-$musl/"
# The unwinder is the one that Rust's standard library brings.
specs "/usr/lib/rustlib/$target/lib/self-contained/libunwind.a" \
	"-isystem $headers" "-isystem $headers/$musl" "-isystem $headers/backward" >"$out/usr/lib/$musl/musl-g++.specs"
cat >"$out/usr/bin/$musl-g++" <<WRAPPER
#!/bin/sh
exec "\${REALGXX:-${gnu}g++}" "\$@" -specs "/usr/lib/$musl/musl-g++.specs"
WRAPPER
chmod 755 "$out/usr/bin/$musl-g++"

# Where rustc looks by itself, before it reaches the library for glibc.
own=$out/usr/lib/rustlib/$target/lib/self-contained
mkdir -p "$own"
ln -s "../../../../$musl/libstdc++.a" "$own/"
echo "cxx.sh: C++ library of $target, of $(cat "$work/gcc/BASE-VER")" >&2
