#!/bin/sh
# Lays the standard libraries over the tree of Debian's packages and takes out
# what compiles nothing:
#
#     assemble.sh ROOT STD...
set -eu
umask 022
root=$1
shift
for std; do
	cp -a "$std/usr" "$root/"
done
sh "$(dirname "$0")/slim.sh" "$root"
