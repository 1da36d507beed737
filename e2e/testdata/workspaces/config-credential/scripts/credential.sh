#!/bin/sh
# Leaves a mark beside the scripts folder and in the target directory, then fails.
here=$(cd "$(dirname "$0")/.." && pwd)
for dir in "$here" "${CARGO_TARGET_DIR:-$here/target}"; do
    echo "$0 $*" >>"$dir/called.txt"
done 2>/dev/null
echo "HOSTILE: the credential provider was called: $*" >&2
exit 97
