#!/bin/sh
# Takes out of the assembled image what cargo needs neither to build nor to
# test a crate:
#
#     slim.sh ROOT
#
# Parts of packages only; whole packages are left out in the file packages. To
# be run once std.sh has been, which reads some of what goes here.
set -eu

# The paths below are relative: only a tree of rootfs.sh is ever deleted from.
if [ $# -ne 1 ] || ! [ -e "$1/usr/share/slipway/packages" ]; then
	echo "usage: slim.sh ROOT, the directory that rootfs.sh wrote" >&2
	exit 1
fi
cd "$1"

# Sources of the standard library, and what std.sh copied into the rustlibs.
rm -rf usr/src/* usr/lib/rustlib/src
rm -rf usr/lib/wasm32-wasi usr/share/wasm32-wasi usr/include/wasm32-wasi
rm -rf usr/lib/*-linux-gnu/libunwind.* usr/lib/llvm-22/lib usr/include/libunwind* \
	usr/include/unwind* usr/include/mach-o

# For reading: all but the licences, which whoever passes the image on owes.
find usr/share/doc \( -type f -o -type l \) ! -name copyright -delete
find usr/share/doc -depth -type d -empty -delete
rm -rf usr/share/man usr/share/info usr/share/lintian usr/share/locale \
	usr/share/bash-completion usr/share/zsh usr/share/gcc usr/share/gdb usr/lib/x86_64-linux-gnu/gconv

# gcc's link-time optimiser. gcc still finds the plugin that its linker loads.
rm -f usr/bin/*lto-dump* usr/lib/gcc*/*/12/lto1

# Profilers, other linkers and tools for formats of other systems.
rm -f usr/bin/*gprof* usr/bin/*gp-* usr/bin/*gcov* usr/bin/*gold usr/bin/*dwp
rm -rf usr/lib/gold-ld usr/aarch64-linux-gnu/bin/ld.gold
rm -rf usr/lib/gcc*/*/12/plugin usr/lib/gcc*/*/12/libcc1* usr/lib/x86_64-linux-gnu/gprofng

# Archives of gcc's sanitizers, and glibc's for static programs; build scripts
# and procedural macros are linked dynamically.
rm -f usr/lib/gcc*/*/12/lib*san*
rm -f usr/lib/x86_64-linux-gnu/libseccomp.a usr/lib/x86_64-linux-gnu/libc.a usr/lib/x86_64-linux-gnu/libm-*.a usr/lib/x86_64-linux-gnu/libmvec.a
# Links to shared libraries of packages that were left out.
rm -f usr/lib/gcc-cross/*/12/libatomic.so usr/lib/gcc-cross/*/12/libgomp.so usr/lib/gcc-cross/*/12/libitm.so

# Of protoc's library the .proto files that others include stay; of cmake what draws no
# windows; of python what is neither its editor nor its own tests; of git what serves nobody
# and needs no web server.
rm -f usr/lib/x86_64-linux-gnu/libproto*.a usr/lib/x86_64-linux-gnu/libproto*.so
find usr/include/google -type f ! -name '*.proto' -delete
rm -rf usr/share/cmake-*/Help usr/share/cmake-*/Templates/Windows* usr/share/perl/*/pod
rm -rf usr/lib/python3*/test usr/lib/python3*/idlelib usr/lib/python3*/lib2to3 usr/lib/python3*/pydoc_data
rm -rf usr/share/gitweb usr/lib/git-core/git-daemon usr/lib/git-core/git-http-backend \
	usr/lib/git-core/git-imap-send usr/lib/git-core/git-shell usr/bin/git-shell usr/bin/scalar

# Emulators of the machines that are no target.
find usr/bin -name 'qemu-*' ! -name qemu-aarch64-static -delete
rm -rf usr/libexec/qemu-binfmt

# It cannot run without openssl, and a Dagger engine that finds it leaves its
# own certificates to it; where it is missing the engine adds them to the bundle.
rm -f usr/sbin/update-ca-certificates

# It made the tables of a library that static.sh built.
rm -f usr/bin/gperf

# For an editor.
rm -f usr/libexec/rust-analyzer-proc-macro-srv

# What only root outside a sandbox could use: no file is left with a
# set-user-ID bit, and these programs are nothing without it. mount stays for what
# makes a sandbox, in a user namespace.
rm -f usr/bin/chfn usr/bin/chsh usr/bin/gpasswd usr/bin/newgrp \
	usr/bin/passwd usr/bin/su usr/bin/umount usr/sbin/losetup usr/sbin/swapo*

echo "slim.sh: $(du -sm . | cut -f1) MB in $1" >&2
