#!/bin/sh
# Lays what was built for the targets over the tree of Debian's packages and takes
# out what compiles nothing:
#
#     assemble.sh ROOT BUILT...
set -eu
umask 022
root=$1
shift
for built; do
	cp -a "$built/usr" "$root/"
done
sh "$(dirname "$0")/slim.sh" "$root"
